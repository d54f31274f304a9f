//! The audit log.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::execute::{Done, Tables, limited, misplaced};
use super::sql;
use crate::journal::model::{AuditEntry, Command, Reply};
use crate::journal::state::AUDIT_LINES_MAX;

impl Tables<'_> {
    pub(super) async fn audit_command(&mut self, command: &Command) -> Done {
        Ok(Ok(match command {
            Command::Audit { entry } => {
                self.write_audit(entry).await?;
                Reply::Done
            }
            Command::ListAudit { limit } => Reply::AuditLog(self.audit_log(*limit).await?),
            _ => return Err(misplaced(command)),
        }))
    }

    /// Adds a line; the oldest go first when there are too many.
    pub(super) async fn write_audit(&mut self, entry: &AuditEntry) -> Result<(), sqlx::Error> {
        let query = sqlx::query(sql::WRITE_AUDIT)
            .bind(entry.at)
            .bind(entry.who.clone())
            .bind(entry.what.clone())
            .bind(entry.why.clone());
        query.execute(&mut *self.connection).await?;
        self.execute(sql::TRIM_AUDIT, &[AUDIT_LINES_MAX as i64]).await.map(drop)
    }

    async fn audit_log(&mut self, limit: u64) -> Result<Vec<AuditEntry>, sqlx::Error> {
        let query = sqlx::query(sql::LIST_AUDIT).bind(limited(limit));
        let rows = query.fetch_all(&mut *self.connection).await?;
        rows.iter().map(decode).collect()
    }
}

fn decode(row: &SqliteRow) -> Result<AuditEntry, sqlx::Error> {
    Ok(AuditEntry {
        at: row.try_get("at")?,
        who: row.try_get("who")?,
        what: row.try_get("what")?,
        why: row.try_get("why")?,
    })
}
