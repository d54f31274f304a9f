//! The invoices in MariaDB: the store to leave. It keeps no stamps.

use anyhow::Result;
use crossfade::backend::sql::{MySql, Statements, Table};
use crossfade::data::{FoundKeys, KeyedRecord, Outcome, Page, RecordStore, Stamp, StampedRecord};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, MySqlPool, QueryBuilder};
use tower::service_fn;
use tower::util::BoxCloneSyncService;

use super::invoices::{Answer, Error, InvoiceKey, Invoices, Request, Service, body, key};

const DATABASE: &str = "crossfade_bench";
/// Rows of one statement that seeds.
const SEEDED_AT_ONCE: i64 = 1_000;

type Row = (i64, i64, String);

/// The store.
#[derive(Clone)]
pub(crate) struct MariaDb {
    pub(crate) store: MySql,
    table: Statements<sqlx::MySql, Invoices>,
    /// What the server calls itself.
    pub(crate) version: String,
}

impl MariaDb {
    /// Makes the database anew and connects.
    pub(crate) async fn open(server: &str) -> Result<Self> {
        let mut admin = MySqlConnection::connect(server).await?;
        let create = format!(
            "DROP DATABASE IF EXISTS {DATABASE};
            CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
            CREATE TABLE {DATABASE}.invoices (
                customer BIGINT NOT NULL, id BIGINT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (customer, id))"
        );
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut admin).await?;
        let version = sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut admin).await?;
        admin.close().await?;
        let builder =
            MySql::builder(&format!("{server}/{DATABASE}")).connections(32).background_connections(32);
        let table = Table::new("invoices", "customer", "id", ["body"]);
        Ok(Self { store: builder.open().await?, table: MySql::table(&table), version })
    }

    /// The request path as a team would write it without crossfade: on the same pool, and cut off when its caller goes away.
    pub(crate) fn bare(&self) -> Service {
        let pool = self.store.pool().clone();
        BoxCloneSyncService::new(service_fn(move |request| {
            let pool = pool.clone();
            async move { answer(&pool, request).await }
        }))
    }

    /// The request path through crossfade's SQL store.
    pub(crate) fn service(&self) -> Service {
        BoxCloneSyncService::new(
            self.store.service(|pool, request| async move { answer(&pool, request).await }),
        )
    }

    /// The invoices 0 to `rows`, and no other.
    pub(crate) async fn seed(&self, rows: i64) -> Result<()> {
        let pool = self.store.background();
        sqlx::query("TRUNCATE TABLE invoices").execute(pool).await?;
        for from in (0..rows).step_by(SEEDED_AT_ONCE as usize) {
            let mut insert = QueryBuilder::new("INSERT INTO invoices (customer, id, body) ");
            insert.push_values(from..rows.min(from + SEEDED_AT_ONCE), |mut row, n| {
                let InvoiceKey { group, item } = key(n);
                row.push_bind(group).push_bind(item).push_bind(body());
            });
            insert.build().persistent(false).execute(pool).await?;
        }
        Ok(())
    }
}

/// What the service does for a request.
pub(crate) async fn answer(pool: &MySqlPool, request: Request) -> Result<Answer, Error> {
    match request {
        Request::Get { customer, id } => get(pool, customer, id).await,
        Request::Put { customer, id, body } => {
            let put = sqlx::query(
                "INSERT INTO invoices (customer, id, body) VALUES (?, ?, ?)
                ON DUPLICATE KEY UPDATE body = VALUES(body)",
            );
            put.bind(customer).bind(id).bind(body).execute(pool).await?;
            Ok(None)
        }
    }
}

async fn get(pool: &MySqlPool, customer: i64, id: i64) -> Result<Answer, Error> {
    let get = sqlx::query_scalar("SELECT body FROM invoices WHERE customer = ? AND id = ?");
    Ok(get.bind(customer).bind(id).fetch_optional(pool).await?)
}

fn record((group, item, body): Row) -> KeyedRecord<Invoices> {
    (InvoiceKey { group, item }, body)
}

impl RecordStore for MariaDb {
    type Data = Invoices;
    type Error = sqlx::Error;
    const KEEPS_STAMPS: bool = false;

    async fn read(&self, key: &InvoiceKey, now: Stamp) -> sqlx::Result<StampedRecord<Invoices>> {
        let row = self.table.read::<Row>(key).fetch_optional(self.store.background()).await?;
        Ok((now, row.map(|(_, _, body)| body)))
    }

    async fn replace(&self, key: &InvoiceKey, body: Option<&String>, stamp: Stamp) -> sqlx::Result<()> {
        let query = match body {
            Some(body) => self.table.replace(key, stamp).bind(body),
            None => self.table.delete(key, stamp),
        };
        query.execute(self.store.background()).await.map(drop)
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&InvoiceKey>,
        limit: usize,
        now: Stamp,
    ) -> sqlx::Result<Page<Invoices>> {
        let rows = self.table.page::<Row>(group, after, limit).fetch_all(self.store.background()).await?;
        Ok(Page { stamp: now, records: rows.into_iter().map(record).collect() })
    }

    async fn page_of_keys(
        &self,
        group: Option<&i64>,
        after: Option<&InvoiceKey>,
        limit: usize,
    ) -> sqlx::Result<Vec<InvoiceKey>> {
        self.table.page_of_keys(group, after, limit).fetch_all(self.store.background()).await
    }

    async fn existing_keys(&self, keys: &[InvoiceKey]) -> sqlx::Result<FoundKeys<Invoices>> {
        self.table.existing_keys(self.store.background(), keys).await.map(Some)
    }

    fn outcome(error: &sqlx::Error) -> Outcome {
        MySql::outcome(error)
    }
}
