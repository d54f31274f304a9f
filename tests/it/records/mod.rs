//! Typed records over the whole stack: on stores in memory that fail as they are told, and on SQLite files.

mod in_memory;
mod lists;
mod on_files;
mod target_writes;

use crossfade::Migration;
use crossfade::records::Records;
use crossfade::test_util::Numbers;

use crate::support::World;

/// The records of a world, whose ids go from one store to the other.
pub(crate) fn records(world: &World) -> Records<Numbers> {
    let ids = world.journal.ids("numbers");
    world.routing.hand_over_ids(ids.clone(), world.legacy.clone());
    world.target.take_ids_from(ids);
    Migration::builder(world.routing, world.copier).records(world.legacy.clone(), world.target.clone())
}
