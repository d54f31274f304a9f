//! Writes and their copies.

use crate::metrics::family::{Family, by, one, yes};

pub(super) const FAMILIES: [Family; 10] = [
    Family::counter(
        "crossfade_writes_total",
        "Writes in stages that copy, by their outcome on the authority.",
        |reading| {
            let stats = &reading.stats;
            by(
                "outcome",
                [
                    ("applied", stats.writes_applied),
                    ("rejected", stats.writes_rejected),
                    ("unknown", stats.writes_unknown),
                    ("refused", stats.writes_refused),
                ],
            )
        },
    ),
    Family::counter(
        "crossfade_writes_ended_total",
        "Applied writes by how they ended: copied, left to the reconciler as a mark, or unrecorded.",
        |reading| {
            let stats = &reading.stats;
            let unrecorded = ("unrecorded", stats.writes_unrecorded);
            by("end", [("copied", stats.writes_copied), ("marked", stats.writes_marked), unrecorded])
        },
    ),
    Family::amount("crossfade_writes_in_flight", "Applied writes that have not ended.", |reading| {
        one(reading.stats.writes_in_flight as f64)
    }),
    Family::amount(
        "crossfade_unaccounted_writes",
        "Applied writes that ended as nothing, which must be 0 while traffic rests.",
        |reading| one(reading.stats.unaccounted_writes() as f64),
    ),
    Family::counter(
        "crossfade_writes_rescued_total",
        "Writes that went on by themselves after their caller was gone.",
        |reading| one(reading.stats.writes_rescued),
    ),
    Family::counter(
        "crossfade_writes_given_up_total",
        "Writes and copies without a caller that took too long, their marks left.",
        |reading| one(reading.stats.writes_given_up),
    ),
    Family::counter(
        "crossfade_copies_total",
        "Copies of a key to the secondary by their result, those of repairs and fills too.",
        |reading| {
            by("result", [("copied", reading.stats.keys_copied), ("failed", reading.stats.keys_failed)])
        },
    ),
    Family::counter(
        "crossfade_copies_skipped_total",
        "Copies of writes that were not made, their marks left: the breaker was open, or no room.",
        |reading| {
            let stats = &reading.stats;
            by("reason", [("breaker_open", stats.copies_not_tried), ("no_room", stats.copies_without_room)])
        },
    ),
    Family::counter(
        "crossfade_copies_in_background_total",
        "Copies that went on after the caller was answered.",
        |reading| one(reading.stats.copies_in_background),
    ),
    Family::state(
        "crossfade_breaker_open",
        "Whether writes do not try to copy to this store because it keeps failing, 1 or 0.",
        |reading| {
            let [legacy, target] = reading.breakers_open;
            by("store", [("legacy", yes(legacy)), ("target", yes(target))])
        },
    ),
];
