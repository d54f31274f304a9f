//! For tests: a durable journal whose file is a value in memory, and fails when a test says so.

use super::error::JournalError;
use super::handle::Journal;
use super::limits::Limits;
use super::model::{Command, Reply};
use super::state::JournalState;
use super::writer::{Backend, Writer};

/// What becomes of a commit that holds a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is made.
    Done,
    /// It fails and is not made.
    NotDone,
    /// It is made, and nobody hears of it.
    Unheard,
}

/// A journal that asks `fate` about each command. It is asked on the writer's thread, and may block that.
pub(crate) async fn scripted(fate: impl FnMut(&Command) -> Fate + Send + 'static) -> Journal {
    let backend = Scripted { state: JournalState::default(), fate };
    let writer = Writer::start(move || async move { Ok(backend) }).await.unwrap();
    Journal::durable(writer, Limits::default(), "test").await.unwrap()
}

struct Scripted<F> {
    state: JournalState,
    fate: F,
}

impl<F: FnMut(&Command) -> Fate + Send + 'static> Backend for Scripted<F> {
    async fn execute(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
        let fates: Vec<Fate> = batch.iter().map(|command| (self.fate)(command)).collect();
        let failed = JournalError::Locked { path: "in memory".into() };
        if fates.contains(&Fate::NotDone) {
            return Err(failed);
        }
        let replies = batch.iter().map(|command| self.state.apply(command)).collect();
        if fates.contains(&Fate::Unheard) { Err(failed) } else { Ok(replies) }
    }

    async fn close(self) {}
}
