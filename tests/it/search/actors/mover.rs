//! The move from stage to stage: hold, drain, no mark, ids, clock, commit, adopt.

use crossfade::journal::{Command, Reply};
use crossfade::protocol::{CommitRequest, Grounds, MoveEvent, MoveRun, MoveStep};
use crossfade::route::{Stage, Store};

use crate::search::explore::Steps;
use crate::search::label::{Did, Who};
use crate::search::rules::Rule;
use crate::search::scenario::{Scenario, take};
use crate::search::values::Plan;
use crate::search::world::{World, no_audit};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mover {
    from: Plan,
    to: Stage,
    machine: MoveRun,
    step: MoveStep,
}

type Add<'a> = &'a mut dyn FnMut(World, Did);

pub(super) fn steps(world: &World, scenario: &Scenario, out: &mut Steps) {
    let add = &mut |world: World, did| out.add(world, Who::Move, did);
    let Some(mover) = world.gateway.mover else {
        return begin(world, scenario, add);
    };
    match mover.step {
        MoveStep::Hold => mover.hold(world, scenario, add),
        MoveStep::Drain => mover.drain(world, scenario, add),
        MoveStep::WaitForMarks => mover.wait_for_marks(world, scenario, add),
        MoveStep::HoldRepairs => mover.hold_repairs(world, scenario, add),
        MoveStep::HandOverIds => add(mover.after(MoveEvent::IdsHandedOver).put(world), Did::HandOver),
        MoveStep::WaitForClock => mover.wait_for_clock(world, scenario, add),
        MoveStep::Commit(request) => mover.commit(world, scenario, request, add),
        MoveStep::AskCommitted => mover.ask(world, add),
        MoveStep::Adopt => mover.end(world, true, add),
        MoveStep::KeepOld => mover.end(world, false, add),
    }
}

/// The next stage to move to: as many moves are behind as epochs since the start.
pub(crate) fn next_move(world: &World, scenario: &Scenario) -> Option<Stage> {
    let behind = world.status.epoch - scenario.first_epoch();
    scenario.moves.get(behind as usize).copied()
}

fn begin(world: &World, scenario: &Scenario, add: Add<'_>) {
    let Some(to) = next_move(world, scenario) else {
        return;
    };
    let from = world.gateway.plan;
    let certified = scenario.target_is_equal || world.status.certificate.is_some();
    let Ok((machine, step)) = MoveRun::begin(from.stage, to, Grounds { certified, forced: false }) else {
        return;
    };
    add(Mover { from, to, machine, step }.put(world), Did::BeginMove(to));
}

impl Mover {
    fn put(self, world: &World) -> World {
        let mut next = world.clone();
        next.gateway.mover = Some(self);
        next
    }

    fn after(mut self, event: MoveEvent) -> Self {
        self.step = self.machine.next(event);
        self
    }

    fn hold(self, world: &World, scenario: &Scenario, add: Add<'_>) {
        let mut next = self.after(MoveEvent::Held).put(world);
        next.gateway.held = scenario.hold;
        add(next, Did::Held);
    }

    fn drain(self, world: &World, scenario: &Scenario, add: Add<'_>) {
        let gateway = &world.gateway;
        let page = gateway.filler.is_some_and(|filler| filler.inside);
        let busy = gateway.writers.iter().any(|writer| writer.run.is_some())
            || gateway.repairers.iter().any(|repairer| !repairer.is_idle())
            || (page && !scenario.without(Rule::NoPageAcrossSwitch));
        if !(busy && scenario.hold) {
            add(self.after(MoveEvent::Drained).put(world), Did::Drained);
        }
        self.time_out(world, add);
    }

    fn wait_for_marks(self, world: &World, scenario: &Scenario, add: Add<'_>) {
        if world.gateway.repairs_held {
            let mut next = world.clone();
            next.gateway.repairs_held = false;
            return add(next, Did::RepairsLetIn);
        }
        if world.journal.marks().is_empty() || self.passes_marks(world, scenario) {
            add(self.after(MoveEvent::NoMarks).put(world), Did::NoMarks);
        }
        self.time_out(world, add);
    }

    fn passes_marks(self, world: &World, scenario: &Scenario) -> bool {
        let only_stand = world.journal.marks().keys().all(|row| world.gateway.only_stands(*row));
        if only_stand && scenario.without(Rule::SwitchFindsNothingStanding) {
            return true;
        }
        scenario.without(match self.to {
            Stage::Complete => Rule::CompleteFindsNoMark,
            _ => Rule::SwitchFindsNoMark,
        })
    }

    fn hold_repairs(self, world: &World, scenario: &Scenario, add: Add<'_>) {
        let mut next = world.clone();
        next.gateway.repairs_held = scenario.hold && !scenario.without(Rule::RepairsHeld);
        let running = world.gateway.repairers.iter().any(|repairer| !repairer.is_idle());
        if !next.gateway.repairs_held || !running {
            add(self.after(MoveEvent::RepairsHeld).put(&next), Did::RepairsHeld);
        } else if !world.gateway.repairs_held {
            add(self.put(&next), Did::RepairsHeld);
        }
        self.time_out(world, add);
    }

    fn time_out(self, world: &World, add: Add<'_>) {
        let mut next = self.after(MoveEvent::Failed).put(world);
        if take(&mut next.budget.hold_timeouts) {
            add(next, Did::HoldTimeout);
        }
    }

    /// The clocks of this world move with each stamp only, so waiting is to set one.
    fn wait_for_clock(self, world: &World, scenario: &Scenario, add: Add<'_>) {
        let mut next = self.after(MoveEvent::ClockPassed).put(world);
        if !scenario.without(Rule::StampsAbove) {
            match self.to.authority() {
                Store::Target => next.target_clock = next.target_clock.max(next.issued),
                Store::Legacy => next.issued = next.issued.max(next.target_clock),
            }
        }
        add(next, Did::Clock);
    }

    fn commit(self, world: &World, scenario: &Scenario, request: CommitRequest, add: Add<'_>) {
        let mut next = world.clone();
        let needs_no_marks = request.needs_no_marks && !self.passes_marks(world, scenario);
        let request = CommitRequest { needs_no_marks, ..request };
        let reply = next.apply(&Command::Commit {
            from: self.from.epoch,
            request,
            everything: world.free_row(),
            session: world.gateway.session,
            audit: no_audit(),
        });
        match reply {
            Reply::Committed(_) => {
                if self.to == Stage::Complete {
                    next.left_to_legacy = Some(next.register(Store::Target).value);
                }
                self.lose_answer(&next, true, add);
                self.lose_answer(world, false, add);
                add(self.after(MoveEvent::Committed).put(&next), Did::Committed(self.to));
            }
            _ => add(self.after(MoveEvent::MarksLeft).put(&next), Did::CommitRefused),
        }
    }

    fn lose_answer(self, world: &World, made: bool, add: Add<'_>) {
        let mut next = self.after(MoveEvent::CommitUnknown).put(world);
        if take(&mut next.budget.unknown_commits) {
            add(next, Did::CommitUnknown(made));
        }
    }

    fn ask(self, world: &World, add: Add<'_>) {
        let made = world.status.epoch > self.from.epoch;
        let event = if made { MoveEvent::Committed } else { MoveEvent::NotCommitted };
        add(self.after(event).put(world), Did::Asked);
    }

    fn end(self, world: &World, adopt: bool, add: Add<'_>) {
        let mut next = world.clone();
        (next.gateway.mover, next.gateway.held, next.gateway.repairs_held) = (None, false, false);
        if adopt {
            next.gateway.plan = Plan { stage: self.to, epoch: world.status.epoch, ..self.from };
        }
        add(next, if adopt { Did::Adopt(self.to) } else { Did::KeepOld });
    }
}
