//! The rules of the journal as a plain value: the journal in memory, and the model that the durable one is tested
//! against.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::model::{
    AuditEntry, Certificate, ClaimId, ClaimedMark, Command, Epoch, FillProgress, JournalStatus, Mark,
    MarkCounts, MarkId, MarkState, Micros, Opened, Reason, Refusal, Reply, SessionId,
};
use crate::data::{Scope, Scopes};
use crate::protocol::CommitRequest;
use crate::stage::Stage;

/// How many lines the audit log keeps; the oldest go first.
pub const AUDIT_LINES_MAX: usize = 10_000;

/// Everything that a journal knows.
///
/// [`apply`](Self::apply) is the whole behaviour: what is refused, what a claim takes, what a crash leaves. It has
/// no clock and no I/O, so the exhaustive search of the protocol runs it as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JournalState {
    stage: Stage,
    epoch: Epoch,
    /// The first epoch under the present authority: what was planned before it is refused.
    authority_epoch: Epoch,
    session: SessionId,
    session_open: bool,
    continues_unrecorded: bool,
    marks: BTreeMap<MarkId, Mark>,
    fill: Option<FillProgress>,
    certificate: Option<Certificate>,
    /// How often everything was marked because something went unrecorded: a fill that began before is worth nothing.
    voids: u64,
    reserved_stamp: Micros,
    sequences: BTreeMap<String, u64>,
    audit: Vec<AuditEntry>,
}

impl Default for JournalState {
    fn default() -> Self {
        Self {
            stage: Stage::Off,
            epoch: 1,
            authority_epoch: 1,
            session: 0,
            session_open: false,
            continues_unrecorded: false,
            marks: BTreeMap::new(),
            fill: None,
            certificate: None,
            voids: 0,
            reserved_stamp: 0,
            sequences: BTreeMap::new(),
            audit: Vec::new(),
        }
    }
}

impl JournalState {
    /// Does what the command says, or refuses it and changes nothing.
    pub fn apply(&mut self, command: &Command) -> Reply {
        self.try_apply(command).unwrap_or_else(Reply::Refused)
    }

    /// The marks, by row.
    #[must_use]
    pub const fn marks(&self) -> &BTreeMap<MarkId, Mark> {
        &self.marks
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> JournalStatus {
        JournalStatus {
            stage: self.stage,
            epoch: self.epoch,
            marks: self.counts(),
            fill: self.fill.clone(),
            certificate: self.certificate.clone(),
            reserved_stamp: self.reserved_stamp,
            voids: self.voids,
        }
    }

    fn try_apply(&mut self, command: &Command) -> Result<Reply, Refusal> {
        match command {
            Command::Open { now, late_bound, continues_unrecorded } => {
                Ok(self.open(*now, *late_bound, *continues_unrecorded))
            }
            Command::Close { session } => Ok(self.close(*session)),
            Command::Mark { session, epoch, first, scopes, now } => {
                self.mark(*session, *epoch, *first, scopes, *now)
            }
            Command::Unmark { first, rows } => Ok(self.unmark(*first, *rows)),
            Command::Leave { first, rows, narrowed, not_before, reason } => {
                Ok(self.leave(*first, *rows, narrowed.as_ref(), *not_before, *reason))
            }
            Command::MarkLeft { session, id, scope, not_before, reason, now } => {
                let mark = new_mark(scope, *session, MarkState::Left, *not_before, *reason, *now);
                Ok(Reply::Removed(self.put_left(*id, mark)))
            }
            // Only a server's tables are in reach of the transactions of others.
            Command::UnmarkInside { rows, .. } => Ok(Reply::Removed(*rows)),
            Command::AdoptInside { .. } => Ok(Reply::Scopes(Vec::new())),
            Command::LeaveInside { session, id, scope, not_before, reason, now, .. } => {
                let mark = new_mark(scope, *session, MarkState::Left, *not_before, *reason, *now);
                Ok(Reply::Removed(self.put_left(*id, mark)))
            }
            Command::Claim { session, epoch, claim, now, lease_until, late_bound, limit, everything } => {
                self.check(*session, *epoch)?;
                self.give_back_lapsed(*now, *late_bound);
                Ok(self.claim(*claim, *now, *lease_until, *limit, *everything))
            }
            Command::Clear { claim, ids } => Ok(self.clear(*claim, ids)),
            Command::GiveBack { claim, ids, not_before, failed } => {
                Ok(self.give_back(*claim, ids, *not_before, *failed))
            }
            Command::Bury { claim, ids, not_before } => Ok(self.bury(*claim, ids, *not_before)),
            Command::RetryDead { scope, now } => Ok(self.retry_dead(scope, *now)),
            Command::ListScopes => Ok(Reply::Scopes(self.scopes())),
            Command::ListDead { limit } => Ok(Reply::Marks(self.dead(*limit))),
            Command::Commit { from, request, everything, session, audit } => {
                self.commit(*from, *request, *everything, *session, audit)
            }
            Command::SaveFill { progress } => self.save_fill(progress),
            Command::Certify { now, progress } => self.certify(*now, progress),
            Command::Void { session, everything, not_before, now } => {
                self.void();
                let (left, reason) = (MarkState::Left, Reason::Unrecorded);
                let mark = new_mark(&Scope::Everything, *session, left, *not_before, reason, *now);
                Ok(Reply::Removed(self.put_left(*everything, mark)))
            }
            Command::ReserveStamps { upto } => {
                self.reserved_stamp = self.reserved_stamp.max(*upto);
                Ok(Reply::Done)
            }
            Command::TakeIds { sequence, count } => Ok(self.take_ids(sequence, *count)),
            Command::RaiseIds { sequence, above } => Ok(self.raise_ids(sequence, *above)),
            Command::Audit { entry } => {
                self.write_audit(entry);
                Ok(Reply::Done)
            }
            Command::ListAudit { limit } => Ok(Reply::AuditLog(self.audit_log(*limit))),
            Command::Status => Ok(Reply::Status(Box::new(self.status()))),
        }
    }

    fn check(&self, session: SessionId, epoch: Epoch) -> Result<(), Refusal> {
        if !self.session_open || session != self.session {
            return Err(Refusal::SessionEnded);
        }
        if epoch < self.authority_epoch || epoch > self.epoch {
            return Err(Refusal::EpochMoved);
        }
        Ok(())
    }

    // ---- sessions ----

    fn open(&mut self, now: Micros, late_bound: Micros, continues_unrecorded: bool) -> Reply {
        let after_crash = self.session_open;
        self.adopt(now + late_bound);
        self.session += 1;
        let voided = after_crash && self.continues_unrecorded;
        if voided {
            self.void();
            self.mark_everything(self.session, self.session << 40, now + late_bound, now, Reason::Crash);
        }
        (self.session_open, self.continues_unrecorded) = (true, continues_unrecorded);
        let (session, inside, status) = (self.session, Vec::new(), self.status());
        Reply::Opened(Box::new(Opened { session, after_crash, voided, inside, status }))
    }

    /// Whatever the ended session had running may still land, so it all waits the late bound. A session that was
    /// closed has such marks, too, when the journal had no room to take them out or leave them.
    fn adopt(&mut self, not_before: Micros) {
        for mark in self.marks.values_mut() {
            match mark.state {
                MarkState::Running => (mark.state, mark.reason) = (MarkState::Left, Reason::Crash),
                MarkState::Claimed { .. } => mark.state = MarkState::Left,
                MarkState::Left | MarkState::Dead => continue,
            }
            mark.not_before = mark.not_before.max(not_before);
        }
    }

    const fn close(&mut self, session: SessionId) -> Reply {
        if session == self.session {
            self.session_open = false;
        }
        Reply::Done
    }

    // ---- marks ----

    fn mark(
        &mut self,
        session: SessionId,
        epoch: Epoch,
        first: MarkId,
        scopes: &Scopes,
        now: Micros,
    ) -> Result<Reply, Refusal> {
        self.check(session, epoch)?;
        for (id, scope) in (first..).zip(scopes) {
            self.marks.insert(id, new_mark(scope, session, MarkState::Running, 0, Reason::Write, now));
        }
        Ok(Reply::Done)
    }

    fn unmark(&mut self, first: MarkId, rows: u64) -> Reply {
        let mut removed = 0;
        for id in first..first + rows {
            if let Entry::Occupied(mark) = self.marks.entry(id)
                && mark.get().state == MarkState::Running
            {
                mark.remove();
                removed += 1;
            }
        }
        Reply::Removed(removed)
    }

    fn leave(
        &mut self,
        first: MarkId,
        rows: u64,
        narrowed: Option<&Scope>,
        not_before: Micros,
        reason: Reason,
    ) -> Reply {
        let mut merged = 0;
        for id in self.running(first, rows) {
            let Some(mark) = self.marks.remove(&id) else {
                continue;
            };
            let scope = narrowed.cloned().unwrap_or(mark.scope);
            merged += self.put_left(id, Mark { scope, state: MarkState::Left, not_before, reason, ..mark });
        }
        Reply::Removed(merged)
    }

    fn running(&self, first: MarkId, rows: u64) -> Vec<MarkId> {
        let range = self.marks.range(first..first + rows);
        range.filter(|(_, mark)| mark.state == MarkState::Running).map(|(id, _)| *id).collect()
    }

    /// Puts a left mark, or merges it into the left mark that its scope has; gives how many were merged.
    fn put_left(&mut self, id: MarkId, mark: Mark) -> u64 {
        let same = |other: &&mut Mark| other.state == MarkState::Left && other.scope == mark.scope;
        if let Some(other) = self.marks.values_mut().find(same) {
            other.not_before = other.not_before.max(mark.not_before);
            other.attempts = other.attempts.max(mark.attempts);
            other.reason = mark.reason;
            return 1;
        }
        self.marks.insert(id, mark);
        0
    }

    // ---- claims ----

    fn give_back_lapsed(&mut self, now: Micros, late_bound: Micros) {
        for mark in self.marks.values_mut() {
            if let MarkState::Claimed { lease_until, .. } = mark.state
                && lease_until <= now
            {
                mark.state = MarkState::Left;
                mark.not_before = mark.not_before.max(lease_until + late_bound);
            }
        }
    }

    fn claim(
        &mut self,
        claim: ClaimId,
        now: Micros,
        lease_until: Micros,
        limit: u64,
        everything: bool,
    ) -> Reply {
        let mut due: Vec<(Micros, MarkId)> = self
            .marks
            .iter()
            .filter(|(_, mark)| mark.state == MarkState::Left && mark.not_before <= now)
            .filter(|(_, mark)| (mark.scope == Scope::Everything) == everything)
            .map(|(id, mark)| (mark.not_before, *id))
            .collect();
        due.sort_unstable();
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        if !self.stage.copies() {
            due.clear();
        }
        Reply::Claimed(due.into_iter().filter_map(|(_, id)| self.take(id, claim, lease_until)).collect())
    }

    fn take(&mut self, id: MarkId, claim: ClaimId, lease_until: Micros) -> Option<ClaimedMark> {
        let mark = self.marks.get_mut(&id)?;
        mark.state = MarkState::Claimed { claim, lease_until };
        Some(ClaimedMark { id, scope: mark.scope.clone(), attempts: mark.attempts })
    }

    fn holds(&self, claim: ClaimId, id: MarkId) -> bool {
        let mark = self.marks.get(&id);
        mark.is_some_and(|mark| matches!(mark.state, MarkState::Claimed { claim: by, .. } if by == claim))
    }

    fn clear(&mut self, claim: ClaimId, ids: &[MarkId]) -> Reply {
        let before = self.marks.len();
        for id in ids {
            if self.holds(claim, *id) {
                self.marks.remove(id);
            }
        }
        Reply::Removed((before - self.marks.len()) as u64)
    }

    fn give_back(&mut self, claim: ClaimId, ids: &[MarkId], not_before: Micros, failed: bool) -> Reply {
        let mut merged = 0;
        for id in ids.iter().copied() {
            if !self.holds(claim, id) {
                continue;
            }
            let Some(mark) = self.marks.remove(&id) else {
                continue;
            };
            let attempts = mark.attempts + u32::from(failed);
            merged += self.put_left(id, Mark { state: MarkState::Left, not_before, attempts, ..mark });
        }
        Reply::Removed(merged)
    }

    fn bury(&mut self, claim: ClaimId, ids: &[MarkId], not_before: Micros) -> Reply {
        for id in ids {
            if self.holds(claim, *id)
                && let Some(mark) = self.marks.get_mut(id)
            {
                (mark.state, mark.not_before) = (MarkState::Dead, not_before);
                mark.attempts += 1;
            }
        }
        Reply::Done
    }

    fn retry_dead(&mut self, scope: &Scope, now: Micros) -> Reply {
        let letters = self.dead(u64::MAX).into_iter().filter(|(_, mark)| mark.scope == *scope);
        let dead: Vec<MarkId> = letters.map(|(id, _)| id).collect();
        let mut merged = 0;
        for id in dead {
            let Some(mark) = self.marks.remove(&id) else {
                continue;
            };
            let not_before = mark.not_before.max(now);
            merged += self.put_left(id, Mark { state: MarkState::Left, not_before, attempts: 0, ..mark });
        }
        Reply::Removed(merged)
    }

    fn scopes(&self) -> Vec<(MarkId, Scope)> {
        self.marks.iter().map(|(id, mark)| (*id, mark.scope.clone())).collect()
    }

    fn dead(&self, limit: u64) -> Vec<(MarkId, Mark)> {
        let dead = self.marks.iter().filter(|(_, mark)| mark.state == MarkState::Dead);
        let mut dead: Vec<_> = dead.map(|(id, mark)| (*id, mark.clone())).collect();
        dead.sort_by_key(|(id, mark)| (mark.created, *id));
        dead.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        dead
    }

    fn counts(&self) -> MarkCounts {
        let mut counts = MarkCounts::default();
        for mark in self.marks.values() {
            match mark.state {
                MarkState::Running => counts.running += 1,
                MarkState::Left => counts.left += 1,
                MarkState::Claimed { .. } => counts.claimed += 1,
                MarkState::Dead => counts.dead += 1,
            }
        }
        counts
    }

    // ---- stage, fill, certificate ----

    fn commit(
        &mut self,
        from: Epoch,
        request: CommitRequest,
        everything: MarkId,
        session: SessionId,
        audit: &AuditEntry,
    ) -> Result<Reply, Refusal> {
        if from != self.epoch {
            return Err(Refusal::EpochMoved);
        }
        if request.needs_no_marks && !self.marks.is_empty() {
            return Err(Refusal::MarksLeft(self.marks.len() as u64));
        }
        let switched = self.stage.switches_authority(request.to);
        (self.stage, self.epoch) = (request.to, self.epoch + 1);
        if switched {
            self.authority_epoch = self.epoch;
        }
        if request.marks_everything {
            self.void();
            self.mark_everything(session, everything, audit.at, audit.at, Reason::Asked);
        }
        self.write_audit(audit);
        Ok(Reply::Committed(self.epoch))
    }

    fn save_fill(&mut self, progress: &FillProgress) -> Result<Reply, Refusal> {
        if progress.voids != self.voids {
            return Err(Refusal::Unrecorded);
        }
        self.fill = Some(progress.clone());
        Ok(Reply::Done)
    }

    fn certify(&mut self, now: Micros, progress: &FillProgress) -> Result<Reply, Refusal> {
        if progress.voids != self.voids {
            return Err(Refusal::Unrecorded);
        }
        match self.counts().dead {
            0 => {}
            dead => return Err(Refusal::DeadLetters(dead)),
        }
        self.fill = Some(FillProgress { complete: true, ..progress.clone() });
        self.certificate = Some(Certificate { issued: now, epoch: self.epoch, records: progress.copied });
        Ok(Reply::Done)
    }

    fn void(&mut self) {
        (self.certificate, self.fill, self.voids) = (None, None, self.voids + 1);
    }

    /// Not merged: whoever sent the command counts one mark more.
    fn mark_everything(
        &mut self,
        session: SessionId,
        row: MarkId,
        not_before: Micros,
        now: Micros,
        reason: Reason,
    ) {
        let mark = new_mark(&Scope::Everything, session, MarkState::Left, not_before, reason, now);
        self.marks.insert(row, mark);
    }

    // ---- ids, audit ----

    fn take_ids(&mut self, sequence: &str, count: u64) -> Reply {
        let next = self.sequences.entry(sequence.to_owned()).or_insert(1);
        let first = *next;
        *next += count;
        Reply::Ids(first)
    }

    fn raise_ids(&mut self, sequence: &str, above: u64) -> Reply {
        let next = self.sequences.entry(sequence.to_owned()).or_insert(1);
        *next = (*next).max(above.saturating_add(1));
        Reply::Done
    }

    fn write_audit(&mut self, entry: &AuditEntry) {
        if self.audit.len() >= AUDIT_LINES_MAX {
            self.audit.remove(0);
        }
        self.audit.push(entry.clone());
    }

    fn audit_log(&self, limit: u64) -> Vec<AuditEntry> {
        self.audit.iter().rev().take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect()
    }
}

/// A mark of no attempt yet.
pub(super) fn new_mark(
    scope: &Scope,
    session: SessionId,
    state: MarkState,
    not_before: Micros,
    reason: Reason,
    created: Micros,
) -> Mark {
    Mark { scope: scope.clone(), session, state, not_before, attempts: 0, reason, created }
}
