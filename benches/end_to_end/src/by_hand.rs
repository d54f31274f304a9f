//! What a team would write in place of crossfade, without its guarantees.

use anyhow::Result;
use crossfade::data::RecordStore;
use futures::{StreamExt, TryStreamExt, stream};
use tower::service_fn;
use tower::util::BoxCloneSyncService;

use super::cassandra::InCassandra;
use super::invoices::{Error, Request, Service};
use super::mariadb::{self, MariaDb};

/// Rows of one page of the copy.
pub(crate) const PAGE: usize = 2_000;
/// Rows of it that are written at once.
pub(crate) const IN_FLIGHT: usize = 128;

/// Writes MariaDB, reads the row back, and puts it into Cassandra.
pub(crate) fn service(mariadb: &MariaDb, cassandra: &InCassandra) -> Service {
    let (pool, cassandra) = (mariadb.store.pool().clone(), cassandra.clone());
    BoxCloneSyncService::new(service_fn(move |request: Request| {
        let (pool, cassandra) = (pool.clone(), cassandra.clone());
        async move {
            let Request::Put { customer, id, .. } = request else {
                return mariadb::answer(&pool, request).await;
            };
            let answer = mariadb::answer(&pool, request).await?;
            if let Some(body) = mariadb::answer(&pool, Request::Get { customer, id }).await? {
                cassandra.put(customer, id, &body).await?;
            }
            Ok(answer)
        }
    }))
}

/// Copies everything: page after page, no stamps, no checks.
pub(crate) async fn copy(mariadb: &MariaDb, cassandra: &InCassandra) -> Result<u64> {
    let (mut after, mut copied) = (None, 0);
    loop {
        let page = mariadb.page(None, after.as_ref(), PAGE, 0).await?.records;
        let Some((last, _)) = page.last() else { return Ok(copied) };
        let next = (last.group, last.item).into();
        copied += page.len() as u64;
        let puts = stream::iter(page.iter().map(|(key, body)| cassandra.put(key.group, key.item, body)));
        puts.buffer_unordered(IN_FLIGHT).try_collect::<Vec<()>>().await.map_err(Error::from)?;
        after = Some(next);
    }
}

/// Notes every key of MariaDB in a table there, to be repaired.
pub(crate) async fn to_repair(mariadb: &MariaDb) -> Result<()> {
    for statement in [
        "DROP TABLE IF EXISTS to_repair",
        "CREATE TABLE to_repair (n BIGINT AUTO_INCREMENT PRIMARY KEY) SELECT customer, id FROM invoices",
    ] {
        sqlx::query(statement).execute(mariadb.store.background()).await?;
    }
    Ok(())
}

/// Copies what [`to_repair`] noted, page after page, and leaves it there: no claims, no stamps.
pub(crate) async fn repair(mariadb: &MariaDb, cassandra: &InCassandra, in_flight: usize) -> Result<u64> {
    let (mut after, mut repaired) = (0, 0);
    loop {
        let page = sqlx::query_as("SELECT n, customer, id FROM to_repair WHERE n > ? ORDER BY n LIMIT ?");
        let page: Vec<(i64, i64, i64)> =
            page.bind(after).bind(PAGE as i64).fetch_all(mariadb.store.background()).await?;
        let Some((last, ..)) = page.last() else { return Ok(repaired) };
        let copies = stream::iter(page.iter().map(async |(_, customer, id)| {
            if let (_, Some(body)) = mariadb.read(&(*customer, *id).into(), 0).await? {
                cassandra.put(*customer, *id, &body).await?;
            }
            Ok::<_, Error>(())
        }));
        copies.buffer_unordered(in_flight).try_collect::<Vec<()>>().await?;
        repaired += page.len() as u64;
        after = *last;
    }
}
