//! One call of a function, as a request of the stack.

use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};

use tower::Service;

use crate::data::Scopes;
use crate::dual_write::Written;
use crate::fallback::FallbackPolicy;
use crate::mismatch_metrics::{ByDefault, Compare, Verdict};
use crate::records::within;
use crate::route::{Operation, StorageRequest};

/// What is called, of whichever store the plan names: one of the two functions.
#[derive(Clone)]
pub(super) struct Call<FL, FT> {
    pub(super) operation: Operation,
    pub(super) scopes: Scopes,
    pub(super) on_legacy: FL,
    pub(super) on_target: FT,
}

impl<FL, FT> StorageRequest for Call<FL, FT> {
    fn operation(&self) -> Operation {
        self.operation
    }

    fn scopes(&self) -> Scopes {
        self.scopes.clone()
    }
}

impl<FL, FT> fmt::Debug for Call<FL, FT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({} {:?})", self.operation.name(), self.scopes)
    }
}

/// Legacy as a service of [`Call`]s: gives each a clone of what it needs.
#[derive(Clone, Debug)]
pub(super) struct OnLegacy<L>(pub(super) L);

/// The target as a service of [`Call`]s.
#[derive(Clone, Debug)]
pub(super) struct OnTarget<T>(pub(super) T);

impl<L, FL, FT, Fut, Res, Err> Service<Call<FL, FT>> for OnLegacy<L>
where
    L: Clone,
    FL: FnOnce(L) -> Fut,
    Fut: Future<Output = Result<Res, Err>>,
{
    type Response = Res;
    type Error = Err;
    type Future = Fut;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Err>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call<FL, FT>) -> Fut {
        (call.on_legacy)(self.0.clone())
    }
}

impl<T, FL, FT, Fut, Res, Err> Service<Call<FL, FT>> for OnTarget<T>
where
    T: Clone,
    FT: FnOnce(T) -> Fut,
    Fut: Future<Output = Result<Res, Err>>,
{
    type Response = Res;
    type Error = Err;
    type Future = Fut;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Err>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call<FL, FT>) -> Fut {
        (call.on_target)(self.0.clone())
    }
}

/// What a read gave, and whether that means that there is no such record.
#[derive(Debug)]
pub struct ReadAnswer<Res> {
    pub(super) answer: Res,
    pub(super) is_missing: bool,
}

/// Falls back also where the target has no such record.
#[derive(Clone, Copy, Debug)]
pub(super) struct WhereMissing;

impl<Res, Err> FallbackPolicy<ReadAnswer<Res>, Err> for WhereMissing {
    fn is_missing(&self, answer: &ReadAnswer<Res>) -> bool {
        answer.is_missing
    }
}

impl<Res: Clone + PartialEq + Send + 'static> Compare<ReadAnswer<Res>> for ByDefault {
    /// `None` where there is no such record.
    type Form = Option<Res>;

    fn form(&self, answer: &ReadAnswer<Res>) -> Option<Res> {
        (!answer.is_missing).then(|| answer.answer.clone())
    }

    fn is_missing(&self, form: &Option<Res>) -> bool {
        form.is_none()
    }

    fn compare(&self, legacy: &Option<Res>, target: &Option<Res>) -> Verdict {
        Verdict::from_same(legacy == target)
    }
}

/// What a write gave, and what it has written where that is more than it had named.
#[derive(Debug)]
pub(super) struct WriteAnswer<Res> {
    pub(super) answer: Res,
    pub(super) written: Option<Scopes>,
}

/// What the answer says that was written, as far as it was named.
#[derive(Clone, Copy, Debug)]
pub(super) struct AsAnswered;

impl<Res> Written<WriteAnswer<Res>> for AsAnswered {
    fn written(&self, named: Scopes, response: &WriteAnswer<Res>) -> Scopes {
        match &response.written {
            Some(written) => within(&named, written.clone()),
            None => named,
        }
    }
}
