//! What tells the servers apart.

use super::meaning::Meaning;
use super::spelling::Spelling;
use crate::journal::sql::{Cells, Connection};

/// A setting of the server, and what it has to be.
#[derive(Debug)]
pub(super) struct Need {
    pub(super) setting: &'static str,
    /// Gives what is found when that is not enough.
    pub(super) unless: &'static str,
    pub(super) wanted: &'static str,
}

/// A connection to one kind of server.
pub(super) trait Engine: Connection + Sync + std::fmt::Debug + Sized + 'static {
    /// What the driver makes of a URL.
    type Options: Send + Sync + std::fmt::Debug;

    /// What sqlx calls its databases.
    const DATABASE: &'static str;
    /// Whether values are `$1`, `$2` .. in statements.
    const NUMBERED: bool;
    /// Isolation, timeouts and how text is taken, for the session.
    const SETUP: &'static str;
    /// What would lose marks that were acknowledged.
    const NEEDS: &'static [Need];
    /// The server's number of this connection.
    const ID: &'static str;
    /// Tries to take the lock of the journal; 1 when it is this connection's. Text on its own tables' prefix in quotes is
    /// part of its name.
    const LOCK: &'static str;
    /// Who has it: no row, or the number of a connection.
    const HOLDER: &'static str;
    const BEGIN: &'static str;
    /// What takes a schema from one version to the next; the first makes it from nothing. Each can be begun anew.
    const MIGRATIONS: &'static [&'static str];

    fn options(url: &str) -> sqlx::Result<Self::Options>;

    fn connect(
        options: &Self::Options,
        spelling: Spelling,
    ) -> impl Future<Output = sqlx::Result<Self>> + Send;

    /// Runs statements without values in one go; gives the rows of all of them.
    fn script<T: Send>(
        &mut self,
        script: &str,
        decode: fn(&dyn Cells) -> sqlx::Result<T>,
    ) -> impl Future<Output = sqlx::Result<Vec<T>>> + Send;

    /// Ends another connection.
    fn kill(id: i64) -> String;

    fn close(self) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// What the code of an error of this server means.
    fn meaning(error: &dyn sqlx::error::DatabaseError) -> Meaning;
}
