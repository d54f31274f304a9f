//! A goal, and how far it was met.

use serde::{Deserialize, Serialize};

/// What was promised, and what was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Goal {
    /// What is measured.
    pub what: String,
    /// What it should be.
    pub wanted: Wanted,
    /// What it is; none where the measurement is missing.
    pub measured: Option<f64>,
    /// Of both numbers.
    pub unit: String,
}

/// What a number should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Goal {
    /// This number should be `wanted` or more.
    #[must_use]
    pub fn at_least(what: &str, wanted: f64, measured: impl Into<Option<f64>>, unit: &str) -> Self {
        Self::new(what, Wanted::AtLeast(wanted), measured.into(), unit)
    }

    /// This number should be `wanted` or less.
    #[must_use]
    pub fn at_most(what: &str, wanted: f64, measured: impl Into<Option<f64>>, unit: &str) -> Self {
        Self::new(what, Wanted::AtMost(wanted), measured.into(), unit)
    }

    fn new(what: &str, wanted: Wanted, measured: Option<f64>, unit: &str) -> Self {
        Self { what: what.to_owned(), wanted, measured, unit: unit.to_owned() }
    }

    /// Whether it was measured and is not what it should be.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        let met = |measured| match self.wanted {
            Wanted::AtLeast(wanted) => measured >= wanted,
            Wanted::AtMost(wanted) => measured <= wanted,
        };
        self.measured.is_some_and(|measured| !met(measured))
    }

    /// In a word, or how far it was missed.
    #[must_use]
    pub fn verdict(&self) -> String {
        let Some(measured) = self.measured else { return "not measured".to_owned() };
        let (Wanted::AtLeast(wanted) | Wanted::AtMost(wanted)) = self.wanted;
        if self.is_missed() { missed(measured / wanted) } else { "met".to_owned() }
    }
}

/// By how much, when this is the share that was measured of what was wanted.
fn missed(share: f64) -> String {
    let percent = 100.0 * (share - 1.0).abs();
    match share {
        2.0.. => format!("missed: {share:.1} times that"),
        _ if percent < 1.0 => format!("missed by {percent:.2} %"),
        _ => format!("missed by {percent:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_without_a_number_is_neither_met_nor_missed() {
        assert_eq!(Goal::at_most("time", 2.0, None, "ms").verdict(), "not measured");
    }

    #[test]
    fn a_goal_that_is_missed_says_by_how_much() {
        assert_eq!(Goal::at_least("ratio", 0.85, 0.85, "").verdict(), "met");
        assert_eq!(Goal::at_least("ratio", 0.98, 0.979, "").verdict(), "missed by 0.10 %");
        assert_eq!(Goal::at_most("time", 60.0, 534.0, "").verdict(), "missed: 8.9 times that");
        assert_eq!(Goal::at_least("ratio", 0.8, 0.6, "").verdict(), "missed by 25.0 %");
        assert_eq!(Goal::at_most("time", 2.0, 2.2, "ms").verdict(), "missed by 10.0 %");
    }
}
