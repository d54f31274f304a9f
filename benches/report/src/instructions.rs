//! What the bench `instructions` printed: the counts of callgrind.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bench_report::{Goal, Section, Table};

const NOTE: &str =
    "Of one request, counted by callgrind: exact, and the same on every run. The bare store is in them.";

/// How many instructions an idle stack should take at most, above the bare store.
const PROMISES: [(&str, f64); 8] = [
    ("off_read", 180.0),
    ("off_read_cloned", 180.0),
    ("off_write", 200.0),
    ("off_write_cloned", 200.0),
    ("complete_read", 180.0),
    ("complete_read_cloned", 180.0),
    ("complete_write", 200.0),
    ("complete_write_cloned", 200.0),
];

/// A table of the counts, and what each is above that of the bare store.
pub(crate) fn section(file: &Path) -> Result<Section> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let counts = counts(&text);
    ensure!(!counts.is_empty(), "{}: no counts of instructions", file.display());
    let bare = |name: &str| {
        let wanted =
            if name.contains("write") && !name.contains("read") { "bare_write" } else { "bare_read" };
        counts.iter().find(|(name, _)| *name == wanted).map_or(0.0, |bare| bare.1)
    };
    let mut table = Table::new("", &["", "instructions", "above the bare store"]);
    for (name, count) in &counts {
        table.row([shown(name).into(), (*count).into(), (count - bare(name)).into()]);
    }
    let goal = |(name, most): (&str, f64)| {
        let above = counts.iter().find(|(counted, _)| *counted == name).map(|(_, count)| count - bare(name));
        Goal::at_most(&format!("instructions: {}", shown(name)), most, above, "")
    };
    let goals = PROMISES.into_iter().map(goal).collect();
    Ok(Section { tables: vec![table], goals, ..Section::new("Instructions").note(NOTE) })
}

fn shown(name: &str) -> String {
    name.replace('_', " ")
}

/// The name of each benchmark stands above its count: `MODULE::request NAME:ARGUMENTS`, `Instructions: COUNT|..`.
fn counts(text: &str) -> Vec<(&str, f64)> {
    let (mut counts, mut name) = (Vec::new(), None);
    for line in text.lines() {
        if let Some(found) = line.split_once("::request ") {
            name = found.1.split(':').next();
        } else if let Some((_, count)) = line.split_once("Instructions:") {
            let count = count.split('|').next().and_then(|count| count.trim().parse().ok());
            counts.extend(name.take().zip(count));
        }
    }
    counts
}
