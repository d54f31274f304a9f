//! Reads: where they went, what fell back, what was compared.

use crate::metrics::family::{Family, Labels, by, one};
use crate::metrics::reading::Reading;

pub(super) const FAMILIES: [Family; 9] = [
    Family::counter(
        "crossfade_reads_total",
        "Reads that were sent to a store for another reason than the stage alone, which is not counted.",
        reads,
    ),
    Family::counter(
        "crossfade_fallbacks_total",
        "Reads that legacy answered in place of the target, by what was wrong with its answer.",
        |reading| {
            let stats = &reading.stats;
            let inconsistent = ("inconsistent", stats.fallbacks_on_inconsistent);
            let (error, missing) = (stats.fallbacks_on_error, stats.fallbacks_on_missing);
            by("reason", [("error", error), ("missing", missing), inconsistent])
        },
    ),
    Family::counter(
        "crossfade_fallbacks_over_budget_total",
        "Fallbacks that were not made because their budget was spent.",
        |reading| one(reading.stats.fallbacks_over_budget),
    ),
    Family::counter("crossfade_shadow_reads_total", "Shadow reads begun.", |reading| {
        one(reading.stats.shadows)
    }),
    Family::counter(
        "crossfade_shadow_reads_shed_total",
        "Shadow reads that found no room or were over the rate.",
        |reading| one(reading.stats.shadows_shed),
    ),
    Family::counter(
        "crossfade_shadow_reads_timed_out_total",
        "Shadow reads that ran past their deadline.",
        |reading| one(reading.stats.shadows_timed_out),
    ),
    Family::counter(
        "crossfade_comparisons_total",
        "Comparisons of both stores by their result.",
        |reading| {
            let stats = &reading.stats;
            by(
                "result",
                [
                    ("match", stats.comparisons_matched),
                    ("mismatch", stats.mismatches_confirmed()),
                    ("transient", stats.mismatches_transient),
                    ("error_one_side", stats.comparisons_error_one_side),
                ],
            )
        },
    ),
    Family::counter(
        "crossfade_mismatches_total",
        "Mismatches that were still there at the second look, by class.",
        |reading| {
            let stats = &reading.stats;
            by(
                "class",
                [
                    ("missing_in_target", stats.mismatches_missing_in_target),
                    ("missing_in_legacy", stats.mismatches_missing_in_legacy),
                    ("value", stats.mismatches_value),
                ],
            )
        },
    ),
    Family::counter(
        "crossfade_requests_refused_total",
        "Requests that were refused before a store was asked: not classified, no scope, held too long, closed.",
        |reading| one(reading.stats.requests_refused),
    ),
];

fn reads(reading: &Reading) -> Vec<(Labels, u64)> {
    vec![
        (vec![("store", "target"), ("reason", "canary")], reading.stats.canary_reads),
        (vec![("store", "legacy"), ("reason", "dirty")], reading.stats.dirty_reads),
    ]
}
