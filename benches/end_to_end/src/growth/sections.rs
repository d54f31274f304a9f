//! All of them, and what they have in common.

use anyhow::Result;
use bench_report::{Line, Output, Plot, Section};

use super::{cohort, fills, marks, writers};
use crate::servers::Places;

pub(crate) async fn sections(places: &Places, output: &Output) -> Result<Vec<Section>> {
    let folder = places.folder()?;
    Ok(vec![
        marks::section(&folder, output).await?,
        fills::section(&folder, output).await?,
        cohort::section(output).await?,
        writers::section(&folder, output).await?,
    ])
}

/// Powers of ten, from the one to the other.
pub(super) fn powers(from: u32, to: u32) -> impl Iterator<Item = i64> {
    (from..=to).map(|power| 10_i64.pow(power))
}

pub(super) fn plot(file: &str, title: &str, (x, y): (&str, &str), lines: Vec<Line>) -> Plot {
    let [file, title, x, y] = [file, title, x, y].map(str::to_owned);
    Plot { file, title, x, y, lines }
}

pub(super) fn line(name: &str, points: Vec<(f64, f64)>) -> Line {
    Line { name: name.to_owned(), points }
}
