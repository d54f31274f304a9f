//! What the bench `instructions` printed: the counts of callgrind.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bench_report::{Goal, Section, Table};

const NOTE: &str =
    "Of one request, counted by callgrind: exact, and the same on every run. The bare store is in them.";

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
    let mut goals = Vec::new();
    for (name, count) in &counts {
        let (shown, above) = (name.replace('_', " "), count - bare(name));
        goals.extend(
            promised(name).map(|most| Goal::at_most(&format!("instructions: {shown}"), most, above, "")),
        );
        table.row([shown.into(), (*count).into(), above.into()]);
    }
    Ok(Section { tables: vec![table], goals, ..Section::new("Instructions").note(NOTE) })
}

/// How many instructions an idle stack should take at most.
fn promised(name: &str) -> Option<f64> {
    let idle = name.starts_with("off_") || name.starts_with("complete_");
    idle.then(|| if name.contains("write") { 200.0 } else { 180.0 })
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
