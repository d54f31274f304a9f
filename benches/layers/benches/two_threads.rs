//! What two cores do to each other: the same stack on one thread and on two at once, and what else is asked of the routing.
//!
//! `cargo bench -p bench-layers --bench two_threads`. Rounds in turn, and their medians.

#![allow(clippy::expect_used, reason = "a bench that cannot start may panic")]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use bench_layers::{Constant, IfStage, Migration, Number, Request, Store, half_of_the_keys};
use bench_report::{Case, Goal, Output, Section, Table, Timed, interleaved, median};
use clap::Parser;
use crossfade::data::{Key, Scopes};
use crossfade::journal::Journal;
use crossfade::route::{RoutingConfig, Stage};
use rustix::thread::{CpuSet, sched_setaffinity};
use tokio::runtime::Runtime;
use tokio::time::Instant;
use tower::Service;

const PUT: Request = Request::Put(7);
/// Of one thread in one round.
const REQUESTS: u64 = 500_000;
const MARKS: i64 = 100_000;
const SAMPLE: Duration = Duration::from_millis(3);
/// What a swap may take.
const SWAP_MICROS_MAX: f64 = 1_000.0;

/// Times the idle stack on one and on two threads, dirty checks, and swaps of the config.
#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    output: Output,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let sections = [scaling(&options.output), dirty(&options.output), swaps(&options.output)];
    options.output.write(&sections)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// A future of stores that answer at once is ready at once.
fn answer<T>(future: impl Future<Output = Result<u64, T>>) -> u64 {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(number)) => number,
        Poll::Ready(Err(_)) | Poll::Pending => panic!("the store did not answer"),
    }
}

/// Threads that have just begun may share a core for as long as a round lasts.
fn pin(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    // Where that is not allowed, rounds differ more.
    let _ = sched_setaffinity(None, &cores);
}

/// Requests a second of so many threads at once, each of which clones the stack for each request.
fn throughput(stack: &impl Store, request: Request, threads: usize) -> f64 {
    let barrier = Barrier::new(threads);
    let hammer = |core: usize| {
        pin(core);
        let runtime = runtime();
        let _entered = runtime.enter();
        barrier.wait();
        let start = Instant::now();
        for _ in 0..REQUESTS {
            black_box(answer(stack.clone().call(black_box(request))));
        }
        REQUESTS as f64 / start.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let hammer = &hammer;
        let running: Vec<_> = (0..threads).map(|core| scope.spawn(move || hammer(core))).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    })
}

fn scaling(output: &Output) -> Section {
    let off = runtime().block_on(Migration::at(Stage::Off, "", Constant, Constant)).stack();
    let mut table = Table::new("", &["", "1 thread: M/s", "2 threads: M/s", "scaling"]);
    let mut goals = Vec::new();
    let mut row = |name: &str, of: &dyn Fn(usize) -> f64, wanted: Option<f64>| {
        let rounds: Vec<_> = (0..output.or_quick(25, 7)).map(|_| (of(1), of(2))).collect();
        let middle = |of: fn(&(f64, f64)) -> f64| median(&rounds.iter().map(of).collect::<Vec<_>>());
        let scaling = middle(|(one, two)| two / one);
        table.row([
            name.into(),
            (middle(|r| r.0) / 1e6).into(),
            (middle(|r| r.1) / 1e6).into(),
            scaling.into(),
        ]);
        goals
            .extend(wanted.map(|wanted| {
                Goal::at_least(&format!("{name}: two threads over one"), wanted, scaling, "x")
            }));
    };
    row("bare store", &|threads| throughput(&Constant, PUT, threads), None);
    row("hand-written if stage, read", &|threads| throughput(&IfStage::new(), Request::Get, threads), None);
    row("idle read, stack cloned for each", &|threads| throughput(&off, Request::Get, threads), Some(1.9));
    row("idle write, stack cloned for each", &|threads| throughput(&off, PUT, threads), Some(1.9));
    let section = Section::new("Two threads").note(
        "The stack in `off`, cloned for each request, on one thread and on two at once, each on a core of its own, with nothing between the requests; 2 is \
         perfect, on a machine with two cores that nothing else uses. The store touches nothing that the threads share. The row of the bare store \
         says nothing of two threads: it does so little that the compiler folds its loop, and what is timed is start and end, so it may come out above 2.",
    );
    Section { tables: vec![table], goals, ..section }
}

/// A read of a key in the cohort: only where the target may answer is it asked whether the key is dirty.
fn dirty(output: &Output) -> Section {
    let runtime = runtime();
    let config = format!("shadow = {{ sample = \"0%\" }}\n{}", half_of_the_keys(true));
    let marked = |marks: &[(i64, i64)]| {
        runtime.block_on(async {
            let canary = Migration::at(Stage::Canary, &config, Number::new(), Number::new()).await;
            canary.begin_writes(marks.iter().copied());
            assert_eq!(canary.routing.journal().marks(), marks.len() as u64);
            canary.stack()
        })
    };
    let elsewhere: Vec<_> = (0..MARKS).map(|item| (2 + item % 1_000, item)).collect();
    let beside: Vec<_> = (0..MARKS).map(|item| (1, 2 + item)).collect();
    let read = |mut stack: Box<dyn FnMut() -> u64>| {
        move |times| {
            let start = Instant::now();
            (0..times).for_each(|_| _ = black_box(stack()));
            start.elapsed()
        }
    };
    let case = |name: &str, marks: &[(i64, i64)]| {
        let mut stack = marked(marks);
        Case::new(name, read(Box::new(move || answer(stack.call(black_box(Request::Get))))))
    };
    let journal = Journal::memory();
    let scopes = Scopes::from(Key::new(&1, &1));
    let mut cases = [
        case("a read, no mark", &[]),
        case("100,000 marks on other groups", &elsewhere),
        case("100,000 marks on other keys of the group", &beside),
        case("the key is marked, so legacy answers", &[(1, 1)]),
        Case::new("a loop around nothing", |times| {
            let start = Instant::now();
            (0..times).for_each(|_| {
                let (_journal, _scopes) = (black_box(&journal), black_box(scopes.as_slice()));
            });
            start.elapsed()
        }),
        Case::new("a loop around the question, no mark", |times| {
            let start = Instant::now();
            (0..times)
                .for_each(|_| _ = black_box(black_box(&journal).is_dirty(black_box(scopes.as_slice()))));
            start.elapsed()
        }),
    ];
    let _entered = runtime.enter();
    let times = interleaved(&mut cases, output.or_quick(51, 11), SAMPLE);
    let above = |time: &Timed, other: &Timed| time.median() - other.median();
    let goals = vec![
        Goal::at_most("\"is it dirty?\" with no mark", 1.0, above(&times[5], &times[4]), " ns"),
        Goal::at_most(
            "\"is it dirty?\" with 100,000 marks on other groups, above no mark",
            50.0,
            above(&times[1], &times[0]),
            " ns",
        ),
        Goal::at_most(
            "\"is it dirty?\" with 100,000 marks in the group, above no mark",
            50.0,
            above(&times[2], &times[0]),
            " ns",
        ),
    ];
    let mut table = Table::new("", &["", "ns", "above a read with no mark"]);
    for (at, time) in times.iter().enumerate() {
        let beside = if at < 4 { above(time, &times[0]).into() } else { "".into() };
        table.row([time.name.as_str().into(), time.median().into(), beside]);
    }
    let section = Section::new("Is it dirty?")
        .note("A read in `canary`, its key in the cohort of 50 %. In `dual_write` no read asks: legacy answers in any case. \
             The marks are those of writes that wait for their store. Up to a million marks: see \"Growth: marks\".")
        .note("While no mark stands `Journal::is_dirty` is one load. It is timed by itself, in a loop.");
    Section { tables: vec![table], goals, ..section }
}

/// How long swaps and their drains take, in microseconds: the middle one.
fn swapped(journal: &Journal, swaps: usize) -> f64 {
    let took: Vec<f64> = runtime().block_on(async {
        let off = Migration::with_journal(journal, Stage::DualWrite, "", Number::new(), Number::new()).await;
        let mut took = Vec::new();
        for swap in 0..swaps {
            let config = format!("stage = \"dual_write\"\nshadow = {{ sample = \"{}%\" }}", swap % 100);
            let config = RoutingConfig::from_toml(&config).expect("a config of the bench's own");
            let start = Instant::now();
            off.routing.swap(config).await.expect("the same stage").drained().await;
            took.push(start.elapsed().as_secs_f64() * 1e6);
        }
        took
    });
    median(&took)
}

fn swaps(output: &Output) -> Section {
    let swaps = output.or_quick(2_000, 200);
    let folder = tempfile::tempdir().expect("a folder");
    let in_a_file =
        runtime().block_on(Journal::open(&format!("sqlite:{}", folder.path().join("journal.db").display())));
    let (in_memory, in_a_file) =
        (swapped(&Journal::memory(), swaps), swapped(&in_a_file.expect("a new file"), swaps));
    let mut table = Table::new("", &["", "µs"]);
    table.row([
        "a swap of the config, and its drain, without load; the journal in memory".into(),
        in_memory.into(),
    ]);
    table.row([
        "the same, the journal in SQLite: a line of its audit log is durable".into(),
        in_a_file.into(),
    ]);
    let section = Section::new("Swaps of the config")
        .note("That swaps under load show no request two configs is a test: see \"Kept by tests\".");
    let goals = vec![Goal::at_most(
        "a swap of the config, and its drain, without load, the journal in SQLite",
        SWAP_MICROS_MAX,
        in_a_file,
        " µs",
    )];
    Section { tables: vec![table], goals, ..section }
}
