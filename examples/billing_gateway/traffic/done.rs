//! What became of a job.

use super::known::Known;
use crate::ledger::Key;
use crossfade::route::Store;

/// A job that has ended.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub(super) answered: Result<Answered, Trouble>,
    /// How often the answer was 503; a create may have been sent again after it.
    pub(super) unavailable: u64,
}

/// An answer as it should be.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    /// In the words of [`KINDS`](super::counts::KINDS).
    pub(super) kind: &'static str,
    /// Of a read for which the routing chose the store: the one that answered.
    pub(super) read: Option<Store>,
    /// What it tells about an invoice, for requests to come.
    pub(super) learned: Option<(Key, Known)>,
    /// It acknowledges a create.
    pub(super) created: bool,
}

/// Why there is no such answer.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// 503: faults do that. `surely_not`: the service said that nothing was changed.
    Unavailable { surely_not: bool },
    /// Anything that the service should never answer: what came.
    Broken(String),
}

impl Answered {
    pub(super) fn new(kind: &'static str) -> Self {
        Self { kind, read: None, learned: None, created: false }
    }
}
