//! A repairer: plans, claims one mark, copies its scope, and does with the mark what the protocol says.

use crossfade::data::Scope;
use crossfade::journal::{ClaimId, Command, Mark, MarkId, MarkState, Micros, Reply};
use crossfade::protocol::{RepairEnd, RepairStep, after_repair};
use crossfade::route::Store;

use super::copying::ScopeCopy;
use crate::search::explore::Steps;
use crate::search::label::{Did, Who};
use crate::search::rules::Rule;
use crate::search::scenario::{Scenario, take};
use crate::search::values::{Flight, Plan};
use crate::search::world::{LATE_BOUND, World};

/// More than any search fails: dead letters are left to the journal's own tests.
const ATTEMPTS_MAX: u32 = 100;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Repairer {
    #[default]
    Idle,
    /// Inside the gate, about to claim.
    Planned(Plan),
    Running(Repair),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Repair {
    plan: Plan,
    claim: ClaimId,
    row: MarkId,
    attempts: u32,
    /// Who was inside the gate when it claimed everything, and has not left since.
    pub(crate) awaits: u8,
    work: Work,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Work {
    Copy(ScopeCopy),
    Then(RepairStep, RepairEnd),
}

type Add<'a> = &'a mut dyn FnMut(World, Did);

pub(super) fn steps(world: &World, scenario: &Scenario, n: usize, out: &mut Steps) {
    let add = &mut |world: World, did| out.add(world, Who::Repair(n), did);
    match world.gateway.repairers[n] {
        Repairer::Idle => plan(world, scenario, n, add),
        Repairer::Planned(plan) => claim(plan, world, scenario, n, add),
        Repairer::Running(Repair { awaits: 1.., .. }) => {}
        Repairer::Running(repair) => {
            match repair.work {
                Work::Copy(work) => copy(repair, work, world, scenario, n, add),
                Work::Then(step, end) => then(repair, step, end, world, scenario, n, add),
            }
            give_up(repair, world, n, add);
        }
    }
}

impl Repairer {
    pub(crate) const fn is_idle(&self) -> bool {
        matches!(self, Self::Idle)
    }

    /// A repair of everything enters the gate when it has drained.
    pub(crate) const fn is_inside(&self) -> bool {
        matches!(self, Self::Planned(_) | Self::Running(Repair { awaits: 0, .. }))
    }

    pub(crate) fn stamp(&mut self) -> Option<&mut u8> {
        match self {
            Self::Running(Repair { work: Work::Copy(copy), .. }) => copy.stamp(),
            _ => None,
        }
    }

    /// The request of this repair that may be inside a store.
    pub(crate) const fn request(&self) -> Option<Flight> {
        match self {
            Self::Running(Repair { plan, work: Work::Copy(copy), .. }) => copy.request(*plan),
            _ => None,
        }
    }
}

fn put(world: &World, n: usize, repairer: Repairer) -> World {
    let mut next = world.clone();
    next.gateway.repairers[n] = repairer;
    next
}

fn plan(world: &World, scenario: &Scenario, n: usize, add: Add<'_>) {
    let plan = world.gateway.plan;
    if plan.stage.copies() && !world.gateway.repairs_held && (scenario.plans_ahead || can_claim(world)) {
        add(put(world, n, Repairer::Planned(plan)), Did::PlanRepair(plan.stage));
    }
}

/// Whether a claim would find anything: it keeps processes that find nothing out of the search.
fn can_claim(world: &World) -> bool {
    world.journal.marks().values().any(|mark| is_due(mark, world))
}

/// A mark on everything is the fill's to make good, but in `ramp_down`, where none runs.
fn is_due(mark: &Mark, world: &World) -> bool {
    let ours = mark.scope != Scope::Everything || world.gateway.plan.authority() == Store::Target;
    ours && match mark.state {
        MarkState::Left => mark.not_before <= world.now,
        MarkState::Claimed { lease_until, .. } => lease_until <= world.now,
        MarkState::Running | MarkState::Dead => false,
    }
}

fn claim(plan: Plan, world: &World, scenario: &Scenario, n: usize, add: Add<'_>) {
    let mut marks = world.journal.marks().values();
    let everything = !marks.any(|mark| mark.scope != Scope::Everything && is_due(mark, world));
    let mut next = put(world, n, Repairer::Idle);
    let command = claim_command(plan, world, scenario, everything);
    let Reply::Claimed(marks) = next.apply(&command) else { return add(next, Did::ClaimNothing) };
    let Some(mark) = marks.first() else { return add(next, Did::ClaimNothing) };
    // What has no mark of its own is waited for.
    let drains = everything && !scenario.without(Rule::EverythingDrains);
    let repair = Repair {
        plan,
        claim: free_claim(world),
        row: mark.id,
        attempts: mark.attempts,
        awaits: if drains { next.gateway.inside() } else { 0 },
        work: Work::Copy(ScopeCopy::begin(&mark.scope, plan)),
    };
    next.gateway.repairers[n] = Repairer::Running(repair);
    add(next, Did::Claim);
}

pub(super) fn claim_command(plan: Plan, world: &World, scenario: &Scenario, everything: bool) -> Command {
    let old_epoch = scenario.without(Rule::ClaimChecksEpoch);
    Command::Claim {
        session: world.gateway.session,
        epoch: if old_epoch { world.status.epoch } else { plan.epoch },
        claim: free_claim(world),
        now: world.now,
        lease_until: world.now + lease(scenario),
        late_bound: if scenario.without(Rule::GivenBackClaimsWait) { 0 } else { LATE_BOUND },
        limit: 1,
        everything,
    }
}

/// A repair's own deadline lies below its lease, so the lease of one that runs never lapses; that of a lost one
/// lapses at once.
const fn lease(scenario: &Scenario) -> Micros {
    if scenario.budget.lost_repairs > 0 { 0 } else { Micros::MAX / 2 }
}

pub(super) fn free_claim(world: &World) -> ClaimId {
    let marks = world.journal.marks();
    let in_marks =
        |id| marks.values().any(|m| matches!(m.state, MarkState::Claimed { claim, .. } if claim == id));
    let held =
        |id| world.gateway.repairers.iter().any(|r| matches!(r, Repairer::Running(r) if r.claim == id));
    let filling = |id| world.gateway.filler.is_some_and(|filler| filler.claim == id);
    (1..).find(|id| !in_marks(*id) && !held(*id) && !filling(*id)).expect("few claims are held")
}

fn copy(repair: Repair, work: ScopeCopy, world: &World, scenario: &Scenario, n: usize, add: Add<'_>) {
    for (next, copy, did) in work.ways(world, scenario, repair.plan) {
        let work = match copy {
            ScopeCopy::Ended(end) => repair.then(RepairEnd::Ended(end)),
            copy => Work::Copy(copy),
        };
        add(put(&next, n, Repairer::Running(Repair { work, ..repair })), did);
    }
}

impl Repair {
    const fn then(self, end: RepairEnd) -> Work {
        Work::Then(after_repair(end, self.plan.secondary(), self.attempts, ATTEMPTS_MAX), end)
    }
}

fn then(
    repair: Repair,
    step: RepairStep,
    end: RepairEnd,
    world: &World,
    scenario: &Scenario,
    n: usize,
    add: Add<'_>,
) {
    let mut next = put(world, n, Repairer::Idle);
    let (claim, ids) = (repair.claim, vec![repair.row]);
    if step == RepairStep::Clear && scenario.without(Rule::ClearClaimedOnly) {
        clear_all(&mut next);
    }
    let failed = matches!(end, RepairEnd::Ended(_));
    next.apply(&match step {
        RepairStep::Clear => Command::Clear { claim, ids },
        RepairStep::GiveBack(wait) => {
            let not_before = world.not_before(wait, repair.plan, scenario);
            Command::GiveBack { claim, ids, not_before, failed }
        }
        RepairStep::Bury(wait) => {
            let not_before = world.not_before(wait, repair.plan, scenario);
            Command::Bury { claim, ids, not_before }
        }
    });
    add(next, Did::AfterRepair(step));
}

/// What a repair must not do: it takes the marks of running writes with its own.
fn clear_all(world: &mut World) {
    let running = world.journal.marks().iter().filter(|(_, mark)| mark.state == MarkState::Running);
    for first in running.map(|(row, _)| *row).collect::<Vec<_>>() {
        world.apply(&Command::Unmark { first, rows: 1 });
    }
}

/// The repair is cut off, or its task is gone without a word; either way its request may be inside a store.
fn give_up(repair: Repair, world: &World, n: usize, add: Add<'_>) {
    let budget = world.budget;
    if !matches!(repair.work, Work::Copy(_)) || budget.abandoned + budget.lost_repairs == 0 {
        return;
    }
    for in_flight in [false, true] {
        let mut next = world.clone();
        if in_flight {
            let Some(request) = world.gateway.repairers[n].request() else {
                return;
            };
            next.send(request, true);
        }
        let work = repair.then(RepairEnd::CutOff);
        let mut cut = put(&next, n, Repairer::Running(Repair { work, ..repair }));
        if take(&mut cut.budget.abandoned) {
            add(cut, Did::CutOff { in_flight });
        }
        let mut lost = put(&next, n, Repairer::Idle);
        if take(&mut lost.budget.lost_repairs) {
            add(lost, Did::LoseRepair { in_flight });
        }
    }
}
