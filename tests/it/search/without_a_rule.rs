//! Each rule, taken away alone, gives a violation.

use crossfade::route::Stage;

use super::explore::Property::{self, Convergence, NoStaleRead, NothingIsLost};
use super::explore::search;
use super::rules::Rule;
use super::scenario::Op::{Create, Delete, Put};
use super::scenario::{Budget, Scenario};

const ONE: Scenario = Scenario::live("", &[Put], &[]);
const TWO: Scenario = Scenario::live("", &[Put], &[Put]);
const NONE: Budget = ONE.budget;

#[test]
#[ignore]
fn table() {
    let crash = Budget { crashes: 1, ..NONE };
    let unknown_write = Budget {
        unknown_writes: 1,
        ..NONE
    };
    let unknown_copy = Budget {
        unknown_copies: 1,
        ..NONE
    };
    let ramp = Scenario {
        start: Stage::RampDown,
        ..TWO
    };
    let fill = Scenario {
        start: Stage::Off,
        target_is_equal: false,
        fill: true,
        moves: &[Stage::DualWrite],
        ..ONE
    };
    let switch = Scenario {
        moves: &[Stage::RampDown],
        plans_ahead: true,
        ..TWO
    };
    let mut all = vec![
        ("R1", Rule::MarkBeforeWrite, Scenario { budget: crash, ..ONE }),
        (
            "R1 void",
            Rule::VoidAfterUnrecorded,
            Scenario {
                budget: Budget {
                    outages: 1,
                    unknown_writes: 1,
                    ..NONE
                },
                ..ONE
            },
        ),
        (
            "R1 void2",
            Rule::VoidAfterUnrecorded,
            Scenario {
                budget: Budget { outages: 1, ..NONE },
                ..ONE
            },
        ),
        (
            "R2 unknown",
            Rule::UnknownWriteWaits,
            Scenario {
                budget: unknown_write,
                ..ONE
            },
        ),
        (
            "R2 unknown ramp",
            Rule::UnknownWriteWaits,
            Scenario {
                budget: unknown_write,
                start: Stage::RampDown,
                ..ONE
            },
        ),
        (
            "R2 adopted",
            Rule::AdoptedMarksWait,
            Scenario { budget: crash, ..ONE },
        ),
        (
            "R2 adopted ramp",
            Rule::AdoptedMarksWait,
            Scenario {
                budget: crash,
                ..ramp.clone()
            },
        ),
        (
            "R2 given back ramp",
            Rule::GivenBackClaimsWait,
            Scenario {
                budget: Budget {
                    lost_repairs: 1,
                    abandoned: 1,
                    ..NONE
                },
                ..ramp.clone()
            },
        ),
        (
            "R2 given back live",
            Rule::GivenBackClaimsWait,
            Scenario {
                budget: Budget {
                    lost_repairs: 1,
                    abandoned: 1,
                    unknown_copies: 1,
                    ..NONE
                },
                ..TWO
            },
        ),
        ("R3", Rule::StampBeforeRead, TWO),
        (
            "R3 crash",
            Rule::StampsRiseAcrossCrash,
            Scenario {
                budget: Budget { crashes: 1, ..NONE },
                ..TWO
            },
        ),
        (
            "R4",
            Rule::AlwaysWrite,
            Scenario {
                budget: unknown_copy,
                key_exists: false,
                writers: [&[Create, Delete], &[]],
                ..ONE
            },
        ),
        (
            "R4 put",
            Rule::AlwaysWrite,
            Scenario {
                budget: Budget {
                    unknown_copies: 2,
                    ..NONE
                },
                writers: [&[Put], &[Put, Put]],
                ..ONE
            },
        ),
        ("R5 look", Rule::LookAgain, ramp.clone()),
        (
            "R5 unknown",
            Rule::UnknownCopyWaits,
            Scenario {
                budget: unknown_copy,
                ..ramp.clone()
            },
        ),
        (
            "R5 cut off",
            Rule::UnknownCopyWaits,
            Scenario {
                budget: Budget { abandoned: 1, ..NONE },
                ..ramp.clone()
            },
        ),
        (
            "R6 clear",
            Rule::ClearClaimedOnly,
            Scenario {
                budget: Budget {
                    unknown_copies: 1,
                    ..NONE
                },
                ..TWO
            },
        ),
        (
            "R6 epoch",
            Rule::ClaimChecksEpoch,
            Scenario {
                budget: Budget {
                    unknown_copies: 1,
                    ..NONE
                },
                ..switch.clone()
            },
        ),
        (
            "R6 epoch 1",
            Rule::ClaimChecksEpoch,
            Scenario {
                budget: Budget { rejected: 1, ..NONE },
                writers: [&[Put], &[]],
                ..switch.clone()
            },
        ),
        ("R8 running", Rule::DirtyWhileRunning, ONE),
        ("R8 loaded", Rule::MarksLoaded, Scenario { budget: crash, ..ONE }),
        ("R9 stamps", Rule::FillStamped, fill.clone()),
        ("R9 drain", Rule::FillDrainsOff, fill.clone()),
        (
            "R9 late",
            Rule::FillWaitsLateBound,
            Scenario {
                budget: unknown_write,
                ..fill.clone()
            },
        ),
        (
            "R9 page",
            Rule::NoPageAcrossSwitch,
            Scenario {
                fill: true,
                ..switch.clone()
            },
        ),
        (
            "R10 marks",
            Rule::SwitchFindsNoMark,
            Scenario {
                budget: unknown_copy,
                ..switch.clone()
            },
        ),
        (
            "R10 marks nofault",
            Rule::SwitchFindsNoMark,
            Scenario {
                budget: Budget {
                    unknown_writes: 1,
                    ..NONE
                },
                ..switch.clone()
            },
        ),
        ("R10 stamps", Rule::StampsAbove, switch.clone()),
        (
            "R10 stamps back",
            Rule::StampsAbove,
            Scenario {
                start: Stage::RampDown,
                moves: &[Stage::Live],
                ..switch.clone()
            },
        ),
        (
            "R10 adopts",
            Rule::RestartAdopts,
            Scenario {
                budget: crash,
                ..switch.clone()
            },
        ),
        (
            "R10 marks epoch",
            Rule::MarkChecksEpoch,
            Scenario {
                hold: false,
                ..switch.clone()
            },
        ),
    ];
    for (name, rule, scenario) in &mut all {
        scenario.name = name;
        scenario.off = Some(*rule);
        search(scenario);
    }
    let _: [Property; 3] = [Convergence, NoStaleRead, NothingIsLost];
}
