//! Writes and creates, with a function for either store or for legacy alone.

use std::future::{Future, Ready, ready};

use tower::ServiceExt;

use super::call::{Call, WriteAnswer};
use super::handle::{BeforeRampDown, Functions};
use crate::data::{Group, Key, Outcome, Scopes};
use crate::error::{Failed, Refused};
use crate::route::Operation;

impl<L, T, E, W> Functions<L, T, E, W>
where
    L: Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    E: From<Refused> + Send + 'static,
{
    /// Writes these keys, this group, or everything: the function of the authority is called, once, and what was named
    /// is copied to the other store.
    ///
    /// # Errors
    /// Those of the function, and [`Refused`]: then neither was called.
    pub async fn write<Res, FL, FT, RL, RT>(
        &self,
        name: &'static str,
        scopes: impl Into<Scopes>,
        on_legacy: FL,
        on_target: FT,
    ) -> Result<Res, E>
    where
        Res: Send + 'static,
        FL: FnOnce(L) -> RL + Send + 'static,
        FT: FnOnce(T) -> RT + Send + 'static,
        RL: Future<Output = Result<Res, E>> + Send + 'static,
        RT: Future<Output = Result<Res, E>> + Send + 'static,
    {
        self.run_write(Operation::write(name), scopes.into(), on_legacy, on_target, self.outcome, |_| None)
            .await
    }

    /// Makes a record in this group whose id the authority assigns; `key` says which it was, from the answer.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn create<Res, FL, FT, RL, RT, K>(
        &self,
        name: &'static str,
        group: Group,
        on_legacy: FL,
        on_target: FT,
        key: K,
    ) -> Result<Res, E>
    where
        Res: Send + 'static,
        FL: FnOnce(L) -> RL + Send + 'static,
        FT: FnOnce(T) -> RT + Send + 'static,
        RL: Future<Output = Result<Res, E>> + Send + 'static,
        RT: Future<Output = Result<Res, E>> + Send + 'static,
        K: Fn(&Res) -> Key + Clone + Send + Sync + 'static,
    {
        let written = move |answer: &Res| Some(key(answer).into());
        self.run_write(Operation::write(name), group.into(), on_legacy, on_target, self.outcome, written)
            .await
    }

    pub(super) async fn run_write<Res, FL, FT, RL, RT, K>(
        &self,
        operation: Operation,
        scopes: Scopes,
        on_legacy: FL,
        on_target: FT,
        target_outcome: fn(&E) -> Outcome,
        written: K,
    ) -> Result<Res, E>
    where
        Res: Send + 'static,
        FL: FnOnce(L) -> RL + Send + 'static,
        FT: FnOnce(T) -> RT + Send + 'static,
        RL: Future<Output = Result<Res, E>> + Send + 'static,
        RT: Future<Output = Result<Res, E>> + Send + 'static,
        K: Fn(&Res) -> Option<Scopes> + Clone + Send + Sync + 'static,
    {
        let (legacy_outcome, legacy_written) = (self.outcome, written.clone());
        let on_legacy = move |legacy| {
            let done = on_legacy(legacy);
            async move { answered(done.await, legacy_outcome, legacy_written) }
        };
        let on_target = move |target| {
            let done = on_target(target);
            async move { answered(done.await, target_outcome, written) }
        };
        let done = self.writes.clone().oneshot(Call { operation, scopes, on_legacy, on_target }).await;
        done.map(|answer| answer.answer).map_err(|failed| failed.error)
    }
}

impl<L, T, E> Functions<L, T, E, BeforeRampDown>
where
    L: Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    E: From<Refused> + Send + 'static,
{
    /// As [`write`](Self::write), with no function for the target yet.
    ///
    /// # Errors
    /// As [`write`](Self::write); and [`Refused::NoTargetWrites`] when the target is the authority all the same, because
    /// the process was started in such a stage.
    pub async fn write_legacy<Res, FL, RL>(
        &self,
        name: &'static str,
        scopes: impl Into<Scopes>,
        on_legacy: FL,
    ) -> Result<Res, E>
    where
        Res: Send + 'static,
        FL: FnOnce(L) -> RL + Send + 'static,
        RL: Future<Output = Result<Res, E>> + Send + 'static,
    {
        let refused = |_: &E| Outcome::Rejected;
        self.run_write(Operation::write(name), scopes.into(), on_legacy, refuse(name), refused, |_| None)
            .await
    }

    /// As [`create`](Self::create), with no function for the target yet.
    ///
    /// # Errors
    /// As [`write_legacy`](Self::write_legacy).
    pub async fn create_legacy<Res, FL, RL, K>(
        &self,
        name: &'static str,
        group: Group,
        on_legacy: FL,
        key: K,
    ) -> Result<Res, E>
    where
        Res: Send + 'static,
        FL: FnOnce(L) -> RL + Send + 'static,
        RL: Future<Output = Result<Res, E>> + Send + 'static,
        K: Fn(&Res) -> Key + Clone + Send + Sync + 'static,
    {
        let (refused, written) = (|_: &E| Outcome::Rejected, move |answer: &Res| Some(key(answer).into()));
        self.run_write(Operation::write(name), group.into(), on_legacy, refuse(name), refused, written).await
    }
}

fn answered<Res, E>(
    done: Result<Res, E>,
    outcome: fn(&E) -> Outcome,
    written: impl Fn(&Res) -> Option<Scopes>,
) -> Result<WriteAnswer<Res>, Failed<E>> {
    match done {
        Ok(answer) => Ok(WriteAnswer { written: written(&answer), answer }),
        Err(error) => Err(Failed { outcome: outcome(&error), error }),
    }
}

/// What the target does with a write that has no function for it.
pub(super) fn refuse<T, Res, E: From<Refused>>(
    operation: &'static str,
) -> impl FnOnce(T) -> Ready<Result<Res, E>> {
    move |_| ready(Err(Refused::NoTargetWrites { operation }.into()))
}
