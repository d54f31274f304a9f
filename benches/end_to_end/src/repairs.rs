//! What was left: repaired by the reconciler, and by a loop written by hand.

use anyhow::{Context, Result, ensure};
use bench_report::{Output, Table, median, median_ratio};
use crossfade::reconcile::Reconciler;
use crossfade::route::{RoutingHandle, Stage};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::by_hand::{repair, to_repair};
use super::fill::NOTHING_LANDS_LATE;
use super::invoices::key;
use super::migrated::{Migrated, settled};
use super::servers::Servers;

/// Keys that are repaired.
const KEYS: i64 = 10_000;
/// Marks that are made at once.
const MARKED_AT_ONCE: usize = 256;
/// Keys that are repaired at once: what a reconciler does by default, and as many as MariaDB has connections here.
const AT_ONCE: [usize; 2] = [8, 32];

/// How to read the table.
pub(crate) const NOTE: &str = "Repairs: by hand the keys lie in a table of MariaDB, which is read in pages; each record is read \
     from MariaDB and put into Cassandra, with as many keys in flight as the reconciler has. It claims nothing, so two of them \
     would do everything twice and one that died is not taken over; it has no stamps, so an older record may overwrite a newer \
     one; and it clears nothing, so after a crash it begins anew. The reconciler's marks lie in SQLite, where each claim and \
     what was cleared are durable.";

/// Keys a second, a number for each round.
#[derive(Default)]
struct Rates {
    by_hand: Vec<f64>,
    reconciler: Vec<f64>,
}

/// Both in turn, each with the same keys at once.
pub(crate) async fn table(servers: &Servers, output: &Output) -> Result<Table> {
    servers.mariadb.seed(KEYS).await?;
    to_repair(&servers.mariadb).await?;
    let mut rates = AT_ONCE.map(|at_once| (at_once, Rates::default()));
    for _ in 0..output.or_quick(5, 3) {
        for (at_once, rates) in &mut rates {
            rates.by_hand.push(by_hand(servers, *at_once).await?);
            rates.reconciler.push(reconciler(servers, *at_once).await?);
        }
    }
    let mut table = Table::new(&format!("{KEYS} marks that were left"), &["", "marks/s", "of by hand"]);
    for (at_once, Rates { by_hand, reconciler }) in &rates {
        for (name, rates) in [("by hand", by_hand), ("repaired by the reconciler", reconciler)] {
            let name = format!("{name}, {at_once} at once");
            table.row([name.into(), median(rates).into(), median_ratio(rates, by_hand).into()]);
        }
    }
    Ok(table)
}

async fn by_hand(servers: &Servers, at_once: usize) -> Result<f64> {
    servers.cassandra.clear().await?;
    let start = Instant::now();
    let repaired = repair(&servers.mariadb, &servers.cassandra, at_once).await?;
    let rate = a_second(start);
    ensure!(repaired == KEYS.cast_unsigned(), "{repaired} of {KEYS} keys were repaired");
    Ok(rate)
}

async fn reconciler(servers: &Servers, at_once: usize) -> Result<f64> {
    servers.cassandra.clear().await?;
    let Migrated { routing, copier, reconciler, .. } =
        servers.migrated(Stage::DualWrite, NOTHING_LANDS_LATE).await?;
    reconciler.stop().await;
    leave_marks(routing).await?;
    let start = Instant::now();
    let reconciler = Reconciler::new(copier).concurrency(at_once).spawn();
    settled(routing).await?;
    let rate = a_second(start);
    reconciler.stop().await;
    routing.close().await?;
    Ok(rate)
}

/// On every key, as a write leaves one whose copy failed.
async fn leave_marks(routing: RoutingHandle) -> Result<()> {
    let journal = routing.journal();
    let marks = stream::iter((0..KEYS).map(|n| journal.mark_for_repair(key(n).to_key().into())));
    marks.buffer_unordered(MARKED_AT_ONCE).try_collect::<Vec<()>>().await.context("marks")?;
    Ok(())
}

fn a_second(start: Instant) -> f64 {
    KEYS as f64 / start.elapsed().as_secs_f64()
}
