//! `--create`: makes the databases and the keyspace that the URLs name, where they are missing.

use anyhow::{Context, Result, bail};
use crossfade::backend::cassandra::Cassandra;
use scylla::statement::unprepared::Statement;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};
use std::time::Duration;

use crate::files::Files;
use crate::store_url::{Scheme, StoreUrl};

/// A change of the schema waits for all nodes.
const SCHEMA_MAX: Duration = Duration::from_secs(30);

/// Makes what is missing. A file needs nothing.
pub(crate) async fn make_missing(files: &Files) -> Result<()> {
    let urls = [
        StoreUrl::of_legacy(&files.legacy)?,
        StoreUrl::of_target(&files.target)?,
        StoreUrl::of_journal(&files.journal)?,
    ];
    for url in urls {
        if url.scheme != Scheme::Sqlite {
            make(&url).await.with_context(|| format!("--create: cannot make {}", url.shown()))?;
        }
    }
    Ok(())
}

async fn make(url: &StoreUrl) -> Result<()> {
    let Some((server, name)) = url.database() else { bail!("the URL names no database") };
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        bail!("{name:?} is not letters, digits and _ alone: make it yourself");
    }
    match url.scheme {
        Scheme::Sqlite => Ok(()),
        Scheme::MySql => in_mariadb(server, name).await,
        Scheme::Postgres => in_postgres(server, name).await,
        Scheme::Cassandra => in_cassandra(server, name).await,
    }
}

async fn in_mariadb(server: &str, name: &str) -> Result<()> {
    let mut connection = MySqlConnection::connect(server).await?;
    let create = format!("CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

async fn in_postgres(server: &str, name: &str) -> Result<()> {
    let mut connection = PgConnection::connect(&format!("{server}/postgres")).await?;
    let there = sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname = $1").bind(name);
    let there: i64 = there.fetch_one(&mut connection).await?;
    if there == 0 {
        let create = format!("CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}

/// One copy of the data, on whatever nodes there are: for a trial.
async fn in_cassandra(server: &str, name: &str) -> Result<()> {
    let store = Cassandra::open(&format!("{server}/system")).await?;
    let mut create = Statement::new(format!(
        "CREATE KEYSPACE IF NOT EXISTS \"{name}\"
        WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}"
    ));
    create.set_request_timeout(Some(SCHEMA_MAX));
    store.session()?.query_unpaged(create, ()).await?;
    Ok(())
}
