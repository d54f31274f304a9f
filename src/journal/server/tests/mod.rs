//! Tests of the journal on servers of their own, which are killed, paused and restarted. They need what
//! `./tests/servers/install` installs.

mod crash;
mod exclusion;
mod in_transaction;
mod inside;
mod lock;
mod lost_commits;
mod model;
mod opening;
mod proxy;

use std::net::SocketAddr;
use std::time::Duration;

use sqlx::Transaction;
use test_servers::Server as Control;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use super::engine::Engine;
use super::spelling::Spelling;
use crate::data::{Key, Scope};
use crate::journal::handle::Journal;
use crate::journal::inside::MarksInside;
use crate::journal::model::{Command, Reply};

const LATE_BOUND: Duration = Duration::from_secs(30);

/// Runs each test on both servers.
macro_rules! on_each_server {
    ($($test:ident),+ $(,)?) => {
        mod on_mariadb {
            $(#[test] fn $test() { super::$test::<super::super::OnMariaDb>(); })+
        }
        mod on_postgres {
            $(#[test] fn $test() { super::$test::<super::super::OnPostgres>(); })+
        }
    };
}
use on_each_server;

/// A server of the test's own.
trait Place {
    type Engine: Engine;
    /// Starts it; what is missing is said.
    fn start() -> Self;
    fn control(&self) -> &Control;
    /// sqlx's databases of this kind.
    type Db: MarksInside;
    /// A transaction of the service, on a connection of its own.
    fn begin(url: &str) -> impl Future<Output = Transaction<'static, Self::Db>> + Send;
    /// Runs statements inside of it.
    fn run(
        transaction: &mut Transaction<'static, Self::Db>,
        script: &str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// How many transactions wait for the lock of a row.
    const WAITING: &'static str;
    /// How many marks of writes that run are in the table.
    const RUNNING: &'static str;
    /// The URL of a database on this address, which may be a proxy's.
    fn url_at(address: SocketAddr) -> String;

    fn url(&self) -> String {
        Self::url_at(self.control().address())
    }

    /// Runs statements on a connection of its own; gives the first number of each row.
    async fn ask(&self, script: &str) -> Vec<i64> {
        ask::<Self::Engine>(&self.url(), script).await
    }
}

async fn ask<E: Engine>(url: &str, script: &str) -> Vec<i64> {
    let options = E::options(url).unwrap();
    let mut engine = E::connect(&options, Spelling::new("crossfade_", E::NUMBERED)).await.unwrap();
    let answer = engine.script(script, |row| row.number(0)).await.unwrap();
    engine.close().await.unwrap();
    answer
}

/// What sqlx's databases have in common, though not by a bound that would be shorter.
macro_rules! transactions {
    ($database:ty, $pool:ty) => {
        type Db = $database;

        async fn begin(url: &str) -> Transaction<'static, $database> {
            <$pool>::connect(url).await.unwrap().begin().await.unwrap()
        }

        async fn run(transaction: &mut Transaction<'static, $database>, script: &str) -> sqlx::Result<()> {
            let script = sqlx::AssertSqlSafe(script.to_owned());
            sqlx::raw_sql(script).execute(&mut **transaction).await.map(drop)
        }
    };
}

struct OnMariaDb(test_servers::MariaDb);

impl OnMariaDb {
    /// With a database; its character set is that of the server, as it is where nobody thought of it.
    fn with_database(server: test_servers::MariaDb) -> Self {
        runtime().block_on(ask::<super::mariadb::MariaDb>(
            &format!("{}/mysql", server.url()),
            "CREATE DATABASE data",
        ));
        Self(server)
    }
}

impl Place for OnMariaDb {
    type Engine = super::mariadb::MariaDb;
    transactions!(sqlx::MySql, sqlx::MySqlPool);
    const WAITING: &'static str =
        "SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status
        WHERE variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS'";
    const RUNNING: &'static str =
        "SELECT CAST(coalesce(sum(json_length(marks)), 0) AS SIGNED) FROM crossfade_mark_running";

    fn start() -> Self {
        Self::with_database(test_servers::MariaDb::start().unwrap_or_else(|error| panic!("{error}")))
    }

    fn control(&self) -> &Control {
        &self.0
    }

    fn url_at(address: SocketAddr) -> String {
        format!("mysql://root@{address}/data")
    }
}

struct OnPostgres(test_servers::Postgres);

impl Place for OnPostgres {
    type Engine = super::postgres::Postgres;
    transactions!(sqlx::Postgres, sqlx::PgPool);
    const WAITING: &'static str =
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype <> 'advisory'";
    const RUNNING: &'static str =
        "SELECT coalesce(sum(json_array_length(marks::json)), 0)::bigint FROM crossfade_mark_running";

    fn start() -> Self {
        Self(test_servers::Postgres::start().unwrap_or_else(|error| panic!("{error}")))
    }

    fn control(&self) -> &Control {
        &self.0
    }

    fn url_at(address: SocketAddr) -> String {
        format!("postgres://postgres@{address}/postgres")
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn key(item: u64) -> Scope {
    Key::new(&1, &item).into()
}

/// A journal with an open session.
async fn begun(url: &str) -> Journal {
    let journal = Journal::open(url).await.unwrap();
    journal.open_session(LATE_BOUND, false).await.unwrap();
    journal
}

/// Every mark, as the journal gives it; waits until it answers.
async fn scopes(journal: &Journal) -> Vec<Scope> {
    let started = Instant::now();
    loop {
        match journal.call(Command::ListScopes).await {
            Ok(Reply::Scopes(scopes)) => return scopes.into_iter().map(|(_, scope)| scope).collect(),
            Err(error) if started.elapsed() > Duration::from_secs(60) => panic!("{error}"),
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
