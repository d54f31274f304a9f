//! Writes whose function for legacy has a transaction of its own, which marks its keys inside itself.

use std::future::Future;

use super::handle::{BeforeRampDown, Functions};
use super::writes::refuse;
use crate::data::{Group, Key, Outcome, Scopes};
use crate::error::Refused;
use crate::journal::{Journal, JournalError, Marked, MarksInside, TransactionMark};
use crate::route::Operation;

impl Journal {
    /// Marks in this transaction what its write has named: see
    /// [`Functions::write_in_transaction`]. Call it once, anywhere in the transaction; as the last statement before the
    /// commit it holds up a change of the authority for the shortest time.
    ///
    /// Where the mark stands already, or nothing is copied, it does nothing: in `off` and `complete`, and with a journal in
    /// memory or in a file.
    ///
    /// # Errors
    /// When the database cannot record it, or the write was planned for another authority: roll back. With
    /// [`JournalError::NotInTransaction`] the journal's tables are not in this transaction's database.
    pub async fn mark_in<DB: MarksInside>(
        &self,
        transaction: &mut sqlx::Transaction<'_, DB>,
        mark: &TransactionMark,
    ) -> Result<Marked, Refused> {
        self.made_in(transaction, mark).await.map_err(|error| match error {
            JournalError::Refused(_) => Refused::EpochMoved,
            error => Refused::NotRecorded(error),
        })
    }
}

impl<L, T, E, W> Functions<L, T, E, W>
where
    L: Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    E: From<Refused> + Send + 'static,
{
    /// As [`write`](Self::write), with a function for legacy that marks its keys inside of its own transaction, where the
    /// journal lies in the same database: no commit of the journal comes before it. It gives back that it did.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn write_in_transaction<Res, FL, FT, RL, RT>(
        &self,
        name: &'static str,
        scopes: impl Into<Scopes>,
        on_legacy: FL,
        on_target: FT,
    ) -> Result<Res, E>
    where
        Res: Send + 'static,
        FL: FnOnce(L, TransactionMark) -> RL + Send + 'static,
        FT: FnOnce(T) -> RT + Send + 'static,
        RL: Future<Output = Result<(Res, Marked), E>> + Send + 'static,
        RT: Future<Output = Result<Res, E>> + Send + 'static,
    {
        let operation = Operation::write(name).in_transaction();
        let on_legacy = with_mark(on_legacy);
        self.run_write(operation, scopes.into(), on_legacy, on_target, self.outcome, |_| None).await
    }

    /// As [`create`](Self::create), with a function for legacy that marks inside of its own transaction.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn create_in_transaction<Res, FL, FT, RL, RT, K>(
        &self,
        name: &'static str,
        group: Group,
        on_legacy: FL,
        on_target: FT,
        key: K,
    ) -> Result<Res, E>
    where
        Res: Send + 'static,
        FL: FnOnce(L, TransactionMark) -> RL + Send + 'static,
        FT: FnOnce(T) -> RT + Send + 'static,
        RL: Future<Output = Result<(Res, Marked), E>> + Send + 'static,
        RT: Future<Output = Result<Res, E>> + Send + 'static,
        K: Fn(&Res) -> Key + Clone + Send + Sync + 'static,
    {
        let (operation, on_legacy) = (Operation::write(name).in_transaction(), with_mark(on_legacy));
        let written = move |answer: &Res| Some(key(answer).into());
        self.run_write(operation, group.into(), on_legacy, on_target, self.outcome, written).await
    }
}

impl<L, T, E> Functions<L, T, E, BeforeRampDown>
where
    L: Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    E: From<Refused> + Send + 'static,
{
    /// As [`write_in_transaction`](Self::write_in_transaction), with no function for the target yet.
    ///
    /// # Errors
    /// As [`write_legacy`](Self::write_legacy).
    pub async fn write_legacy_in_transaction<Res, FL, RL>(
        &self,
        name: &'static str,
        scopes: impl Into<Scopes>,
        on_legacy: FL,
    ) -> Result<Res, E>
    where
        Res: Send + 'static,
        FL: FnOnce(L, TransactionMark) -> RL + Send + 'static,
        RL: Future<Output = Result<(Res, Marked), E>> + Send + 'static,
    {
        let (operation, on_legacy) = (Operation::write(name).in_transaction(), with_mark(on_legacy));
        let refused = |_: &E| Outcome::Rejected;
        self.run_write(operation, scopes.into(), on_legacy, refuse(name), refused, |_| None).await
    }

    /// As [`create_in_transaction`](Self::create_in_transaction), with no function for the target yet.
    ///
    /// # Errors
    /// As [`write_legacy`](Self::write_legacy).
    pub async fn create_legacy_in_transaction<Res, FL, RL, K>(
        &self,
        name: &'static str,
        group: Group,
        on_legacy: FL,
        key: K,
    ) -> Result<Res, E>
    where
        Res: Send + 'static,
        FL: FnOnce(L, TransactionMark) -> RL + Send + 'static,
        RL: Future<Output = Result<(Res, Marked), E>> + Send + 'static,
        K: Fn(&Res) -> Key + Clone + Send + Sync + 'static,
    {
        let (operation, on_legacy) = (Operation::write(name).in_transaction(), with_mark(on_legacy));
        let (refused, written) = (|_: &E| Outcome::Rejected, move |answer: &Res| Some(key(answer).into()));
        self.run_write(operation, group.into(), on_legacy, refuse(name), refused, written).await
    }
}

/// The function of legacy, given what its transaction has to mark. It is called in the task that was offered it.
fn with_mark<L, Res, E, F, Fut>(
    on_legacy: F,
) -> impl FnOnce(L) -> std::pin::Pin<Box<dyn Future<Output = Result<Res, E>> + Send>> + Send + 'static
where
    F: FnOnce(L, TransactionMark) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(Res, Marked), E>> + Send + 'static,
{
    move |legacy| {
        let written = on_legacy(legacy, TransactionMark::offered());
        Box::pin(async move { written.await.map(|(answer, _marked)| answer) })
    }
}
