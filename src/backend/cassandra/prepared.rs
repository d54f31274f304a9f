//! A statement as it is prepared, once for each session.

use std::sync::Arc;
use std::time::Duration;

use scylla::client::session::Session;
use scylla::deserialize::TypeCheckError;
use scylla::frame::response::result::ColumnSpec;
use scylla::policies::retry::DefaultRetryPolicy;
use scylla::response::query_result::ColumnSpecs;
use scylla::statement::Consistency;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::unprepared;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::error::CassandraError;
use super::outcome::Sent;
use super::session::Cassandra;

/// Whether these columns can be read.
pub(super) type Fits = fn(&[ColumnSpec<'_>]) -> Result<(), TypeCheckError>;

pub(super) struct Prepared {
    pub(super) store: Cassandra,
    pub(super) cql: String,
    pub(super) sent: Sent,
    pub(super) fits: Fits,
    /// None: that of the session.
    consistency: Option<Consistency>,
    callers: OnceCell<PreparedStatement>,
    background: OnceCell<PreparedStatement>,
}

impl Prepared {
    pub(super) fn new(store: &Cassandra, cql: String, sent: Sent, fits: Fits) -> Self {
        let (callers, background) = (OnceCell::new(), OnceCell::new());
        Self { store: store.clone(), cql, sent, fits, consistency: None, callers, background }
    }

    pub(super) fn at(self, consistency: Consistency) -> Self {
        Self { consistency: Some(consistency), ..self }
    }

    /// The driver has no bound of its own for this: one node that hangs would hang it.
    pub(super) async fn on(
        &self,
        session: &Session,
        background: bool,
        deadline: Duration,
    ) -> Result<&PreparedStatement, CassandraError> {
        let cell = if background { &self.background } else { &self.callers };
        let prepared = timeout(deadline, cell.get_or_try_init(|| self.prepare(session))).await;
        prepared.map_err(|_| CassandraError::PreparedTooSlowly(deadline))?
    }

    /// What is not said to be idempotent is sent as the session's profile says: once.
    async fn prepare(&self, session: &Session) -> Result<PreparedStatement, CassandraError> {
        let mut statement = unprepared::Statement::new(&*self.cql);
        if self.sent == Sent::Repeatedly {
            statement.set_is_idempotent(true);
            statement.set_retry_policy(Some(Arc::new(DefaultRetryPolicy)));
        }
        if let Some(consistency) = self.consistency {
            statement.set_consistency(consistency);
        }
        session.prepare(statement).await.map_err(|error| CassandraError::Prepare(Box::new(error)))
    }
}

/// The names and types of columns, for an error.
pub(super) fn shown(columns: ColumnSpecs<'_, '_>) -> String {
    let column = |column: &ColumnSpec<'_>| format!("{}: {:?}", column.name(), column.typ());
    columns.iter().map(column).collect::<Vec<_>>().join(", ")
}
