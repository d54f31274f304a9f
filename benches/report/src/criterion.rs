//! What criterion measured, out of its folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bench_report::{Section, Table};
use serde::Deserialize;

const NOTE: &str = "The same two requests through each layer and the whole stack, over a store that answers at once and over \
    one that suspends each call once. Medians of criterion, in nanoseconds; the store itself is in them.";

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
    let (mut groups, mut rows) = (Vec::new(), BTreeMap::<String, BTreeMap<String, f64>>::new());
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
    for (name, nanos) in rows {
        let cell = |group| nanos.get(group).map_or_else(|| "".into(), |nanos| (*nanos).into());
        table.rows.push(std::iter::once(name.into()).chain(groups.iter().map(cell)).collect());
    }
    Ok(Section { tables: vec![table], ..Section::new("Each layer, and the stack in each stage").note(NOTE) })
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
