//! Payments in two SQLite stores: all that crossfade has to be told of them.

use crossfade::data::{DataSet, KeyedRecord, Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
use crossfade::journal::IdBlocks;
use crossfade::records::{Entity, WriteRecords};
use sqlx::{Executor, Sqlite, SqlitePool, query, query_as, query_scalar};

use crate::domain::{Payment, PaymentError};

pub struct Payments;
impl DataSet for Payments {
    type Group = i64; // the invoice
    type Item = i64;
    type Record = Payment;
    fn same(a: &Payment, b: &Payment) -> bool {
        a == b
    }
}
impl Entity for Payments {
    type New = i64; // the amount
    type Error = PaymentError;
}
type Key = RecordKey<Payments>;
type Result<T, E = PaymentError> = std::result::Result<T, E>;

/// The store to leave. The database assigns the ids; it keeps no stamps, so no column is new.
#[derive(Clone)]
pub struct Relational(pub SqlitePool);
impl Relational {
    pub const SCHEMA: &str = "CREATE TABLE payments (id INTEGER PRIMARY KEY AUTOINCREMENT,
        invoice INTEGER NOT NULL, amount INTEGER NOT NULL, paid_at INTEGER);
        CREATE INDEX payments_of_invoice ON payments (invoice, id)";
    const GET: &str = "SELECT amount, paid_at FROM payments WHERE invoice = ?1 AND id = ?2";
    const PAGE: &str = "SELECT invoice, id, amount, paid_at FROM payments
        WHERE (invoice, id) > (?1, ?2) AND invoice <= ?3 ORDER BY invoice, id LIMIT ?4";
    const CREATE: &str = "INSERT INTO payments (invoice, amount) VALUES (?1, ?2) RETURNING id";
    const PUT: &str = "INSERT INTO payments (invoice, id, amount, paid_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET amount = excluded.amount, paid_at = excluded.paid_at";
    const DELETE: &str = "DELETE FROM payments WHERE invoice = ?1 AND id = ?2";

    async fn get<'c>(on: impl Executor<'c, Database = Sqlite>, key: &Key) -> Result<Option<Payment>> {
        let row = query_as(Self::GET).bind(key.group).bind(key.item).fetch_optional(on).await?;
        Ok(row.map(|(amount, paid_at)| Payment { amount, paid_at }))
    }
    async fn set<'c>(
        on: impl Executor<'c, Database = Sqlite>,
        key: &Key,
        to: Option<&Payment>,
    ) -> Result<()> {
        let set = query(if to.is_some() { Self::PUT } else { Self::DELETE }).bind(key.group).bind(key.item);
        let set = if let Some(payment) = to { set.bind(payment.amount).bind(payment.paid_at) } else { set };
        Ok(set.execute(on).await.map(drop)?)
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
    async fn page(
        &self,
        of: Option<&i64>,
        after: Option<&Key>,
        max: usize,
        now: Stamp,
    ) -> Result<Page<Payments>> {
        page(&self.0, Self::PAGE, of, after, max, now).await
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
    async fn update<E, F>(&self, key: &Key, change: F) -> Result<Option<Payment>, E>
    where
        E: From<PaymentError> + Send + 'static,
        F: Fn(&mut Option<Payment>) -> Result<(), E> + Send + Sync + 'static,
    {
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await.map_err(PaymentError::from)?;
        let mut record = Self::get(&mut *transaction, key).await?;
        change(&mut record)?;
        Self::set(&mut *transaction, key, record.as_ref()).await?;
        transaction.commit().await.map_err(PaymentError::from)?;
        Ok(record)
    }
}

/// The store to move to. A row keeps its stamp when it is deleted; ids come from the journal.
#[derive(Clone)]
pub struct Partitioned(pub SqlitePool, pub IdBlocks);
impl Partitioned {
    pub const SCHEMA: &str =
        "CREATE TABLE payments_by_invoice (invoice INTEGER, id INTEGER, stamp INTEGER NOT NULL,
        amount INTEGER, paid_at INTEGER, PRIMARY KEY (invoice, id)) WITHOUT ROWID -- no amount: deleted";
    const GET: &str = "SELECT stamp, amount, paid_at FROM payments_by_invoice WHERE invoice = ?1 AND id = ?2";
    const PAGE: &str = "SELECT invoice, id, amount, paid_at FROM payments_by_invoice
        WHERE (invoice, id) > (?1, ?2) AND invoice <= ?3 AND amount NOT NULL ORDER BY invoice, id LIMIT ?4";
    const COPY: &str = "INSERT INTO payments_by_invoice VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE
        SET stamp = excluded.stamp, amount = excluded.amount, paid_at = excluded.paid_at WHERE stamp <= excluded.stamp";
    const SET: &str = "INSERT INTO payments_by_invoice VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE
        SET stamp = max(stamp + 1, excluded.stamp), amount = excluded.amount, paid_at = excluded.paid_at WHERE stamp = ?6";
    const TRIES_MAX: usize = 100;

    async fn get(&self, key: &Key) -> Result<(Option<Stamp>, Option<Payment>)> {
        let row = query_as(Self::GET).bind(key.group).bind(key.item).fetch_optional(&self.0).await?;
        let (stamp, amount, paid_at) = row.unwrap_or_default();
        Ok((stamp, amount.map(|amount| Payment { amount, paid_at })))
    }
    /// Whether it was set: the row is still as it was `seen`.
    async fn set(
        &self,
        sql: &'static str,
        key: &Key,
        to: Option<&Payment>,
        stamp: Stamp,
        seen: Option<Stamp>,
    ) -> Result<bool> {
        let set = query(sql).bind(key.group).bind(key.item).bind(stamp);
        let set = set.bind(to.map(|to| to.amount)).bind(to.and_then(|to| to.paid_at)).bind(seen);
        Ok(set.execute(&self.0).await?.rows_affected() > 0)
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
        self.set(Self::COPY, key, record, stamp, None).await.map(drop)
    }
    async fn page(
        &self,
        of: Option<&i64>,
        after: Option<&Key>,
        max: usize,
        now: Stamp,
    ) -> Result<Page<Payments>> {
        page(&self.0, Self::PAGE, of, after, max, now).await
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
        self.set(Self::SET, &key, Some(&payment), clock(), None).await?;
        Ok((key, payment))
    }
    /// With a write that takes place only where nothing came in between.
    async fn update<E, F>(&self, key: &Key, change: F) -> Result<Option<Payment>, E>
    where
        E: From<PaymentError> + Send + 'static,
        F: Fn(&mut Option<Payment>) -> Result<(), E> + Send + Sync + 'static,
    {
        for _ in 0..Self::TRIES_MAX {
            let (seen, mut record) = self.get(key).await?;
            change(&mut record)?;
            if self.set(Self::SET, key, record.as_ref(), clock(), seen).await? {
                return Ok(record);
            }
        }
        Err(PaymentError::Contended.into())
    }
}
