//! The audit log.

use sqlx::SqlStr;

use super::connection::{Cells, Connection, Value};
use super::statements;
use super::tables::{Done, Tables, limited, misplaced};
use crate::journal::model::{AuditEntry, Command, Reply};
use crate::journal::state::AUDIT_LINES_MAX;

impl<C: Connection> Tables<'_, C> {
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
        let newest = SqlStr::from_static(statements::NEWEST_LINE);
        let newest = self.connection.fetch(newest, &[], |row| row.number(0)).await?;
        // Numbered here: a database that numbers them itself may leave numbers out.
        let line = newest.first().map_or(1, |newest| newest + 1);
        let values = [
            Value::Number(line),
            Value::Number(entry.at),
            Value::Text(&entry.who),
            Value::Text(&entry.what),
            Value::Text(&entry.why),
        ];
        self.connection.execute(SqlStr::from_static(statements::WRITE_AUDIT), &values).await?;
        self.execute(statements::TRIM_AUDIT, &[line - AUDIT_LINES_MAX as i64]).await.map(drop)
    }

    async fn audit_log(&mut self, limit: u64) -> Result<Vec<AuditEntry>, sqlx::Error> {
        let list = SqlStr::from_static(statements::LIST_AUDIT);
        self.connection.fetch(list, &[Value::Number(limited(limit))], decode).await
    }
}

fn decode(row: &dyn Cells) -> Result<AuditEntry, sqlx::Error> {
    Ok(AuditEntry {
        at: row.number(0)?,
        who: row.text(1)?.to_owned(),
        what: row.text(2)?.to_owned(),
        why: row.text(3)?.to_owned(),
    })
}
