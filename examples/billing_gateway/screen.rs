//! Where the demo shows how it goes: bars that stay in place on a terminal, plain lines elsewhere. `NO_COLOR` is
//! respected.

use std::cmp;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use console::style;
use crossfade::route::Stage;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::mover::FillProgress;
use crate::report::{Progress, counts_line, rates_line, say};

/// The terminal, or a stream of lines. A clone is the same screen.
#[derive(Clone)]
pub(crate) struct Screen {
    bars: Option<Bars>,
    /// How many invoices the last line about the fill named.
    filled: Arc<AtomicU64>,
}

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
        let bars = std::io::stdout().is_terminal().then(|| Bars::new(invoices));
        Self { bars, filled: Arc::default() }
    }

    /// One line that stays.
    pub(crate) fn say(&self, line: &str) {
        match &self.bars {
            // A terminal that cannot be written to shows nothing of the rest either.
            Some(bars) => drop(bars.all.println(line)),
            None => say(line),
        }
    }

    /// The stage that is entered.
    pub(crate) fn stage(&self, stage: Stage) {
        if let Some(bars) = &self.bars {
            bars.ladder.set_message(ladder(stage));
        }
    }

    /// How the present step goes.
    pub(crate) fn progress(&self, now: &Progress) {
        match &self.bars {
            Some(bars) => {
                bars.rates.set_message(rates_line(now));
                bars.counts.set_message(counts_line(now));
            }
            None => say(&format!("{}  {}", rates_line(now), counts_line(now))),
        }
    }

    /// How far the fill is.
    pub(crate) fn fill(&self, progress: FillProgress) {
        match &self.bars {
            Some(bars) if progress.done => bars.fill.finish(),
            Some(bars) => bars.fill.set_position(progress.copied),
            None if self.filled.swap(progress.copied, Ordering::Relaxed) == progress.copied => {}
            None => say(&format!("  fill: {} invoices copied", progress.copied)),
        }
    }

    /// Takes the bars away, so that what follows stands alone.
    pub(crate) fn end(&self) {
        if let Some(bars) = &self.bars {
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
        cmp::Ordering::Less => style(stage.as_str()).green().to_string(),
        cmp::Ordering::Equal => style(format!("[{stage}]")).cyan().bold().to_string(),
        cmp::Ordering::Greater => style(stage.as_str()).dim().to_string(),
    };
    format!("  {}", Stage::ALL.map(name).join(" > "))
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
