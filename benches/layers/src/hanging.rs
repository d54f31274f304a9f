//! Writes that hang, so that their marks stand for as long as the process runs.

use std::future::{Pending, pending};
use std::task::{Context, Poll, Waker};

use crossfade::data::{Key, RecordStore, Scopes};
use crossfade::dual_write::DualWriteLayer;
use crossfade::route::{Operation, RouteLayer, StorageRequest};
use crossfade::store::TargetLayer;
use tower::{Service, ServiceBuilder};

use super::migration::{Migration, Store};
use super::number::{Failed, Numbers};

/// Writes one key.
#[derive(Clone, Copy, Debug)]
struct Write {
    group: i64,
    item: i64,
}

impl StorageRequest for Write {
    fn operation(&self) -> Operation {
        Operation::write("write")
    }

    fn scopes(&self) -> Scopes {
        Key::new(&self.group, &self.item).into()
    }
}

/// A store that never answers.
#[derive(Clone, Copy, Debug)]
struct Hangs;

impl Service<Write> for Hangs {
    type Response = u64;
    type Error = Failed;
    type Future = Pending<Result<u64, Failed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Write) -> Self::Future {
        pending()
    }
}

impl<S: Store<Future: 'static> + RecordStore<Data = Numbers>> Migration<S> {
    /// Begins a write of each key, which marks it and then waits for its store for ever. On a runtime.
    ///
    /// # Panics
    /// When a write ends.
    pub fn begin_writes(&self, keys: impl Iterator<Item = (i64, i64)>) {
        let mut stack = ServiceBuilder::new()
            .layer(RouteLayer::new(self.routing))
            .layer(DualWriteLayer::new(self.copier))
            .layer(TargetLayer::new(Hangs))
            .service(Hangs);
        for (group, item) in keys {
            let mut write = Box::pin(stack.call(Write { group, item }));
            assert!(
                write.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(),
                "a write ended"
            );
            // Dropped, it would go on by itself.
            std::mem::forget(write);
        }
    }
}
