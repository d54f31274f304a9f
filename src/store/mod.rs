//! Two stores as one service: [`StorePair`], and [`TargetLayer`] that makes one.
//!
//! The pair calls the store that the plan names, and only that one. It is always ready: the store is asked for
//! readiness inside the call, so that a store that is down never stalls calls meant for the other one.
//! Backpressure therefore belongs outside of the stack (`load_shed` over `concurrency_limit`) or around each store.
//!
//! ```
//! use crossfade::journal::Journal;
//! use crossfade::route::{RouteLayer, RoutingConfig, RoutingHandle};
//! use crossfade::store::TargetLayer;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! # use crossfade::{data::{Key, Scopes}, route::{Operation, StorageRequest}, Refused};
//! # #[derive(Clone)] struct Get(i64);
//! # impl StorageRequest for Get {
//! #     fn operation(&self) -> Operation { Operation::read("get") }
//! #     fn scopes(&self) -> Scopes { Key::new(&1, &self.0).into() }
//! # }
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! let invoices = ServiceBuilder::new()
//!     .layer(RouteLayer::new(routing))
//!     .layer(TargetLayer::new(service_fn(|Get(id)| async move { Ok::<_, Refused>(format!("{id} from the target")) })))
//!     .service(service_fn(|Get(id)| async move { Ok::<_, Refused>(format!("{id} from legacy")) }));
//! assert_eq!(invoices.oneshot(Get(7)).await?, "7 from legacy");
//! # Ok(()) }
//! ```

mod layer;
mod pair;

pub use layer::TargetLayer;
pub use pair::{ResponseFuture, StorePair};
