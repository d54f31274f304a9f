//! A service with its SQL in functions, before and after it adopts crossfade.
//!
//! ```sh
//! ./tests/servers/run --mariadb cargo run --example adopt_existing
//! ```
//!
//! `before/` is an axum service over MariaDB: handlers, functions with their SQL, an error type. `after/` is the same service
//! in a migration. Of its 163 lines 16 go and 48 come, which a test counts: `diff -r before after` shows them. Beside it
//! `migration/` is new: both stores as `RecordStore`s, the reads of the target, and the wiring.
//!
//! An invoice and its lines are two tables. The functions that write both have a transaction, and mark its key inside
//! (`journal.mark_in(&mut transaction, &mark)`): the journal lies in the same database, so that a write waits for no commit
//! but its own. The target is written by copies alone here; before `ramp_down` it needs functions of its own.
//!
//! The program makes a database of its own on the server that `--mysql` or `CROSSFADE_MYSQL_URL` names, starts as the old
//! service, goes on as the new one through the stages up to `live`, and compares both stores.

#![allow(clippy::print_stdout, reason = "a program to look at")]

mod after;
mod before;
mod client;
#[cfg(test)]
mod diff;
mod domain;
mod migration;
#[cfg(test)]
mod tests;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use clap::Parser;
use crossfade::fill::Fill;
use crossfade::route::{Asked, Stage};
use sqlx::{AssertSqlSafe, MySqlPool, raw_sql};
use tokio::time::sleep;

use crate::client::Client;
use crate::migration::{Opened, target};

#[derive(Parser)]
struct Args {
    /// A MariaDB whose user may create databases: mysql://root@127.0.0.1:3306
    #[arg(long, env = "CROSSFADE_MYSQL_URL")]
    mysql: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Args { mysql } = Args::parse();
    let server = MySqlPool::connect(&mysql).await.context("connecting to --mysql")?;
    let database = format!("adopt_existing_{}", std::process::id());
    let url = format!("{}/{database}", mysql.trim_end_matches('/'));
    raw_sql(AssertSqlSafe(format!("CREATE DATABASE {database} CHARACTER SET utf8mb4")))
        .execute(&server)
        .await?;
    let ran = run(&url).await;
    raw_sql(AssertSqlSafe(format!("DROP DATABASE {database}"))).execute(&server).await?;
    ran
}

async fn run(url: &str) -> Result<()> {
    let client = Client::of(old_service(url).await?);
    for customer in 1..=3 {
        client.work(customer).await?;
    }
    println!("the old service has written {} invoices", client.invoices(1).await?.len() * 3);

    let target = target::InSqlite::in_memory().await?;
    let opened = Opened::new(url, target.clone()).await?;
    let client = Client::of(new_service(&opened));
    for stage in Stage::ALL.into_iter().filter(|stage| *stage <= Stage::Live) {
        walk_to(&opened, stage).await?;
        client.work(1).await?;
        let (marks, copied) = (opened.routing.stats().marks, target::list(target.clone(), 1).await?.len());
        println!("{stage:10} {marks} marks so far, {copied} invoices of customer 1 in the target");
    }
    settled(&opened).await;
    let differ = differing(url, &target).await?;
    ensure!(differ == 0, "{differ} invoices differ");
    println!("both stores are equal");
    opened.close().await
}

async fn old_service(url: &str) -> Result<Router> {
    let pool = MySqlPool::connect(url).await?;
    raw_sql(domain::SCHEMA).execute(&pool).await?;
    Ok(before::app::router(before::app::App { pool }))
}

fn new_service(opened: &Opened) -> Router {
    let (invoices, journal) = (opened.invoices.clone(), opened.routing.journal());
    after::app::router(after::app::App { invoices, journal })
}

/// Moves there, and copies what was there before as soon as writes are copied.
async fn walk_to(opened: &Opened, stage: Stage) -> Result<()> {
    if stage != opened.routing.stage() {
        let asked = Asked::by("adopt_existing", "the example walks on");
        opened.routing.move_to(stage, asked).await?.drained().await;
    }
    if stage == Stage::DualWrite {
        Fill::new(opened.copier).run().await?;
    }
    Ok(())
}

/// A copy may go on after its caller was answered.
async fn settled(opened: &Opened) {
    while opened.routing.journal().marks() > 0 {
        sleep(Duration::from_millis(5)).await;
    }
}

/// How many invoices of the first customers are not the same in both stores.
async fn differing(url: &str, target: &target::InSqlite) -> Result<usize> {
    let pool = MySqlPool::connect(url).await?;
    let mut differ = 0;
    for customer in 1..=3 {
        let legacy = before::invoices::list(pool.clone(), customer).await?;
        let target = target::list(target.clone(), customer).await?;
        differ += legacy.iter().filter(|invoice| !target.contains(invoice)).count();
        differ += target.iter().filter(|invoice| !legacy.contains(invoice)).count();
    }
    Ok(differ)
}
