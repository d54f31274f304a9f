//! What is measured: stores that cost nothing themselves, and crossfade around them in each stage.

mod by_hand;
mod cohort;
mod constant;
mod hanging;
mod migration;
mod number;
mod suspending;

pub use by_hand::{IfStage, write_both, write_read_replace};
pub use cohort::half_of_the_keys;
pub use constant::Constant;
pub use migration::{Migration, Store};
pub use number::{Failed, Number, Numbers, Request};
pub use suspending::{Late, Suspending};
