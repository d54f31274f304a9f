//! Whoever moves the invoices in the demo: crossfade, driven through its admin API, or the hand-written way that it is
//! compared with.

use std::future::pending;
use std::sync::Arc;

use anyhow::{Context, Result};
use crossfade::route::{AttributeRule, Percent, RoutingConfig, Stage};
use tokio::net::TcpListener;

use crate::admin_client::{Account, AdminClient};
use crate::naive::Naive;
use crate::serve;
use crate::wiring::Control;

/// Whose reads go to the target first in `canary`.
#[derive(Clone, Debug)]
pub(crate) enum Cohort {
    Country(Arc<str>),
    Percent(u8),
}

/// How far the fill is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FillProgress {
    pub(crate) copied: u64,
    pub(crate) done: bool,
}

/// What was counted since the start; by hand nothing is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) marks: u64,
    pub(crate) copies: u64,
    pub(crate) fallbacks: u64,
    pub(crate) mismatches_confirmed: u64,
    pub(crate) mismatches_transient: u64,
}

/// How it goes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Status {
    /// What is known to be left to copy, writes on their way included.
    pub(crate) marks_left: u64,
    pub(crate) statistics: Statistics,
}

/// What the demo walks through the stages with.
pub(crate) enum Mover {
    Crossfade { admin: AdminClient, control: Control },
    Naive(Naive),
}

impl Cohort {
    /// The config with this cohort in place of its own.
    pub(crate) fn choose(&self, config: &mut RoutingConfig) -> Result<()> {
        (config.cohort.rules, config.cohort.weight) = (Vec::new(), Percent::ZERO);
        match self {
            Self::Country(country) => config
                .cohort
                .rules
                .push(AttributeRule { attribute: "country".into(), values: vec![country.to_string()] }),
            Self::Percent(percent) => config.cohort.weight = format!("{percent}%").parse()?,
        }
        Ok(())
    }
}

impl Mover {
    /// Serves the admin API on a free port of this machine, and moves by it.
    pub(crate) async fn by_admin(control: Control) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on 127.0.0.1")?;
        let admin = AdminClient::new(format!("http://{}", listener.local_addr()?));
        // It ends with the process, and a call that finds it gone is an error.
        tokio::spawn(serve::admin(&control).serve(listener, pending()));
        Ok(Self::Crossfade { admin, control })
    }

    pub(crate) async fn move_to(&self, stage: Stage) -> Result<()> {
        match self {
            Self::Crossfade { admin, .. } => admin.move_to(stage).await,
            Self::Naive(naive) => {
                naive.set_stage(stage);
                Ok(())
            }
        }
    }

    pub(crate) async fn set_cohort(&self, cohort: Cohort) -> Result<()> {
        match self {
            Self::Crossfade { admin, control } => admin.set_cohort(control.config, &cohort).await,
            Self::Naive(naive) => {
                naive.set_cohort(cohort);
                Ok(())
            }
        }
    }

    pub(crate) async fn fill(&self, progress: impl FnMut(FillProgress) + Send) -> Result<()> {
        match self {
            Self::Crossfade { admin, .. } => admin.fill(progress).await,
            Self::Naive(naive) => naive.fill(progress).await,
        }
    }

    /// By hand nobody knows.
    pub(crate) async fn status(&self) -> Result<Status> {
        match self {
            Self::Crossfade { admin, .. } => admin.status().await,
            Self::Naive(_) => Ok(Status::default()),
        }
    }

    /// What the journal says of the run, where there is one.
    pub(crate) async fn account(&self) -> Result<Option<Account>> {
        match self {
            Self::Crossfade { admin, .. } => admin.account().await.map(Some),
            Self::Naive(_) => Ok(None),
        }
    }

    pub(crate) async fn close(&self) -> Result<()> {
        match self {
            Self::Crossfade { control, .. } => control.close().await,
            Self::Naive(_) => Ok(()),
        }
    }
}
