//! Each rule, taken away alone, gives a violation; its shortest trace is printed.

use crossfade::route::Stage;

use super::explore::Property::{self, Convergence, LegacyIsLeftEqual, NoStaleRead, NothingIsLost};
use super::explore::search;
use super::rules::Rule;
use super::scenario::Op::{Create, Delete, DeleteGroup, Put};
use super::scenario::{Budget, Filling, Scenario, Sharing};

/// The search finds that the property is broken, in at most so many steps.
fn breaks(rule: Rule, scenario: Scenario, property: Property, steps_max: usize) {
    let report = search(&Scenario { off: Some(rule), ..scenario });
    let violation = report.violation.expect("a violation");
    assert_eq!(violation.property, property);
    assert!(violation.trace.len() <= steps_max, "{} steps", violation.trace.len());
}

const ONE: Scenario = Scenario::live("one writer", &[Put], &[]);
const TWO: Scenario = Scenario::live("two writers", &[Put], &[Put]);
const RAMP_DOWN: Scenario = Scenario { start: Stage::RampDown, ..TWO };
const FILL: Scenario =
    Scenario { start: Stage::Off, target_is_equal: false, moves: &[Stage::DualWrite], ..ONE };
const SWITCH: Scenario = Scenario { moves: &[Stage::RampDown], plans_ahead: true, ..TWO };

const NONE: Budget = ONE.budget;
const CRASH: Budget = Budget { crashes: 1, ..NONE };
const UNKNOWN_WRITE: Budget = Budget { unknown_writes: 1, ..NONE };
const UNKNOWN_COPY: Budget = Budget { unknown_copies: 1, ..NONE };

#[test]
fn r1_without_a_mark_before_the_write_a_crash_makes_reads_stale() {
    breaks(Rule::MarkBeforeWrite, Scenario { budget: CRASH, ..ONE }, NoStaleRead, 4);
}

const SHARED: Scenario = Scenario { sharing: Sharing::ByKey, ..TWO };

#[test]
fn r1_a_mark_that_two_writes_have_goes_with_the_first_of_them() {
    breaks(Rule::TakenOverOnce, Scenario { budget: CRASH, ..SHARED }, NoStaleRead, 16);
}

/// Hold and drain keep such a write out too, so they are off here.
#[test]
fn r1_a_mark_of_a_newer_epoch_lets_a_write_reach_the_wrong_store() {
    let scenario = Scenario { hold: false, one_clock: true, sharing: Sharing::ByKey, ..SWITCH };
    breaks(Rule::TakenOverInItsEpoch, scenario, NothingIsLost, 40);
}

/// The walk of the group finds the key in neither store, while the copy of its create is on its way.
#[test]
fn r1_a_mark_that_is_left_on_the_group_of_a_deleted_key_lets_it_come_back() {
    let writers: [&[_]; 2] = [&[Create], &[Delete]];
    let budget = Budget { rejected: 1, ..NONE };
    let scenario = Scenario { key_exists: false, writers, budget, sharing: Sharing::ByGroup, ..TWO };
    breaks(Rule::LeftOnTheKey, scenario, NoStaleRead, 40);
}

#[test]
fn r1_without_a_drain_a_repair_of_everything_misses_an_unrecorded_write() {
    let budget = Budget { outages: 1, rejected: 1, ..NONE };
    breaks(Rule::EverythingDrains, Scenario { budget, ..RAMP_DOWN }, Convergence, 30);
}

#[test]
fn r2_an_unknown_write_that_waits_for_nothing_lands_after_its_repair() {
    let scenario = Scenario { budget: UNKNOWN_WRITE, ..ONE };
    breaks(Rule::UnknownWriteWaits, scenario, Convergence, 11);
    breaks(Rule::UnknownWriteWaits, Scenario { start: Stage::RampDown, ..scenario }, Convergence, 12);
}

#[test]
fn r2_marks_adopted_after_a_crash_that_wait_for_nothing_are_repaired_too_early() {
    breaks(Rule::AdoptedMarksWait, Scenario { budget: CRASH, ..ONE }, Convergence, 10);
    breaks(Rule::AdoptedMarksWait, Scenario { budget: CRASH, ..RAMP_DOWN }, Convergence, 11);
}

/// On a target the late copy of the lost repair would lose by its stamp.
#[test]
fn r2_a_given_back_claim_that_waits_for_nothing_is_repaired_too_early() {
    let budget = Budget { lost_repairs: 1, abandoned: 1, ..NONE };
    breaks(Rule::GivenBackClaimsWait, Scenario { budget, ..RAMP_DOWN }, Convergence, 26);
}

#[test]
fn r2_an_unrecorded_write_that_is_told_of_once_lands_after_the_repair_of_everything() {
    let budget = Budget { outages: 1, unknown_writes: 1, ..NONE };
    breaks(Rule::VoidAgain, Scenario { budget, ..RAMP_DOWN }, Convergence, 30);
}

#[test]
fn r3_a_stamp_taken_after_the_read_lets_an_old_copy_win() {
    breaks(Rule::StampBeforeRead, TWO, NoStaleRead, 14);
}

#[test]
fn r3_stamps_that_begin_anew_after_a_crash_lose_to_old_ones() {
    breaks(Rule::StampsRiseAcrossCrash, Scenario { budget: CRASH, ..TWO }, NoStaleRead, 8);
}

/// Absent on both sides looks equal, although the create's copy is still on its way.
#[test]
fn r4_a_copy_that_is_skipped_because_both_look_equal_brings_a_deleted_record_back() {
    let writers: [&[_]; 2] = [&[Create, Delete], &[]];
    let scenario = Scenario { budget: UNKNOWN_COPY, key_exists: false, writers, ..ONE };
    breaks(Rule::AlwaysWrite, scenario, NoStaleRead, 20);
}

#[test]
fn r4_a_copy_that_is_skipped_because_both_look_equal_leaves_room_for_an_older_one() {
    let budget = Budget { unknown_copies: 2, ..NONE };
    let scenario = Scenario { budget, writers: [&[Put], &[Put, Put]], ..ONE };
    breaks(Rule::AlwaysWrite, scenario, NoStaleRead, 27);
}

#[test]
fn r5_without_a_second_look_an_old_copy_stays_where_no_stamps_are_kept() {
    breaks(Rule::LookAgain, RAMP_DOWN, Convergence, 16);
}

#[test]
fn r5_an_unknown_copy_that_waits_for_nothing_lands_after_its_repair() {
    breaks(Rule::UnknownCopyWaits, Scenario { budget: UNKNOWN_COPY, ..RAMP_DOWN }, Convergence, 23);
}

#[test]
fn r5_a_copy_cut_off_that_waits_for_nothing_lands_after_its_repair() {
    let budget = Budget { abandoned: 1, ..NONE };
    breaks(Rule::UnknownCopyWaits, Scenario { budget, ..RAMP_DOWN }, Convergence, 23);
}

#[test]
fn r5_a_page_that_marks_no_key_of_a_target_without_stamps_makes_a_read_stale() {
    let scenario = Scenario { fill: Filling::Again, target_keeps_stamps: false, ..ONE };
    breaks(Rule::FillMarksWithoutStamps, scenario, NoStaleRead, 20);
}

#[test]
fn r6_a_repair_that_clears_the_mark_of_a_running_write_makes_a_read_stale() {
    breaks(Rule::ClearClaimedOnly, Scenario { budget: UNKNOWN_COPY, ..TWO }, NoStaleRead, 16);
}

/// Hold and drain keep such a repair out too, so they are off here.
#[test]
fn r6_a_claim_under_an_old_authority_copies_the_wrong_way() {
    let scenario = Scenario { hold: false, one_clock: true, budget: UNKNOWN_COPY, ..SWITCH };
    breaks(Rule::ClaimChecksEpoch, scenario, NothingIsLost, 30);
}

#[test]
fn r8_a_key_that_is_clean_while_its_write_runs_is_read_stale() {
    breaks(Rule::DirtyWhileRunning, ONE, NoStaleRead, 3);
}

#[test]
fn r8_marks_that_are_not_loaded_before_serving_make_a_read_stale() {
    breaks(Rule::MarksLoaded, Scenario { budget: CRASH, ..ONE }, NoStaleRead, 4);
}

#[test]
fn r9_a_page_without_a_stamp_overwrites_a_newer_copy() {
    breaks(Rule::FillStamped, FILL, NoStaleRead, 40);
}

/// The second drain would catch a write that only takes long, not one that is unknown in the end.
#[test]
fn r9_a_fill_that_does_not_drain_misses_a_write_of_off() {
    breaks(Rule::FillDrainsOff, Scenario { budget: UNKNOWN_WRITE, ..FILL }, Convergence, 40);
}

#[test]
fn r9_a_fill_that_does_not_wait_the_late_bound_misses_a_late_write_of_off() {
    breaks(Rule::FillWaitsLateBound, Scenario { budget: UNKNOWN_WRITE, ..FILL }, Convergence, 40);
}

#[test]
fn r9_a_fill_that_does_not_drain_again_lets_an_old_copy_bring_a_deleted_record_back() {
    let writers: [&[_]; 2] = [&[Put], &[Delete]];
    let scenario = Scenario { key_exists: false, budget: UNKNOWN_WRITE, writers, ..FILL };
    breaks(Rule::FillDrainsAgain, scenario, NoStaleRead, 40);
}

#[test]
fn r9_a_fill_that_drains_before_the_stage_copies_misses_a_write_of_off() {
    let moves = &[Stage::Off, Stage::DualWrite];
    breaks(Rule::FillChecksStage, Scenario { moves, ..ONE }, NoStaleRead, 40);
}

#[test]
fn r9_a_page_that_runs_across_a_switch_overwrites_the_new_authority() {
    let scenario = Scenario { fill: Filling::Again, ..SWITCH };
    breaks(Rule::NoPageAcrossSwitch, scenario, NothingIsLost, 40);
}

#[test]
fn r10_a_switch_that_does_not_mind_marks_loses_a_write() {
    breaks(Rule::SwitchFindsNoMark, Scenario { budget: UNKNOWN_COPY, ..SWITCH }, NothingIsLost, 40);
}

/// Hold and drain keep such a write out too, so they are off here.
#[test]
fn r10_a_switch_that_does_not_mind_what_stands_loses_a_write() {
    let scenario = Scenario { hold: false, one_clock: true, sharing: Sharing::ByKey, ..SWITCH };
    let writers: [&[_]; 2] = [&[Put], &[Put, Put]];
    breaks(Rule::SwitchFindsNothingStanding, Scenario { writers, ..scenario }, NothingIsLost, 40);
}

#[test]
fn r10_stamps_that_do_not_rise_at_a_switch_lose_a_write() {
    breaks(Rule::StampsAbove, SWITCH, NothingIsLost, 40);
    let back = Scenario { start: Stage::RampDown, moves: &[Stage::Live], ..SWITCH };
    breaks(Rule::StampsAbove, back, NoStaleRead, 40);
}

#[test]
fn r10_a_repair_between_the_wait_for_the_clock_and_the_commit_loses_a_write() {
    let budget = Budget { read_marks: 1, ..NONE };
    breaks(Rule::RepairsHeld, Scenario { budget, ..SWITCH }, NothingIsLost, 40);
}

#[test]
fn r10_a_restart_that_trusts_its_own_stage_writes_to_the_wrong_store() {
    breaks(Rule::RestartAdopts, Scenario { budget: CRASH, ..SWITCH }, NothingIsLost, 40);
}

/// Hold and drain keep such a write out too, so they are off here.
#[test]
fn r10_a_mark_under_an_old_authority_lets_a_write_reach_the_wrong_store() {
    let scenario = Scenario { hold: false, one_clock: true, ..SWITCH };
    breaks(Rule::MarkChecksEpoch, scenario, NothingIsLost, 40);
}

#[test]
fn a_move_to_complete_that_does_not_mind_marks_leaves_legacy_different() {
    let scenario = Scenario { budget: UNKNOWN_COPY, moves: &[Stage::Complete], ..RAMP_DOWN };
    breaks(Rule::CompleteFindsNoMark, scenario, LegacyIsLeftEqual, 40);
}

/// Why a write that deletes has to name its keys: the walk of the group finds the key in neither store, so that no
/// tombstone is written, while the copy of its create is on its way.
#[test]
fn a_delete_that_names_only_its_group_lets_a_create_beside_it_come_back() {
    let writers: [&[_]; 2] = [&[Create], &[DeleteGroup]];
    let report = search(&Scenario { key_exists: false, writers, ..TWO });
    assert_eq!(report.violation.unwrap().property, NoStaleRead);
}
