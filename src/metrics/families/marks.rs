//! Marks, repairs and the journal that holds them.

use crate::metrics::family::{Family, Labels, by, one, seconds, yes};
use crate::metrics::reading::Reading;

pub(super) const FAMILIES: [Family; 14] = [
    Family::amount("crossfade_marks", "Marks that stand, each a scope that may differ.", |reading| {
        one(reading.marks as f64)
    }),
    Family::amount(
        "crossfade_mark_rows",
        "Rows of marks that stand in the journal, those kept for the writes that follow included.",
        |reading| one(reading.mark_rows as f64),
    ),
    Family::amount(
        "crossfade_marks_by_state",
        "Marks by state, when the journal was last asked; dead ones are no longer retried.",
        by_state,
    ),
    Family::state("crossfade_everything_dirty", "Whether a mark stands on everything, 1 or 0.", |reading| {
        one(yes(reading.everything_dirty))
    }),
    Family::counter("crossfade_marks_recorded_total", "Marks recorded by writes and reads.", |reading| {
        one(reading.stats.marks)
    }),
    Family::counter(
        "crossfade_marks_shared_total",
        "Marks that writes took over from writes before them, in place of recording their own.",
        |reading| one(reading.stats.marks_shared),
    ),
    Family::counter(
        "crossfade_marks_without_room_total",
        "Marks that found no room to stand for the writes that follow, and went with their writes.",
        |reading| one(reading.stats.marks_without_room),
    ),
    Family::counter(
        "crossfade_unrecorded_marks_total",
        "Marks that the journal could not record.",
        |reading| one(reading.stats.unrecorded_marks),
    ),
    Family::counter(
        "crossfade_marks_widened_total",
        "Marks that were put on more than was asked.",
        |reading| one(reading.stats.marks_widened),
    ),
    Family::counter("crossfade_marks_repaired_total", "Marks that repairs cleared.", |reading| {
        one(reading.stats.marks_repaired)
    }),
    Family::counter(
        "crossfade_repairs_failed_total",
        "Repairs that failed and gave their marks back.",
        |reading| one(reading.stats.repairs_failed),
    ),
    Family::counter("crossfade_dead_letters_total", "Marks that became dead letters.", |reading| {
        one(reading.stats.dead_letters)
    }),
    Family::state(
        "crossfade_journal_reachable",
        "Whether the journal answered when it was last asked, 1 or 0.",
        |reading| reading.known.iter().map(|known| (Vec::new(), yes(known.reachable))).collect(),
    ),
    Family::state("crossfade_journal_read_timestamp_seconds", "When the journal last answered.", |reading| {
        match reading.status() {
            Some(_) => reading.known.iter().map(|known| (Vec::new(), seconds(known.at))).collect(),
            None => Vec::new(),
        }
    }),
];

fn by_state(reading: &Reading) -> Vec<(Labels, f64)> {
    let Some(marks) = reading.status().map(|status| status.marks) else {
        return Vec::new();
    };
    let states = [
        ("running", marks.running as f64),
        ("left", marks.left as f64),
        ("claimed", marks.claimed as f64),
        ("dead", marks.dead as f64),
    ];
    by("state", states)
}
