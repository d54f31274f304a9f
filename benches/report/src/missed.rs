//! Why goals were missed: written by hand, and shown where it fits the run.

use anyhow::{Context, Result};
use bench_report::Goal;

const GOALS: &str = "<!-- goals:";

/// A heading, and paragraphs with the goals that each explains.
///
/// Above a paragraph stands `<!-- goals: NAME; NAME -->`, the beginnings of the goals' names.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    heading: String,
    paragraphs: Vec<Paragraph>,
}

#[derive(Debug)]
struct Paragraph {
    goals: Vec<String>,
    text: String,
}

impl Reasons {
    /// # Errors
    /// When a paragraph does not say which goals it explains.
    pub(crate) fn parse(markdown: &str) -> Result<Self> {
        let mut reasons = Self::default();
        for block in markdown.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
            if block.starts_with('#') {
                block.clone_into(&mut reasons.heading);
            } else {
                reasons.paragraphs.push(Paragraph::parse(block)?);
            }
        }
        Ok(reasons)
    }

    /// The missed goals that no paragraph explains, and the paragraphs that explain one: Markdown, empty where none was missed.
    pub(crate) fn of<'a>(&self, goals: impl IntoIterator<Item = &'a Goal>) -> String {
        let missed: Vec<&Goal> = goals.into_iter().filter(|goal| goal.is_missed()).collect();
        let fits = |paragraph: &&Paragraph| missed.iter().any(|goal| paragraph.explains(goal));
        let told: Vec<_> = self.paragraphs.iter().filter(fits).collect();
        let untold = missed.iter().filter(|goal| !told.iter().any(|paragraph| paragraph.explains(goal)));
        let untold: Vec<_> = untold.map(|goal| format!("- {}", goal.what)).collect();
        let mut blocks = Vec::new();
        if !untold.is_empty() {
            blocks.extend(["Missed, and not explained:".to_owned(), untold.join("\n")]);
        }
        if !told.is_empty() {
            blocks.push(self.heading.clone());
            blocks.extend(told.iter().map(|paragraph| paragraph.text.clone()));
        }
        blocks.iter().map(|block| format!("\n{block}\n")).collect()
    }
}

impl Paragraph {
    fn parse(block: &str) -> Result<Self> {
        let names = || {
            let (line, text) = block.split_once('\n')?;
            let names = line.strip_prefix(GOALS)?.strip_suffix("-->")?;
            Some((names.split(';').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()), text))
        };
        let (goals, text) =
            names().with_context(|| format!("`{GOALS} NAME; NAME -->` is missing above: {block}"))?;
        Ok(Self { goals: goals.collect(), text: text.to_owned() })
    }

    fn explains(&self, goal: &Goal) -> bool {
        self.goals.iter().any(|name| goal.what.starts_with(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\n## Why\n\n<!-- goals: read: off; idle read -->\n**Reads.** They plan.\nAnd count.\n\n\
                        <!-- goals: fill of -->\n**The fill.** It walks twice.\n";

    fn of(goals: &[(&str, f64)]) -> String {
        let goals: Vec<Goal> =
            goals.iter().map(|(what, measured)| Goal::at_most(what, 1.0, *measured, "ns")).collect();
        Reasons::parse(TEXT).unwrap().of(&goals)
    }

    #[test]
    fn a_paragraph_stands_where_one_of_its_goals_is_missed() {
        let reads = "\n## Why\n\n**Reads.** They plan.\nAnd count.\n";
        assert_eq!(of(&[("read: off, cloned", 2.0), ("idle read", 1.0), ("fill of 10 rows", 1.0)]), reads);
        assert_eq!(of(&[("read: off, cloned", 1.0), ("idle read", 2.0)]), reads);
    }

    #[test]
    fn a_run_that_meets_every_goal_has_nothing_to_explain() {
        assert_eq!(of(&[("read: off, cloned", 1.0), ("fill of 10 rows", 1.0)]), "");
        let not_measured = Goal::at_most("read: off", 1.0, None, "ns");
        assert_eq!(Reasons::parse(TEXT).unwrap().of([&not_measured]), "");
    }

    #[test]
    fn a_missed_goal_without_a_paragraph_is_named() {
        let unexplained = "\nMissed, and not explained:\n\n- write: off\n";
        assert_eq!(of(&[("write: off", 2.0), ("a read: off", 1.0)]), unexplained);
        let of_both = of(&[("fill of 10 rows", 2.0), ("write: off", 2.0)]);
        assert_eq!(of_both, format!("{unexplained}\n## Why\n\n**The fill.** It walks twice.\n"));
    }

    #[test]
    fn a_paragraph_that_names_no_goals_is_refused() {
        for text in
            ["**Reads.** They plan.\nAnd count.", "<!-- goals: read\nThey plan.", "<!-- goals: read -->"]
        {
            assert!(Reasons::parse(text).unwrap_err().to_string().contains(text), "{text}");
        }
    }

    #[test]
    fn every_paragraph_of_the_project_names_its_goals() {
        let reasons = Reasons::parse(include_str!("../../missed.md")).unwrap();
        assert!(reasons.heading.starts_with("## "));
        assert!(reasons.paragraphs.len() > 1);
        assert!(reasons.paragraphs.iter().all(|paragraph| !paragraph.goals.is_empty()), "{reasons:?}");
    }
}
