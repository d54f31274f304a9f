//! The adapter for the `metrics` facade.

use std::time::Duration;

use metrics::{Label, counter, describe_counter, describe_gauge, gauge};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::family::{Family, Read, Sample, Value};
use super::migrations::Metrics;

/// How often to publish, if nothing speaks for another pace: most scrapers come every 10 to 60 seconds.
pub const PUBLISH_EVERY: Duration = Duration::from_secs(10);

impl Metrics {
    /// Sets every metric once through the facade, in the recorder of this thread or of the process. Call it at a steady
    /// pace, or let [`publish_every`](Self::publish_every) do so.
    pub fn publish(&self) {
        self.refresh_soon();
        let _: Result<(), std::convert::Infallible> = self.each(|family, samples| {
            describe(family);
            samples.iter().for_each(|sample| set(family.name, sample));
            Ok(())
        });
    }

    /// Publishes at this pace in a task of the current runtime, [`PUBLISH_EVERY`] as a rule.
    ///
    /// # Panics
    /// Outside of a tokio runtime, and when the pace is zero.
    #[must_use = "stop it by the handle; dropping the handle leaves it running"]
    pub fn publish_every(&self, pace: Duration) -> Publishing {
        let metrics = self.clone();
        let mut ticks = interval(pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Publishing(tokio::spawn(async move {
            loop {
                ticks.tick().await;
                metrics.refresh().await;
                metrics.publish();
            }
        }))
    }
}

/// A task that publishes. Dropping it leaves it running.
#[derive(Debug)]
pub struct Publishing(JoinHandle<()>);

impl Publishing {
    /// Publishes no more; the recorder keeps what was set last.
    pub fn stop(self) {
        self.0.abort();
    }
}

fn describe(family: &Family) {
    match family.read {
        Read::Counter(_) => describe_counter!(family.name, family.help),
        Read::Amount(_) | Read::State(_) => describe_gauge!(family.name, family.help),
    }
}

fn set(name: &'static str, (migration, labels, value): &Sample<'_>) {
    let mut all = vec![Label::new("migration", (*migration).to_owned())];
    all.extend(labels.iter().map(|(label, value)| Label::from_static_parts(label, value)));
    match value {
        Value::Count(count) => counter!(name, all).absolute(*count),
        Value::Level(level) => gauge!(name, all).set(*level),
    }
}
