//! Reads `/metrics` once a second, as a scraper would, and holds every text to its format.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Error, Result, ensure};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::admin_client::Caller;

const EVERY: Duration = Duration::from_secs(1);

/// A scraper that runs.
#[derive(Debug)]
pub(crate) struct Scraper {
    caller: Caller,
    scrapes: Arc<AtomicU64>,
    /// Ends with the first scrape that fails.
    failed: JoinHandle<Error>,
}

/// What the last scrape has shown, with everything at rest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scraped {
    pub(crate) scrapes: u64,
    pub(crate) unaccounted_writes: f64,
    pub(crate) unrecorded_marks: f64,
}

impl Scraper {
    pub(crate) fn start(base: String) -> Self {
        let (caller, scrapes) = (Caller::new(base), Arc::<AtomicU64>::default());
        let failed = tokio::spawn(scrape_on(caller.clone(), scrapes.clone()));
        Self { caller, scrapes, failed }
    }

    /// The last scrape; an error when this one or any before has failed.
    pub(crate) async fn end(self) -> Result<Scraped> {
        if self.failed.is_finished() {
            return Err(self.failed.await?);
        }
        self.failed.abort();
        let text = self.caller.get("/metrics").await?;
        let samples = samples(&text)?;
        let value = |name: &str| samples.get(name).copied().with_context(|| format!("there is no {name}"));
        Ok(Scraped {
            scrapes: self.scrapes.load(Ordering::Relaxed) + 1,
            unaccounted_writes: value("crossfade_unaccounted_writes")?,
            unrecorded_marks: value("crossfade_unrecorded_marks_total")?,
        })
    }
}

async fn scrape_on(caller: Caller, scrapes: Arc<AtomicU64>) -> Error {
    loop {
        sleep(EVERY).await;
        let scraped = caller.get("/metrics").await;
        if let Err(error) = scraped.and_then(|text| samples(&text).map(drop)) {
            return error.context("a scrape of /metrics failed");
        }
        scrapes.fetch_add(1, Ordering::Relaxed);
    }
}

/// The samples of a text in the format of Prometheus, those of one name added up.
fn samples(text: &str) -> Result<BTreeMap<&str, f64>> {
    let mut samples = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (series, value) = line.rsplit_once(' ').with_context(|| format!("no sample: {line}"))?;
        let value: f64 = value.parse().with_context(|| format!("no number: {line}"))?;
        let name = series.split('{').next().unwrap_or(series);
        *samples.entry(name).or_default() += value;
    }
    ensure!(!samples.is_empty() && text.ends_with('\n'), "a text without samples, or cut off: {text:?}");
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_of_one_name_are_added_up() {
        let text = "# HELP a b\n# TYPE a counter\na{x=\"1 2\"} 1\na{x=\"3\"} 2.5\nb 7\n";
        assert_eq!(samples(text).unwrap(), BTreeMap::from([("a", 3.5), ("b", 7.0)]));
    }

    #[test]
    fn a_text_that_is_empty_or_cut_off_or_has_no_numbers_is_an_error() {
        for text in ["", "# HELP a b\n", "a{x=\"1\"} 1", "a\n", "a one\n"] {
            assert!(samples(text).is_err(), "{text:?}");
        }
    }
}
