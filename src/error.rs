//! The refusals of crossfade itself.

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
    /// The migration was closed.
    #[error("the migration is closed")]
    Closed,
}
