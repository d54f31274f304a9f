//! One process of the service.

use crossfade::journal::{Opened, SessionId};

use super::actors::{Filler, Mover, Repairer, Writer};
use super::scenario::Scenario;
use super::values::{Plan, Value};

pub(crate) const WRITERS: usize = 2;
pub(crate) const REPAIRERS: usize = 2;

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
            repairers: [Repairer::default(); REPAIRERS],
            filler: None,
            mover: None,
            reading: None,
        }
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
