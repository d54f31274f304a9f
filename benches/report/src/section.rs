//! What one measurement has to say.

use serde::{Deserialize, Serialize};

use super::goal::Goal;
use super::plot::Plot;

/// One measurement.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// What was done and how to read it, a paragraph each.
    pub notes: Vec<String>,
    /// What came out.
    pub tables: Vec<Table>,
    /// The same to look at.
    pub plots: Vec<Plot>,
    /// What was promised.
    pub goals: Vec<Goal>,
}

/// A table of a section.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Table {
    /// What stands above it.
    pub caption: String,
    /// The heads of its columns, with units.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
}

/// What stands in a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// Shown with three digits, or as the whole number that it is.
    Number(f64),
    /// Shown as it is.
    Text(String),
}

impl Section {
    /// An empty one.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    /// With one more paragraph.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

impl Table {
    /// An empty one.
    #[must_use]
    pub fn new(caption: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(ToString::to_string).collect();
        Self { caption: caption.to_owned(), columns, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const CELLS: usize>(&mut self, cells: [Cell; CELLS]) {
        self.rows.push(cells.into());
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
