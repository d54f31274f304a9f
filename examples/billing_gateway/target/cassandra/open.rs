//! Opening the store, at once or later, and its table.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use crossfade::backend::cassandra::{Builder, Cassandra, OpenError};
use scylla::statement::unprepared;
use tokio::time::{Instant, sleep};

use super::statements::{SCHEMA, Statements};
use crate::report::say;
use crate::request::StoreError;
use crate::store_error::cassandra_error;
use crate::store_url::StoreUrl;

/// What one statement may take; what the server may do with it after that is below the late bound of `servers.toml`.
const STATEMENT_MAX: Duration = Duration::from_secs(1);
/// How long Cassandra itself works on a write: its `write_request_timeout`, as it is set where nobody has changed it.
const SERVER_WRITE_MAX: Duration = Duration::from_secs(2);
/// A change of the schema waits for all nodes, and a new index for its first build.
const SCHEMA_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Documents in Cassandra, for requests and for copies.
#[derive(Clone, Debug)]
pub(crate) struct InCassandra {
    pub(super) store: Cassandra,
    pub(super) statements: Arc<Statements>,
}

impl InCassandra {
    pub(crate) async fn open(url: &StoreUrl) -> Result<Self> {
        let opened = Self::over(builder(url).open().await.map_err(hinted)?);
        opened.make_table(url.shown()).await?;
        Ok(opened)
    }

    /// One that cannot be reached is connected in the background, and its table made then.
    pub(crate) async fn open_or_later(url: &StoreUrl) -> Result<Self> {
        let why = match builder(url).open().await {
            Err(error @ (OpenError::Unreachable { .. } | OpenError::Silent { .. })) => error,
            opened => {
                let opened = Self::over(opened.map_err(hinted)?);
                opened.make_table(url.shown()).await?;
                return Ok(opened);
            }
        };
        say(&format!("the target is not there: {why}"));
        say("legacy serves alone until it is; what is to be copied is kept in the journal");
        let later = Self::over(builder(url).open_lazy()?);
        tokio::spawn(later.clone().make_table_later(url.shown().to_owned()));
        Ok(later)
    }

    fn over(store: Cassandra) -> Self {
        Self { statements: Arc::new(Statements::of(&store)), store }
    }

    async fn make_table_later(self, place: String) {
        while !self.store.is_connected() {
            sleep(LOOK_EVERY).await;
        }
        match self.make_table(&place).await {
            Ok(()) => say("the target is there"),
            Err(error) => say(&format!("the target is there and cannot be used: {error:#}")),
        }
    }

    /// A user who may not create tables is fine where they are there.
    async fn make_table(&self, place: &str) -> Result<()> {
        let made = self.make_schema().await;
        match (self.statements.check().await, made) {
            (Ok(()), _) => {}
            (Err(_), Err(error)) => return Err(error).with_context(|| cannot_make(place)),
            (Err(error), Ok(())) => return Err(error.into()),
        }
        self.until_indexed().await.with_context(|| format!("the indexes of {place} are not ready"))
    }

    async fn make_schema(&self) -> Result<()> {
        for cql in SCHEMA {
            let mut statement = unprepared::Statement::new(cql);
            statement.set_request_timeout(Some(SCHEMA_MAX));
            self.store.background()?.query_unpaged(statement, ()).await?;
        }
        Ok(())
    }

    async fn until_indexed(&self) -> Result<()> {
        let began = Instant::now();
        loop {
            match self.statements.find.one(("",)).await {
                Ok(_) => return Ok(()),
                Err(error) if began.elapsed() > SCHEMA_MAX => return Err(error.into()),
                Err(_) => sleep(LOOK_EVERY).await,
            }
        }
    }

    /// A statement may have been sent at the last moment before it was given up.
    pub(crate) fn check_late_bound(late_bound: Duration) -> Result<()> {
        ensure!(
            SERVER_WRITE_MAX < late_bound,
            "a write to the Cassandra store may land {SERVER_WRITE_MAX:?} after it was given up (write_request_timeout), \
             and its late bound is {late_bound:?}"
        );
        Ok(())
    }

    pub(crate) async fn is_empty(&self) -> Result<bool, StoreError> {
        let found = self.statements.any.one(()).await;
        Ok(found.map_err(|error| cassandra_error(&error))?.is_none())
    }

    pub(crate) async fn largest_id(&self) -> Result<i64, StoreError> {
        let found = self.statements.largest_id.one(()).await.map_err(|error| cassandra_error(&error))?;
        Ok(found.and_then(|(id,)| id).unwrap_or(0))
    }
}

fn builder(url: &StoreUrl) -> Builder {
    Cassandra::builder(&url.text).deadline(STATEMENT_MAX)
}

fn hinted(error: OpenError) -> anyhow::Error {
    let missing = matches!(error, OpenError::NoKeyspace { .. });
    if missing { anyhow!("{error} (--create creates it)") } else { error.into() }
}

fn cannot_make(place: &str) -> String {
    format!(
        "cannot make the table of {place}: may this user create tables and indexes (Cassandra 5: StorageAttachedIndex)?"
    )
}
