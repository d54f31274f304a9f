//! Sections as Markdown.

use std::fmt::{self, Display, Formatter};

use super::goal::{Goal, Wanted};
use super::section::{Cell, Section, Table};

impl Display for Section {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n", self.title)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}\n"))?;
        self.tables.iter().try_for_each(|table| writeln!(f, "{table}"))?;
        let pictures = self.plots.iter().map(|plot| (&plot.title, &plot.file));
        pictures.into_iter().try_for_each(|(title, file)| writeln!(f, "![{title}](plots/{file})\n"))
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.caption.is_empty() {
            writeln!(f, "{}\n", self.caption)?;
        }
        writeln!(f, "| {} |\n|{}", self.columns.join(" | "), "---|".repeat(self.columns.len()))?;
        for row in &self.rows {
            let cells: Vec<_> = row.iter().map(ToString::to_string).collect();
            writeln!(f, "| {} |", cells.join(" | "))?;
        }
        Ok(())
    }
}

impl Display for Cell {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(&short(*number)),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The wanted and the measured number, as a row of the table of goals.
impl Display for Goal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (sign, wanted) = match self.wanted {
            Wanted::AtLeast(wanted) => ("≥", wanted),
            Wanted::AtMost(wanted) => ("≤", wanted),
        };
        let Self { what, measured, unit, .. } = self;
        let number = |number| format!("{}{unit}", short(number));
        let (wanted, measured) = (number(wanted), measured.map_or_else(String::new, number));
        write!(f, "| {what} | {sign} {wanted} | {measured} | {} |", self.verdict())
    }
}

/// Three digits where they are wanted; whole numbers with their thousands apart.
fn short(number: f64) -> String {
    match number.abs() {
        size if size.fract() == 0.0 => thousands(number as i64),
        size if size < 0.01 => format!("{number:.4}"),
        size if size < 10.0 => format!("{number:.2}"),
        size if size < 100.0 => format!("{number:.1}"),
        _ => thousands(number.round() as i64),
    }
}

fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        let shown = [0.0, 0.00123, 1.234, 8.0, 56.78, 999.6, -1_234_567.0].map(short);
        assert_eq!(shown, ["0", "0.0012", "1.23", "8", "56.8", "1,000", "-1,234,567"]);
    }
}
