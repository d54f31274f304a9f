//! Claims of repairs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::clock::micros;
use super::error::JournalError;
use super::handle::{Journal, unexpected};
use super::model::{ClaimId, ClaimedMark, Command, Epoch, MarkId, Micros, Reply};
use crate::data::Scope;

/// What a repair asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClaimRequest {
    pub(crate) epoch: Epoch,
    pub(crate) lease: Duration,
    pub(crate) late_bound: Duration,
    pub(crate) limit: u64,
    pub(crate) everything: bool,
}

/// Marks in the hands of a repair.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) claim: ClaimId,
    pub(crate) marks: Vec<ClaimedMark>,
}

impl Journal {
    pub(crate) async fn claim(&self, request: ClaimRequest) -> Result<Claim, JournalError> {
        let claim = self.0.next_claim.fetch_add(1, Ordering::Relaxed);
        let now = self.now();
        let command = Command::Claim {
            session: self.session(),
            epoch: request.epoch,
            claim,
            now,
            lease_until: now + micros(request.lease),
            late_bound: micros(request.late_bound),
            limit: request.limit,
            everything: request.everything,
        };
        match self.call(command).await? {
            Reply::Claimed(marks) => Ok(Claim { claim, marks }),
            Reply::Refused(refusal) => Err(JournalError::Refused(refusal)),
            other => Err(unexpected(&other)),
        }
    }

    /// Removes claimed marks of one scope.
    pub(crate) fn clear(&self, claim: ClaimId, scope: &Scope, ids: Vec<MarkId>) {
        self.end(Command::Clear { claim, ids }, scope);
    }

    /// Gives claimed marks of one scope back.
    pub(crate) fn give_back(
        &self,
        claim: ClaimId,
        scope: &Scope,
        ids: Vec<MarkId>,
        not_before: Micros,
        failed: bool,
    ) {
        self.end(Command::GiveBack { claim, ids, not_before, failed }, scope);
    }

    /// Makes dead letters of claimed marks, which may not be claimed again before this time.
    pub(crate) fn bury(&self, claim: ClaimId, scope: &Scope, ids: Vec<MarkId>, not_before: Micros) {
        self.end(Command::Bury { claim, ids, not_before }, scope);
    }
}
