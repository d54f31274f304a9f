//! The functions for the storage, each with its SQL.

use crossfade::journal::{Journal, Marked, TransactionMark};
use sqlx::mysql::{MySqlPool, MySqlRow};
use sqlx::{Row, query, query_scalar};

use super::error::Error;
use crate::domain::{Invoice, Line};

type Result<T> = std::result::Result<T, Error>;
type Written<T> = Result<(T, Marked)>;
type Mark = (&'static Journal, TransactionMark);

const SELECT: &str = "SELECT i.id, i.total_cents, i.paid, l.text, l.cents
    FROM invoices i LEFT JOIN invoice_lines l ON l.invoice = i.id";

pub(crate) async fn find(pool: MySqlPool, customer: i64, id: i64) -> Result<Option<Invoice>> {
    let one = sqlx::AssertSqlSafe(format!("{SELECT} WHERE i.customer = ? AND i.id = ? ORDER BY l.id"));
    let rows = query(one).bind(customer).bind(id).fetch_all(&pool).await?;
    Ok(invoices(&rows)?.pop().map(|(_, invoice)| invoice))
}

pub(crate) async fn list(pool: MySqlPool, customer: i64) -> Result<Vec<(i64, Invoice)>> {
    let all = sqlx::AssertSqlSafe(format!("{SELECT} WHERE i.customer = ? ORDER BY i.id, l.id"));
    invoices(&query(all).bind(customer).fetch_all(&pool).await?)
}

pub(crate) async fn create(
    pool: MySqlPool,
    (journal, mark): Mark,
    customer: i64,
    lines: Vec<Line>,
) -> Written<i64> {
    let total: i64 = lines.iter().map(|line| line.cents).sum();
    let mut transaction = pool.begin().await?;
    let insert =
        query("INSERT INTO invoices (customer, total_cents) VALUES (?, ?)").bind(customer).bind(total);
    let id = insert.execute(&mut *transaction).await?.last_insert_id().cast_signed();
    for line in lines {
        let insert = query("INSERT INTO invoice_lines (invoice, text, cents) VALUES (?, ?, ?)");
        insert.bind(id).bind(line.text).bind(line.cents).execute(&mut *transaction).await?;
    }
    let marked = journal.mark_in(&mut transaction, &mark).await?;
    transaction.commit().await?;
    Ok((id, marked))
}

pub(crate) async fn add_line(
    pool: MySqlPool,
    (journal, mark): Mark,
    customer: i64,
    id: i64,
    line: Line,
) -> Written<i64> {
    let mut transaction = pool.begin().await?;
    let total = query_scalar("SELECT total_cents FROM invoices WHERE customer = ? AND id = ? FOR UPDATE");
    let total: Option<i64> = total.bind(customer).bind(id).fetch_optional(&mut *transaction).await?;
    let total = total.ok_or(Error::NotFound)? + line.cents;
    let insert = query("INSERT INTO invoice_lines (invoice, text, cents) VALUES (?, ?, ?)");
    insert.bind(id).bind(line.text).bind(line.cents).execute(&mut *transaction).await?;
    let update = query("UPDATE invoices SET total_cents = ? WHERE id = ?").bind(total).bind(id);
    update.execute(&mut *transaction).await?;
    let marked = journal.mark_in(&mut transaction, &mark).await?;
    transaction.commit().await?;
    Ok((total, marked))
}

pub(crate) async fn pay(pool: MySqlPool, customer: i64, id: i64) -> Result<bool> {
    let update = query("UPDATE invoices SET paid = TRUE WHERE customer = ? AND id = ? AND NOT paid");
    Ok(update.bind(customer).bind(id).execute(&pool).await?.rows_affected() == 1)
}

pub(crate) async fn delete(pool: MySqlPool, (journal, mark): Mark, customer: i64, id: i64) -> Written<bool> {
    let mut transaction = pool.begin().await?;
    let delete = query("DELETE FROM invoices WHERE customer = ? AND id = ?").bind(customer).bind(id);
    if delete.execute(&mut *transaction).await?.rows_affected() == 0 {
        return Ok((false, mark.unused()));
    }
    let lines = query("DELETE FROM invoice_lines WHERE invoice = ?").bind(id);
    lines.execute(&mut *transaction).await?;
    let marked = journal.mark_in(&mut transaction, &mark).await?;
    transaction.commit().await?;
    Ok((true, marked))
}

/// The rows of a line each, as invoices.
fn invoices(rows: &[MySqlRow]) -> Result<Vec<(i64, Invoice)>> {
    let mut invoices: Vec<(i64, Invoice)> = Vec::new();
    for row in rows {
        let (id, total_cents, paid) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if invoices.last().is_none_or(|(last, _)| *last != id) {
            invoices.push((id, Invoice { total_cents, paid, lines: Vec::new() }));
        }
        if let (Some((_, invoice)), Some(text)) = (invoices.last_mut(), row.try_get(3)?) {
            invoice.lines.push(Line { text, cents: row.try_get(4)? });
        }
    }
    Ok(invoices)
}
