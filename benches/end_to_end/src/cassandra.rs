//! The invoices in Cassandra: the store to move to.

use anyhow::{Context, Result};
use crossfade::backend::cassandra::{Cassandra, CassandraError, Keys, Statement, Walk};
use crossfade::data::{FoundKeys, Outcome, Page, RecordStore, Stamp, StampedRecord};
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::unprepared;
use std::sync::Arc;
use std::time::Duration;
use tower::util::BoxCloneSyncService;

use super::invoices::{Answer, Error, InvoiceKey, Invoices, Request, Service};

const KEYSPACE: &str = "crossfade_bench";
/// A change of the schema takes longer than a request may.
const SCHEMA_WITHIN: Duration = Duration::from_secs(30);

/// The store.
#[derive(Clone)]
pub(crate) struct InCassandra {
    store: Cassandra,
    read: Statement<(String,)>,
    put: Statement,
    replace: Statement,
    delete: Statement,
    walk: Walk<(i64, i64, String)>,
    keys: Keys<Invoices>,
    /// What the server calls itself.
    pub(crate) version: String,
}

impl InCassandra {
    /// Makes the keyspace anew and connects.
    pub(crate) async fn open(server: &str) -> Result<Self> {
        alter(server, &format!("DROP KEYSPACE IF EXISTS {KEYSPACE}")).await?;
        let replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}";
        alter(server, &format!("CREATE KEYSPACE {KEYSPACE} WITH replication = {replication}")).await?;
        let columns = "customer bigint, id bigint, body text, PRIMARY KEY (customer, id)";
        alter(server, &format!("CREATE TABLE {KEYSPACE}.invoices ({columns})")).await?;
        let opened = Self::over(Cassandra::open(&format!("{server}/{KEYSPACE}")).await?);
        let version = opened.store.reads::<(String,)>("SELECT release_version FROM system.local");
        let (version,) = version.one(()).await?.context("the version of Cassandra")?;
        Ok(Self { version, ..opened })
    }

    fn over(store: Cassandra) -> Self {
        let key = "customer = ? AND id = ?";
        let insert = "INSERT INTO invoices (customer, id, body) VALUES (?, ?, ?)";
        Self {
            read: store.reads(format!("SELECT body FROM invoices WHERE {key}")),
            put: store.writes(insert),
            replace: store.replaces(format!("{insert} USING TIMESTAMP ?")).background(),
            delete: store
                .replaces(format!("DELETE FROM invoices USING TIMESTAMP ? WHERE {key}"))
                .background(),
            walk: store.walk("invoices", "customer", "id", &["body"]),
            keys: store.keys("invoices", "customer", "id"),
            version: String::new(),
            store,
        }
    }

    /// The request path of the service.
    pub(crate) fn service(&self) -> Service {
        // A service is cloned for each request, with all that its handler holds.
        let this = Arc::new(self.clone());
        BoxCloneSyncService::new(self.store.service(move |_, request| {
            let this = Arc::clone(&this);
            async move { this.answer(request).await }
        }))
    }

    /// What the service does for a request.
    pub(crate) async fn answer(&self, request: Request) -> Result<Answer, Error> {
        match request {
            Request::Get { customer, id } => Ok(self.read.one((customer, id)).await?.map(|(body,)| body)),
            Request::Put { customer, id, body } => Ok(self.put(customer, id, &body).await.map(|()| None)?),
        }
    }

    /// By hand: the newest to arrive wins.
    pub(crate) async fn put(&self, customer: i64, id: i64, body: &str) -> Result<(), CassandraError> {
        self.put.run((customer, id, body)).await
    }

    /// Removes every invoice.
    pub(crate) async fn clear(&self) -> Result<()> {
        let mut truncate = unprepared::Statement::new("TRUNCATE invoices");
        truncate.set_request_timeout(Some(SCHEMA_WITHIN));
        self.store.session()?.query_unpaged(truncate, ()).await?;
        Ok(())
    }
}

/// A change of the schema, on a session of its own.
async fn alter(server: &str, cql: &str) -> Result<()> {
    let nodes = server.trim_start_matches("cassandra://").split(',');
    let session = SessionBuilder::new().known_nodes(nodes).build().await?;
    let mut statement = unprepared::Statement::new(cql);
    statement.set_request_timeout(Some(SCHEMA_WITHIN));
    session.query_unpaged(statement, ()).await?;
    Ok(())
}

impl RecordStore for InCassandra {
    type Data = Invoices;
    type Error = CassandraError;
    const KEEPS_STAMPS: bool = true;

    async fn read(&self, key: &InvoiceKey, now: Stamp) -> Result<StampedRecord<Invoices>, CassandraError> {
        let found = self.read.background().one((key.group, key.item)).await?;
        Ok((now, found.map(|(body,)| body)))
    }

    async fn replace(
        &self,
        key: &InvoiceKey,
        body: Option<&String>,
        stamp: Stamp,
    ) -> Result<(), CassandraError> {
        match body {
            Some(body) => self.replace.run((key.group, key.item, body, stamp)).await,
            None => self.delete.run((stamp, key.group, key.item)).await,
        }
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&InvoiceKey>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Invoices>, CassandraError> {
        let rows = self.walk.page(group, after.map(|key| (&key.group, &key.item)), limit).await?;
        let record = |(group, item, body)| (InvoiceKey { group, item }, body);
        Ok(Page { stamp: now, records: rows.into_iter().map(record).collect() })
    }

    async fn page_of_keys(
        &self,
        group: Option<&i64>,
        after: Option<&InvoiceKey>,
        limit: usize,
    ) -> Result<Vec<InvoiceKey>, CassandraError> {
        self.keys.page(group, after, limit).await
    }

    async fn existing_keys(&self, keys: &[InvoiceKey]) -> Result<FoundKeys<Invoices>, CassandraError> {
        self.keys.existing(keys).await.map(Some)
    }

    async fn clock(&self) -> Result<Option<Stamp>, CassandraError> {
        self.store.clock().await.map(Some)
    }

    fn outcome(error: &CassandraError) -> Outcome {
        Cassandra::outcome(error)
    }
}
