//! Commands as transactions: what `JournalState::apply` does to a value, done to the tables.

use std::collections::HashSet;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row};

use super::file::{Sqlite, named};
use super::marks::{self, Value};
use super::sql;
use super::state_row::StateRow;
use crate::data::Scope;
use crate::journal::error::JournalError;
use crate::journal::model::{
    AuditEntry, Certificate, ClaimId, ClaimedMark, Command, Epoch, FillProgress, JournalStatus, Mark, MarkId,
    MarkState, Micros, Opened, Reason, Refusal, Reply, SessionId,
};
use crate::journal::state::AUDIT_LINES_MAX;
use crate::journal::writer::Backend;
use crate::protocol::CommitRequest;

impl Backend for Sqlite {
    async fn execute(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
        let done = async {
            let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await?;
            let before = StateRow::load(&mut transaction).await?;
            let mut tables = Tables { connection: &mut transaction, state: before.clone() };
            let replies = tables.run(batch).await?;
            let after = tables.state;
            if after != before {
                after.save(&mut transaction).await?;
            }
            transaction.commit().await?;
            Ok(replies)
        };
        done.await.map_err(|error| named(&self.path, &error))
    }

    async fn close(self) {
        Self::close(self).await;
    }
}

/// The tables inside of one transaction.
struct Tables<'a> {
    connection: &'a mut SqliteConnection,
    state: StateRow,
}

/// A refusal changes nothing, an error ends the transaction.
type Done = Result<Result<Reply, Refusal>, sqlx::Error>;

impl Tables<'_> {
    async fn run(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, sqlx::Error> {
        let mut replies = Vec::with_capacity(batch.len());
        for run in batch.chunk_by(|a, b| many(a) && std::mem::discriminant(*a) == std::mem::discriminant(*b))
        {
            match run {
                [Command::Mark { .. }, ..] => self.mark(run, &mut replies).await?,
                [Command::Unmark { .. }, _, ..] => self.unmark_many(run, &mut replies).await?,
                _ => {
                    for command in run {
                        replies.push(self.one(command).await?.unwrap_or_else(Reply::Refused));
                    }
                }
            }
        }
        Ok(replies)
    }

    async fn one(&mut self, command: &Command) -> Done {
        Ok(Ok(match command {
            Command::Open { now, late_bound, continues_unrecorded } => {
                self.open(*now, *late_bound, *continues_unrecorded).await?
            }
            Command::Close { session } => {
                self.state.session_open &= *session != self.state.session;
                Reply::Done
            }
            Command::Mark { .. } => Reply::Done, // a run of its own, see `run`
            Command::Unmark { first, rows } => Reply::Removed(self.unmark(*first, *rows).await?),
            Command::Leave { first, rows, narrowed, not_before, reason } => {
                self.leave((*first, *rows), narrowed.as_ref(), *not_before, *reason).await?
            }
            Command::MarkLeft { session, id, scope, not_before, reason, now } => {
                let mark = new_mark(scope, *session, MarkState::Left, *not_before, *reason, *now);
                Reply::Removed(marks::put_left(self.connection, *id, mark).await?)
            }
            Command::Claim { session, epoch, claim, now, lease_until, late_bound, limit, everything } => {
                if let Err(refusal) = self.check(*session, *epoch) {
                    return Ok(Err(refusal));
                }
                self.execute(sql::GIVE_BACK_LAPSED, &[*late_bound, *now]).await?;
                self.claim(*claim, *now, *lease_until, *limit, *everything).await?
            }
            Command::Clear { claim, ids } => {
                let mut removed = 0;
                for id in ids {
                    removed +=
                        self.execute(sql::CLEAR_MARK, &[claim.cast_signed(), id.cast_signed()]).await?;
                }
                Reply::Removed(removed)
            }
            Command::GiveBack { claim, ids, not_before, failed } => {
                self.give_back(*claim, ids, *not_before, *failed).await?
            }
            Command::Bury { claim, ids } => {
                for id in ids {
                    self.execute(sql::BURY_MARK, &[claim.cast_signed(), id.cast_signed()]).await?;
                }
                Reply::Done
            }
            Command::RetryDead { scope, now } => self.retry_dead(scope, *now).await?,
            Command::ListDead { limit } => Reply::Marks(
                marks::select(self.connection, sql::DEAD, &[Value::Number(limited(*limit))]).await?,
            ),
            Command::Commit { from, request, everything, session, audit } => {
                return self.commit(*from, *request, *everything, *session, audit).await;
            }
            Command::SaveFill { progress } => {
                if progress.voids != self.state.voids {
                    return Ok(Err(Refusal::Unrecorded));
                }
                self.state.fill = Some(progress.clone());
                Reply::Done
            }
            Command::Certify { now, progress } => return self.certify(*now, progress).await,
            Command::Void { session, everything, not_before, now } => {
                self.void(*session, *everything, *not_before, *now, Reason::Unrecorded).await?;
                Reply::Done
            }
            Command::ReserveStamps { upto } => {
                self.state.reserved_stamp = self.state.reserved_stamp.max(*upto);
                Reply::Done
            }
            Command::TakeIds { sequence, count } => self.take_ids(sequence, *count).await?,
            Command::RaiseIds { sequence, above } => {
                let query =
                    sqlx::query(sql::RAISE_IDS).bind(sequence.clone()).bind((above + 1).cast_signed());
                query.execute(&mut *self.connection).await?;
                Reply::Done
            }
            Command::Audit { entry } => {
                self.write_audit(entry).await?;
                Reply::Done
            }
            Command::ListAudit { limit } => self.audit_log(*limit).await?,
            Command::Status => Reply::Status(Box::new(self.status().await?)),
        }))
    }

    fn check(&self, session: SessionId, epoch: Epoch) -> Result<(), Refusal> {
        if !self.state.session_open || session != self.state.session {
            return Err(Refusal::SessionEnded);
        }
        if epoch < self.state.authority_epoch || epoch > self.state.epoch {
            return Err(Refusal::EpochMoved);
        }
        Ok(())
    }

    async fn execute(&mut self, statement: &'static str, values: &[i64]) -> Result<u64, sqlx::Error> {
        let query = values.iter().fold(sqlx::query(statement), |query, value| query.bind(*value));
        Ok(query.execute(&mut *self.connection).await?.rows_affected())
    }

    // ---- sessions ----

    async fn open(
        &mut self,
        now: Micros,
        late_bound: Micros,
        continues_unrecorded: bool,
    ) -> Result<Reply, sqlx::Error> {
        let after_crash = self.state.session_open;
        if after_crash {
            self.execute(sql::ADOPT_RUNNING, &[Reason::Crash as i64, now + late_bound]).await?;
            self.execute(sql::ADOPT_CLAIMED, &[now + late_bound]).await?;
        }
        self.state.session += 1;
        let session = self.state.session;
        if after_crash && self.state.continues_unrecorded {
            self.void(session, session << 40, now + late_bound, now, Reason::Crash).await?;
        }
        (self.state.session_open, self.state.continues_unrecorded) = (true, continues_unrecorded);
        let (status, scopes) = (self.status().await?, marks::all_scopes(self.connection).await?);
        Ok(Reply::Opened(Box::new(Opened { session, after_crash, status, scopes })))
    }

    async fn status(&mut self) -> Result<JournalStatus, sqlx::Error> {
        Ok(JournalStatus {
            stage: self.state.stage,
            epoch: self.state.epoch,
            marks: marks::counts(self.connection).await?,
            fill: self.state.fill.clone(),
            certificate: self.state.certificate.clone(),
            reserved_stamp: self.state.reserved_stamp,
            voids: self.state.voids,
        })
    }

    // ---- marks ----

    async fn mark(&mut self, run: &[&Command], replies: &mut Vec<Reply>) -> Result<(), sqlx::Error> {
        let mut rows = Vec::with_capacity(run.len());
        for command in run {
            let Command::Mark { session, epoch, first, scopes, now } = command else {
                continue;
            };
            if let Err(refusal) = self.check(*session, *epoch) {
                replies.push(Reply::Refused(refusal));
                continue;
            }
            let marks =
                scopes.iter().map(|s| new_mark(s, *session, MarkState::Running, 0, Reason::Write, *now));
            rows.extend((*first..).zip(marks));
            replies.push(Reply::Done);
        }
        marks::insert(self.connection, &rows).await
    }

    /// Many in few statements: the rows of single-key writes together, those of others by their range.
    async fn unmark_many(&mut self, run: &[&Command], replies: &mut Vec<Reply>) -> Result<(), sqlx::Error> {
        let ranges = run.iter().filter_map(|command| match command {
            Command::Unmark { first, rows } => Some((*first, *rows)),
            _ => None,
        });
        let ranges: Vec<(MarkId, u64)> = ranges.collect();
        let singles: Vec<MarkId> =
            ranges.iter().filter(|(_, rows)| *rows == 1).map(|(first, _)| *first).collect();
        let mut deleted: HashSet<MarkId> =
            marks::delete_running(self.connection, &singles).await?.into_iter().collect();
        for (first, rows) in ranges {
            replies.push(Reply::Removed(match rows {
                1 => u64::from(deleted.remove(&first)),
                rows => self.unmark(first, rows).await?,
            }));
        }
        Ok(())
    }

    async fn unmark(&mut self, first: MarkId, rows: u64) -> Result<u64, sqlx::Error> {
        let ids: Vec<MarkId> = self.running(first, rows).await?.into_iter().map(|(id, _)| id).collect();
        Ok(marks::delete_running(self.connection, &ids).await?.len() as u64)
    }

    async fn running(&mut self, first: MarkId, rows: u64) -> Result<Vec<(MarkId, Mark)>, sqlx::Error> {
        let range = [Value::Number(first.cast_signed()), Value::Number((first + rows).cast_signed())];
        marks::select(self.connection, sql::RUNNING_IN_RANGE, &range).await
    }

    async fn leave(
        &mut self,
        (first, rows): (MarkId, u64),
        narrowed: Option<&Scope>,
        not_before: Micros,
        reason: Reason,
    ) -> Result<Reply, sqlx::Error> {
        let mut merged = 0;
        for (id, mark) in self.running(first, rows).await? {
            marks::delete(self.connection, id).await?;
            let scope = narrowed.cloned().unwrap_or(mark.scope);
            let left = Mark { scope, state: MarkState::Left, not_before, reason, ..mark };
            merged += marks::put_left(self.connection, id, left).await?;
        }
        Ok(Reply::Removed(merged))
    }

    // ---- claims ----

    async fn claim(
        &mut self,
        claim: ClaimId,
        now: Micros,
        lease_until: Micros,
        limit: u64,
        everything: bool,
    ) -> Result<Reply, sqlx::Error> {
        if !self.state.stage.copies() {
            return Ok(Reply::Claimed(Vec::new()));
        }
        let values =
            [Value::Number(now), Value::Number(i64::from(everything)), Value::Number(limited(limit))];
        let due = marks::select(self.connection, sql::DUE, &values).await?;
        let mut claimed = Vec::with_capacity(due.len());
        for (id, mark) in due {
            self.execute(sql::CLAIM_MARK, &[claim.cast_signed(), lease_until, id.cast_signed()]).await?;
            claimed.push(ClaimedMark { id, scope: mark.scope, attempts: mark.attempts });
        }
        Ok(Reply::Claimed(claimed))
    }

    async fn give_back(
        &mut self,
        claim: ClaimId,
        ids: &[MarkId],
        not_before: Micros,
        failed: bool,
    ) -> Result<Reply, sqlx::Error> {
        let mut merged = 0;
        for id in ids {
            let held = [Value::Number(claim.cast_signed()), Value::Number(id.cast_signed())];
            for (id, mark) in marks::select(self.connection, sql::HELD_BY_CLAIM, &held).await? {
                marks::delete(self.connection, id).await?;
                let attempts = mark.attempts + u32::from(failed);
                let left = Mark { state: MarkState::Left, not_before, attempts, ..mark };
                merged += marks::put_left(self.connection, id, left).await?;
            }
        }
        Ok(Reply::Removed(merged))
    }

    async fn retry_dead(&mut self, scope: &Scope, now: Micros) -> Result<Reply, sqlx::Error> {
        let (kind, text) = marks::columns(scope);
        let on_scope = [Value::Number(kind), Value::Text(text)];
        let letters = marks::select(self.connection, sql::DEAD_ON_SCOPE, &on_scope).await?;
        let mut merged = 0;
        for (id, mark) in letters {
            marks::delete(self.connection, id).await?;
            let left = Mark { state: MarkState::Left, not_before: now, attempts: 0, ..mark };
            merged += marks::put_left(self.connection, id, left).await?;
        }
        Ok(Reply::Removed(merged))
    }

    // ---- stage, fill, certificate ----

    async fn commit(
        &mut self,
        from: Epoch,
        request: CommitRequest,
        everything: MarkId,
        session: SessionId,
        audit: &AuditEntry,
    ) -> Done {
        if from != self.state.epoch {
            return Ok(Err(Refusal::EpochMoved));
        }
        let left = marks::counts(self.connection).await?.total();
        if request.needs_no_marks && left > 0 {
            return Ok(Err(Refusal::MarksLeft(left)));
        }
        let switched = self.state.stage.switches_authority(request.to);
        (self.state.stage, self.state.epoch) = (request.to, self.state.epoch + 1);
        if switched {
            self.state.authority_epoch = self.state.epoch;
        }
        if request.marks_everything {
            self.void(session, everything, audit.at, audit.at, Reason::Asked).await?;
        }
        self.write_audit(audit).await?;
        Ok(Ok(Reply::Committed(self.state.epoch)))
    }

    async fn certify(&mut self, now: Micros, progress: &FillProgress) -> Done {
        if progress.voids != self.state.voids {
            return Ok(Err(Refusal::Unrecorded));
        }
        match marks::counts(self.connection).await?.dead {
            0 => {}
            dead => return Ok(Err(Refusal::DeadLetters(dead))),
        }
        self.state.fill = Some(FillProgress { complete: true, ..progress.clone() });
        self.state.certificate =
            Some(Certificate { issued: now, epoch: self.state.epoch, records: progress.copied });
        Ok(Ok(Reply::Done))
    }

    async fn void(
        &mut self,
        session: SessionId,
        everything: MarkId,
        not_before: Micros,
        now: Micros,
        reason: Reason,
    ) -> Result<(), sqlx::Error> {
        (self.state.certificate, self.state.fill) = (None, None);
        self.state.voids += 1;
        let mark = new_mark(&Scope::Everything, session, MarkState::Left, not_before, reason, now);
        marks::insert(self.connection, &[(everything, mark)]).await
    }

    // ---- ids, audit ----

    async fn take_ids(&mut self, sequence: &str, count: u64) -> Result<Reply, sqlx::Error> {
        let count = count.cast_signed();
        let query = sqlx::query(sql::TAKE_IDS).bind(sequence.to_owned()).bind(count).bind(count);
        let next: i64 = query.fetch_one(&mut *self.connection).await?.try_get(0)?;
        Ok(Reply::Ids((next - count).cast_unsigned()))
    }

    async fn write_audit(&mut self, entry: &AuditEntry) -> Result<(), sqlx::Error> {
        let query = sqlx::query(sql::WRITE_AUDIT).bind(entry.at);
        let query = query.bind(entry.who.clone()).bind(entry.what.clone()).bind(entry.why.clone());
        query.execute(&mut *self.connection).await?;
        self.execute(sql::TRIM_AUDIT, &[AUDIT_LINES_MAX as i64]).await.map(drop)
    }

    async fn audit_log(&mut self, limit: u64) -> Result<Reply, sqlx::Error> {
        let rows = sqlx::query(sql::LIST_AUDIT).bind(limited(limit)).fetch_all(&mut *self.connection).await?;
        let line = |row: &sqlx::sqlite::SqliteRow| {
            Ok(AuditEntry {
                at: row.try_get(0)?,
                who: row.try_get(1)?,
                what: row.try_get(2)?,
                why: row.try_get(3)?,
            })
        };
        rows.iter().map(line).collect::<Result<_, sqlx::Error>>().map(Reply::AuditLog)
    }
}

/// Whether commands of this kind come in numbers and are done together.
const fn many(command: &Command) -> bool {
    matches!(command, Command::Mark { .. } | Command::Unmark { .. })
}

fn limited(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn new_mark(
    scope: &Scope,
    session: SessionId,
    state: MarkState,
    not_before: Micros,
    reason: Reason,
    created: Micros,
) -> Mark {
    Mark { scope: scope.clone(), session, state, not_before, attempts: 0, reason, created }
}
