//! What happens without a process of the gateway: a crash, a late landing, time, the journal coming back, the end of
//! marks that stand.

use crossfade::journal::{Command, MarkState, Micros, Reason, Reply};

use super::actors::Repairer;
use super::explore::Steps;
use super::gateway::Gateway;
use super::label::{Did, Who};
use super::rules::Rule;
use super::scenario::{Scenario, take};
use super::values::{Flight, Plan, key};
use super::world::{LATE_BOUND, World, open};

pub(crate) fn steps(world: &World, scenario: &Scenario, out: &mut Steps) {
    late(world, out);
    tick(world, scenario, out);
    void(world, out);
    read_mark(world, out);
    stood_long_enough(world, out);
    if world.budget.crashes > 0 {
        crash(world, scenario, out);
    }
}

/// A request that nobody waits for takes effect.
fn late(world: &World, out: &mut Steps) {
    for (n, flight) in world.flights.iter().enumerate() {
        let mut next = world.clone();
        next.flights.remove(n);
        let won = next.land(*flight).is_some();
        out.add(next, Who::Store(flight.store), Did::LateLanding(flight.request, won));
    }
}

/// The late bound passes when no request is in flight; it matters only to whoever waits for it.
///
/// The deadline of a repair lies below its lease, so time does not pass a claim whose repair still runs.
fn tick(world: &World, scenario: &Scenario, out: &mut Steps) {
    let mark_waits = world.journal.marks().values().any(|mark| {
        let lapsing =
            matches!(mark.state, MarkState::Claimed { lease_until, .. } if lease_until <= world.now);
        mark.not_before > world.now && (mark.state == MarkState::Left || lapsing)
    });
    let fill_waits = world.gateway.filler.is_some_and(|filler| filler.waits);
    let leased = scenario.budget.lost_repairs > 0 && !world.gateway.repairers.iter().all(Repairer::is_idle);
    if leased || !world.flights.is_empty() || !(mark_waits || fill_waits) {
        return;
    }
    let mut next = world.clone();
    next.now += 1;
    if let Some(filler) = &mut next.gateway.filler {
        filler.waits = false;
    }
    out.add(next, Who::Gateway, Did::Tick);
}

/// A read that fell back to the authority marks the key: reads are never held.
fn read_mark(world: &World, out: &mut Steps) {
    let mut next = world.clone();
    if !world.gateway.plan.stage.copies() || !take(&mut next.budget.read_marks) {
        return;
    }
    next.apply(&Command::MarkLeft {
        session: world.gateway.session,
        id: world.free_row(),
        scope: key(),
        not_before: world.now,
        reason: Reason::Read,
        now: world.now,
    });
    out.add(next, Who::Reader, Did::ReadMark);
}

/// A row goes that stands: its time has passed, or a move takes it out.
fn stood_long_enough(world: &World, out: &mut Steps) {
    for stands in world.gateway.standing.into_iter().flatten() {
        let mut next = world.clone();
        next.gateway.no_longer_stands(stands);
        next.apply(&Command::Unmark { first: stands.row, rows: 1 });
        out.add(next, Who::Gateway, Did::StoodLongEnough);
    }
}

/// The journal records again, and is told that something went unrecorded.
fn void(world: &World, out: &mut Steps) {
    if !world.gateway.unrecorded {
        return;
    }
    let mut next = world.clone();
    next.gateway.unrecorded = false;
    next.apply(&Command::Void {
        session: world.gateway.session,
        everything: world.free_row(),
        not_before: world.now + LATE_BOUND,
        now: world.now,
    });
    out.add(next, Who::Gateway, Did::Void);
}

/// The process ends, with any of its requests inside the stores, and starts again.
fn crash(world: &World, scenario: &Scenario, out: &mut Steps) {
    let mut before = world.clone();
    let requests = requests(&mut before);
    for chosen in 0..1_u32 << requests.len() {
        let mut next = before.clone();
        next.budget.crashes -= 1;
        for (n, request) in requests.iter().enumerate() {
            next.send(*request, chosen & (1 << n) != 0);
        }
        restart(&mut next, scenario);
        let did = Did::Crash { in_flight: chosen.count_ones(), stage: next.gateway.plan.stage };
        out.add(next, Who::Gateway, did);
    }
}

fn requests(world: &mut World) -> Vec<Flight> {
    let gateway = world.gateway;
    let mut requests: Vec<Flight> = gateway.writers.iter().filter_map(|w| w.request(world)).collect();
    requests.extend(gateway.repairers.iter().filter_map(Repairer::request));
    requests.extend(gateway.filler.and_then(|filler| filler.request()));
    requests
}

fn restart(world: &mut World, scenario: &Scenario) {
    let late_bound = if scenario.without(Rule::AdoptedMarksWait) { 0 } else { LATE_BOUND };
    // A stamp is reserved before it is issued.
    world.apply(&Command::ReserveStamps { upto: Micros::from(world.issued) });
    let Reply::Opened(opened) = world.apply(&open(scenario, world.now, late_bound)) else {
        panic!("a session opens");
    };
    let mut gateway = Gateway::new(&opened, scenario);
    for (new, old) in gateway.writers.iter_mut().zip(&world.gateway.writers) {
        new.begun = old.begun;
    }
    if scenario.without(Rule::RestartAdopts) {
        gateway.plan = Plan { stage: scenario.start, ..gateway.plan };
    }
    gateway.loaded = !scenario.without(Rule::MarksLoaded);
    world.gateway = gateway;
    let rises = !scenario.without(Rule::StampsRiseAcrossCrash);
    world.issued = if rises { opened.status.reserved_stamp as u8 } else { 1 };
}
