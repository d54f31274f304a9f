//! Claims of repairs, and dead letters.

use super::connection::{Connection, Value};
use super::tables::{Done, Tables, limited, misplaced};
use super::{mark_rows, statements};
use crate::data::Scope;
use crate::journal::model::{ClaimId, ClaimedMark, Command, Mark, MarkId, MarkState, Micros, Reply};

impl<C: Connection> Tables<'_, C> {
    pub(super) async fn claim_command(&mut self, command: &Command) -> Done {
        Ok(Ok(match command {
            Command::Claim { session, epoch, claim, now, lease_until, late_bound, limit, everything } => {
                if let Err(refusal) = self.check(*session, *epoch) {
                    return Ok(Err(refusal));
                }
                let lapsed = statements::give_back_lapsed(C::DIALECT);
                let values = [Value::Number(*late_bound), Value::Number(*now)];
                self.connection.execute(lapsed, &values).await?;
                self.claim(*claim, *now, *lease_until, *limit, *everything).await?
            }
            Command::Clear { claim, ids } => self.clear(*claim, ids).await?,
            Command::GiveBack { claim, ids, not_before, failed } => {
                self.give_back(*claim, ids, *not_before, *failed).await?
            }
            Command::Bury { claim, ids, not_before } => self.bury(*claim, ids, *not_before).await?,
            Command::RetryDead { scope, now } => self.retry_dead(scope, *now).await?,
            Command::ListScopes => Reply::Scopes(self.all_scopes().await?),
            Command::ListDead { limit } => {
                let limit = Value::Number(limited(*limit));
                Reply::Marks(mark_rows::select(self.connection, statements::DEAD, &[limit]).await?)
            }
            _ => return Err(misplaced(command)),
        }))
    }

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
        let due = [Value::Number(i64::from(everything)), Value::Number(now), Value::Number(limited(limit))];
        let due = mark_rows::select(self.connection, &statements::due(C::DIALECT), &due).await?;
        for (id, _) in &due {
            let values = [claim.cast_signed(), lease_until, id.cast_signed()];
            self.execute(statements::CLAIM_MARK, &values).await?;
        }
        let claimed =
            due.into_iter().map(|(id, mark)| ClaimedMark { id, scope: mark.scope, attempts: mark.attempts });
        Ok(Reply::Claimed(claimed.collect()))
    }

    async fn clear(&mut self, claim: ClaimId, ids: &[MarkId]) -> Result<Reply, sqlx::Error> {
        let mut held = 0;
        for id in ids {
            held += self.execute(statements::CLEAR_MARK, &[claim.cast_signed(), id.cast_signed()]).await?;
        }
        Ok(Reply::Removed(held))
    }

    async fn bury(
        &mut self,
        claim: ClaimId,
        ids: &[MarkId],
        not_before: Micros,
    ) -> Result<Reply, sqlx::Error> {
        for id in ids {
            let values = [not_before, claim.cast_signed(), id.cast_signed()];
            self.execute(statements::BURY_MARK, &values).await?;
        }
        Ok(Reply::Done)
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
            for (id, mark) in mark_rows::select(self.connection, statements::HELD_BY_CLAIM, &held).await? {
                let left = Mark {
                    state: MarkState::Left,
                    not_before,
                    attempts: mark.attempts + u32::from(failed),
                    ..mark
                };
                merged += mark_rows::turn_left(self.connection, id, left).await?;
            }
        }
        Ok(Reply::Removed(merged))
    }

    async fn retry_dead(&mut self, scope: &Scope, now: Micros) -> Result<Reply, sqlx::Error> {
        let (kind, text) = mark_rows::columns(scope);
        let on_scope = [Value::Number(kind), Value::Text(text)];
        let letters = mark_rows::select(self.connection, statements::DEAD_ON_SCOPE, &on_scope).await?;
        let mut merged = 0;
        for (id, mark) in letters {
            let not_before = mark.not_before.max(now);
            let left = Mark { state: MarkState::Left, not_before, attempts: 0, ..mark };
            merged += mark_rows::turn_left(self.connection, id, left).await?;
        }
        Ok(Reply::Removed(merged))
    }
}
