//! The stage and its moves.

use crate::metrics::family::{Family, Labels, by, one, yes};
use crate::metrics::reading::Reading;
use crate::route::Stage;

pub(super) const FAMILIES: [Family; 7] = [
    Family::state("crossfade_info", "The version of crossfade, always 1.", info),
    Family::state(
        "crossfade_stage",
        "The committed stage: 0 off, 1 dual_write, 2 shadow, 3 canary, 4 live, 5 ramp_down, 6 complete.",
        |reading| one(f64::from(reading.stage as u8)),
    ),
    Family::state("crossfade_stage_info", "1 for the committed stage, 0 for the others.", stage_info),
    Family::state(
        "crossfade_epoch",
        "The number of the committed stage, which rises with each move.",
        |reading| one(reading.epoch as f64),
    ),
    Family::counter("crossfade_stage_moves_total", "Stage moves by their result.", |reading| {
        by("result", [("committed", reading.stats.moves), ("given_up", reading.stats.moves_given_up)])
    }),
    Family::state(
        "crossfade_holding",
        "Whether writes are held for a change of the authority, 1 or 0.",
        |reading| one(yes(reading.holding)),
    ),
    Family::amount(
        "crossfade_writes_held",
        "Writes that wait for the end of a change of the authority.",
        |reading| one(reading.stats.writes_held as f64),
    ),
];

fn info(_: &Reading) -> Vec<(Labels, f64)> {
    vec![(vec![("version", env!("CARGO_PKG_VERSION"))], 1.0)]
}

fn stage_info(reading: &Reading) -> Vec<(Labels, f64)> {
    by("stage", Stage::ALL.map(|stage| (stage.as_str(), yes(stage == reading.stage))))
}
