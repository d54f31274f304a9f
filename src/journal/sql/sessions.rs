//! Sessions: opened, ended, adopted; and the status.

use super::connection::{Connection, Value};
use super::tables::{Done, Tables, misplaced};
use super::{mark_rows, statements};
use crate::journal::model::{
    Command, Epoch, JournalStatus, Mark, MarkId, MarkState, Micros, Opened, Reason, Refusal, Reply, SessionId,
};

impl<C: Connection> Tables<'_, C> {
    pub(super) async fn session_command(&mut self, command: &Command) -> Done {
        Ok(Ok(match command {
            Command::Open { now, late_bound, continues_unrecorded } => {
                self.open(*now, *late_bound, *continues_unrecorded).await?
            }
            Command::Close { session } => {
                self.state.session_open &= *session != self.state.session;
                Reply::Done
            }
            Command::Status => Reply::Status(Box::new(self.status().await?)),
            _ => return Err(misplaced(command)),
        }))
    }

    /// Refuses what belongs to an ended session or was planned for another authority.
    pub(super) const fn check(&self, session: SessionId, epoch: Epoch) -> Result<(), Refusal> {
        if !self.state.session_open || session != self.state.session {
            return Err(Refusal::SessionEnded);
        }
        if epoch < self.state.authority_epoch || epoch > self.state.epoch {
            return Err(Refusal::EpochMoved);
        }
        Ok(())
    }

    async fn open(
        &mut self,
        now: Micros,
        late_bound: Micros,
        continues_unrecorded: bool,
    ) -> Result<Reply, sqlx::Error> {
        let after_crash = self.state.session_open;
        self.adopt(now + late_bound).await?;
        let inside = self.adopt_all_inside(now + late_bound).await?;
        self.state.session += 1;
        self.opened = Some(now);
        let session = self.state.session;
        let voided = after_crash && self.state.continues_unrecorded;
        if voided {
            self.void();
            self.mark_everything(session, session << 40, now + late_bound, now, Reason::Crash).await?;
        }
        (self.state.session_open, self.state.continues_unrecorded) = (true, continues_unrecorded);
        let status = self.status().await?;
        Ok(Reply::Opened(Box::new(Opened { session, after_crash, voided, inside, status })))
    }

    async fn adopt(&mut self, until: Micros) -> Result<(), sqlx::Error> {
        let (reason, not_before) = (Value::Number(Reason::Crash as i64), Value::Number(until));
        let running = statements::adopt_running(C::DIALECT);
        self.connection.execute(running, &[reason, not_before]).await?;
        self.connection.execute(statements::adopt_claimed(C::DIALECT), &[not_before]).await?;
        let Some(running) = &mut self.running else { return Ok(()) };
        let running = running.take(0..MarkId::MAX).into_iter();
        let left = |mark| Mark { state: MarkState::Left, reason: Reason::Crash, not_before: until, ..mark };
        let left: Vec<(MarkId, Mark)> = running.map(|(id, mark)| (id, left(mark))).collect();
        mark_rows::insert(self.connection, &left).await
    }

    async fn status(&mut self) -> Result<JournalStatus, sqlx::Error> {
        Ok(JournalStatus {
            stage: self.state.stage,
            epoch: self.state.epoch,
            marks: self.counts().await?,
            fill: self.state.fill.clone(),
            certificate: self.state.certificate.clone(),
            reserved_stamp: self.state.reserved_stamp,
            voids: self.state.voids,
        })
    }
}
