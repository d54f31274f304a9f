//! The steps of the walk: what each took, for the table and the verdict.

use anyhow::Result;
use crossfade::route::Stage;
use tokio::time::Instant;

use crate::demo::Demo;
use crate::mover::{Statistics, Status};
use crate::report::{self, Progress, Step};

impl Demo {
    /// Begins a step. The one before lasts until now, so that it has what a move to this one cost.
    pub(super) async fn begin(&mut self, stage: Stage, label: &str) -> Result<()> {
        self.end().await?;
        self.screen.stage(stage);
        self.faults.set_stage(Some(stage));
        self.running = Some(Running {
            stage,
            label: label.to_owned(),
            number: self.traffic.begin_step(),
            began: Instant::now(),
            before: self.mover.status().await?.statistics,
        });
        Ok(())
    }

    pub(super) async fn end(&mut self) -> Result<()> {
        let Some(running) = self.running.take() else {
            return Ok(());
        };
        let time = running.began.elapsed();
        let after = self.mover.status().await?.statistics;
        self.report.steps.push(Step {
            stage: running.stage,
            label: running.label,
            time,
            number: running.number,
            marks: after.marks - running.before.marks,
            copies: after.copies - running.before.copies,
            fallbacks: after.fallbacks - running.before.fallbacks,
        });
        Ok(())
    }

    pub(super) async fn show(&self) -> Result<()> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        let Status { marks_left, statistics } = self.mover.status().await?;
        let (requests, latencies) = self.traffic.glance(running.number, 1_000);
        self.screen.progress(&Progress {
            name: report::name(running.stage, &running.label),
            time: running.began.elapsed(),
            requests,
            latencies,
            marks_left,
            statistics,
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
