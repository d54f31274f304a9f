//! The walk through all stages, under traffic and faults, with a look into the stores on the way.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::{Instant, sleep_until, timeout};

use crate::faults::Faults;
use crate::history::History;
use crate::mover::{Cohort, Mover};
use crate::report::Report;
use crate::scrape::Scraper;
use crate::screen::Screen;
use crate::steps::Running;
use crate::traffic::Traffic;
use crossfade::route::{Stage, Store};

/// A stage that has not met every kind of fault in its time gets this much more.
const MORE_FOR_FAULTS: Duration = Duration::from_secs(8);
/// Longer than any move should take, its hold included; and than the fill.
const MOVE_MAX: Duration = Duration::from_secs(30);
const FILL_MAX: Duration = Duration::from_secs(300);
/// The target is once away for so long.
const OUTAGE: Duration = Duration::from_secs(2);
const SHOW_EVERY: Duration = Duration::from_millis(500);
const BEFORE_OUTAGE: Duration = Duration::from_secs(1);

/// The label of the steps whose share of target reads is judged.
pub(crate) const CANARY_HALF: &str = "50 % of customers";

/// Everything that the walk uses.
pub(crate) struct Demo {
    pub(crate) mover: Mover,
    /// Where there are metrics.
    pub(crate) scraper: Option<Scraper>,
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

    /// Stays for some seconds, at the pace of the run.
    pub(super) async fn stay(&mut self, stage: Stage, label: &str, seconds: f64) -> Result<()> {
        self.begin(stage, label).await?;
        self.wait(Duration::from_secs_f64(seconds)).await
    }

    /// The last step of a stage: stays longer when a kind of fault has not come often enough.
    async fn stay_for_faults(&mut self, stage: Stage, label: &str, seconds: f64) -> Result<()> {
        self.stay(stage, label, seconds).await?;
        let end = Instant::now() + self.at_pace(MORE_FOR_FAULTS);
        while !self.faults.enough(stage) && Instant::now() < end {
            self.wait(SHOW_EVERY).await?;
        }
        Ok(())
    }

    /// Stays for some seconds, in the midst of which the target goes away.
    async fn stay_through_outage(&mut self, stage: Stage, label: &str, seconds: f64) -> Result<()> {
        self.stay(stage, label, BEFORE_OUTAGE.as_secs_f64()).await?;
        let outage = self.at_pace(OUTAGE);
        self.screen.say(&format!("the target is gone for {outage:?}"));
        let before = self.mover.status().await?.statistics.fallbacks;
        self.faults.take_away(Store::Target, outage);
        self.wait(OUTAGE).await?;
        let after = self.mover.status().await?.statistics.fallbacks;
        self.report.outage_fallbacks = after - before;
        self.wait(Duration::from_secs_f64(seconds).saturating_sub(BEFORE_OUTAGE + OUTAGE)).await
    }

    /// Lets the traffic run for so long, at the pace of the run, and shows how it goes.
    async fn wait(&self, time: Duration) -> Result<()> {
        let end = Instant::now() + self.at_pace(time);
        while Instant::now() < end {
            sleep_until(end.min(Instant::now() + SHOW_EVERY)).await;
            self.show().await?;
        }
        Ok(())
    }

    fn at_pace(&self, time: Duration) -> Duration {
        time.mul_f64(self.report.pace)
    }

    async fn fill(&mut self) -> Result<()> {
        self.begin(Stage::DualWrite, "filling").await?;
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
}
