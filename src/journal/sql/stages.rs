//! The committed stage, the fill and the certificate.

use super::connection::Connection;
use super::mark_rows;
use super::tables::{Done, Tables, misplaced};
use crate::data::Scope;
use crate::journal::model::{
    AuditEntry, Certificate, Command, Epoch, FillProgress, MarkId, MarkState, Micros, Reason, Refusal, Reply,
    SessionId,
};
use crate::journal::state::new_mark;
use crate::protocol::CommitRequest;

impl<C: Connection> Tables<'_, C> {
    pub(super) async fn stage_command(&mut self, command: &Command) -> Done {
        match command {
            Command::Commit { from, request, everything, session, audit } => {
                self.commit(*from, *request, *everything, *session, audit).await
            }
            Command::SaveFill { progress } => Ok(self.save_fill(progress)),
            Command::Certify { now, progress } => self.certify(*now, progress).await,
            Command::Void { session, everything, not_before, now } => {
                self.void();
                let (left, reason) = (MarkState::Left, Reason::Unrecorded);
                let mark = new_mark(&Scope::Everything, *session, left, *not_before, reason, *now);
                Ok(Ok(Reply::Removed(mark_rows::put_left(self.connection, *everything, mark).await?)))
            }
            _ => Err(misplaced(command)),
        }
    }

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
        if request.needs_no_marks {
            match self.counts().await?.total() {
                0 => {}
                left => return Ok(Err(Refusal::MarksLeft(left))),
            }
        }
        let switched = self.state.stage.switches_authority(request.to);
        (self.state.stage, self.state.epoch) = (request.to, self.state.epoch + 1);
        if switched {
            self.state.authority_epoch = self.state.epoch;
        }
        if request.marks_everything {
            self.void();
            self.mark_everything(session, everything, audit.at, audit.at, Reason::Asked).await?;
        }
        self.write_audit(audit).await?;
        Ok(Ok(Reply::Committed(self.state.epoch)))
    }

    fn save_fill(&mut self, progress: &FillProgress) -> Result<Reply, Refusal> {
        if progress.voids != self.state.voids {
            return Err(Refusal::Unrecorded);
        }
        self.state.fill = Some(progress.clone());
        Ok(Reply::Done)
    }

    async fn certify(&mut self, now: Micros, progress: &FillProgress) -> Done {
        if progress.voids != self.state.voids {
            return Ok(Err(Refusal::Unrecorded));
        }
        match self.counts().await?.dead {
            0 => {}
            dead => return Ok(Err(Refusal::DeadLetters(dead))),
        }
        self.state.fill = Some(FillProgress { complete: true, ..progress.clone() });
        self.state.certificate =
            Some(Certificate { issued: now, epoch: self.state.epoch, records: progress.copied });
        Ok(Ok(Reply::Done))
    }

    /// Voids the certificate and the fill.
    pub(super) fn void(&mut self) {
        (self.state.certificate, self.state.fill) = (None, None);
        self.state.voids += 1;
    }

    /// Not merged: whoever sent the command counts one mark more.
    pub(super) async fn mark_everything(
        &mut self,
        session: SessionId,
        row: MarkId,
        not_before: Micros,
        now: Micros,
        reason: Reason,
    ) -> Result<(), sqlx::Error> {
        let mark = new_mark(&Scope::Everything, session, MarkState::Left, not_before, reason, now);
        mark_rows::insert(self.connection, &[(row, mark)]).await
    }
}
