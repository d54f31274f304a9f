//! Marks that stand in the journal.

use std::hint::black_box;
use std::time::Duration;

use anyhow::Result;
use bench_report::{Output, Section, Table, median};
use crossfade::route::Stage;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use super::sections::{line, plot, powers};
use crate::invoices::{InvoiceKey, Request, key};
use crate::load::{clients, closed};
use crate::memory::InMemory;
use crate::migrated::Migrated;
use crate::servers::Folder;

/// Nothing is shadowed, and the target may answer every read.
const EVERYBODY: &str =
    "writes = { wait = \"until_copied\" }\nshadow = { sample = \"0%\" }\n[cohort]\nweight = \"100%\"";
const MARKED_AT_ONCE: usize = 1_024;
/// The keys that are read and written; the marks stand on others.
const CLEAN: i64 = 1_000;
const READS: u32 = 50_000;
/// Marks that are repaired to see how fast that goes.
const REPAIRED: i64 = 2_000;
const REPAIRED_WITHIN: Duration = Duration::from_secs(10);
const ASK_EVERY: Duration = Duration::from_micros(200);

type Stack = Migrated<InMemory, InMemory>;

pub(super) async fn section(folder: &Folder, output: &Output) -> Result<Section> {
    let (legacy, target) = (InMemory::seeded(CLEAN), InMemory::seeded(CLEAN));
    let services = (legacy.service(), target.service());
    let stage = (Stage::Canary, EVERYBODY);
    let stack = Migrated::at(stage, &folder.journal(), (legacy, services.0), (target, services.1)).await?;
    let (mut table, mut points) =
        (Table::new("", &["marks", "a mark: p50 µs", "a read: ns", "repairs/s"]), Vec::new());
    stack.reconciler.pause();
    for marks in std::iter::once(0).chain(powers(2, output.or_quick(6, 4))) {
        up_to(&stack, marks).await?;
        let numbers = [mark_micros(&stack).await, read_nanos(&stack).await?, repairs(&stack, marks).await];
        let [mark, read, repairs] = numbers;
        let repairs = if marks > 0 { repairs.into() } else { "".into() };
        table.row([(marks as f64).into(), mark.into(), read.into(), repairs]);
        if marks > 0 {
            points.push((marks as f64, numbers)); // the axis is logarithmic
        }
    }
    let of = |at: usize| points.iter().map(|(marks, numbers)| (*marks, numbers[at])).collect();
    let x = "marks that stand";
    let plots = vec![
        plot("marks_mark.svg", "A mark, made durable", (x, "p50, µs"), vec![line("SQLite", of(0))]),
        plot(
            "marks_read.svg",
            "A read that asks whether its key is dirty",
            (x, "ns"),
            vec![line("read", of(1))],
        ),
        plot(
            "marks_repair.svg",
            "Marks claimed, repaired and cleared",
            (x, "a second"),
            vec![line("SQLite", of(2))],
        ),
    ];
    let section = Section::new("Growth: marks").note(
        "A journal in a SQLite file, over stores in memory: so many marks stand on other keys while a key is written (one mark each, \
         1 client), while a clean key is read in `canary`, and while the reconciler claims and repairs some of them. A mark that is \
         repaired is looked up in trees of the file and in maps in memory, which are deeper and colder with more of them: a hundred times the marks, a quarter \
         fewer repairs a second.",
    );
    Ok(Section { tables: vec![table], plots, ..section })
}

fn marked(n: i64) -> InvoiceKey {
    key(CLEAN + n)
}

/// So many marks stand; those that do already stay.
async fn up_to(stack: &Stack, marks: i64) -> Result<()> {
    let journal = stack.routing.journal();
    // Marks of one key are one row.
    let mark = |n| journal.mark_for_repair(marked(n).to_key().into());
    stream::iter((0..marks).map(mark)).buffer_unordered(MARKED_AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(())
}

async fn mark_micros(stack: &Stack) -> f64 {
    let next = || Request::put(fastrand::i64(0..CLEAN));
    let seen = closed(clients(&stack.service, 1, next), Duration::from_millis(400)).await;
    seen.quantile(0.5) * 1e3
}

async fn read_nanos(stack: &Stack) -> Result<f64> {
    let mut rounds = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        for n in 0..READS {
            black_box(stack.service.clone().oneshot(Request::get(i64::from(n) % CLEAN)).await?);
        }
        rounds.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(READS));
    }
    Ok(median(&rounds))
}

/// Repairs a second, from so many marks on; some more than counted may have gone when it ends.
async fn repairs(stack: &Stack, marks: i64) -> f64 {
    let journal = stack.routing.journal();
    let (start, before) = (Instant::now(), journal.marks());
    let left = before.saturating_sub(REPAIRED.min(marks).cast_unsigned());
    stack.reconciler.resume();
    let repaired = async {
        while journal.marks() > left {
            sleep(ASK_EVERY).await;
        }
    };
    // Whatever was repaired by then gives the rate, too.
    let _ = timeout(REPAIRED_WITHIN, repaired).await;
    let rate = before.saturating_sub(journal.marks()) as f64 / start.elapsed().as_secs_f64();
    stack.reconciler.pause();
    sleep(Duration::from_millis(100)).await; // until the round that runs has ended
    rate
}
