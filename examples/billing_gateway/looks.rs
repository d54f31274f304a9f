//! The looks into the stores on the walk, with everything at rest.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::Instant;

use crate::compare::{compare, sights};
use crate::demo::Demo;
use crate::judge::Judge;
use crate::report::{self, Check};
use crossfade::route::{Stage, Store};

/// How long a check waits, with traffic paused, until no mark is left.
const MARKS_MAX: Duration = Duration::from_secs(15);
/// After a check, traffic and faults run again for so many seconds: the next move is to happen in the midst of them.
const UNDER_WAY: f64 = 1.0;

impl Demo {
    /// Pauses traffic and faults, waits until no mark is left, compares both stores by SQL, and goes on.
    pub(super) async fn check(&mut self, stage: Stage, when: &'static str) -> Result<()> {
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
    pub(super) async fn judge_all(&mut self) -> Result<()> {
        self.rest().await?;
        let stored = sights(Store::Target, &self.target_url).await?;
        let notes = self.traffic.ledger().notes();
        let findings = Judge::new(notes, &stored).judge(&stored);
        self.note(Check { when: "after complete, every read included", comparison: None, findings });
        self.report.statistics = self.mover.status().await?.statistics;
        self.report.account = self.mover.account().await?;
        if let Some(scraper) = self.scraper.take() {
            self.report.scraped = Some(scraper.end().await?);
        }
        (self.report.acknowledged, self.report.unknown) = self.traffic.ledger().counts();
        Ok(())
    }

    async fn rest(&mut self) -> Result<()> {
        self.faults.set_stage(None);
        self.traffic.pause().await?;
        self.end().await?;
        let began = Instant::now();
        loop {
            let left = self.mover.status().await?.marks_left;
            if left == 0 {
                return Ok(());
            }
            if began.elapsed() > MARKS_MAX {
                bail!(
                    "after {MARKS_MAX:?} without traffic {left} marks are left: {:?}",
                    self.mover.account().await?
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn note(&mut self, check: Check) {
        self.screen.say(&report::check_line(&check));
        self.report.checks.push(check);
    }
}
