//! Marks in a transaction of the service.

use std::sync::atomic::AtomicI64;

use sqlx::{Database, Transaction};

use super::mark::{Inside, Marked, NotMarked, TransactionMark};
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::model::Refusal;

/// Where the journal's tables are, for transactions of the service.
#[derive(Debug)]
pub(in crate::journal) struct Place {
    /// [`Database::NAME`] of its server.
    pub(in crate::journal) database: &'static str,
    /// How its tables begin.
    pub(in crate::journal) prefix: String,
    /// When marks were last looked for that no write has taken out.
    pub(in crate::journal) looked: AtomicI64,
}

/// A database whose transactions can mark inside themselves: `sqlx::MySql` and `sqlx::Postgres`.
pub trait MarksInside: Database + sealed::Sealed {
    /// Makes the marks in the tables of this prefix, inside of the transaction that the connection is in.
    #[doc(hidden)]
    fn mark(
        connection: &mut Self::Connection,
        prefix: &str,
        mark: &TransactionMark,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;
}

mod sealed {
    #[allow(unnameable_types, reason = "that nobody can name it is what seals the trait")]
    pub trait Sealed {}

    #[cfg(feature = "mysql")]
    impl Sealed for sqlx::MySql {}
    #[cfg(feature = "postgres")]
    impl Sealed for sqlx::Postgres {}
}

impl Journal {
    /// Marks in this transaction what the write has named, provided that this journal's tables are in its database.
    pub(crate) async fn made_in<DB: MarksInside>(
        &self,
        transaction: &mut Transaction<'_, DB>,
        mark: &TransactionMark,
    ) -> Result<Marked, JournalError> {
        if let TransactionMark(Some(inside)) = mark {
            let place = self.place_for::<DB>(inside)?;
            DB::mark(transaction, &place.prefix, mark).await?;
        }
        Ok(Marked(()))
    }

    fn place_for<DB: Database>(&self, inside: &Inside) -> Result<&Place, JournalError> {
        let journal = inside.journal_name();
        if self.name() != journal {
            return Err(elsewhere(self.name(), format!("the mark is one of journal {journal}")));
        }
        match self.0.place.get() {
            Some(place) if place.database == DB::NAME => Ok(place),
            _ => Err(elsewhere(journal, format!("the transaction is one of {}", DB::NAME))),
        }
    }
}

impl Inside {
    /// What whoever was not allowed to mark is told.
    pub(in crate::journal) fn not_marked(&self, why: NotMarked) -> JournalError {
        let detail = match why {
            NotMarked::EpochMoved => return JournalError::Refused(Refusal::EpochMoved),
            NotMarked::NoRow => "its tables there are empty",
            NotMarked::AnotherSession => {
                "the session in its tables there is not this one: another process has taken over, or they are the tables of \
                 another journal"
            }
        };
        elsewhere(self.journal_name(), detail.into())
    }

    /// What whoever finds no tables is told.
    pub(in crate::journal) fn no_tables(&self, error: &sqlx::Error) -> JournalError {
        elsewhere(self.journal_name(), error.to_string())
    }
}

fn elsewhere(server: &str, detail: String) -> JournalError {
    JournalError::NotInTransaction { server: server.to_owned(), detail }
}
