//! A writer: plans a write, and does the steps of its machine. Its caller is answered as soon as the authority has
//! applied the write, before the copy.

use crossfade::data::{Outcome, Scope};
use crossfade::journal::{Command, Epoch, MarkId, Reason, Reply};
use crossfade::protocol::{Wait, Write, WriteEvent, WriteStep};

use super::copying::ScopeCopy;
use crate::search::explore::Steps;
use crate::search::gateway::Stands;
use crate::search::label::{Did, Who};
use crate::search::rules::Rule;
use crate::search::scenario::{Op, Scenario, Sharing, take};
use crate::search::values::{Flight, Plan, Value, group, key};
use crate::search::world::World;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Writer {
    /// How many of its writes have begun.
    pub(crate) begun: u8,
    pub(crate) run: Option<WriteRun>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WriteRun {
    op: Op,
    plan: Plan,
    /// Its mark; none when it could not be recorded.
    row: Option<MarkId>,
    /// The epoch that its row was made in.
    row_epoch: Epoch,
    /// Copies nothing in `off`, where a write is only the authority's.
    machine: Option<Write>,
    step: WriteStep,
    copy: Option<ScopeCopy>,
    /// Its answer named what it touched.
    answered: bool,
    unrecorded: bool,
}

pub(super) fn steps(world: &World, scenario: &Scenario, n: usize, out: &mut Steps) {
    let add = &mut |world: World, did| out.add(world, Who::Writer(n), did);
    let Some(run) = world.gateway.writers[n].run else {
        return plan(world, scenario, n, add);
    };
    match run.step {
        WriteStep::Mark => mark(run, world, scenario, n, add),
        WriteStep::CallAuthority => call(run, world, n, add),
        WriteStep::Copy => copy(run, world, scenario, n, add),
        _ => end(run, world, scenario, n, add),
    }
    abandon(run, world, n, add);
}

type Add<'a> = &'a mut dyn FnMut(World, Did);

fn plan(world: &World, scenario: &Scenario, n: usize, add: Add<'_>) {
    let begun = world.gateway.writers[n].begun;
    let Some(op) = scenario.writers[n].get(usize::from(begun)) else {
        return;
    };
    if world.gateway.held || !is_known(*op, world, scenario) {
        return;
    }
    let plan = world.gateway.plan;
    let machine = plan.stage.copies().then(|| Write::begin(plan.secondary()));
    let run = WriteRun {
        op: *op,
        plan,
        row: None,
        row_epoch: 0,
        machine: machine.map(|(machine, _)| machine),
        step: machine.map_or(WriteStep::CallAuthority, |(_, step)| step),
        copy: None,
        answered: false,
        unrecorded: false,
    };
    let mut next = world.clone();
    next.gateway.writers[n] = Writer { begun: begun + 1, run: Some(run) };
    add(next, Did::Plan(*op, plan.stage));
}

/// A key whose id the authority gives is known to nobody before its create.
fn is_known(op: Op, world: &World, scenario: &Scenario) -> bool {
    let created = scenario.writers.iter().any(|ops| ops.contains(&Op::Create));
    matches!(op, Op::Create | Op::DeleteGroup) || !created || world.versions > 1
}

impl Writer {
    pub(crate) fn row(&self) -> Option<MarkId> {
        self.run.and_then(|run| run.row)
    }

    pub(crate) fn stamp(&mut self) -> Option<&mut u8> {
        self.run.as_mut()?.copy.as_mut()?.stamp()
    }

    /// Its write is not in the journal, and memory alone knows of it.
    pub(crate) fn is_unmarked(&self) -> bool {
        self.run.is_some_and(|run| run.machine.is_some() && run.row.is_none() && !run.unrecorded)
    }

    /// The request of this write that may be inside a store.
    pub(crate) fn request(&self, world: &mut World) -> Option<Flight> {
        let run = self.run?;
        match run.step {
            WriteStep::CallAuthority => Some(world.write_request(run.plan, run.op)),
            WriteStep::Copy => run.copy?.request(run.plan),
            _ => None,
        }
    }
}

impl WriteRun {
    /// Its row names the group.
    fn is_wide(&self, scenario: &Scenario) -> bool {
        matches!(self.op, Op::Create | Op::DeleteGroup) || scenario.sharing == Sharing::ByGroup
    }

    fn touched_scope(&self) -> Scope {
        if self.op == Op::DeleteGroup { group() } else { key() }
    }

    /// A create that was answered knows its key; others have named it.
    fn narrowed(&self, scenario: &Scenario) -> Option<Scope> {
        let named = scenario.sharing == Sharing::ByGroup && !scenario.without(Rule::LeftOnTheKey);
        match self.op {
            Op::Create => self.answered.then(key),
            Op::Put | Op::Delete => named.then(key),
            Op::DeleteGroup => None,
        }
    }

    fn after(mut self, event: WriteEvent) -> Self {
        // In `off` there is nothing to do after the authority.
        self.step = self.machine.as_mut().map_or(WriteStep::Nothing, |machine| machine.next(event));
        self.copy =
            (self.step == WriteStep::Copy).then(|| ScopeCopy::begin(&self.touched_scope(), self.plan));
        self.answered |= self.copy.is_some();
        self
    }

    fn put(self, mut world: World, n: usize) -> World {
        world.gateway.writers[n].run = (self.step != WriteStep::Nothing).then_some(self);
        world
    }
}

fn mark(run: WriteRun, world: &World, scenario: &Scenario, n: usize, add: Add<'_>) {
    if scenario.without(Rule::MarkBeforeWrite) {
        return add(run.after(WriteEvent::Marked).put(world.clone(), n), Did::MarkSkipped);
    }
    let mut next = world.clone();
    let row = world.free_row();
    let epoch = if scenario.without(Rule::MarkChecksEpoch) { world.status.epoch } else { run.plan.epoch };
    take_over(run, epoch, world, scenario, n, add);
    let scope = if run.is_wide(scenario) { group() } else { key() };
    let (session, scopes) = (world.gateway.session, scope.into());
    match next.apply(&Command::Mark { session, epoch, first: row, scopes, now: world.now }) {
        Reply::Refused(_) => add(run.after(WriteEvent::MarkRefused).put(next, n), Did::MarkRefused),
        _ => add(
            WriteRun { row: Some(row), row_epoch: epoch, ..run }.after(WriteEvent::Marked).put(next, n),
            Did::Mark,
        ),
    }
    let mut next = world.clone();
    if take(&mut next.budget.outages) {
        next.gateway.unrecorded = true;
        let run = WriteRun { unrecorded: true, ..run };
        add(run.after(WriteEvent::Unrecorded).put(next, n), Did::MarkFailed);
    }
}

/// Whether it does when it could is left open: the row may have stood long enough.
fn take_over(run: WriteRun, epoch: Epoch, world: &World, scenario: &Scenario, n: usize, add: Add<'_>) {
    let fits = |stands: &Stands| {
        stands.wide == run.is_wide(scenario)
            && (stands.epoch == epoch || scenario.without(Rule::TakenOverInItsEpoch))
    };
    for stands in world.gateway.standing.into_iter().flatten().filter(fits) {
        let mut next = world.clone();
        if !scenario.without(Rule::TakenOverOnce) {
            next.gateway.no_longer_stands(stands);
        }
        let run = WriteRun { row: Some(stands.row), row_epoch: stands.epoch, ..run };
        add(run.after(WriteEvent::Marked).put(next, n), Did::TakeOver);
    }
}

fn call(run: WriteRun, world: &World, n: usize, add: Add<'_>) {
    let mut next = world.clone();
    let request = next.write_request(run.plan, run.op);
    let landed = next.land(request);
    let value = landed.unwrap_or_else(|| {
        next.versions += 1;
        Value { version: next.versions, present: run.op.leaves_a_record() }
    });
    next.acknowledge(value);
    let after = |outcome| run.after(WriteEvent::Answered(outcome));
    add(after(Outcome::Applied).put(next, n), Did::Write(value, landed.is_some()));
    for lands in [false, true] {
        let mut next = world.clone();
        if !take(&mut next.budget.unknown_writes) {
            break;
        }
        let request = next.write_request(run.plan, run.op);
        next.send(request, lands);
        add(after(Outcome::Unknown).put(next, n), Did::WriteUnknown { lands });
    }
    let mut next = world.clone();
    if take(&mut next.budget.rejected) {
        add(after(Outcome::Rejected).put(next, n), Did::WriteRejected);
    }
}

fn copy(run: WriteRun, world: &World, scenario: &Scenario, n: usize, add: Add<'_>) {
    let Some(copy) = run.copy else { return };
    for (next, copy, did) in copy.ways(world, scenario, run.plan) {
        let run = match copy {
            ScopeCopy::Ended(end) => run.after(WriteEvent::CopyEnded(end)),
            copy => WriteRun { copy: Some(copy), ..run },
        };
        add(run.put(next, n), did);
    }
}

/// Unmarks, leaves or refuses, and is done. A refused write is planned anew.
fn end(run: WriteRun, world: &World, scenario: &Scenario, n: usize, add: Add<'_>) {
    let mut next = world.clone();
    next.gateway.writers[n].run = None;
    let did = match run.step {
        WriteStep::Leave(wait) => Did::Leave(wait),
        WriteStep::Refuse => Did::Refuse,
        _ => Did::Unmark,
    };
    if run.step == WriteStep::Refuse {
        next.gateway.writers[n].begun -= 1;
    }
    // A write without a mark that may still land is told of again.
    let may_land = matches!(run.step, WriteStep::Leave(Wait::LateBound(_)));
    next.gateway.unrecorded |= run.unrecorded && may_land && !scenario.without(Rule::VoidAgain);
    let_stand(run, &next, scenario, add);
    if let Some(command) = last_command(run, world, scenario) {
        next.apply(&command);
    }
    add(next, did);
}

/// What left nothing to repair stands, where there is room.
fn let_stand(run: WriteRun, world: &World, scenario: &Scenario, add: Add<'_>) {
    let (WriteStep::Unmark, Some(row)) = (run.step, run.row) else { return };
    let mut next = world.clone();
    let stands = Stands { row, epoch: run.row_epoch, wide: run.is_wide(scenario) };
    if scenario.sharing != Sharing::No && next.gateway.keep(stands) {
        add(next, Did::LetStand);
    }
}

fn last_command(run: WriteRun, world: &World, scenario: &Scenario) -> Option<Command> {
    let (first, rows) = (run.row?, 1);
    match run.step {
        WriteStep::Unmark => Some(Command::Unmark { first, rows }),
        WriteStep::Leave(wait) => {
            let not_before = world.not_before(wait, run.plan, scenario);
            Some(Command::Leave {
                first,
                rows,
                narrowed: run.narrowed(scenario),
                not_before,
                reason: Reason::CopyFailed,
            })
        }
        _ => None,
    }
}

/// Its caller is gone and nobody can finish it: its request may be inside a store, or was never sent.
fn abandon(run: WriteRun, world: &World, n: usize, add: Add<'_>) {
    let running = matches!(run.step, WriteStep::Mark | WriteStep::CallAuthority | WriteStep::Copy);
    if !running || run.machine.is_none() {
        return;
    }
    for in_flight in [false, true] {
        let mut next = world.clone();
        if !take(&mut next.budget.abandoned) {
            return;
        }
        if in_flight {
            let Some(request) = world.gateway.writers[n].request(&mut next) else {
                return;
            };
            next.send(request, true);
        }
        add(run.after(WriteEvent::Abandoned).put(next, n), Did::Abandon { in_flight });
    }
}
