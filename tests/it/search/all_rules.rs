//! With all rules on nothing is found.

use crossfade::route::Stage;

use super::explore::search;
use super::scenario::Op::{Create, Delete, Put};
use super::scenario::{Budget, Scenario};

/// The search covers at least so many states, reaches the end of everything, and finds nothing.
fn nothing_is_found(scenario: &Scenario, states_min: usize) {
    let report = search(scenario);
    assert!(report.violation.is_none(), "{} is broken", scenario.name);
    assert!(report.ends > 0, "{}: no search reached its end", scenario.name);
    assert!(
        report.states >= states_min,
        "{}: {} states only",
        scenario.name,
        report.states
    );
}

const LIVE: Scenario = Scenario::live("", &[Put], &[Delete]);
const NONE: Budget = LIVE.budget;

#[test]
fn two_writers_and_a_repair_keep_the_stores_equal_through_faults() {
    let name = "two writers, a crash, an unknown write, an unknown copy";
    let budget = Budget {
        crashes: 1,
        unknown_writes: 1,
        unknown_copies: 1,
        ..NONE
    };
    nothing_is_found(
        &Scenario {
            name,
            budget,
            reads: true,
            ..LIVE
        },
        0,
    );
}

#[test]
fn writes_that_follow_each_other_keep_the_stores_equal_through_unknown_copies() {
    let name = "three writes, two unknown copies";
    let budget = Budget {
        unknown_copies: 2,
        ..NONE
    };
    let writers: [&[_]; 2] = [&[Put], &[Put, Delete]];
    nothing_is_found(
        &Scenario {
            name,
            budget,
            writers,
            ..LIVE
        },
        0,
    );
}

#[test]
fn a_create_and_a_delete_are_copied_through_faults() {
    let name = "a create, a delete, a crash, an unknown write, an unknown copy";
    let budget = Budget {
        crashes: 1,
        unknown_writes: 1,
        unknown_copies: 1,
        ..NONE
    };
    let writers: [&[_]; 2] = [&[Create], &[Delete]];
    let repairers = 2;
    nothing_is_found(
        &Scenario {
            name,
            budget,
            key_exists: false,
            writers,
            repairers,
            ..LIVE
        },
        0,
    );
}

#[test]
fn a_create_and_then_a_delete_are_copied_through_faults() {
    let name = "a create and then a delete, two unknown copies, a crash";
    let budget = Budget {
        crashes: 1,
        unknown_copies: 2,
        ..NONE
    };
    let writers: [&[_]; 2] = [&[Create, Delete], &[]];
    nothing_is_found(
        &Scenario {
            name,
            budget,
            key_exists: false,
            writers,
            repairers: 2,
            ..LIVE
        },
        0,
    );
}

#[test]
fn a_vanished_caller_leaves_a_mark_wherever_it_vanishes() {
    let name = "two writers, two abandoned, a crash";
    let budget = Budget {
        abandoned: 2,
        crashes: 1,
        ..NONE
    };
    nothing_is_found(&Scenario { name, budget, ..LIVE }, 0);
}

#[test]
fn a_rejected_write_or_copy_leaves_nothing_different() {
    let name = "two writers, two rejected, a lost repair";
    let budget = Budget {
        rejected: 2,
        lost_repairs: 1,
        unknown_copies: 1,
        ..NONE
    };
    nothing_is_found(&Scenario { name, budget, ..LIVE }, 0);
}

#[test]
fn a_secondary_without_stamps_ends_equal_through_faults() {
    let name = "ramp_down: two writers, a crash, an unknown write, an unknown copy";
    let budget = Budget {
        crashes: 1,
        unknown_writes: 1,
        unknown_copies: 1,
        ..NONE
    };
    nothing_is_found(
        &Scenario {
            name,
            budget,
            start: Stage::RampDown,
            repairers: 2,
            ..LIVE
        },
        0,
    );
}

#[test]
fn a_secondary_without_stamps_ends_equal_when_callers_vanish_and_repairs_are_lost() {
    let name = "ramp_down: two writers, abandoned, a lost repair, a crash";
    let budget = Budget {
        crashes: 1,
        abandoned: 2,
        lost_repairs: 1,
        ..NONE
    };
    nothing_is_found(
        &Scenario {
            name,
            budget,
            start: Stage::RampDown,
            ..LIVE
        },
        0,
    );
}

#[test]
fn a_fill_of_an_empty_target_ends_equal() {
    let name = "off to dual_write with a fill, an unknown write, an unknown copy, a crash";
    let budget = Budget {
        crashes: 1,
        unknown_writes: 1,
        unknown_copies: 1,
        ..NONE
    };
    nothing_is_found(&Scenario { name, budget, ..FILL }, 0);
}

const FILL: Scenario = Scenario {
    start: Stage::Off,
    target_is_equal: false,
    fill: true,
    moves: &[Stage::DualWrite],
    ..LIVE
};

#[test]
fn a_fill_beside_a_create_and_a_delete_ends_equal() {
    let name = "off to dual_write with a fill, a create and a delete, two unknown copies";
    let budget = Budget {
        unknown_copies: 2,
        abandoned: 1,
        ..NONE
    };
    let writers: [&[_]; 2] = [&[Create], &[Delete]];
    nothing_is_found(
        &Scenario {
            name,
            budget,
            key_exists: false,
            writers,
            ..FILL
        },
        0,
    );
}

#[test]
fn going_back_to_off_and_on_again_ends_equal() {
    let name = "live to off to dual_write with a new fill, a crash, an unknown copy";
    let budget = Budget {
        crashes: 1,
        unknown_copies: 1,
        ..NONE
    };
    let moves = &[Stage::Off, Stage::DualWrite];
    nothing_is_found(
        &Scenario {
            name,
            budget,
            start: Stage::Live,
            moves,
            ..FILL
        },
        0,
    );
}

const SWITCH: Scenario = Scenario {
    moves: &[Stage::RampDown, Stage::Live],
    plans_ahead: true,
    ..LIVE
};

#[test]
fn a_switch_there_and_back_loses_nothing() {
    let name = "there and back, a crash, an unknown write";
    let budget = Budget {
        crashes: 1,
        unknown_writes: 1,
        ..NONE
    };
    nothing_is_found(
        &Scenario {
            name,
            budget,
            ..SWITCH
        },
        0,
    );
}

#[test]
fn a_switch_there_and_back_loses_nothing_when_answers_are_lost() {
    let name = "there and back, an unknown copy, an unknown commit, a hold that takes too long";
    let budget = Budget {
        unknown_copies: 1,
        unknown_commits: 1,
        hold_timeouts: 1,
        ..NONE
    };
    nothing_is_found(
        &Scenario {
            name,
            budget,
            ..SWITCH
        },
        0,
    );
}

#[test]
fn a_switch_beside_reads_that_mark_loses_nothing() {
    let name = "there and back, a read that marks";
    let budget = Budget {
        read_marks: 1,
        unknown_copies: 1,
        ..NONE
    };
    nothing_is_found(
        &Scenario {
            name,
            budget,
            ..SWITCH
        },
        0,
    );
}

#[test]
fn a_switch_beside_a_fill_loses_nothing() {
    let name = "live to ramp_down beside a fill, a crash, an unknown copy";
    let budget = Budget {
        crashes: 1,
        unknown_copies: 1,
        ..NONE
    };
    let moves = &[Stage::RampDown];
    nothing_is_found(
        &Scenario {
            name,
            budget,
            moves,
            fill: true,
            ..SWITCH
        },
        0,
    );
}

#[test]
fn the_commit_alone_makes_a_switch_safe() {
    let name = "there and back without hold and drain, an unknown write";
    let budget = Budget {
        unknown_writes: 1,
        crashes: 1,
        ..NONE
    };
    nothing_is_found(
        &Scenario {
            name,
            budget,
            hold: false,
            ..SWITCH
        },
        0,
    );
}

#[test]
fn a_write_that_goes_unrecorded_is_repaired_with_everything() {
    let name = "two writers, two unrecorded, an unknown write, a crash";
    let budget = Budget {
        outages: 2,
        unknown_writes: 1,
        crashes: 1,
        ..NONE
    };
    nothing_is_found(&Scenario { name, budget, ..LIVE }, 0);
}
