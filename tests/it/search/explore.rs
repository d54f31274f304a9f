//! Breadth-first search over all interleavings and faults, and the shortest way to a state that must not be.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use crossfade::data::Scope;
use crossfade::journal::MarkState;
use crossfade::route::Store;

use super::label::{Did, Label, Who};
use super::scenario::Scenario;
use super::world::World;
use super::{actors, faults};

/// More than any scenario here needs: one that reaches it has grown by mistake.
const STATES_MAX: usize = 6_000_000;

/// What must hold in every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Property {
    /// The authority is never older than an acknowledged write.
    NothingIsLost,
    /// A clean key gives the newest acknowledged write, or a newer one, from the target.
    NoStaleRead,
    /// When nothing runs, nothing is in flight and no mark is left, the stores agree.
    Convergence,
    /// Legacy is left equal to the target when `complete` is committed, and stays as it is.
    LegacyIsLeftEqual,
    /// As long as a mark is left or a process runs, something can go on.
    NotStuck,
}

/// A state that must not be, and the shortest way to it.
#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) property: Property,
    pub(crate) trace: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) states: usize,
    /// States at rest in which every write and every move is done.
    pub(crate) ends: usize,
    pub(crate) violation: Option<Violation>,
}

/// Collects what can happen next.
#[derive(Debug, Default)]
pub(crate) struct Steps(Vec<(World, Label)>);

impl Steps {
    pub(crate) fn add(&mut self, mut world: World, who: Who, did: Did) {
        world.canonical();
        self.0.push((world, Label { who, did }));
    }
}

struct Search<'a> {
    scenario: &'a Scenario,
    hasher: RandomState,
    seen: HashSet<u64>,
    /// The state before each state, and the number of the step between.
    parents: Vec<(u32, u16)>,
    ahead: VecDeque<World>,
    ends: usize,
}

/// Searches the scenario, until all its states are seen or one of them must not be.
pub(crate) fn search(scenario: &Scenario) -> Report {
    let mut search = Search {
        scenario,
        hasher: RandomState::new(),
        seen: HashSet::new(),
        parents: Vec::new(),
        ahead: VecDeque::new(),
        ends: 0,
    };
    let violation = search.run();
    let (states, ends) = (search.parents.len(), search.ends);
    let violation = violation.map(|(property, at)| Violation { property, trace: search.trace(at) });
    let report = Report { states, ends, violation };
    eprintln!("{report}", report = Titled(scenario.name, &report));
    report
}

impl Search<'_> {
    fn run(&mut self) -> Option<(Property, usize)> {
        self.meet(World::new(self.scenario), (0, 0));
        let mut at = 0;
        let mut steps = Steps::default();
        while let Some(world) = self.ahead.pop_front() {
            if let Some(property) = broken(&world, self.scenario) {
                return Some((property, at));
            }
            successors(&world, self.scenario, &mut steps);
            if steps.0.is_empty() && !is_at_rest(&world) {
                return Some((Property::NotStuck, at));
            }
            self.ends += usize::from(is_end(&world, self.scenario));
            for (n, (next, _)) in steps.0.drain(..).enumerate() {
                self.meet(next, (at as u32, n as u16));
            }
            at += 1;
        }
        None
    }

    fn meet(&mut self, world: World, parent: (u32, u16)) {
        if self.seen.insert(self.hasher.hash_one(&world)) {
            assert!(self.parents.len() < STATES_MAX, "{} has too many states", self.scenario.name);
            self.parents.push(parent);
            self.ahead.push_back(world);
        }
    }

    /// Walks from the first state to this one again.
    fn trace(&self, mut at: usize) -> Vec<String> {
        let mut choices = Vec::new();
        while at != 0 {
            let (parent, choice) = self.parents[at];
            choices.push(choice);
            at = parent as usize;
        }
        let mut world = World::new(self.scenario);
        let mut trace = Vec::new();
        let mut steps = Steps::default();
        for choice in choices.into_iter().rev() {
            successors(&world, self.scenario, &mut steps);
            let (next, label) = steps.0.swap_remove(usize::from(choice));
            trace.push(format!("{label:<72} | {}", Summary(&next)));
            world = next;
        }
        trace
    }
}

fn successors(world: &World, scenario: &Scenario, steps: &mut Steps) {
    steps.0.clear();
    actors::steps(world, scenario, steps);
    faults::steps(world, scenario, steps);
}

fn broken(world: &World, scenario: &Scenario) -> Option<Property> {
    let [legacy, target] = world.registers.map(|register| register.value);
    let stage = world.status.stage;
    let authority = if stage.authority() == Store::Legacy { legacy } else { target };
    if world.is_older(authority, world.acknowledged) {
        return Some(Property::NothingIsLost);
    }
    if world.left_to_legacy.is_some_and(|left| !legacy.same(left)) {
        return Some(Property::LegacyIsLeftEqual);
    }
    if !(stage.copies() && is_filled(world, scenario)) {
        return None;
    }
    let unseen = world.is_older(target, world.acknowledged);
    if world.read_was_stale || (unseen && world.gateway.plan.stage == stage && !world.is_dirty(scenario)) {
        return Some(Property::NoStaleRead);
    }
    let quiet = is_at_rest(world) && world.flights.is_empty();
    (quiet && !legacy.same(target)).then_some(Property::Convergence)
}

/// Whether the target was equal once, by a complete fill or from the start, so that it has to stay so.
fn is_filled(world: &World, scenario: &Scenario) -> bool {
    scenario.target_is_equal || world.status.fill.as_ref().is_some_and(|fill| fill.complete)
}

/// No process runs and no mark is left, but those that stand for writes that follow.
fn is_at_rest(world: &World) -> bool {
    let gateway = &world.gateway;
    let idle = gateway.writers.iter().all(|writer| writer.run.is_none())
        && gateway.repairers.iter().all(actors::Repairer::is_idle);
    let alone = gateway.filler.is_none() && gateway.mover.is_none() && !gateway.unrecorded;
    // Nothing waits for what only stands: the stores have to agree already.
    let unmarked = world.journal.marks().keys().all(|row| gateway.only_stands(*row));
    idle && alone && (unmarked || !gateway.plan.stage.copies())
}

/// At rest with everything done that the scenario asks for.
fn is_end(world: &World, scenario: &Scenario) -> bool {
    let written = |(writer, ops): (&actors::Writer, &&[_])| usize::from(writer.begun) == ops.len();
    is_at_rest(world)
        && world.flights.is_empty()
        && world.gateway.writers.iter().zip(&scenario.writers).all(written)
        && actors::next_move(world, scenario).is_none()
        && is_filled(world, scenario)
}

struct Summary<'a>(&'a World);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [legacy, target] = self.0.registers;
        write!(f, "legacy {}, target {} @{}", legacy.value, target.value, target.stamp)?;
        for mark in self.0.journal.marks().values() {
            let scope = match mark.scope {
                Scope::Key(_) => "the key",
                Scope::Group(_) => "the group",
                Scope::Everything => "everything",
            };
            let state = match mark.state {
                MarkState::Running => "running",
                MarkState::Left if mark.not_before > self.0.now => "left, waits",
                MarkState::Left => "left",
                MarkState::Claimed { .. } => "claimed",
                MarkState::Dead => "dead",
            };
            write!(f, ", mark on {scope} {state}")?;
        }
        write!(f, "{}", if self.0.flights.is_empty() { "" } else { ", in flight" })
    }
}

struct Titled<'a>(&'a str, &'a Report);

impl fmt::Display for Titled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} states, {} ends", self.0, self.1.states, self.1.ends)?;
        let Some(violation) = &self.1.violation else {
            return Ok(());
        };
        write!(f, ", {:?} is broken after {} steps", violation.property, violation.trace.len())?;
        for (n, step) in violation.trace.iter().enumerate() {
            write!(f, "\n  {:2}. {step}", n + 1)?;
        }
        Ok(())
    }
}
