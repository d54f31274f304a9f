//! A batch of which nobody knows whether it was committed.

use std::time::Duration;

use tokio::time::Instant;

use super::error::JournalError;
use super::model::{Command, Micros, Reply};
use super::writer::{ReplyTo, Sent};

/// The commands of a batch whose outcome is unknown, and who is still to be told.
///
/// Who waits to write is told at once that the mark was not recorded; should it turn out that it was, it is taken out
/// again. Where a row would be counted wrongly if an untrue failure were told, telling waits for the outcome.
pub(super) struct Unknown {
    since: Instant,
    error: JournalError,
    batch: Vec<(Command, Option<ReplyTo>)>,
}

impl Unknown {
    pub(super) fn new(batch: Vec<Sent>, error: &JournalError) -> Self {
        let told_now = |(command, reply_to): Sent| {
            if waits_for_the_outcome(&command) {
                return (command, Some(reply_to));
            }
            reply_to.tell(Err(error.clone()));
            (command, None)
        };
        let batch = batch.into_iter().map(told_now).collect();
        Self { since: Instant::now(), error: error.clone(), batch }
    }

    /// Tells whoever waits, when the batch was committed with these replies. Gives what is to be done next: all that
    /// nobody was told of, or what takes back what nobody believes to be there.
    pub(super) fn settle(self, replies: Option<Vec<Reply>>) -> Vec<Sent> {
        let Some(replies) = replies else {
            return self
                .batch
                .into_iter()
                .filter_map(|(command, reply_to)| Some((command, reply_to?)))
                .collect();
        };
        let (late, error) = (self.since.elapsed(), self.error);
        let settle = |((command, reply_to), reply): ((Command, Option<ReplyTo>), Reply)| {
            let Some(reply_to) = reply_to else { return taken_back(&command) };
            reply_to.tell(if is_of_use(&command, late) { Ok(reply) } else { Err(error.clone()) });
            None
        };
        self.batch.into_iter().zip(replies).filter_map(settle).collect()
    }
}

/// Whoever is told of a failure of these counts a row that there is, or none that there is not.
const fn waits_for_the_outcome(command: &Command) -> bool {
    matches!(
        command,
        Command::Unmark { .. }
            | Command::Leave { .. }
            | Command::MarkLeft { .. }
            | Command::UnmarkInside { .. }
            | Command::LeaveInside { .. }
            | Command::AdoptInside { .. }
            | Command::Claim { .. }
            | Command::Clear { .. }
            | Command::GiveBack { .. }
            | Command::Bury { .. }
            | Command::RetryDead { .. }
            | Command::Void { .. }
    )
}

/// A repair takes half of the lease: a claim that is older than that when it is told of is left to lapse.
fn is_of_use(command: &Command, late: Duration) -> bool {
    match command {
        Command::Claim { now, lease_until, .. } => late * 2 < lease(*now, *lease_until),
        _ => true,
    }
}

fn lease(now: Micros, lease_until: Micros) -> Duration {
    Duration::from_micros(lease_until.saturating_sub(now).max(0).unsigned_abs())
}

fn taken_back(command: &Command) -> Option<Sent> {
    let Command::Mark { first, scopes, .. } = command else { return None };
    let unmark = Command::Unmark { first: *first, rows: scopes.len() as u64 };
    Some((unmark, ReplyTo::Callback(Box::new(|_| ()))))
}
