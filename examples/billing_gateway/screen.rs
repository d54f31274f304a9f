//! Where the demo shows how it goes: bars that stay in place on a terminal, plain lines elsewhere. `NO_COLOR` is
//! respected.

use std::io::IsTerminal;

use console::style;
use crossfade::route::Stage;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::mover::FillProgress;
use crate::report::{Progress, counts_line, rates_line, say};

/// The terminal, or a stream of lines. A clone is the same screen.
#[derive(Clone)]
pub(crate) struct Screen(Option<Bars>);

#[derive(Clone)]
struct Bars {
    all: MultiProgress,
    ladder: ProgressBar,
    rates: ProgressBar,
    counts: ProgressBar,
    fill: ProgressBar,
}

impl Screen {
    /// Bars when the output is a terminal; `invoices` is what there is to fill.
    pub(crate) fn new(invoices: u64) -> Self {
        Self(std::io::stdout().is_terminal().then(|| Bars::new(invoices)))
    }

    /// One line that stays.
    pub(crate) fn say(&self, line: &str) {
        match &self.0 {
            // A terminal that cannot be written to shows nothing of the rest either.
            Some(bars) => drop(bars.all.println(line)),
            None => say(line),
        }
    }

    /// The stage that is entered.
    pub(crate) fn stage(&self, stage: Stage) {
        if let Some(bars) = &self.0 {
            bars.ladder.set_message(ladder(stage));
        }
    }

    /// How the present step goes.
    pub(crate) fn progress(&self, now: &Progress) {
        match &self.0 {
            Some(bars) => {
                bars.rates.set_message(rates_line(now));
                bars.counts.set_message(counts_line(now));
            }
            None => say(&format!("{}  {}", rates_line(now), counts_line(now))),
        }
    }

    /// How far the fill is.
    pub(crate) fn fill(&self, progress: FillProgress) {
        match &self.0 {
            Some(bars) if progress.done => bars.fill.finish(),
            Some(bars) => bars.fill.set_position(progress.copied),
            None => say(&format!("  fill: {} invoices copied", progress.copied)),
        }
    }

    /// Takes the bars away, so that what follows stands alone.
    pub(crate) fn end(&self) {
        if let Some(bars) = &self.0 {
            for bar in [&bars.ladder, &bars.rates, &bars.counts, &bars.fill] {
                bar.finish_and_clear();
            }
        }
    }
}

impl Bars {
    fn new(invoices: u64) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        let line = || {
            let line = all.add(ProgressBar::no_length());
            line.with_style(template("{wide_msg}"))
        };
        let (ladder, rates, counts) = (line(), line(), line());
        let fill = all.add(ProgressBar::new(invoices));
        let fill = fill.with_style(template("  fill {bar:40.green} {pos}/{len} invoices, {per_sec}"));
        Self { all, ladder, rates, counts, fill }
    }
}

/// A template that cannot be read shows the bar in the default style.
fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// All stages in a row: those behind, the present one, those ahead.
fn ladder(now: Stage) -> String {
    let name = |stage: Stage| match stage.cmp(&now) {
        std::cmp::Ordering::Less => style(stage.as_str()).green().to_string(),
        std::cmp::Ordering::Equal => style(format!("[{stage}]")).cyan().bold().to_string(),
        std::cmp::Ordering::Greater => style(stage.as_str()).dim().to_string(),
    };
    format!("  {}", Stage::ALL.map(name).join(" > "))
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
