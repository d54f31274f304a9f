//! One process of the service.

use crossfade::journal::{Epoch, MarkId, Opened, SessionId};

use super::actors::{Filler, Mover, Repairer, Writer};
use super::scenario::Scenario;
use super::values::{Plan, Value};

pub(crate) const WRITERS: usize = 2;
pub(crate) const REPAIRERS: usize = 2;

/// The row of a write that has ended, which a write that follows may take over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Stands {
    pub(crate) row: MarkId,
    pub(crate) epoch: Epoch,
    /// It names the group.
    pub(crate) wide: bool,
}

/// One process of the service, with everything that a crash takes away. Several of them would each have a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Gateway {
    pub(crate) session: SessionId,
    pub(crate) plan: Plan,
    pub(crate) held: bool,
    /// Repairs wait outside of the gate too.
    pub(crate) repairs_held: bool,
    /// A write went unrecorded: everything is dirty, and the journal is still to be told.
    pub(crate) unrecorded: bool,
    /// Whether the marks of the sessions before are in memory.
    pub(crate) loaded: bool,
    pub(crate) writers: [Writer; WRITERS],
    /// In order, so that the same rows are the same world.
    pub(crate) standing: [Option<Stands>; WRITERS],
    pub(crate) repairers: [Repairer; REPAIRERS],
    pub(crate) filler: Option<Filler>,
    pub(crate) mover: Option<Mover>,
    /// A read found the key clean when this was the newest acknowledged write, and is about to read the target.
    pub(crate) reading: Option<Value>,
}

impl Gateway {
    pub(crate) fn new(opened: &Opened, scenario: &Scenario) -> Self {
        let status = &opened.status;
        let target_keeps_stamps = scenario.target_keeps_stamps;
        Self {
            session: opened.session,
            plan: Plan { stage: status.stage, epoch: status.epoch, target_keeps_stamps },
            held: false,
            repairs_held: false,
            unrecorded: false,
            loaded: true,
            writers: [Writer::default(); WRITERS],
            standing: [None; WRITERS],
            repairers: [Repairer::default(); REPAIRERS],
            filler: None,
            mover: None,
            reading: None,
        }
    }

    /// Whether the row is in the journal alone: nothing of it is dirty.
    pub(crate) fn only_stands(&self, row: MarkId) -> bool {
        self.standing.iter().flatten().any(|stands| stands.row == row)
            && !self.writers.iter().any(|writer| writer.row() == Some(row))
    }

    /// Lets a row stand, if there is room.
    pub(crate) fn keep(&mut self, stands: Stands) -> bool {
        let room = self.standing.iter_mut().find(|place| place.is_none());
        let found = room.map(|place| *place = Some(stands)).is_some();
        self.standing.sort_unstable();
        found
    }

    pub(crate) fn no_longer_stands(&mut self, stands: Stands) {
        self.standing.iter_mut().filter(|place| **place == Some(stands)).for_each(|place| *place = None);
        self.standing.sort_unstable();
    }

    /// Who is inside the gate, one bit each.
    pub(crate) fn inside(&self) -> u8 {
        let writers = self.writers.iter().map(|writer| writer.run.is_some());
        let repairers = self.repairers.iter().map(|repairer| repairer.is_inside());
        writers.chain(repairers).rev().fold(0, |bits, inside| bits << 1 | u8::from(inside))
    }

    /// A drain waits for those who were inside when it began, not for those who enter meanwhile.
    pub(crate) fn forget_who_left(&mut self) {
        let inside = self.inside();
        if let Some(filler) = &mut self.filler {
            filler.awaits &= inside;
        }
        for repairer in &mut self.repairers {
            if let Repairer::Running(repair) = repairer {
                repair.awaits &= inside;
            }
        }
    }
}
