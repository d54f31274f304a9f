//! What criterion measured, out of its folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bench_report::{Goal, Section, Table};
use serde::Deserialize;

const NOTE: &str = "The same two requests through each layer and the whole stack, over a store that answers at once and over \
    one that suspends each call once. Medians of criterion, in nanoseconds; the store itself is in them. In `canary` half of the keys are in \
    the cohort, by their hash. A row of a stage is borrowed by its caller where it does not say \"cloned\"; those of tower are cloned.";

/// The rows of the measurements, each with the nanoseconds of its groups.
type Rows = BTreeMap<String, BTreeMap<String, f64>>;

#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: String,
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// A table of all that is there, a column for each group.
pub(crate) fn section(folder: &Path) -> Result<Section> {
    let (mut groups, mut rows) = (Vec::new(), Rows::new());
    for result in results(folder)? {
        let (benchmark, nanos) = read(&result).with_context(|| result.display().to_string())?;
        if !groups.contains(&benchmark.group_id) {
            groups.push(benchmark.group_id.clone());
        }
        rows.entry(benchmark.function_id).or_default().insert(benchmark.group_id, nanos);
    }
    groups.sort_unstable();
    let mut table = Table { columns: vec![String::new()], ..Table::default() };
    table.columns.extend(groups.iter().cloned());
    let goals = goals(&rows);
    for (name, nanos) in rows {
        let cell = |group| nanos.get(group).map_or_else(|| "".into(), |nanos| (*nanos).into());
        table.rows.push(std::iter::once(name.into()).chain(groups.iter().map(cell)).collect());
    }
    let section = Section::new("Each layer, and the stack in each stage").note(NOTE);
    Ok(Section { tables: vec![table], goals, ..section })
}

/// What was promised of one row beside another, of a group: at most so many nanoseconds more, or at most so many times as long.
#[derive(Clone, Copy)]
enum Promise {
    More(f64),
    Times(f64),
}

use Promise::{More, Times};

const IN_THE_COHORT: &str = "canary, whole stack, in the cohort";
const OUTSIDE: &str = "canary, whole stack, outside of the cohort";
/// What a read in `canary` may cost above one in `off`.
const CANARY_NS: f64 = 26.0;

#[rustfmt::skip]
const PROMISES: [(&str, &str, &str, Promise); 14] = [
    ("read", "off, whole stack", "bare store", More(15.0)),
    ("read", "off, whole stack, cloned", "bare store, cloned", More(15.0)),
    ("read", "complete, whole stack", "bare store", More(15.0)),
    ("read", "complete, whole stack, cloned", "bare store, cloned", More(15.0)),
    ("read", "off, whole stack, cloned", "tower timeout, cloned", Times(1.0)),
    ("write", "off, whole stack", "bare store", More(25.0)),
    ("write", "off, whole stack, cloned", "bare store, cloned", More(25.0)),
    ("write", "complete, whole stack", "bare store", More(25.0)),
    ("write", "complete, whole stack, cloned", "bare store, cloned", More(25.0)),
    ("write", "off, whole stack, cloned", "tower timeout, cloned", Times(1.0)),
    ("read", IN_THE_COHORT, "off, whole stack", More(CANARY_NS)),
    ("write", "dual_write, whole stack", "hand-written write, read, replace", More(60.0)),
    ("write", "dual_write, whole stack", "hand-written, in tokio::spawn", Times(0.3)),
    ("write, suspending", "dual_write, whole stack", "hand-written write, read, replace", Times(1.3)),
];

/// All that was promised: what has no row is not measured, and the report says so.
fn goals(rows: &Rows) -> Vec<Goal> {
    let of = |row: &str, group: &str| rows.get(row)?.get(group).copied();
    let goal = |(group, row, beside, promise): (&str, &str, &str, Promise)| {
        let both = of(row, group).zip(of(beside, group));
        match promise {
            More(most) => {
                let above = both.map(|(row, beside)| row - beside);
                Goal::at_most(&format!("{group}: {row}, above {beside}"), most, above, " ns")
            }
            Times(most) => {
                let over = both.map(|(row, beside)| row / beside);
                Goal::at_most(&format!("{group}: {row}, over {beside}"), most, over, "x")
            }
        }
    };
    PROMISES.into_iter().map(goal).chain([canary(&|row| of(row, "read"))]).collect()
}

/// Of two reads one is in the cohort.
fn canary(read: &dyn Fn(&str) -> Option<f64>) -> Goal {
    let mean = read(IN_THE_COHORT).zip(read(OUTSIDE)).map(|(inside, outside)| f64::midpoint(inside, outside));
    let above = mean.zip(read("off, whole stack")).map(|(canary, off)| canary - off);
    Goal::at_most("read: canary at 50 %, the mean of both, above off, whole stack", CANARY_NS, above, " ns")
}

/// The folders `GROUP/FUNCTION/new`.
fn results(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for group in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let group = group?.path();
        let functions = fs::read_dir(&group).into_iter().flatten();
        let new = functions.filter_map(|function| Some(function.ok()?.path().join("new")));
        found.extend(new.filter(|new| new.join("benchmark.json").is_file()));
    }
    Ok(found)
}

fn read(result: &Path) -> Result<(Benchmark, f64)> {
    let benchmark = serde_json::from_slice(&fs::read(result.join("benchmark.json"))?)?;
    let estimates: Estimates = serde_json::from_slice(&fs::read(result.join("estimates.json"))?)?;
    Ok((benchmark, estimates.median.point_estimate))
}
