//! With all rules on nothing is found.

use crossfade::route::Stage;

use super::explore::search;
use super::scenario::Op::{Create, Delete, Put};
use super::scenario::{Budget, Filling, Scenario, Sharing};

/// The search covers at least so many states, reaches the end of everything, and finds nothing.
fn nothing_is_found(scenario: &Scenario, states_min: usize) {
    let report = search(scenario);
    assert!(report.violation.is_none(), "{} is broken", scenario.name);
    assert!(report.ends > 0, "{}: no end was reached", scenario.name);
    assert!(report.states >= states_min, "{}: {} states only", scenario.name, report.states);
}

const LIVE: Scenario = Scenario::live("", &[Put], &[Delete]);
const NONE: Budget = LIVE.budget;

#[test]
fn two_writers_and_a_repair_keep_the_stores_equal_through_faults() {
    let name = "two writers, reads, a crash, an unknown write, an unknown copy";
    let budget = Budget { crashes: 1, unknown_writes: 1, unknown_copies: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, reads: true, ..LIVE }, 35_000);
}

#[test]
fn writes_that_follow_each_other_keep_the_stores_equal_through_unknown_copies() {
    let name = "three writes, two unknown copies";
    let budget = Budget { unknown_copies: 2, ..NONE };
    nothing_is_found(&Scenario { name, budget, writers: [&[Put], &[Put, Delete]], ..LIVE }, 140_000);
}

#[test]
fn a_create_and_a_delete_are_copied_through_faults() {
    let name = "a create, a delete, two repairs, a crash, an unknown write, an unknown copy";
    let budget = Budget { crashes: 1, unknown_writes: 1, unknown_copies: 1, ..NONE };
    let writers: [&[_]; 2] = [&[Create], &[Delete]];
    nothing_is_found(&Scenario { name, budget, key_exists: false, writers, repairers: 2, ..LIVE }, 63_000);
}

#[test]
fn a_create_that_is_then_deleted_does_not_come_back() {
    let name = "a create and then a delete, two repairs, two unknown copies, a crash";
    let budget = Budget { crashes: 1, unknown_copies: 2, ..NONE };
    let writers: [&[_]; 2] = [&[Create, Delete], &[]];
    nothing_is_found(&Scenario { name, budget, key_exists: false, writers, repairers: 2, ..LIVE }, 43_000);
}

#[test]
fn a_vanished_caller_leaves_a_mark_wherever_it_vanishes() {
    let name = "two writers, two abandoned, a crash";
    let budget = Budget { abandoned: 2, crashes: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, ..LIVE }, 48_000);
}

#[test]
fn rejected_writes_and_copies_and_a_lost_repair_leave_nothing_different() {
    let name = "two writers, two rejected, a lost repair, an unknown copy";
    let budget = Budget { rejected: 2, lost_repairs: 1, unknown_copies: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, ..LIVE }, 34_000);
}

#[test]
fn a_secondary_without_stamps_ends_equal_through_faults() {
    let name = "ramp_down: two writers, two repairs, a crash, an unknown write, an unknown copy";
    let budget = Budget { crashes: 1, unknown_writes: 1, unknown_copies: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, start: Stage::RampDown, repairers: 2, ..LIVE }, 170_000);
}

#[test]
fn a_secondary_without_stamps_ends_equal_when_callers_vanish_and_repairs_are_lost() {
    let name = "ramp_down: two writers, two abandoned, a lost repair, a crash";
    let budget = Budget { crashes: 1, abandoned: 2, lost_repairs: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, start: Stage::RampDown, ..LIVE }, 87_000);
}

const UNSTAMPED: Scenario =
    Scenario { fill: Filling::Again, target_keeps_stamps: false, writers: [&[Put, Put], &[]], ..LIVE };

#[test]
fn a_target_without_stamps_is_never_read_stale_beside_a_fill() {
    let name = "a target without stamps, filled again: one writer, an unknown copy";
    let budget = Budget { unknown_copies: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, ..UNSTAMPED }, 110_000);
}

#[test]
fn a_target_without_stamps_is_never_read_stale_after_a_fill_that_crashed() {
    let name = "a target without stamps, filled again: one writer, a crash";
    let budget = Budget { crashes: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, writers: [&[Put], &[]], ..UNSTAMPED }, 28_000);
}

#[test]
fn a_target_without_stamps_ends_equal_through_faults() {
    let name = "a target without stamps: two writers, reads, an unknown write, an unknown copy";
    let budget = Budget { unknown_writes: 1, unknown_copies: 1, ..NONE };
    let scenario = Scenario { name, budget, reads: true, target_keeps_stamps: false, ..LIVE };
    nothing_is_found(&scenario, 9_000);
}

const FILL: Scenario =
    Scenario { start: Stage::Off, target_is_equal: false, moves: &[Stage::DualWrite], ..LIVE };

#[test]
fn a_fill_ends_equal_when_writes_are_late() {
    let name = "off to dual_write with a fill, an unknown write, a crash";
    let budget = Budget { unknown_writes: 1, crashes: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, ..FILL }, 420_000);
}

#[test]
fn a_fill_of_a_record_that_comes_and_goes_ends_equal() {
    let name = "off to dual_write with a fill, an upsert and a delete, an unknown copy";
    let budget = Budget { unknown_copies: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, key_exists: false, ..FILL }, 130_000);
}

#[test]
fn a_fill_ends_equal_when_it_crashes() {
    let name = "off to dual_write with a fill, one writer, a crash, an unknown copy";
    let budget = Budget { crashes: 1, unknown_copies: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, writers: [&[Put, Delete], &[]], ..FILL }, 240_000);
}

#[test]
fn a_create_beside_a_fill_is_copied() {
    let name = "off to dual_write with a fill, a create and a delete, an unknown copy, abandoned";
    let budget = Budget { unknown_copies: 1, abandoned: 1, ..NONE };
    let writers: [&[_]; 2] = [&[Create], &[Delete]];
    nothing_is_found(&Scenario { name, budget, key_exists: false, writers, ..FILL }, 380_000);
}

#[test]
fn going_back_to_off_and_on_again_ends_equal() {
    let name = "live to off to dual_write with a new fill, an unknown write";
    let budget = Budget { unknown_writes: 1, ..NONE };
    let moves = &[Stage::Off, Stage::DualWrite];
    nothing_is_found(&Scenario { name, budget, moves, ..LIVE }, 230_000);
}

const SWITCH: Scenario = Scenario { moves: &[Stage::RampDown, Stage::Live], plans_ahead: true, ..LIVE };

#[test]
fn a_switch_there_and_back_loses_nothing_through_a_crash() {
    let name = "there and back, a crash, an unknown write";
    let budget = Budget { crashes: 1, unknown_writes: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, ..SWITCH }, 70_000);
}

#[test]
fn a_switch_there_and_back_loses_nothing_when_answers_are_lost() {
    let name = "there and back, an unknown copy, an unknown commit, a hold that takes too long";
    let budget = Budget { unknown_copies: 1, unknown_commits: 1, hold_timeouts: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, ..SWITCH }, 100_000);
}

#[test]
fn a_switch_there_and_back_loses_nothing_when_a_caller_vanishes() {
    let name = "there and back, abandoned, a create";
    let budget = Budget { abandoned: 1, ..NONE };
    let writers: [&[_]; 2] = [&[Create], &[Delete]];
    nothing_is_found(&Scenario { name, budget, key_exists: false, writers, ..SWITCH }, 9_000);
}

#[test]
fn a_switch_beside_a_read_that_marks_loses_nothing() {
    let name = "there and back, a read that marks";
    let budget = Budget { read_marks: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, ..SWITCH }, 180_000);
}

#[test]
fn a_switch_beside_a_fill_loses_nothing() {
    let name = "live to ramp_down beside a fill, one writer, an unknown copy";
    let budget = Budget { unknown_copies: 1, ..NONE };
    let (moves, writers): (&[_], [&[_]; 2]) = (&[Stage::RampDown], [&[Put, Delete], &[]]);
    nothing_is_found(&Scenario { name, budget, moves, writers, fill: Filling::Again, ..SWITCH }, 70_000);
}

#[test]
fn the_move_to_complete_leaves_legacy_equal_through_faults() {
    let name =
        "ramp_down to complete, two writers, an unknown write, an unknown copy, a crash, an unknown commit";
    let budget = Budget { unknown_writes: 1, unknown_copies: 1, crashes: 1, unknown_commits: 1, ..NONE };
    let moves = &[Stage::Complete];
    nothing_is_found(&Scenario { name, budget, start: Stage::RampDown, moves, ..LIVE }, 240_000);
}

#[test]
fn the_commit_alone_makes_a_switch_safe() {
    let name = "there and back without hold and drain, one clock, a crash, an unknown write";
    let budget = Budget { unknown_writes: 1, crashes: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, hold: false, one_clock: true, ..SWITCH }, 150_000);
}

#[test]
fn a_write_that_goes_unrecorded_is_made_good_by_a_fill() {
    let name = "live: one writer, an unrecorded one, an unknown write, a crash";
    let budget = Budget { outages: 1, unknown_writes: 1, crashes: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, writers: [&[Put, Delete], &[]], ..LIVE }, 500_000);
}

#[test]
fn a_write_that_goes_unrecorded_in_ramp_down_is_repaired_with_everything() {
    let name = "ramp_down: two writers, an unrecorded one, an unknown write, an unknown copy";
    let budget = Budget { outages: 1, unknown_writes: 1, unknown_copies: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, start: Stage::RampDown, ..LIVE }, 100_000);
}

const SHARED: Scenario = Scenario { sharing: Sharing::ByKey, ..LIVE };

#[test]
fn writes_that_share_marks_keep_the_stores_equal_through_faults() {
    let name = "shared marks: three writes, reads, a crash, an unknown write";
    let budget = Budget { crashes: 1, unknown_writes: 1, ..NONE };
    let writers: [&[_]; 2] = [&[Put, Put], &[Delete]];
    nothing_is_found(&Scenario { name, budget, writers, reads: true, ..SHARED }, 170_000);
}

#[test]
fn writes_that_share_marks_leave_them_wherever_they_end() {
    let name = "shared marks: three writes, an unknown copy, abandoned, a rejected one";
    let budget = Budget { unknown_copies: 1, abandoned: 1, rejected: 1, ..NONE };
    let writers: [&[_]; 2] = [&[Put, Put], &[Put]];
    nothing_is_found(&Scenario { name, budget, writers, ..SHARED }, 1_200_000);
}

#[test]
fn a_secondary_without_stamps_ends_equal_when_writes_share_marks() {
    let name = "ramp_down, shared marks: three writes, a crash, an unknown copy";
    let budget = Budget { crashes: 1, unknown_copies: 1, ..NONE };
    let writers: [&[_]; 2] = [&[Put, Put], &[Put]];
    nothing_is_found(&Scenario { name, budget, writers, start: Stage::RampDown, ..SHARED }, 190_000);
}

#[test]
fn marks_of_a_group_that_writes_share_keep_the_stores_equal_through_a_crash() {
    let name = "marks shared by group: a create, two deletes, a crash, an unknown copy";
    let budget = Budget { crashes: 1, unknown_copies: 1, ..NONE };
    let writers: [&[_]; 2] = [&[Create, Delete], &[Delete]];
    let sharing = Sharing::ByGroup;
    nothing_is_found(&Scenario { name, budget, writers, key_exists: false, sharing, ..LIVE }, 100_000);
}

#[test]
fn marks_of_a_group_are_left_on_the_key_wherever_they_end() {
    let name = "marks shared by group: a create, two deletes, a rejected one, an unknown copy, abandoned";
    let budget = Budget { rejected: 1, unknown_copies: 1, abandoned: 1, ..NONE };
    let writers: [&[_]; 2] = [&[Create, Delete], &[Delete]];
    let sharing = Sharing::ByGroup;
    nothing_is_found(&Scenario { name, budget, writers, key_exists: false, sharing, ..LIVE }, 750_000);
}

#[test]
fn marks_of_a_group_are_enough_for_a_target_without_stamps() {
    let name = "a target without stamps, marks shared by group: two writers, a crash, an unknown copy";
    let budget = Budget { crashes: 1, unknown_copies: 1, ..NONE };
    let sharing = Sharing::ByGroup;
    nothing_is_found(&Scenario { name, budget, sharing, target_keeps_stamps: false, ..LIVE }, 12_000);
}

#[test]
fn a_switch_takes_out_what_stands_and_loses_nothing() {
    let name = "there and back, shared marks, a crash";
    let budget = Budget { crashes: 1, ..NONE };
    nothing_is_found(&Scenario { name, budget, sharing: Sharing::ByKey, ..SWITCH }, 22_000);
}

#[test]
fn the_commit_alone_makes_a_switch_safe_for_writes_that_share_marks() {
    let name = "there and back without hold and drain, one clock, shared marks, three writes";
    let writers: [&[_]; 2] = [&[Put], &[Put, Delete]];
    let sharing = Sharing::ByKey;
    nothing_is_found(&Scenario { name, hold: false, one_clock: true, writers, sharing, ..SWITCH }, 100_000);
}

#[test]
fn the_move_to_complete_leaves_legacy_equal_when_writes_share_marks() {
    let name = "ramp_down to complete, shared marks, two writers, an unknown copy, a crash";
    let budget = Budget { unknown_copies: 1, crashes: 1, ..NONE };
    let moves = &[Stage::Complete];
    nothing_is_found(&Scenario { name, budget, start: Stage::RampDown, moves, ..SHARED }, 30_000);
}
