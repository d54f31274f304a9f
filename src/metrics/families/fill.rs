//! The fill and the certificate.

use crate::metrics::family::{Family, Labels, one, seconds, yes};
use crate::metrics::reading::Reading;

pub(super) const FAMILIES: [Family; 8] = [
    Family::counter("crossfade_fill_pages_total", "Pages that the fill has copied.", |reading| {
        one(reading.stats.fill_pages)
    }),
    Family::counter("crossfade_fill_retries_total", "Pages that the fill had to do again.", |reading| {
        one(reading.stats.fill_retries)
    }),
    Family::amount(
        "crossfade_fill_copied_records",
        "Records that the present fill has copied, by its last checkpoint.",
        |reading| fill(reading, |fill| fill.copied as f64),
    ),
    Family::amount(
        "crossfade_fill_extra_records",
        "Records that the present fill found on the target alone and removed.",
        |reading| fill(reading, |fill| fill.extra as f64),
    ),
    Family::state(
        "crossfade_fill_complete",
        "Whether the present fill has come to its end, 1 or 0.",
        |reading| fill(reading, |fill| yes(fill.complete)),
    ),
    Family::state(
        "crossfade_certificate_present",
        "Whether the target was filled and nothing went unrecorded since, 1 or 0.",
        |reading| {
            reading.status().into_iter().flat_map(|status| one(yes(status.certificate.is_some()))).collect()
        },
    ),
    Family::state(
        "crossfade_certificate_issued_timestamp_seconds",
        "When the certificate was issued.",
        |reading| {
            let certificate = reading.status().and_then(|status| status.certificate.as_ref());
            certificate.into_iter().flat_map(|certificate| one(seconds(certificate.issued))).collect()
        },
    ),
    Family::counter(
        "crossfade_voids_total",
        "How often everything was marked and the certificate voided, by unrecorded writes, crashes or the entry of off.",
        |reading| reading.status().into_iter().flat_map(|status| one(status.voids)).collect(),
    ),
];

fn fill(reading: &Reading, value: impl Fn(&crate::journal::FillProgress) -> f64) -> Vec<(Labels, f64)> {
    let progress = reading.status().and_then(|status| status.fill.as_ref());
    progress.into_iter().flat_map(|fill| one(value(fill))).collect()
}
