//! [`Metrics`].

use std::sync::Arc;

use tokio::task::JoinSet;

use super::families::FAMILIES;
use super::family::{Family, Sample};
use super::known::Migration;
use super::reading::Reading;
use crate::route::RoutingHandle;

/// How many migrations have a `migration` label of their own.
pub const LABEL_VALUES_MAX: usize = 100;
/// The `migration` label of all others.
pub(super) const OTHER: &str = "_other";

/// The metrics of the migrations of a process: see the [module docs](super). A clone reads the same ones.
#[derive(Clone, Debug)]
pub struct Metrics {
    migrations: Vec<Arc<Migration>>,
    label_values_max: usize,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Of no migration yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { migrations: Vec::new(), label_values_max: LABEL_VALUES_MAX }
    }

    /// Of this migration too; the name is its `migration` label. The same name again takes the place of the first.
    #[must_use]
    pub fn migration(mut self, name: impl Into<String>, routing: RoutingHandle) -> Self {
        let migration = Migration::new(name.into(), routing);
        self.migrations.retain(|known| known.name != migration.name);
        self.migrations.push(Arc::new(migration));
        self
    }

    /// How many migrations have a `migration` label of their own; [`LABEL_VALUES_MAX`] by default. Those beyond are
    /// added up as `_other`, their states (stage, epoch, timestamps) left out.
    #[must_use]
    pub const fn label_values_max(mut self, values: usize) -> Self {
        self.label_values_max = values;
        self
    }

    /// Asks the journals for what only they know - marks by state, fill, certificate - where the last answer is older
    /// than [`STATUS_EVERY`](super::STATUS_EVERY). Both adapters do so by themselves; await it to have the answers in the next reading.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn refresh(&self) {
        let mut asking = JoinSet::new();
        for migration in self.migrations.iter().filter(|migration| !migration.is_fresh()) {
            let migration = Arc::clone(migration);
            asking.spawn(async move { migration.refresh().await });
        }
        while asking.join_next().await.is_some() {}
    }

    /// Refreshes in a task, for the next reading. Without a runtime the journals are not asked.
    pub(super) fn refresh_soon(&self) {
        if self.migrations.iter().all(|migration| migration.is_fresh()) {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let metrics = self.clone();
            drop(runtime.spawn(async move { metrics.refresh().await }));
        }
    }

    /// Reads everything once and goes through the table; a family without a sample is left out.
    pub(super) fn each<E>(
        &self,
        mut visit: impl FnMut(&'static Family, &[Sample<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let readings: Vec<(&str, Reading)> = self
            .migrations
            .iter()
            .enumerate()
            .map(|(at, migration)| {
                let name = if at < self.label_values_max { migration.name.as_str() } else { OTHER };
                (name, Reading::of(migration.core, migration.known()))
            })
            .collect();
        for family in FAMILIES.into_iter().flatten() {
            let samples = family.samples(&readings);
            if !samples.is_empty() {
                visit(family, &samples)?;
            }
        }
        Ok(())
    }
}
