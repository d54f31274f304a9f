//! Payments in two SQLite stores: all that crossfade has to be told of them.

use crossfade::data::{KeyedRecord, Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
use crossfade::{journal::IdBlocks, records::Change, records::WriteRecords};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqlitePool};
use sqlx::{Executor, query, query::Query, query_as, query_scalar};

use super::domain::{Payment, PaymentError, Payments, clock};

type Key = RecordKey<Payments>;
type Result<T> = std::result::Result<T, PaymentError>;
type Rows = Result<Page<Payments>>;

/// The store to leave. The database assigns the ids; it keeps no stamps, so no column is new.
#[derive(Clone)]
pub(crate) struct Relational(pub(crate) SqlitePool);
impl Relational {
    const GET: &str = "SELECT amount, paid_at FROM payments WHERE invoice = ?1 AND id = ?2";
    const PAGE: &str = "SELECT invoice, id, amount, paid_at FROM payments
        WHERE (invoice, id) > (?1, ?2) AND invoice <= ?3 ORDER BY invoice, id LIMIT ?4";
    const PUT: &str = "INSERT INTO payments (invoice, id, amount, paid_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET amount = ?3, paid_at = ?4";
    const DELETE: &str = "DELETE FROM payments WHERE invoice = ?1 AND id = ?2";
    const CREATE: &str = "INSERT INTO payments (invoice, amount) VALUES (?1, ?2) RETURNING id";

    async fn get(on: impl Executor<'_, Database = Sqlite>, key: &Key) -> Result<Option<Payment>> {
        let row = query_as(Self::GET).bind(key.group).bind(key.item).fetch_optional(on).await?;
        Ok(row.map(|(amount, paid_at)| Payment { amount, paid_at }))
    }
    async fn set(on: impl Executor<'_, Database = Sqlite>, key: &Key, to: Option<&Payment>) -> Result<()> {
        Ok(bound(if to.is_some() { Self::PUT } else { Self::DELETE }, key, to).execute(on).await.map(drop)?)
    }
}
impl RecordStore for Relational {
    type Data = Payments;
    type Error = PaymentError;
    const KEEPS_STAMPS: bool = false;
    async fn read(&self, key: &Key, now: Stamp) -> Result<StampedRecord<Payments>> {
        Ok((now, Self::get(&self.0, key).await?))
    }
    async fn replace(&self, key: &Key, record: Option<&Payment>, _: Stamp) -> Result<()> {
        Self::set(&self.0, key, record).await
    }
    async fn page(&self, of: Option<&i64>, after: Option<&Key>, max: usize, now: Stamp) -> Rows {
        Ok(Page { stamp: now, ..page(&self.0, Self::PAGE, of, after, max).await? })
    }
    fn outcome(error: &PaymentError) -> Outcome {
        error.outcome()
    }
}
impl WriteRecords for Relational {
    async fn create(&self, &invoice: &i64, &amount: &i64) -> Result<KeyedRecord<Payments>> {
        let id: i64 = query_scalar(Self::CREATE).bind(invoice).bind(amount).fetch_one(&self.0).await?;
        Ok(((invoice, id).into(), Payment { amount, paid_at: None }))
    }
    /// In a transaction that locks before it reads.
    async fn update(&self, key: &Key, change: Change<Payments>) -> Result<Option<Payment>> {
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await?;
        let mut record = Self::get(&mut *transaction, key).await?;
        if change.apply(&mut record) {
            Self::set(&mut *transaction, key, record.as_ref()).await?;
            transaction.commit().await?;
        }
        Ok(record)
    }
}

/// The store to move to. A row keeps its stamp when it is deleted, and ids come from the journal.
#[derive(Clone)]
pub(crate) struct Partitioned(pub(crate) SqlitePool, pub(crate) IdBlocks);
impl Partitioned {
    const GET: &str = "SELECT stamp, amount, paid_at FROM payments_by_invoice WHERE invoice = ?1 AND id = ?2";
    const PAGE: &str = "SELECT invoice, id, amount, paid_at FROM payments_by_invoice WHERE amount NOT NULL
        AND (invoice, id) > (?1, ?2) AND invoice <= ?3 ORDER BY invoice, id LIMIT ?4";
    const COPY: &str = "INSERT INTO payments_by_invoice VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE
        SET amount = ?3, paid_at = ?4, stamp = ?5 WHERE stamp <= ?5";
    const SET: &str = "INSERT INTO payments_by_invoice VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE
        SET amount = ?3, paid_at = ?4, stamp = max(stamp + 1, ?5) WHERE stamp = ?6";
    const TRIES_MAX: usize = 100;

    async fn get(&self, key: &Key) -> Result<(Option<Stamp>, Option<Payment>)> {
        let row = query_as(Self::GET).bind(key.group).bind(key.item).fetch_optional(&self.0).await?;
        let (stamp, amount, paid_at): (_, Option<i64>, _) = row.unwrap_or_default();
        Ok((stamp, amount.map(|amount| Payment { amount, paid_at })))
    }
    /// Writes if the row still has the stamp that was seen, or still is not there.
    async fn set(&self, key: &Key, to: Option<&Payment>, seen: Option<Stamp>) -> Result<bool> {
        Ok(bound(Self::SET, key, to).bind(clock()).bind(seen).execute(&self.0).await?.rows_affected() > 0)
    }
}
impl RecordStore for Partitioned {
    type Data = Payments;
    type Error = PaymentError;
    const KEEPS_STAMPS: bool = true;
    async fn read(&self, key: &Key, now: Stamp) -> Result<StampedRecord<Payments>> {
        Ok((now, self.get(key).await?.1))
    }
    async fn replace(&self, key: &Key, record: Option<&Payment>, stamp: Stamp) -> Result<()> {
        Ok(bound(Self::COPY, key, record).bind(stamp).execute(&self.0).await.map(drop)?)
    }
    async fn page(&self, of: Option<&i64>, after: Option<&Key>, max: usize, now: Stamp) -> Rows {
        Ok(Page { stamp: now, ..page(&self.0, Self::PAGE, of, after, max).await? })
    }
    async fn clock(&self) -> Result<Option<Stamp>> {
        Ok(Some(clock()))
    }
    fn outcome(error: &PaymentError) -> Outcome {
        error.outcome()
    }
}
impl WriteRecords for Partitioned {
    async fn create(&self, &invoice: &i64, &amount: &i64) -> Result<KeyedRecord<Payments>> {
        let key = (invoice, self.1.next_id().await?.cast_signed()).into();
        let payment = Payment { amount, paid_at: None };
        let (deleted, taken) = self.get(&key).await?; // whoever asked for a change of it before has left a stamp
        let is_new = taken.is_none() && self.set(&key, Some(&payment), deleted).await?;
        is_new.then_some((key, payment)).ok_or(PaymentError::Contended)
    }
    /// With a write that takes place only where no other one came in between.
    async fn update(&self, key: &Key, change: Change<Payments>) -> Result<Option<Payment>> {
        for _ in 0..Self::TRIES_MAX {
            let (seen, mut record) = self.get(key).await?;
            if !change.apply(&mut record) || self.set(key, record.as_ref(), seen).await? {
                return Ok(record);
            }
        }
        Err(PaymentError::Contended)
    }
}

async fn page(on: &SqlitePool, sql: &'static str, of: Option<&i64>, after: Option<&Key>, max: usize) -> Rows {
    let (invoice, id) = after.map_or((of.map_or(i64::MIN, |of| *of), i64::MIN), |key| (key.group, key.item));
    let page = query_as(sql).bind(invoice).bind(id).bind(of.map_or(i64::MAX, |of| *of)).bind(max as i64);
    let rows: Vec<(i64, i64, i64, Option<i64>)> = page.fetch_all(on).await?;
    let record = |(invoice, id, amount, paid_at)| ((invoice, id).into(), Payment { amount, paid_at });
    Ok(Page { stamp: 0, records: rows.into_iter().map(record).collect() })
}
fn bound(sql: &'static str, key: &Key, to: Option<&Payment>) -> Query<'static, Sqlite, SqliteArguments> {
    query(sql).bind(key.group).bind(key.item).bind(to.map(|to| to.amount)).bind(to.and_then(|to| to.paid_at))
}
