//! Two stores as one service: [`StorePair`], and [`TargetLayer`] that makes one.
//!
//! The pair is the innermost part of a stack. It calls the store that the plan names, and only that one.
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
//!
//! Both stores take the same requests and give the same answers and errors: your own types, unchanged. The error type is
//! `From<Refused>`, since layers outside of the pair may [refuse](crate::Refused) a request. Each store is cloned for each
//! call, and where the stack is cloned for each request, as axum does with a router's state, both are. So a store should be cheap to
//! clone: a pool, a channel, an `Arc`. A handler is cloned with all that it holds, and each `Arc` in it is a count that all threads
//! share: put what it holds behind one.
//!
//! Until `ramp_down` the target is asked to read only. Its part of your service may answer writes with an error until
//! then; the target is written by copies, through [`RecordStore`](crate::data::RecordStore). Say so with
//! [`RoutingHandle::without_target_writes`](crate::route::RoutingHandle::without_target_writes), and a move to `ramp_down` is
//! refused while it is so.
//!
//! # Readiness
//!
//! `poll_ready` of the pair is always ready and costs nothing. The store is asked for readiness inside the call, so a
//! store that is down never stalls calls meant for the other one. It has no queue and no limit of its own, so a store
//! that is never ready keeps its own callers waiting, as many as come:
//!
//! ```
//! # use crossfade::{journal::Journal, store::TargetLayer, Refused};
//! # use crossfade::{data::{Key, Scopes}, route::{Operation, RouteLayer, RoutingConfig, RoutingHandle, StorageRequest}};
//! # use std::time::Duration;
//! # use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//! # #[derive(Clone)] struct Get(i64);
//! # impl StorageRequest for Get {
//! #     fn operation(&self) -> Operation { Operation::read("get") }
//! #     fn scopes(&self) -> Scopes { Key::new(&1, &self.0).into() }
//! # }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), BoxError> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let target = service_fn(|_: Get| async { Ok::<_, BoxError>(()) });
//! # let hangs = service_fn(|_: Get| std::future::pending::<Result<(), BoxError>>());
//! // Wrong: the second caller waits for the first, the third for the second, without end.
//! let wrong = ServiceBuilder::new().concurrency_limit(1).service(hangs);
//! # let wrong = ServiceBuilder::new().layer(RouteLayer::new(routing)).layer(TargetLayer::new(target)).service(wrong);
//! // Right: whoever finds no room is told so, and a call ends.
//! let right = ServiceBuilder::new().load_shed().concurrency_limit(1).timeout(Duration::from_secs(1)).service(hangs);
//! # let right = ServiceBuilder::new().layer(RouteLayer::new(routing)).layer(TargetLayer::new(target)).service(right);
//! # let (_first, second) = (tokio::spawn(wrong.clone().oneshot(Get(1))), wrong.oneshot(Get(2)));
//! # assert!(tokio::time::timeout(Duration::from_secs(60), second).await.is_err());
//! # let first = tokio::spawn(right.clone().oneshot(Get(1)));
//! # tokio::task::yield_now().await;
//! # assert!(right.oneshot(Get(2)).await.unwrap_err().is::<tower::load_shed::error::Overloaded>());
//! # assert!(first.await?.unwrap_err().is::<tower::timeout::error::Elapsed>());
//! # Ok(()) }
//! ```
//!
//! A timeout around a store makes a write's outcome *unknown*, not rejected: the store may still do it. See
//! [outcomes](crate::dual_write#outcomes).

mod layer;
mod pair;

pub use layer::TargetLayer;
pub use pair::{AnswersAs, ClonedForEachCall, ResponseFuture, StorePair};
