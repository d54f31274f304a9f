//! Typed records over the whole stack.

mod answer;
mod change;
mod entity;
mod handle;
mod page;
mod request;
mod service;
mod service_store;

pub use answer::{RecordAnswer, RecordBody};
pub use change::Change;
pub use entity::{Entity, WriteRecords};
pub use handle::Records;
pub use page::{LIST_MAX, NotAToken, PageToken, RecordsPage};
pub use request::{ListFrom, RecordCall, RecordRequest, UpdateClosure};
pub use service::{ReadOnlyService, RecordService, ResponseFuture};
pub use service_store::{ServiceStore, StoreCall};

pub(crate) use answer::within;
