//! What a program of the measurements does with its sections.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::section::Section;

/// The options that all of them have.
#[derive(Args, Debug)]
pub struct Output {
    /// Also writes the sections to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Shorter, and less exact.
    #[arg(long)]
    pub quick: bool,
    /// What cargo adds to a bench.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Output {
    /// The first, or with `--quick` the second.
    pub fn or_quick<T>(&self, whole: T, quick: T) -> T {
        if self.quick { quick } else { whole }
    }

    /// Shows the sections as Markdown, and writes them where they are wanted.
    ///
    /// # Errors
    /// When the file cannot be written.
    #[allow(clippy::print_stdout, reason = "it is what the program is for")]
    pub fn write(&self, sections: &[Section]) -> anyhow::Result<()> {
        for section in sections {
            print!("{section}");
            section.goals.iter().for_each(|goal| println!("{goal}"));
            println!();
        }
        let Some(file) = &self.json else { return Ok(()) };
        let write = || anyhow::Ok(serde_json::to_writer_pretty(File::create(file)?, sections)?);
        write().with_context(|| file.display().to_string())
    }
}
