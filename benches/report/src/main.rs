//! Makes one report of the sections that the programs of the measurements wrote.

mod criterion;
mod instructions;
mod kept;
mod machine;
mod missed;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use bench_report::{Goal, Section};
use clap::Parser;

use self::missed::Reasons;

/// Makes one report, with its plots, of the sections that the programs of the measurements wrote.
#[derive(Parser, Debug)]
struct Options {
    /// The report, a Markdown file; `plots/` is made beside it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How it was made, as a line of the shell.
    #[arg(long, default_value = "./benches/run")]
    command: String,
    /// Why goals were missed: Markdown, a paragraph of which is put below them where one of its goals was missed in this run.
    #[arg(long, value_name = "FILE")]
    missed: Option<PathBuf>,
    /// The folder of criterion's results.
    #[arg(long, value_name = "DIR")]
    criterion: Option<PathBuf>,
    /// What the bench `instructions` printed.
    #[arg(long, value_name = "FILE")]
    instructions: Option<PathBuf>,
    /// Sections as JSON, in the order of the report.
    #[arg(value_name = "FILE")]
    sections: Vec<PathBuf>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let sections = all(&options)?;
    let reasons = reasons(options.missed.as_deref()).context("why goals were missed")?;
    let report = report(&options.command, &sections, &reasons);
    fs::write(&options.out, report).context("the report")?;
    draw(&sections, &options.out.with_file_name("plots"))
}

fn reasons(file: Option<&Path>) -> Result<Reasons> {
    file.map_or_else(|| Ok(Reasons::default()), |file| Reasons::parse(&fs::read_to_string(file)?))
}

fn all(options: &Options) -> Result<Vec<Section>> {
    let mut sections = Vec::new();
    if let Some(folder) = &options.criterion {
        sections.push(criterion::section(folder)?);
    }
    if let Some(file) = &options.instructions {
        sections.push(instructions::section(file)?);
    }
    for file in &options.sections {
        let of_file = || Ok::<Vec<Section>, anyhow::Error>(serde_json::from_slice(&fs::read(file)?)?);
        sections.extend(of_file().with_context(|| file.display().to_string())?);
    }
    sections.push(kept::section());
    Ok(sections)
}

fn report(command: &str, sections: &[Section], reasons: &Reasons) -> String {
    let all_goals = || sections.iter().flat_map(|section| &section.goals);
    let mut text = format!(
        "# What crossfade costs\n\nMade by `{command}` in one run; by hand is written only why goals were missed. Compare \
         numbers of one table with each other: those of two machines say little.\n\n{}\n{}{}",
        machine::table(),
        goals(all_goals()),
        reasons.of(all_goals()),
    );
    for section in sections {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{}", section.to_string().trim_end());
        text.push('\n');
    }
    text
}

fn goals<'a>(goals: impl Iterator<Item = &'a Goal>) -> String {
    let rows: Vec<String> = goals.map(ToString::to_string).collect();
    let head = "## Goals\n\n| goal | wanted | measured | |\n|---|---|---|---|\n";
    format!("{head}{}\n", rows.join("\n"))
}

fn draw(sections: &[Section], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for plot in sections.iter().flat_map(|section| &section.plots) {
        plot.draw(&folder.join(&plot.file)).map_err(|error| anyhow!("{}: {error}", plot.file))?;
    }
    Ok(())
}
