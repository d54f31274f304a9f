//! Whoever moves the invoices in the demo: crossfade, or the hand-written way that it is compared with.

use anyhow::Result;
use crossfade::route::Stage;

use crate::naive::Naive;
use crate::wiring::{Cohort, Control, FillProgress, Statistics};

/// What the demo walks through the stages with.
#[derive(Clone)]
pub(crate) enum Mover {
    Crossfade(Control),
    Naive(Naive),
}

impl Mover {
    pub(crate) async fn move_to(&self, stage: Stage) -> Result<()> {
        match self {
            Self::Crossfade(control) => control.move_to(stage).await,
            Self::Naive(naive) => {
                naive.set_stage(stage);
                Ok(())
            }
        }
    }

    pub(crate) async fn set_cohort(&self, cohort: Cohort) -> Result<()> {
        match self {
            Self::Crossfade(control) => control.set_cohort(cohort).await,
            Self::Naive(naive) => {
                naive.set_cohort(cohort);
                Ok(())
            }
        }
    }

    pub(crate) async fn fill(&self, progress: impl FnMut(FillProgress) + Send) -> Result<()> {
        match self {
            Self::Crossfade(control) => control.fill(progress).await,
            Self::Naive(naive) => naive.fill(progress).await,
        }
    }

    /// What is known to be left to copy; by hand nobody knows.
    pub(crate) async fn marks_left(&self) -> Result<u64> {
        match self {
            Self::Crossfade(control) => control.marks_left().await,
            Self::Naive(_) => Ok(0),
        }
    }

    pub(crate) fn statistics(&self) -> Statistics {
        match self {
            Self::Crossfade(control) => control.statistics(),
            Self::Naive(_) => Statistics::default(),
        }
    }

    pub(crate) async fn close(&self) -> Result<()> {
        match self {
            Self::Crossfade(control) => control.close().await,
            Self::Naive(_) => Ok(()),
        }
    }
}
