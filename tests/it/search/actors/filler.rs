//! The fill: one page holds the key, so each side is one page and an empty one.

use crossfade::data::Scope;
use crossfade::journal::{ClaimId, Command, FillProgress, Mark, MarkId, MarkState, Micros, Reason, Reply};
use crossfade::protocol::{CopyEnd, Fill, FillEvent, FillStep, RepairEnd, RepairStep, Side, after_repair};
use crossfade::route::{Stage, Store};

use super::copying::ScopeCopy;
use super::repairer::{claim_command, free_claim};
use crate::search::explore::Steps;
use crate::search::label::{Did, Who};
use crate::search::rules::Rule;
use crate::search::scenario::{Filling, Scenario, take};
use crate::search::values::{Flight, PLAIN, Plan, Request, Value, key};
use crate::search::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Filler {
    plan: Plan,
    machine: Fill,
    step: FillStep,
    /// Whether its page counts in a drain.
    pub(crate) inside: bool,
    /// Whether the page with the key is done on this side.
    past_key: bool,
    authority_done: bool,
    voids: u64,
    /// Who was inside the gate when it began to drain, and has not left since.
    pub(crate) awaits: u8,
    has_waited: bool,
    /// Set while it waits for the late bound; time takes it away.
    pub(crate) waits: bool,
    /// Its claim of the marks on everything, 0 when there is none.
    pub(crate) claim: ClaimId,
    page: Page,
    /// Its mark of the key, while that is copied to a target without stamps.
    pub(crate) row: Option<MarkId>,
}

/// The page that is being copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Page {
    None,
    Stamped(u8),
    Read(Value, u8),
    /// A key that the secondary listed.
    Listed(ScopeCopy),
}

const fn leave(first: MarkId, not_before: Micros) -> Command {
    Command::Leave { first, rows: 1, narrowed: None, not_before, reason: Reason::CopyFailed }
}

type Add<'a> = &'a mut dyn FnMut(World, Did);

pub(super) fn steps(world: &World, scenario: &Scenario, out: &mut Steps) {
    let add = &mut |world: World, did| out.add(world, Who::Fill, did);
    let Some(filler) = world.gateway.filler else {
        return begin(world, scenario, add);
    };
    match filler.step {
        FillStep::CheckStage => filler.check_stage(world, scenario, add),
        FillStep::Drain => filler.drain(world, scenario, add),
        FillStep::WaitLateBound => filler.wait(world, scenario, add),
        FillStep::EnterGate(_) => filler.enter(world, add),
        FillStep::ReadPage(side) => filler.read(world, scenario, side, add),
        FillStep::CopyPage(_) => filler.copy(world, scenario, add),
        FillStep::Retry(side) => {
            let step = Fill::retried(side);
            add(Filler { step, inside: false, page: Page::None, ..filler }.put(world), Did::LeaveGate);
        }
        FillStep::SavePage(_) => filler.save(world, false, add),
        FillStep::SaveSide => filler.save(world, true, add),
        FillStep::Certify => filler.certify(world, add),
        FillStep::Stop => filler.end(world, false, add),
        FillStep::End => filler.end(world, true, add),
    }
}

fn begin(world: &World, scenario: &Scenario, add: Add<'_>) {
    let plan = world.gateway.plan;
    let status = &world.status;
    let everything = world.journal.marks().values().any(|mark| mark.scope == Scope::Everything);
    let complete = status.fill.as_ref().is_some_and(|fill| fill.complete);
    let filled = complete || (scenario.target_is_equal && scenario.fill == Filling::WhenNeeded);
    if (filled && !everything) || !may_run(world) {
        return;
    }
    // A mark on everything may be younger than the checkpoint, and then the pages before it do not make it good.
    let checkpoint = status.fill.clone().filter(|fill| !fill.complete && !everything);
    let at = checkpoint.unwrap_or(FillProgress { voids: status.voids, ..FillProgress::default() });
    let side = if at.authority_done { Side::Secondary } else { Side::Authority };
    let (machine, step) = Fill::begin(side);
    let filler = Filler {
        plan,
        machine,
        step,
        inside: false,
        past_key: at.after.is_some(),
        authority_done: at.authority_done,
        voids: at.voids,
        awaits: 0,
        has_waited: false,
        waits: false,
        claim: 0,
        page: Page::None,
        row: None,
    };
    add(filler.put(world), Did::BeginFill(side));
}

fn may_run(world: &World) -> bool {
    !world.gateway.held && copies_to_target(world.gateway.plan.stage)
}

fn copies_to_target(stage: Stage) -> bool {
    stage.copies() && stage.authority() == Store::Legacy
}

impl Filler {
    pub(crate) fn stamp(&mut self) -> Option<&mut u8> {
        match &mut self.page {
            Page::Stamped(stamp) | Page::Read(_, stamp) => Some(stamp),
            Page::Listed(copy) => copy.stamp(),
            Page::None => None,
        }
    }

    /// The request of its page that may be inside the target.
    pub(crate) fn request(&self) -> Option<Flight> {
        match self.page {
            Page::Read(value, stamp) => {
                Some(Flight { store: Store::Target, request: Request::Copy(value), stamp })
            }
            Page::Listed(copy) => copy.request(self.plan),
            Page::None | Page::Stamped(_) => None,
        }
    }

    fn put(self, world: &World) -> World {
        let mut next = world.clone();
        next.gateway.filler = Some(self);
        next
    }

    fn after(mut self, event: FillEvent) -> Self {
        self.step = self.machine.next(event);
        self.waits = self.step == FillStep::WaitLateBound;
        self.inside &= !matches!(self.step, FillStep::Stop | FillStep::End);
        if !matches!(self.step, FillStep::CopyPage(_)) {
            self.page = Page::None;
        }
        self
    }

    fn check_stage(self, world: &World, scenario: &Scenario, add: Add<'_>) {
        let committed = scenario.without(Rule::FillChecksStage) || copies_to_target(world.status.stage);
        let both = committed && copies_to_target(world.gateway.plan.stage);
        let event = if both { FillEvent::StageCopies } else { FillEvent::GateClosed };
        add(Self { awaits: world.gateway.inside(), ..self }.after(event).put(world), Did::CheckStage(both));
    }

    fn drain(self, world: &World, scenario: &Scenario, add: Add<'_>) {
        let rule = if self.has_waited { Rule::FillDrainsAgain } else { Rule::FillDrainsOff };
        if self.awaits == 0 || scenario.without(rule) {
            add(self.after(FillEvent::Drained).put(world), Did::Drained);
        }
    }

    /// Then it claims the marks on everything, which its pages make good.
    fn wait(self, world: &World, scenario: &Scenario, add: Add<'_>) {
        if self.waits && !scenario.without(Rule::FillWaitsLateBound) {
            return;
        }
        let mut next = world.clone();
        let command = claim_command(world.gateway.plan, world, scenario, true);
        let claimed = match next.apply(&command) {
            Reply::Claimed(marks) => !marks.is_empty(),
            _ => false,
        };
        let claim = if claimed { free_claim(world) } else { 0 };
        let awaits = world.gateway.inside();
        let waited = Self { claim, awaits, has_waited: true, ..self };
        add(waited.after(FillEvent::Waited).put(&next), Did::Waited);
    }

    fn enter(self, world: &World, add: Add<'_>) {
        let open = may_run(world);
        let event = if open { FillEvent::Entered } else { FillEvent::GateClosed };
        let entered = Self { inside: open, plan: world.gateway.plan, ..self };
        add(entered.after(event).put(world), Did::EnterGate(open));
    }

    fn read(self, world: &World, scenario: &Scenario, side: Side, add: Add<'_>) {
        if self.past_key {
            return add(self.after(FillEvent::PageEmpty).put(world), Did::Page(side, false));
        }
        match (side, self.page) {
            (Side::Authority, _) if !self.plan.target_keeps_stamps => {
                let here = world.register(Store::Legacy).value.present;
                let page = Page::Listed(ScopeCopy::key(self.plan));
                add(self.listed(here, page).put(world), Did::Page(side, here));
            }
            (Side::Secondary, _) => {
                let here = world.register(Store::Target).value.present;
                let page = Page::Listed(ScopeCopy::key(self.plan));
                add(self.listed(here, page).put(world), Did::Page(side, here));
            }
            (Side::Authority, Page::Stamped(stamp)) => {
                let value = world.register(Store::Legacy).value;
                let page = Page::Read(value, if scenario.without(Rule::FillStamped) { PLAIN } else { stamp });
                add(self.listed(value.present, page).put(world), Did::Read(value));
            }
            (Side::Authority, _) => {
                let mut next = world.clone();
                let stamp = next.issue_stamp();
                add(Self { page: Page::Stamped(stamp), ..self }.put(&next), Did::Stamp(stamp));
            }
        }
    }

    fn listed(self, here: bool, page: Page) -> Self {
        let event = if here { FillEvent::PageRead } else { FillEvent::PageEmpty };
        Self { page, ..self }.after(event)
    }

    fn copy(self, world: &World, scenario: &Scenario, add: Add<'_>) {
        match self.page {
            Page::Read(value, stamp) => self.copy_page(world, value, stamp, add),
            Page::Listed(copy) if !self.plan.target_keeps_stamps => {
                self.copy_marked(copy, world, scenario, add);
            }
            Page::Listed(copy) => {
                for (next, copy, did) in copy.ways(world, scenario, self.plan) {
                    let filler = match copy {
                        copy if copy.has_read_a_record() => self.after(FillEvent::PageCopied),
                        ScopeCopy::Ended(CopyEnd::Copied) => self.after(FillEvent::PageCopied),
                        ScopeCopy::Ended(_) => self.after(FillEvent::PageFailed),
                        copy => Self { page: Page::Listed(copy), ..self },
                    };
                    add(filler.put(&next), did);
                }
            }
            Page::None | Page::Stamped(_) => {}
        }
    }

    /// Where no stamps are kept the key is marked before it is copied, and stays so unless it is.
    fn copy_marked(self, copy: ScopeCopy, world: &World, scenario: &Scenario, add: Add<'_>) {
        let marks = !scenario.without(Rule::FillMarksWithoutStamps);
        let Some(row) = self.row.or((!marks).then_some(0)) else {
            let mut next = world.clone();
            let (session, epoch, first) = (world.gateway.session, self.plan.epoch, world.free_row());
            next.apply(&Command::Mark { session, epoch, first, scopes: key().into(), now: world.now });
            return add(Self { row: Some(first), ..self }.put(&next), Did::Mark);
        };
        for (mut next, copy, did) in copy.ways(world, scenario, self.plan) {
            let Some(end) = copy.end() else {
                add(Self { page: Page::Listed(copy), ..self }.put(&next), did);
                continue;
            };
            let step = after_repair(RepairEnd::Ended(end), self.plan.secondary(), 0, u32::MAX);
            next.apply(&match step {
                RepairStep::GiveBack(wait) => leave(row, world.not_before(wait, self.plan, scenario)),
                _ => Command::Unmark { first: row, rows: 1 },
            });
            // A key that failed holds its page up only while the breaker is open.
            let events = [FillEvent::PageCopied, FillEvent::PageFailed];
            for event in &events[..if step == RepairStep::Clear { 1 } else { 2 }] {
                add(Self { row: None, ..self }.after(*event).put(&next), did);
            }
        }
    }

    fn copy_page(self, world: &World, value: Value, stamp: u8, add: Add<'_>) {
        let Some(request) = self.request() else { return };
        let mut next = world.clone();
        let won = next.land(request).is_some();
        add(self.after(FillEvent::PageCopied).put(&next), Did::Copy(value, stamp, won));
        for lands in [false, true] {
            let mut next = world.clone();
            if take(&mut next.budget.unknown_copies) {
                next.send(request, lands);
                add(self.after(FillEvent::PageFailed).put(&next), Did::CopyUnknown { value, stamp, lands });
            }
        }
    }

    fn progress(self) -> FillProgress {
        FillProgress {
            authority_done: self.authority_done,
            after: self.past_key.then(|| "1/1".to_owned()),
            voids: self.voids,
            ..FillProgress::default()
        }
    }

    fn save(self, world: &World, side_done: bool, add: Add<'_>) {
        let authority_done = self.authority_done || side_done;
        let saved = Self { authority_done, past_key: !side_done, inside: false, ..self };
        let mut next = world.clone();
        let done = next.apply(&Command::SaveFill { progress: saved.progress() }) == Reply::Done;
        let event = if done { FillEvent::Saved } else { FillEvent::NotCertified };
        add(saved.after(event).put(&next), Did::Saved(done));
    }

    fn certify(self, world: &World, add: Add<'_>) {
        let mut next = world.clone();
        let command = Command::Certify { now: 0, progress: self.progress() };
        let done = next.apply(&command) == Reply::Done;
        let event = if done { FillEvent::Certified } else { FillEvent::NotCertified };
        add(Self { inside: false, ..self }.after(event).put(&next), Did::Certified(done));
    }

    fn end(self, world: &World, complete: bool, add: Add<'_>) {
        let mut next = world.clone();
        next.gateway.filler = None;
        let claim = self.claim;
        let held = |mark: &Mark| matches!(mark.state, MarkState::Claimed { claim: by, .. } if by == claim);
        let marks = world.journal.marks().iter().filter(|(_, mark)| held(mark));
        let ids: Vec<MarkId> = marks.map(|(row, _)| *row).collect();
        if complete {
            next.apply(&Command::Clear { claim, ids });
        } else {
            next.apply(&Command::GiveBack { claim, ids, not_before: world.now, failed: false });
        }
        add(next, Did::StopFill);
    }
}
