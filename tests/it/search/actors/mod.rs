//! The processes of a gateway. Each holds a machine of the protocol and does one of its steps at a time; between
//! any two steps all the others may run. What to do is the machine's word, never decided here.

mod copying;
mod filler;
mod mover;
mod repairer;
mod writer;

pub(crate) use filler::Filler;
pub(crate) use mover::{Mover, next_move};
pub(crate) use repairer::Repairer;
pub(crate) use writer::Writer;

use super::explore::Steps;
use super::gateway::{REPAIRERS, WRITERS};
use super::label::{Did, Who};
use super::scenario::Scenario;
use super::world::World;

/// Everything that a process of the gateway can do next.
pub(crate) fn steps(world: &World, scenario: &Scenario, out: &mut Steps) {
    (0..WRITERS).for_each(|n| writer::steps(world, scenario, n, out));
    (0..REPAIRERS.min(scenario.repairers)).for_each(|n| repairer::steps(world, scenario, n, out));
    filler::steps(world, scenario, out);
    mover::steps(world, scenario, out);
    if scenario.reads {
        read(world, scenario, out);
    }
}

/// A read of the key decides by what it knows, and reads later.
fn read(world: &World, scenario: &Scenario, out: &mut Steps) {
    let mut next = world.clone();
    if let Some(floor) = world.gateway.reading {
        let value = world.register(crossfade::route::Store::Target).value;
        next.gateway.reading = None;
        next.read_was_stale = world.is_older(value, floor);
        out.add(next, Who::Reader, Did::ReadTarget(value));
    } else if world.acknowledged.version > 0 && !world.is_dirty(scenario) {
        next.gateway.reading = Some(world.acknowledged);
        out.add(next, Who::Reader, Did::Clean);
    }
}
