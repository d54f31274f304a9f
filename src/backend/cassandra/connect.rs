//! Connecting, at once or in the background.

use std::sync::{Arc, Weak};
use std::time::Duration;

use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, MetadataError,
    NewSessionError, RequestAttemptError, UseKeyspaceError,
};
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::statement::{Consistency, SerialConsistency};
use tokio::time::{sleep, timeout};

use super::builder::{Builder, Settings};
use super::error::OpenError;
use super::place::Place;
use super::session::{Cassandra, Inner};

/// The pauses between tries in the background: each twice as long as the one before.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// What is asked of a new connection until it can be used, beside its making.
const GREETING_MAX: Duration = Duration::from_secs(5);

/// One for callers and one for background work, each with connections of its own.
pub(super) struct Sessions {
    pub(super) callers: Session,
    pub(super) background: Session,
}

impl Builder {
    /// Connects both sessions.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong, and what to do.
    pub async fn open(self) -> Result<Cassandra, OpenError> {
        let place = Place::of(&self.url)?;
        let sessions = sessions(&place, self.settings).await?;
        let store = Cassandra::new(place, self.settings);
        store.inner.connected(sessions);
        Ok(store)
    }

    /// Connects in the background, and tries again until it succeeds: for a target that may be down while the service
    /// starts. Statements before that are [`NotConnected`](super::CassandraError::NotConnected), and so rejected.
    ///
    /// # Errors
    /// [`OpenError::Url`] alone.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open_lazy(self) -> Result<Cassandra, OpenError> {
        let store = Cassandra::new(Place::of(&self.url)?, self.settings);
        drop(tokio::spawn(connect_until_done(Arc::downgrade(&store.inner))));
        Ok(store)
    }
}

/// Ends when nobody holds the store any more.
async fn connect_until_done(store: Weak<Inner>) {
    let mut pause = PAUSE_MIN;
    let mut told = false;
    while let Some(inner) = store.upgrade() {
        match sessions(&inner.place, inner.settings).await {
            Ok(sessions) => {
                tracing::info!(place = %inner.place, "the Cassandra store is connected");
                return inner.connected(sessions);
            }
            Err(error) => {
                if !told {
                    tracing::warn!(%error, "the Cassandra store is not connected; it is tried again until it is");
                    told = true;
                }
                inner.not_connected(&error);
            }
        }
        drop(inner);
        sleep(pause).await;
        pause = PAUSE_MAX.min(pause * 2);
    }
}

async fn sessions(place: &Place, settings: Settings) -> Result<Sessions, OpenError> {
    // The nodes of the URL are tried one after the other.
    let nodes = u32::try_from(place.nodes.len()).unwrap_or(u32::MAX);
    let patience = settings.connect_timeout.saturating_mul(nodes) + GREETING_MAX;
    let both = async { tokio::try_join!(session(place, settings, false), session(place, settings, true)) };
    let silent = || OpenError::Silent { place: place.to_string(), after: patience };
    let (callers, background) = timeout(patience, both).await.map_err(|_| silent())??;
    Ok(Sessions { callers, background })
}

async fn session(place: &Place, settings: Settings, background: bool) -> Result<Session, OpenError> {
    let mut builder = SessionBuilder::new()
        .known_nodes(&place.nodes)
        .use_keyspace(&place.keyspace, true)
        .keyspaces_to_fetch([&place.keyspace])
        .connection_timeout(settings.connect_timeout)
        // A node that hangs keeps statements from being prepared for as long as its connections count as alive.
        .keepalive_interval(settings.deadline)
        .keepalive_timeout(settings.deadline)
        .default_execution_profile_handle(profile(settings, background).into_handle());
    if let Some((user, password)) = &place.login {
        builder = builder.user(user, password);
    }
    builder.build().await.map_err(|source| refused(place, source))
}

/// What is not said to be idempotent is sent once.
fn profile(settings: Settings, background: bool) -> ExecutionProfile {
    let local = settings.consistency == Consistency::LocalQuorum;
    let serial = if local { SerialConsistency::LocalSerial } else { SerialConsistency::Serial };
    ExecutionProfile::builder()
        .consistency(settings.consistency)
        .serial_consistency(Some(serial))
        .request_timeout(Some(settings.deadline_of(background)))
        .retry_policy(Arc::new(FallthroughRetryPolicy))
        .build()
}

fn refused(place: &Place, source: NewSessionError) -> OpenError {
    let shown = place.to_string();
    if is_no_keyspace(&source) {
        return OpenError::NoKeyspace { place: shown, keyspace: place.keyspace.clone() };
    }
    if is_not_let_in(&source) {
        let user = place.user().to_owned();
        return OpenError::NotLetIn { place: shown, user, source: Box::new(source) };
    }
    OpenError::Unreachable { place: shown, source: Box::new(source) }
}

const fn is_no_keyspace(error: &NewSessionError) -> bool {
    let NewSessionError::UseKeyspaceError(UseKeyspaceError::RequestError(error)) = error else {
        return false;
    };
    matches!(error, RequestAttemptError::DbError(DbError::Invalid, _))
}

const fn is_not_let_in(error: &NewSessionError) -> bool {
    let NewSessionError::MetadataError(MetadataError::ConnectionPoolError(error)) = error else {
        return false;
    };
    let ConnectionPoolError::Broken { last_connection_error: error } = error else { return false };
    let ConnectionError::ConnectionSetupRequestError(error) = error else { return false };
    matches!(
        error.error,
        ConnectionSetupRequestErrorKind::MissingAuthentication
            | ConnectionSetupRequestErrorKind::DbError(
                DbError::AuthenticationError | DbError::Unauthorized,
                _
            )
    )
}
