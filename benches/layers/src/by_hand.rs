//! What a team would write in place of crossfade, without its guarantees.

use std::future::Ready;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crossfade::data::{RecordKey, RecordStore};
use tower::{Service, ServiceExt};

use super::number::{Failed, Number, Numbers, Request};

/// A flag names the store.
#[derive(Clone, Copy, Debug)]
pub struct IfStage {
    to_target: &'static AtomicBool,
    legacy: Number,
    target: Number,
}

impl IfStage {
    /// The flag names legacy.
    #[must_use]
    pub fn new() -> Self {
        Self { to_target: Box::leak(Box::default()), legacy: Number::new(), target: Number::new() }
    }
}

impl Default for IfStage {
    fn default() -> Self {
        Self::new()
    }
}

impl Service<Request> for IfStage {
    type Response = u64;
    type Error = Failed;
    type Future = Ready<Result<u64, Failed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if self.to_target.load(Ordering::Relaxed) {
            self.target.call(request)
        } else {
            self.legacy.call(request)
        }
    }
}

/// Writes both stores at once, the second one with the request itself: they may end in another order, or one of them not.
///
/// # Errors
/// Those of the stores.
pub async fn write_both<S>(mut legacy: S, mut target: S, request: Request) -> Result<u64, Failed>
where
    S: Service<Request, Response = u64, Error = Failed>,
{
    let (first, second) = (legacy.ready().await?.call(request), target.ready().await?.call(request));
    let (answer, copied) = tokio::join!(first, second);
    copied.and(answer)
}

/// Writes one store, reads it again and replaces in the other: no mark, no stamp, not safe to cancel.
///
/// # Errors
/// Those of the stores.
pub async fn write_read_replace<S>(mut legacy: S, target: S, request: Request) -> Result<u64, Failed>
where
    S: Service<Request, Response = u64, Error = Failed> + RecordStore<Data = Numbers>,
{
    let answer = legacy.ready().await?.call(request).await?;
    let key = RecordKey { group: 1, item: 1 };
    let (stamp, record) = legacy.read(&key, 1).await.map_err(|_| Failed)?;
    target.replace(&key, record.as_ref(), stamp).await.map_err(|_| Failed)?;
    Ok(answer)
}
