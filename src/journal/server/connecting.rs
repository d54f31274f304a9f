//! From nothing to a connection that holds the lock; and how often that is tried.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::address::Address;
use super::engine::{Engine, Need};
use super::meaning::named;
use super::{CONNECT_WITHIN, LOCK_WITHIN};
use crate::journal::error::JournalError;

/// How often a lock that is taken is tried again.
const LOCK_EVERY: Duration = Duration::from_millis(50);

/// A connection that holds the lock.
#[derive(Debug)]
pub(super) struct Link<E> {
    pub(super) engine: E,
    pub(super) id: i64,
}

/// Connects and takes the lock. Where `own`, an earlier connection of this process, still has it, that one is ended.
pub(super) async fn connect<E: Engine>(
    address: &Address<E>,
    own: Option<i64>,
) -> Result<Link<E>, JournalError> {
    let unreachable = |detail: String| JournalError::Unreachable { server: address.name.clone(), detail };
    let connecting = timeout(CONNECT_WITHIN, connect_and_lock(address, own)).await;
    connecting.unwrap_or_else(|_| Err(unreachable(format!("no answer within {CONNECT_WITHIN:?}"))))
}

async fn connect_and_lock<E: Engine>(
    address: &Address<E>,
    own: Option<i64>,
) -> Result<Link<E>, JournalError> {
    let named = |error: sqlx::Error| named::<E>(&address.name, &error);
    let mut engine = E::connect(&address.options, address.spelling(E::NUMBERED)).await.map_err(named)?;
    engine.script(E::SETUP, |_| Ok(())).await.map_err(named)?;
    for need in E::NEEDS {
        check(&mut engine, &address.name, need).await?;
    }
    let id = number(&mut engine, E::ID).await.map_err(named)?.unwrap_or_default();
    lock(&mut engine, &address.name, own).await?;
    Ok(Link { engine, id })
}

async fn check<E: Engine>(engine: &mut E, server: &str, need: &Need) -> Result<(), JournalError> {
    let found = engine.script(need.unless, |row| row.text(0).map(ToOwned::to_owned)).await;
    let found = found.map_err(|error| named::<E>(server, &error))?;
    let Some(found) = found.into_iter().next() else { return Ok(()) };
    Err(JournalError::Unfit { server: server.to_owned(), setting: need.setting, found, wanted: need.wanted })
}

async fn lock<E: Engine>(engine: &mut E, server: &str, own: Option<i64>) -> Result<(), JournalError> {
    let named = |error: sqlx::Error| named::<E>(server, &error);
    let until = Instant::now() + LOCK_WITHIN;
    loop {
        if number(engine, E::LOCK).await.map_err(named)? == Some(1) {
            return Ok(());
        }
        let holder = number(engine, E::HOLDER).await.map_err(named)?;
        if holder.is_some() && holder == own {
            // It may have ended by itself meanwhile.
            drop(engine.script(&E::kill(holder.unwrap_or_default()), |_| Ok(())).await);
        } else if Instant::now() >= until {
            return Err(JournalError::InUseOn { server: server.to_owned(), connection: holder.unwrap_or(0) });
        }
        sleep(LOCK_EVERY).await;
    }
}

async fn number<E: Engine>(engine: &mut E, question: &str) -> sqlx::Result<Option<i64>> {
    Ok(engine.script(question, |row| row.number(0)).await?.into_iter().next())
}

/// When to connect again: after growing pauses.
#[derive(Debug)]
pub(super) struct Retry {
    pause: Duration,
    not_before: Option<Instant>,
    detail: String,
}

impl Retry {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(5);

    pub(super) const fn new() -> Self {
        Self { pause: Self::FIRST, not_before: None, detail: String::new() }
    }

    /// What went wrong last, while it is too early to try again.
    pub(super) fn too_early(&self) -> Option<&str> {
        self.not_before.is_some_and(|at| Instant::now() < at).then_some(&self.detail)
    }

    pub(super) fn at_once(&mut self) {
        self.not_before = None;
    }

    pub(super) fn failed(&mut self, error: &JournalError) {
        self.detail = match error {
            JournalError::Unreachable { detail, .. } => detail.clone(),
            other => other.to_string(),
        };
        self.not_before = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(Self::LONGEST);
    }
}
