//! The state that is searched: two stores that hold one key, the journal, one gateway with its processes, and the
//! requests that nobody waits for but that may still land.

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use crossfade::journal::{
    AuditEntry, Command, JournalState, JournalStatus, MarkId, MarkState, Micros, Reply,
};
use crossfade::protocol::{CommitRequest, Wait};
use crossfade::route::{Stage, Store};

use super::actors::{Filler, Repairer, Writer};
use super::gateway::Gateway;
use super::rules::Rule;
use super::scenario::{Budget, Op, Scenario};
use super::values::{Flight, PLAIN, Plan, Register, Request, Value};

/// How long a request may still land after its outcome was unknown, in ticks. Time passes only while nothing is in
/// flight: that is what a late bound says.
pub(crate) const LATE_BOUND: Micros = 1;

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) registers: [Register; 2],
    /// The newest stamp that the gateway issued.
    pub(crate) issued: u8,
    /// The target's own clock: stamps of the writes that it takes as the authority. Only those move it, so it lags
    /// behind the gateway's as far as a clock can.
    pub(crate) target_clock: u8,
    /// The target has no clock of its own, it uses the gateway's stamps.
    one_clock: bool,
    pub(crate) versions: u8,
    /// The newest write that a caller saw succeed.
    pub(crate) acknowledged: Value,
    /// The newest version that left no record: nobody can tell it from an older one that left none.
    pub(crate) newest_delete: u8,
    pub(crate) read_was_stale: bool,
    /// What the target had when `complete` was committed: what legacy is left with.
    pub(crate) left_to_legacy: Option<Value>,
    pub(crate) now: Micros,
    pub(crate) journal: Rc<JournalState>,
    /// What the journal says of itself.
    pub(crate) status: Rc<JournalStatus>,
    pub(crate) gateway: Gateway,
    /// In order, so that the same requests are the same world.
    pub(crate) flights: Vec<Flight>,
    pub(crate) budget: Budget,
}

impl World {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let mut journal = JournalState::default();
        journal.apply(&open(scenario, 0, 0));
        for stage in Stage::ALL.into_iter().filter(|s| *s != Stage::Off && *s <= scenario.start) {
            commit(&mut journal, stage);
        }
        // The first session ends cleanly, and the one that is searched finds the start stage committed.
        journal.apply(&Command::Close { session: 1 });
        let Reply::Opened(opened) = journal.apply(&open(scenario, 0, 0)) else { panic!("a session opens") };
        let first = Register { value: Value { version: 1, present: scenario.key_exists }, stamp: 1 };
        let target = if scenario.target_is_equal { first } else { Register::default() };
        let mut world = Self {
            registers: [first, target],
            issued: 1,
            target_clock: 1,
            one_clock: scenario.one_clock,
            versions: 1,
            acknowledged: Value::default(),
            newest_delete: u8::from(!scenario.key_exists),
            read_was_stale: false,
            left_to_legacy: None,
            now: 0,
            gateway: Gateway::new(&opened, scenario),
            status: Rc::new(journal.status()),
            journal: Rc::new(journal),
            flights: Vec::new(),
            budget: scenario.budget,
        };
        world.canonical();
        world
    }

    pub(crate) fn apply(&mut self, command: &Command) -> Reply {
        let reply = Rc::make_mut(&mut self.journal).apply(command);
        self.status = Rc::new(self.journal.status());
        reply
    }

    pub(crate) const fn register(&self, store: Store) -> Register {
        self.registers[store as usize]
    }

    /// A request takes effect in its store. Gives what the store has then, or nothing when a larger stamp was there.
    pub(crate) fn land(&mut self, flight: Flight) -> Option<Value> {
        let register = &mut self.registers[flight.store as usize];
        let stamped = flight.store == Store::Target && flight.stamp != PLAIN;
        if stamped && flight.stamp < register.stamp {
            return None;
        }
        let value = match flight.request {
            Request::Copy(value) => value,
            Request::Write(op) => {
                self.versions += 1;
                if !op.leaves_a_record() {
                    self.newest_delete = self.versions;
                }
                Value { version: self.versions, present: op.leaves_a_record() }
            }
        };
        register.value = value;
        if stamped {
            register.stamp = flight.stamp;
        }
        Some(value)
    }

    /// Whether a reader who saw the one could not have seen the other, or a newer one.
    pub(crate) const fn is_older(&self, value: Value, than: Value) -> bool {
        value.version < than.version && (value.present || self.newest_delete < than.version)
    }

    /// Nobody waits for the request any more. Whether it lands later or never is decided here, to the same end.
    pub(crate) fn send(&mut self, flight: Flight, lands: bool) {
        if lands {
            self.flights.push(flight);
            self.flights.sort_unstable();
        }
    }

    /// A write as the authority of the plan takes it, with the target's own stamp when that is the target.
    pub(crate) const fn write_request(&mut self, plan: Plan, op: Op) -> Flight {
        let store = plan.authority();
        let stamp = match store {
            Store::Legacy => 0,
            Store::Target if !plan.target_keeps_stamps => PLAIN,
            Store::Target => {
                self.target_clock += 1;
                self.target_clock
            }
        };
        Flight { store, request: Request::Write(op), stamp }
    }

    pub(crate) const fn issue_stamp(&mut self) -> u8 {
        self.issued += 1;
        self.issued
    }

    pub(crate) const fn acknowledge(&mut self, value: Value) {
        if value.version > self.acknowledged.version {
            self.acknowledged = value;
        }
    }

    /// When a mark that waits so may be claimed.
    pub(crate) fn not_before(&self, wait: Wait, plan: Plan, scenario: &Scenario) -> Micros {
        let Wait::LateBound(store) = wait else {
            return self.now;
        };
        let rule = if store == plan.authority() { Rule::UnknownWriteWaits } else { Rule::UnknownCopyWaits };
        if scenario.without(rule) { self.now } else { self.now + LATE_BOUND }
    }

    /// The first row that no mark and no write has.
    pub(crate) fn free_row(&self) -> MarkId {
        let first = (self.gateway.session << 40) + 1;
        let taken = |row: &MarkId| {
            self.journal.marks().contains_key(row)
                || self.gateway.writers.iter().any(|w| w.row() == Some(*row))
                || self.gateway.filler.is_some_and(|filler| filler.row == Some(*row))
        };
        (first..).find(|row| !taken(row)).expect("few rows are taken")
    }

    /// Whether a read of the key goes to the authority: a mark covers it, or a write that is being marked.
    pub(crate) fn is_dirty(&self, scenario: &Scenario) -> bool {
        let counts = |(row, state): (MarkId, MarkState)| {
            (self.gateway.loaded || row >> 40 == self.gateway.session)
                && !self.gateway.only_stands(row)
                && !(state == MarkState::Running && scenario.without(Rule::DirtyWhileRunning))
        };
        let mut marks = self.journal.marks().iter().map(|(row, mark)| (*row, mark.state));
        let unmarked = self.gateway.writers.iter().any(Writer::is_unmarked);
        self.gateway.unrecorded || unmarked || marks.any(counts)
    }

    /// Stamps keep their order and lose their size, so that worlds that differ in nothing else are one.
    pub(crate) fn canonical(&mut self) {
        self.gateway.forget_who_left();
        if self.one_clock {
            self.issued = self.issued.max(self.target_clock);
            self.target_clock = self.issued;
        }
        let mut seen = 0_u128;
        self.each_stamp(&mut |stamp| seen |= 1 << *stamp);
        // Two apart, so that a clock that lags behind does not reach another's stamp by one step.
        let rank = |stamp: u8| 2 * (seen & (u128::MAX >> (127 - stamp))).count_ones() as u8;
        self.each_stamp(&mut |stamp| *stamp = rank(*stamp));
    }

    fn each_stamp(&mut self, each: &mut impl FnMut(&mut u8)) {
        let each = &mut |stamp: &mut u8| {
            if *stamp != 0 && *stamp != PLAIN {
                each(stamp);
            }
        };
        each(&mut self.registers[1].stamp);
        each(&mut self.issued);
        each(&mut self.target_clock);
        self.flights.iter_mut().for_each(|flight| each(&mut flight.stamp));
        self.gateway.writers.iter_mut().filter_map(Writer::stamp).for_each(&mut *each);
        self.gateway.repairers.iter_mut().filter_map(Repairer::stamp).for_each(&mut *each);
        self.gateway.filler.iter_mut().filter_map(Filler::stamp).for_each(each);
    }
}

/// Opens a session.
pub(crate) const fn open(scenario: &Scenario, now: Micros, late_bound: Micros) -> Command {
    Command::Open { now, late_bound, continues_unrecorded: scenario.budget.outages > 0 }
}

fn commit(journal: &mut JournalState, to: Stage) {
    let request = CommitRequest { to, needs_no_marks: false, marks_everything: false };
    let from = journal.status().epoch;
    let (session, audit) = (1, no_audit());
    journal.apply(&Command::Commit { from, request, everything: 0, session, audit });
}

pub(crate) const fn no_audit() -> AuditEntry {
    AuditEntry { at: 0, who: String::new(), what: String::new(), why: String::new() }
}

/// Everything that decides what can happen next; times as the wait that is left.
impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.registers, self.issued, self.target_clock, self.versions).hash(hasher);
        (self.acknowledged, self.newest_delete, self.read_was_stale, self.gateway, self.budget).hash(hasher);
        (self.left_to_legacy, &self.flights).hash(hasher);
        let status = &self.status;
        (status.stage, status.epoch, &status.fill, status.voids, status.certificate.is_some()).hash(hasher);
        for (row, mark) in self.journal.marks() {
            let wait = (mark.not_before - self.now).max(0);
            let state = match mark.state {
                MarkState::Claimed { claim, lease_until } => (1, claim, (lease_until - self.now).max(0)),
                MarkState::Running => (2, 0, 0),
                MarkState::Left => (3, 0, 0),
                MarkState::Dead => (4, 0, 0),
            };
            (row, &mark.scope, wait, state, mark.attempts).hash(hasher);
        }
    }
}
