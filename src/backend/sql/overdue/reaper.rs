//! [`Reaper`].

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::{ConnectOptions, Connection, Executor};
use tokio::time::{Instant, sleep, timeout};
use tracing::Instrument;

use super::counts::{Counters, OverdueCounts};
use super::door::{Door, Rested};
use super::known::Known;
use super::process::{Process, Running};
use crate::backend::sql::dialect::Dialect;
use crate::backend::sql::open::{Options, begin_session};
use crate::backend::sql::place::Place;
use crate::backend::sql::settings::Settings;

/// Between two looks at the list of processes, and before the first: what was sent at the last moment is there then.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long one look may take, connecting and ending included.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// How long what was ended may take to be gone; then it is given up, unconfirmed. A large transaction takes its time to be
/// rolled back.
const GONE_MAX: Duration = Duration::from_secs(30);

/// Ends what the server still does for requests that were given up, and looks until it is gone. It has at most one task, and one
/// connection of its own while that runs. Not `Debug`: the options hold the password.
pub(in crate::backend::sql) struct Reaper<DB: Dialect> {
    options: Options<DB>,
    place: Arc<Place>,
    settings: Settings,
    known: Known,
    door: Door,
    counters: Counters,
    work: Mutex<Work>,
}

#[derive(Debug, Default)]
struct Work {
    /// When a request was given up last, of those that nobody looks for yet.
    given_up: Option<Instant>,
    runs: bool,
}

impl<DB> Reaper<DB>
where
    DB: Dialect,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    pub(in crate::backend::sql) fn new(options: Options<DB>, place: Arc<Place>, settings: Settings) -> Self {
        let known = Known::of_pool(settings.connections);
        let (door, counters, work) = (Door::default(), Counters::default(), Mutex::default());
        Self { options, place, settings, known, door, counters, work }
    }

    /// The pool for callers has a new connection.
    pub(in crate::backend::sql) async fn connected(
        &self,
        connection: &mut DB::Connection,
    ) -> sqlx::Result<()> {
        if !self.is_on() {
            return Ok(());
        }
        if self.known.is_full() {
            self.list(connection).await?;
        }
        match DB::process_of(connection).await {
            Ok(process) => self.known.add(process),
            Err(error @ sqlx::Error::Io(_)) => return Err(error),
            // A server that does not say is a store all the same.
            Err(error) => {
                tracing::debug!(%error, "the server does not say who a connection is");
                self.known.add(None);
            }
        }
        Ok(())
    }

    /// Whether a request may have a connection that rested in the pool.
    pub(in crate::backend::sql) async fn lets_take(
        &self,
        connection: &mut DB::Connection,
        rested_for: Duration,
    ) -> bool {
        match self.door.rested(rested_for) {
            Rested::Take => true,
            Rested::Ask => connection.ping().await.is_ok(),
            Rested::Leave => false,
        }
    }

    /// A request was given up at its deadline.
    pub(in crate::backend::sql) fn given_up(self: &Arc<Self>) {
        if !self.is_on() {
            return;
        }
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.given_up = Some(Instant::now());
        if !work.runs {
            drop(tokio::spawn(Arc::clone(self).run().in_current_span()));
            work.runs = true;
        }
    }

    pub(in crate::backend::sql) fn counts(&self) -> OverdueCounts {
        self.counters.snapshot()
    }

    fn is_on(&self) -> bool {
        DB::HAS_SERVER && self.settings.ends_overdue
    }

    async fn run(self: Arc<Self>) {
        while let Some(given_up) = self.next() {
            let confirmed = self.looks_until_gone(given_up).await && self.known.is_complete();
            self.counters.looked(confirmed);
            if !confirmed {
                let (database, place) = (DB::NAME, &self.place);
                tracing::warn!(
                    database,
                    %place,
                    "requests were given up, and it could not be confirmed that the server has ended them"
                );
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let next = work.given_up.take();
        work.runs = next.is_some();
        next
    }

    /// Whether nothing is left of what was begun before then, in time.
    async fn looks_until_gone(&self, given_up: Instant) -> bool {
        let (mut connection, mut ended) = (None, HashSet::new());
        // What began at the last moment exceeds the deadline one deadline later.
        let at_most = self.settings.deadline.saturating_add(GONE_MAX);
        loop {
            sleep(LOOK_EVERY).await;
            match timeout(LOOK_MAX, self.look(&mut connection, given_up, &mut ended)).await {
                Ok(Ok(0)) => break,
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the list of processes could not be read");
                    connection = None;
                }
                Err(_) => connection = None,
            }
            if given_up.elapsed() > at_most {
                return false;
            }
        }
        if let Some(connection) = connection {
            drop(timeout(LOOK_MAX, connection.close()).await);
        }
        true
    }

    /// How many connections may still do what was begun before then; those that exceed the deadline are ended.
    async fn look(
        &self,
        connection: &mut Option<DB::Connection>,
        given_up: Instant,
        ended: &mut HashSet<Process>,
    ) -> sqlx::Result<usize> {
        let connection = match connection {
            Some(connection) => connection,
            none => none.insert(self.connect().await?),
        };
        let ago = given_up.elapsed();
        let ours = self.list(connection).await?;
        let exceeds = |running: &&Running| running.exceeds(self.settings.deadline);
        if ours.iter().filter(exceeds).any(|running| !ended.contains(&running.process)) {
            self.end(connection, ended).await?;
        }
        Ok(ours.iter().filter(|running| running.may_have_begun(ago)).count())
    }

    /// Looks once more, behind the closed door: what rests now is not ended, and what is ended is no other request's.
    async fn end(&self, connection: &mut DB::Connection, ended: &mut HashSet<Process>) -> sqlx::Result<()> {
        let _closed = self.door.close();
        let limit = self.settings.deadline;
        for running in self.list(connection).await? {
            if running.exceeds(limit) && !ended.contains(&running.process) {
                DB::end(connection, &running.process, limit).await?;
                self.counters.ended();
                let (database, place) = (DB::NAME, &self.place);
                tracing::warn!(database, %place, "a statement ran past the deadline of its request: its connection was ended");
                ended.insert(running.process);
            }
        }
        Ok(())
    }

    async fn connect(&self) -> sqlx::Result<DB::Connection> {
        let mut connection = self.options.connect().await?;
        begin_session::<DB>(&mut connection, self.settings.statement_timeout, false).await?;
        Ok(connection)
    }

    /// What the pool's connections do.
    async fn list(&self, connection: &mut DB::Connection) -> sqlx::Result<Vec<Running>> {
        let before = self.known.all();
        let listed = DB::list(connection).await?;
        Ok(self.known.found(&before, listed))
    }
}
