//! The walk through all stages, under traffic and faults, with a look into the stores on the way.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::{Instant, timeout};

use crate::compare::{compare, sights};
use crate::faults::Faults;
use crate::history::History;
use crate::judge::Judge;
use crate::mover::Mover;
use crate::report::{self, Check, Progress, Report, Step};
use crate::screen::Screen;
use crate::traffic::Traffic;
use crate::wiring::{Cohort, Statistics};
use crossfade::route::{Stage, Store};

/// A stage that has not met every kind of fault in its time gets this much more.
const MORE_FOR_FAULTS: Duration = Duration::from_secs(8);
/// How long a check waits, with traffic paused, until no mark is left.
const MARKS_MAX: Duration = Duration::from_secs(15);
/// After a check, traffic and faults run again for so many seconds: the next move is to happen in the midst of them.
const UNDER_WAY: f64 = 1.0;
/// Longer than any move should take, its hold included; and than the fill.
const MOVE_MAX: Duration = Duration::from_secs(20);
const FILL_MAX: Duration = Duration::from_secs(60);
/// The target is once away for so long.
const OUTAGE: Duration = Duration::from_secs(2);
const SHOW_EVERY: Duration = Duration::from_millis(500);
const BEFORE_OUTAGE: Duration = Duration::from_secs(1);

/// The label of the steps whose share of target reads is judged.
pub(crate) const CANARY_HALF: &str = "50 % of customers";

/// Everything that the walk uses.
pub(crate) struct Demo {
    pub(crate) mover: Mover,
    pub(crate) screen: Screen,
    pub(crate) traffic: Traffic,
    pub(crate) faults: Faults,
    pub(crate) legacy_url: String,
    pub(crate) target_url: String,
    pub(crate) report: Report,
    pub(crate) running: Option<Running>,
}

impl Demo {
    /// Walks from `off` to `complete`.
    pub(crate) async fn walk(&mut self, history: &History) -> Result<()> {
        let country = history.largest_country().context("the history has no customers")?;
        let first = Cohort::Country(country.clone());

        self.traffic.resume();
        self.stay(Stage::Off, "", 3.0).await?;

        self.go(Stage::DualWrite).await?;
        self.stay(Stage::DualWrite, "", 2.0).await?;
        self.fill().await?;
        self.stay_for_faults(Stage::DualWrite, "filled", 1.0).await?;
        self.check(Stage::DualWrite, "after the fill").await?;

        self.go(Stage::Shadow).await?;
        self.stay_for_faults(Stage::Shadow, "", 4.0).await?;

        self.traffic.name_stores(true); // from here to the end of live the header decides
        self.mover.set_cohort(first).await?;
        self.go(Stage::Canary).await?;
        self.stay(Stage::Canary, &format!("customers in {country}"), 2.0).await?;
        self.mover.set_cohort(Cohort::Percent(10)).await?;
        self.stay_through_outage(Stage::Canary, "10 % of customers", 4.0).await?;
        self.mover.set_cohort(Cohort::Percent(50)).await?;
        self.stay(Stage::Canary, CANARY_HALF, 2.5).await?;

        self.screen.say("rolling back from canary to shadow, and forward again");
        self.go(Stage::Shadow).await?;
        self.stay(Stage::Shadow, "rolled back", 1.5).await?;
        self.check(Stage::Shadow, "after the rollback").await?;
        self.go(Stage::Canary).await?;
        self.stay_for_faults(Stage::Canary, CANARY_HALF, 2.5).await?;

        self.go(Stage::Live).await?;
        self.stay_for_faults(Stage::Live, "", 4.0).await?;
        self.traffic.name_stores(false);
        self.check(Stage::Live, "at the end of live").await?;

        self.go(Stage::RampDown).await?;
        self.stay_for_faults(Stage::RampDown, "", 4.0).await?;
        self.check(Stage::RampDown, "at the end of ramp_down").await?;

        self.go(Stage::Complete).await?;
        self.stay(Stage::Complete, "", 3.0).await?;
        self.judge_all().await
    }

    async fn go(&self, stage: Stage) -> Result<()> {
        let began = Instant::now();
        let moved = timeout(MOVE_MAX, self.mover.move_to(stage)).await;
        moved
            .with_context(|| format!("the move to {stage} did not end within {MOVE_MAX:?}"))?
            .with_context(|| format!("the move to {stage} was refused"))?;
        self.screen.say(&format!("moved to {stage} in {:.0?}", began.elapsed()));
        Ok(())
    }

    /// Stays for some seconds.
    async fn stay(&mut self, stage: Stage, label: &str, seconds: f64) -> Result<()> {
        self.dwell(stage, label, seconds, Duration::ZERO).await
    }

    /// The last step of a stage: stays longer when a kind of fault has not come often enough.
    async fn stay_for_faults(&mut self, stage: Stage, label: &str, seconds: f64) -> Result<()> {
        self.dwell(stage, label, seconds, MORE_FOR_FAULTS).await
    }

    async fn dwell(&mut self, stage: Stage, label: &str, seconds: f64, more: Duration) -> Result<()> {
        self.begin(stage, label);
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        while Instant::now() < end || (!self.faults.enough(stage) && Instant::now() < end + more) {
            tokio::time::sleep(SHOW_EVERY).await;
            self.show().await?;
        }
        Ok(())
    }

    async fn stay_through_outage(&mut self, stage: Stage, label: &str, seconds: f64) -> Result<()> {
        let (faults, screen) = (self.faults.clone(), self.screen.clone());
        tokio::spawn(async move {
            tokio::time::sleep(BEFORE_OUTAGE).await;
            screen.say(&format!("the target is gone for {OUTAGE:?}"));
            faults.take_away(Store::Target, OUTAGE);
        });
        self.stay(stage, label, seconds).await
    }

    async fn fill(&mut self) -> Result<()> {
        self.begin(Stage::DualWrite, "filling");
        let mut said = Instant::now();
        let filled = self.mover.fill(|progress| {
            if progress.done || said.elapsed() > SHOW_EVERY {
                said = Instant::now();
                self.screen.fill(progress);
            }
        });
        let filled = timeout(FILL_MAX, filled).await;
        filled
            .with_context(|| format!("the fill did not end within {FILL_MAX:?}"))?
            .context("the fill failed")
    }

    /// Pauses traffic and faults, waits until no mark is left, compares both stores by SQL, and goes on.
    async fn check(&mut self, stage: Stage, when: &'static str) -> Result<()> {
        self.rest().await?;
        let comparison = compare(&self.legacy_url, &self.target_url).await?;
        let (store, url) = if stage >= Stage::RampDown {
            (Store::Target, &self.target_url)
        } else {
            (Store::Legacy, &self.legacy_url)
        };
        let stored = sights(store, url).await?;
        let findings = Judge::new(self.traffic.ledger().notes(), &stored).judge_stored(&stored);
        self.note(Check { when, comparison: Some(comparison), findings });
        self.traffic.resume();
        self.stay(stage, "after the check", UNDER_WAY).await
    }

    /// After `complete`: the target against the ledger, and every read of the run.
    async fn judge_all(&mut self) -> Result<()> {
        self.rest().await?;
        let stored = sights(Store::Target, &self.target_url).await?;
        let notes = self.traffic.ledger().notes();
        let findings = Judge::new(notes, &stored).judge(&stored);
        self.note(Check { when: "after complete, every read included", comparison: None, findings });
        self.report.statistics = self.mover.statistics();
        (self.report.acknowledged, self.report.unknown) = self.traffic.ledger().counts();
        Ok(())
    }

    async fn rest(&mut self) -> Result<()> {
        self.faults.set_stage(None);
        self.traffic.pause().await?;
        self.end();
        let began = Instant::now();
        while self.mover.marks_left().await? > 0 {
            if began.elapsed() > MARKS_MAX {
                bail!(
                    "after {MARKS_MAX:?} without traffic {} marks are left",
                    self.mover.marks_left().await?
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    fn note(&mut self, check: Check) {
        self.screen.say(&report::check_line(&check));
        self.report.checks.push(check);
    }

    /// Begins a step. The one before lasts until now, so that it has what a move to this one cost.
    fn begin(&mut self, stage: Stage, label: &str) {
        self.end();
        self.screen.stage(stage);
        self.faults.set_stage(Some(stage));
        self.running = Some(Running {
            stage,
            label: label.to_owned(),
            number: self.traffic.begin_step(),
            began: Instant::now(),
            before: self.mover.statistics(),
        });
    }

    fn end(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        let after = self.mover.statistics();
        self.report.steps.push(Step {
            stage: running.stage,
            label: running.label,
            time: running.began.elapsed(),
            number: running.number,
            marks: after.marks - running.before.marks,
            copies: after.copies - running.before.copies,
            fallbacks: after.fallbacks - running.before.fallbacks,
        });
    }

    async fn show(&self) -> Result<()> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        let (requests, latencies) = self.traffic.glance(running.number, 1_000);
        self.screen.progress(&Progress {
            name: report::name(running.stage, &running.label),
            time: running.began.elapsed(),
            requests,
            latencies,
            marks_left: self.mover.marks_left().await?,
            statistics: self.mover.statistics(),
        });
        Ok(())
    }
}

/// A step that has begun.
pub(crate) struct Running {
    stage: Stage,
    label: String,
    number: usize,
    began: Instant,
    before: Statistics,
}
