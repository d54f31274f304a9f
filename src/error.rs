//! The refusals of crossfade itself.

use crate::data::{ClassifyOutcome, Outcome};
use crate::journal::JournalError;

/// Why a request was refused by crossfade rather than by a store.
///
/// The caller's own error type passes through every layer; a layer that can refuse asks for `S::Error:
/// From<Refused>`. A refused write was not made.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The request does not say whether it reads or writes, and the stage is not `off`.
    #[error(
        "the request does not say what it is: implement `StorageRequest` for it, or classify it in `RouteLayer`"
    )]
    NotClassified,
    /// A write names no scope, so nobody could know what to copy.
    #[error(
        "the write `{operation}` names no key, group or everything: return its scopes from `StorageRequest::scopes`"
    )]
    NoScope {
        /// The operation's name.
        operation: &'static str,
    },
    /// The journal cannot record the mark of this write and the config says `journal_unavailable = "reject"`.
    #[error("the write cannot be recorded: {0}")]
    NotRecorded(#[source] JournalError),
    /// The write was planned for another authority than the committed one.
    #[error("the write was planned in a stage that is no longer the committed one: send it again")]
    EpochMoved,
    /// A stage move held the write for longer than a write may be held.
    #[error("the write was held for a stage move for {held_ms} ms: send it again")]
    HoldRanOut {
        /// How long, in milliseconds.
        held_ms: u64,
    },
    /// The target does not have the record, and the budget of fallbacks to legacy is spent: it may exist.
    #[error("the target does not have it and the fallback to legacy is over its budget: try again later")]
    FallbackOverBudget,
    /// The target is the authority and this write has no code for it.
    #[error("the write `{operation}` has no code for the target, which is the authority now")]
    NoTargetWrites {
        /// The operation's name.
        operation: &'static str,
    },
    /// A page token that is none of this data set: its item cannot be read.
    #[error("the page token is none of this list: begin the list again without one")]
    NotAToken,
    /// A stack under [`Records`](crate::records::Records) gave the answer to another request. Only a layer of your own
    /// that mixes answers up does so; a write was made.
    #[error("the stack answered `{operation}` with the answer to another request: a layer mixes answers up")]
    WrongAnswer {
        /// The operation's name.
        operation: &'static str,
    },
    /// The migration was closed.
    #[error("the migration is closed")]
    Closed,
}

/// An error of the caller's own type, with what it means for the write that ended with it.
///
/// The error of the services that [`records`](crate::records) makes of stores. Layers that refuse make one of
/// [`Refused`]; the caller of `Records` or `Functions` gets the `error` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Failed<E> {
    /// The caller's error.
    pub error: E,
    /// What became of the write; of no meaning for a read.
    pub outcome: Outcome,
}

impl<E: From<Refused>> From<Refused> for Failed<E> {
    fn from(refused: Refused) -> Self {
        Self { error: refused.into(), outcome: Outcome::Rejected }
    }
}

/// Takes the outcome that a [`Failed`] says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsFailed;

impl<Res, E> ClassifyOutcome<Res, Failed<E>> for AsFailed {
    fn classify(&self, answer: Result<&Res, &Failed<E>>) -> Outcome {
        answer.map_or_else(|failed| failed.outcome, |_| Outcome::Applied)
    }
}
