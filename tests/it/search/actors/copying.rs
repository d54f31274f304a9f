//! The copy of a scope, one step at a time: of the key itself, or of whatever its group lists in either store.

use crossfade::data::{Outcome, Scope};
use crossfade::protocol::{CopyEnd, CopyEvent, CopyRun, CopyStep, Side};
use crossfade::route::Store;

use crate::search::label::Did;
use crate::search::rules::Rule;
use crate::search::scenario::{Scenario, take};
use crate::search::values::{Flight, PLAIN, Plan, Request, Value};
use crate::search::world::World;

/// The copy of one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ScopeCopy {
    /// To list the keys of one store; whether the key was found in the other one before.
    Listing {
        side: Side,
        found: bool,
    },
    /// To copy the key.
    Key(Copying),
    Ended(CopyEnd),
}

/// A copy of the key that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Copying {
    run: CopyRun,
    step: CopyStep,
    stamp: u8,
    value: Value,
}

/// One way in which a step may end.
pub(crate) type Way<T> = (World, T, Did);

impl ScopeCopy {
    pub(crate) const fn begin(scope: &Scope, plan: Plan) -> Self {
        match scope {
            Scope::Key(_) => Self::key(plan),
            Scope::Group(_) | Scope::Everything => Self::Listing { side: Side::Authority, found: false },
        }
    }

    pub(crate) const fn key(plan: Plan) -> Self {
        let (run, step) = CopyRun::begin(plan.secondary());
        Self::Key(Copying { run, step, stamp: 0, value: Value { version: 0, present: false } })
    }

    /// Every way in which its next step may end.
    pub(crate) fn ways(self, world: &World, scenario: &Scenario, plan: Plan) -> Vec<Way<Self>> {
        match self {
            Self::Listing { side, found } => vec![list(world, plan, side, found)],
            Self::Key(copying) => {
                let ways = copying.ways(world, scenario, plan).into_iter();
                ways.map(|(world, copying, did)| (world, copying.or_ended(), did)).collect()
            }
            Self::Ended(_) => Vec::new(),
        }
    }

    /// What a store may do after nobody waits for it any more.
    pub(crate) const fn request(self, plan: Plan) -> Option<Flight> {
        match self {
            Self::Key(copying) if matches!(copying.step, CopyStep::Replace) => Some(copying.request(plan)),
            _ => None,
        }
    }

    /// How it ended; none while it runs.
    pub(crate) const fn end(self) -> Option<CopyEnd> {
        match self {
            Self::Ended(end) => Some(end),
            _ => None,
        }
    }

    /// The authority has the key: a fill leaves it alone when it removes what only the secondary has.
    pub(crate) const fn has_read_a_record(self) -> bool {
        matches!(self, Self::Key(Copying { step: CopyStep::Replace, value: Value { present: true, .. }, .. }))
    }

    pub(crate) fn stamp(&mut self) -> Option<&mut u8> {
        match self {
            Self::Key(copying) => Some(&mut copying.stamp),
            _ => None,
        }
    }
}

fn list(world: &World, plan: Plan, side: Side, found: bool) -> Way<ScopeCopy> {
    let store = match side {
        Side::Authority => plan.authority(),
        Side::Secondary => plan.authority().other(),
    };
    let here = world.register(store).value.present;
    let next = match side {
        Side::Authority => ScopeCopy::Listing { side: Side::Secondary, found: here },
        Side::Secondary if here || found => ScopeCopy::key(plan),
        Side::Secondary => ScopeCopy::Ended(CopyEnd::Copied),
    };
    (world.clone(), next, Did::Page(side, here))
}

impl Copying {
    const fn or_ended(self) -> ScopeCopy {
        match self.step {
            CopyStep::End(end) => ScopeCopy::Ended(end),
            _ => ScopeCopy::Key(self),
        }
    }

    const fn request(self, plan: Plan) -> Flight {
        let store = plan.authority().other();
        let stamp = match store {
            Store::Legacy => 0,
            Store::Target if plan.target_keeps_stamps => self.stamp,
            Store::Target => PLAIN,
        };
        Flight { store, request: Request::Copy(self.value), stamp }
    }

    fn after(mut self, event: CopyEvent) -> Self {
        self.step = self.run.next(event);
        self
    }

    fn ways(self, world: &World, scenario: &Scenario, plan: Plan) -> Vec<Way<Self>> {
        let late_stamp = scenario.without(Rule::StampBeforeRead);
        match self.step {
            CopyStep::TakeStamp if late_stamp => vec![self.read(world, plan, CopyEvent::Stamped)],
            CopyStep::TakeStamp => vec![self.take_stamp(world, CopyEvent::Stamped)],
            CopyStep::Read if late_stamp => vec![self.take_stamp(world, CopyEvent::Read)],
            CopyStep::Read => vec![self.read(world, plan, CopyEvent::Read)],
            CopyStep::Replace => self.replace(world, scenario, plan),
            CopyStep::Look => vec![self.look(world, scenario, plan)],
            CopyStep::End(_) => Vec::new(),
        }
    }

    fn take_stamp(mut self, world: &World, event: CopyEvent) -> Way<Self> {
        let mut world = world.clone();
        self.stamp = world.issue_stamp();
        (world, self.after(event), Did::Stamp(self.stamp))
    }

    fn read(mut self, world: &World, plan: Plan, event: CopyEvent) -> Way<Self> {
        self.value = world.register(plan.authority()).value;
        (world.clone(), self.after(event), Did::Read(self.value))
    }

    fn replace(self, world: &World, scenario: &Scenario, plan: Plan) -> Vec<Way<Self>> {
        let request = self.request(plan);
        let after = |outcome| self.after(CopyEvent::Replaced(outcome));
        if scenario.without(Rule::AlwaysWrite) && world.register(request.store).value.same(self.value) {
            return vec![(world.clone(), after(Outcome::Applied), Did::CopySkipped)];
        }
        let mut landed = world.clone();
        let won = landed.land(request).is_some();
        let mut ways = vec![(landed, after(Outcome::Applied), Did::Copy(self.value, request.stamp, won))];
        for lands in [false, true] {
            let mut unknown = world.clone();
            if take(&mut unknown.budget.unknown_copies) {
                unknown.send(request, lands);
                let did = Did::CopyUnknown { value: self.value, stamp: request.stamp, lands };
                ways.push((unknown, after(Outcome::Unknown), did));
            }
        }
        let mut rejected = world.clone();
        if take(&mut rejected.budget.rejected) {
            ways.push((rejected, after(Outcome::Rejected), Did::CopyRejected));
        }
        ways
    }

    fn look(mut self, world: &World, scenario: &Scenario, plan: Plan) -> Way<Self> {
        let value = world.register(plan.authority()).value;
        let same = value.same(self.value) || scenario.without(Rule::LookAgain);
        self.value = value;
        let event = if same { CopyEvent::LookedSame } else { CopyEvent::LookedChanged };
        (world.clone(), self.after(event), Did::Look(value))
    }
}
