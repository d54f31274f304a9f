//! Which resting connections a request may have while others are ended.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A statement may end by itself between the look at it and its end, and its connection rest in the pool: the next request must
/// not be ended in its place.
#[derive(Debug, Default)]
pub(super) struct Door(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    closed: bool,
    /// When connections were ended last.
    ended: Option<Instant>,
}

/// What a request may do with a connection that rested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rested {
    Take,
    /// It may have been ended while it rested.
    Ask,
    /// It may be ended next.
    Leave,
}

/// Closed until it is dropped.
pub(super) struct Closed<'a>(&'a Door);

impl Door {
    pub(super) fn close(&self) -> Closed<'_> {
        self.state().closed = true;
        Closed(self)
    }

    pub(super) fn rested(&self, rested_for: Duration) -> Rested {
        let state = self.state();
        match state.ended {
            _ if state.closed => Rested::Leave,
            Some(ended) if ended.elapsed() <= rested_for => Rested::Ask,
            _ => Rested::Take,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        *self.0.state() = State { closed: false, ended: Some(Instant::now()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_rested_while_others_were_ended_is_asked_first() {
        let door = Door::default();
        assert_eq!(door.rested(SECOND), Rested::Take, "nothing was ended yet");
        let closed = door.close();
        assert_eq!(door.rested(SECOND), Rested::Leave);
        drop(closed);
        tokio::time::sleep(SECOND).await;
        assert_eq!(door.rested(SECOND), Rested::Ask);
        assert_eq!(door.rested(SECOND / 2), Rested::Take, "it was used since");
    }
}
