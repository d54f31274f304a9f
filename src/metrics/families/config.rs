//! The config and where it comes from.

use crate::metrics::family::{Family, Labels, by, one, seconds, yes};
use crate::metrics::reading::Reading;
use crate::route::{Percent, ReloadStatus};

pub(super) const FAMILIES: [Family; 7] = [
    Family::state(
        "crossfade_cohort_weight_ratio",
        "The share of cohort keys whose reads go to the target in canary, 0 to 1.",
        |reading| one(ratio(reading.cohort_weight)),
    ),
    Family::state(
        "crossfade_shadow_sample_ratio",
        "The share of reads that are repeated on the other store, 0 to 1.",
        |reading| one(ratio(reading.shadow_sample)),
    ),
    Family::counter(
        "crossfade_config_swaps_total",
        "Configs and stage moves that were asked for, by whether they are in force.",
        |reading| by("result", [("applied", reading.stats.swaps), ("refused", reading.stats.swaps_refused)]),
    ),
    Family::counter(
        "crossfade_config_reloads_total",
        "Contents of the watched config file that were put in force.",
        |reading| one(reading.stats.reloads),
    ),
    Family::counter(
        "crossfade_config_reload_failures_total",
        "Contents of the watched config file that were refused or could not be read.",
        |reading| one(reading.stats.reloads_failed),
    ),
    Family::state(
        "crossfade_config_last_reload_successful",
        "Whether the newest content of the watched config file is in force, 1 or 0.",
        |reading| reloads(reading, |status| yes(status.last_successful)),
    ),
    Family::state(
        "crossfade_config_last_reload_success_timestamp_seconds",
        "When a content of the watched config file was last put in force.",
        |reading| reloads(reading, |status| seconds(status.last_success)),
    ),
];

fn ratio(share: Percent) -> f64 {
    f64::from(share.thousandths()) / 100_000.0
}

fn reloads(reading: &Reading, value: impl Fn(ReloadStatus) -> f64) -> Vec<(Labels, f64)> {
    reading.reloads.into_iter().flat_map(|status| one(value(status))).collect()
}
