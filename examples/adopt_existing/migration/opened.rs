//! The wiring.

use anyhow::Result;
use crossfade::Migration;
use crossfade::copy::Copier;
use crossfade::data::DataSet;
use crossfade::functions::{BeforeRampDown, Functions};
use crossfade::journal::Journal;
use crossfade::reconcile::{Reconciler, ReconcilerHandle};
use crossfade::route::{RoutingConfig, RoutingHandle};
use sqlx::mysql::{MySqlPool, MySqlPoolOptions};

use super::legacy::InMySql;
use super::target::InSqlite;
use crate::after::error::Error;
use crate::domain::Invoice;

/// The functions of the service, called through the stack.
pub(crate) type Invoices = Functions<MySqlPool, InSqlite, Error, BeforeRampDown>;

/// What is moved.
#[derive(Debug)]
pub(crate) struct InvoiceSet;

impl DataSet for InvoiceSet {
    type Group = i64;
    type Item = i64;
    type Record = Invoice;

    fn same(a: &Invoice, b: &Invoice) -> bool {
        a == b
    }
}

/// How long a write may still land after an error that says nothing: longer than `STATEMENT_MAX`.
const CONFIG: &str = "late_bound = { legacy = \"2s\", target = \"2s\" }";
/// When the server ends a statement by itself.
const STATEMENT_MAX: &str = "SET SESSION max_statement_time = 1";

/// The migration of one process.
pub(crate) struct Opened {
    pub(crate) routing: RoutingHandle,
    pub(crate) copier: Copier<InMySql, InSqlite>,
    pub(crate) invoices: Invoices,
    reconciler: ReconcilerHandle,
}

impl Opened {
    /// The journal lies in the database of the service, so that its transactions can mark their keys themselves.
    pub(crate) async fn new(url: &str, target: InSqlite) -> Result<Self> {
        let journal = Journal::open(&format!("{url}?migration=invoices")).await?;
        let routing = RoutingHandle::resume(&journal, RoutingConfig::from_toml(CONFIG)?).await?;
        let pool = MySqlPoolOptions::new().after_connect(|connection, _| {
            Box::pin(async move { sqlx::query(STATEMENT_MAX).execute(connection).await.map(drop) })
        });
        let pool = pool.connect(url).await?;
        let copier = Copier::new(routing, InMySql(pool.clone()), target.clone());
        let reconciler = Reconciler::new(copier).spawn();
        let functions = Migration::builder(routing, copier).functions_before_ramp_down(pool, target);
        Ok(Self { routing, copier, invoices: functions.outcome(Error::outcome), reconciler })
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.reconciler.stop().await;
        Ok(self.routing.close().await?)
    }
}
