//! The adapter for Prometheus.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::family::{Family, Read, Sample, Value};
use super::migrations::Metrics;

/// The `Content-Type` of [`Metrics::text`].
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

impl Metrics {
    /// All metrics in the text format of Prometheus (version 0.0.4, [`CONTENT_TYPE`]), the journals asked before: the
    /// body of an answer to a scrape.
    pub async fn text(&self) -> String {
        self.refresh().await;
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self.clone()));
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = prometheus_text::encode(&mut text, &registry);
        text
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.refresh_soon();
        self.each(|family, samples| encode(&mut encoder, family, samples))
    }
}

fn encode(
    encoder: &mut DescriptorEncoder<'_>,
    family: &Family,
    samples: &[Sample<'_>],
) -> Result<(), fmt::Error> {
    let kind = match family.read {
        Read::Counter(_) => MetricType::Counter,
        Read::Amount(_) | Read::State(_) => MetricType::Gauge,
    };
    // The encoder puts the suffix back.
    let name = family.name.strip_suffix("_total").unwrap_or(family.name);
    let mut metric = encoder.encode_descriptor(name, family.help, None, kind)?;
    for (migration, labels, value) in samples {
        let labels: Vec<(&str, &str)> =
            std::iter::once(("migration", *migration)).chain(labels.iter().copied()).collect();
        let mut sample = metric.encode_family(&labels)?;
        match value {
            Value::Count(count) => sample.encode_counter::<NoLabelSet, _, f64>(count, None)?,
            Value::Level(level) => sample.encode_gauge(level)?,
        }
    }
    Ok(())
}
