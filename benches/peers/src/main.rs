//! How long the same request takes through crossfade and through the migration helpers of others.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use bench_peers::{Case, Peer, Work, cases, runtime};
use bench_report::{Cell, Goal, Output, Section, Table, Timed, interleaved};
use clap::Parser;

const SAMPLE: Duration = Duration::from_millis(3);

/// Times the same request through crossfade, LaunchDarkly's Migrator and request-shadow.
#[derive(Parser, Debug)]
struct Options {
    /// What `bench-peers-allocations` wrote: to be shown beside the times.
    #[arg(long, value_name = "FILE")]
    allocations: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Allocations and their bytes, by the name of a case.
type Allocations = BTreeMap<String, (f64, f64)>;

fn main() -> Result<()> {
    let options = Options::parse();
    let counted: Allocations = match &options.allocations {
        Some(file) => serde_json::from_reader(File::open(file).with_context(|| file.display().to_string())?)?,
        None => BTreeMap::new(),
    };
    let runtime = runtime();
    let cases = runtime.block_on(cases())?;
    let mut timed: Vec<_> = cases
        .iter()
        .map(|case| bench_report::Case::new(&case.name(), |times| case.run(&runtime, times)))
        .collect();
    let times = interleaved(&mut timed, options.output.or_quick(51, 11), SAMPLE);
    options.output.write(&[section(&cases, &times, &counted)])
}

fn section(cases: &[Case], times: &[Timed], counted: &Allocations) -> Section {
    let columns = ["", "ns", "times crossfade", "allocations", "bytes"];
    let mut table = Table::new("", &columns);
    let mut goals = Vec::new();
    for (case, timed) in cases.iter().zip(times) {
        let ours = cases.iter().position(|other| (other.work, other.peer) == (case.work, Peer::Crossfade));
        let ratio = ours.map_or(f64::NAN, |ours| timed.over(&times[ours]));
        let counted = counted
            .get(&timed.name)
            .map_or(["".into(), "".into()], |(count, bytes)| [count, bytes].map(|n| Cell::from(*n)));
        let [allocations, bytes] = counted;
        table.row([timed.name.as_str().into(), timed.median().into(), ratio.into(), allocations, bytes]);
        goals.extend(goal(case, ratio));
    }
    let section = Section::new("Beside the migration helpers of others")
        .note(
            "The same request over the same stores, which answer at once: LaunchDarkly's server SDK with its flag from a \
             test source and without events (which flatters it), `request-shadow` with 0 % and 100 % of the reads mirrored, and \
             crossfade's whole stack. One thread, all cases in turn round by round; medians. A shadow read is the whole \
             work of both reads: the others' callers wait for both, crossfade's for the first.",
        )
        .note("Neither of the others marks, copies or repairs: a dual write of theirs calls both stores, one after the other.");
    Section { tables: vec![table], goals, ..section }
}

/// What was promised about this ratio.
fn goal(case: &Case, ratio: f64) -> Option<Goal> {
    let wanted = match (case.peer, case.work) {
        (Peer::LaunchDarkly, Work::IdleRead | Work::IdleWrite) => 30.0,
        (Peer::LaunchDarkly, Work::DualWrite) => 8.0,
        (Peer::RequestShadow, Work::IdleRead) => 1.0,
        _ => return None,
    };
    Some(Goal::at_least(&format!("{}: time over crossfade's", case.name()), wanted, ratio, "x"))
}
