//! The connections of the pool for callers, as the server knows them.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::process::{Process, Running};

/// How many connections are known for each one that the pool may have: those that are gone leave when the list of processes
/// is read.
const KNOWN_MAX_EACH: usize = 8;

#[derive(Debug)]
pub(super) struct Known {
    at_most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    processes: HashSet<Process>,
    /// A connection is not among them.
    incomplete: bool,
}

impl Known {
    pub(super) fn of_pool(connections: u32) -> Self {
        let connections = usize::try_from(connections).unwrap_or(usize::MAX);
        Self { at_most: connections.saturating_mul(KNOWN_MAX_EACH), state: Mutex::default() }
    }

    pub(super) fn is_full(&self) -> bool {
        self.state().processes.len() >= self.at_most
    }

    /// A connection that was made; none when the server did not say who it is.
    pub(super) fn add(&self, process: Option<Process>) {
        let full = self.is_full();
        let mut state = self.state();
        match process {
            Some(process) if !full => drop(state.processes.insert(process)),
            _ => state.incomplete = true,
        }
    }

    /// Whether every connection of the pool is among them.
    pub(super) fn is_complete(&self) -> bool {
        !self.state().incomplete
    }

    pub(super) fn all(&self) -> HashSet<Process> {
        self.state().processes.clone()
    }

    /// Forgets those that are gone, and gives back the others. `before` was taken before the server was asked: a connection
    /// that was made since is not in its list.
    pub(super) fn found(&self, before: &HashSet<Process>, listed: Vec<Running>) -> Vec<Running> {
        let ours: Vec<_> = listed.into_iter().filter(|running| before.contains(&running.process)).collect();
        let there: HashSet<_> = ours.iter().map(|running| &running.process).collect();
        self.state().processes.retain(|process| there.contains(process) || !before.contains(process));
        ours
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(id: i64, from: &str) -> Process {
        Process { id, from: from.to_owned() }
    }

    #[test]
    fn what_is_gone_is_forgotten_and_what_has_another_ones_id_is_not_ours() {
        let known = Known::of_pool(1);
        for id in 1..=3 {
            known.add(Some(process(id, "here")));
        }
        let before = known.all();
        known.add(Some(process(4, "made since")));
        let listed = [process(1, "here"), process(2, "elsewhere"), process(9, "here")];
        let ours = known.found(&before, listed.map(Running::rests).into());
        assert_eq!(ours, [Running::rests(process(1, "here"))]);
        assert_eq!(known.all(), [process(1, "here"), process(4, "made since")].into());
    }

    #[test]
    fn a_connection_that_is_not_known_is_remembered() {
        let known = Known::of_pool(1);
        for id in 0..8 {
            assert!(known.is_complete() && !known.is_full());
            known.add(Some(process(id, "here")));
        }
        known.add(Some(process(8, "here")));
        assert!(!known.is_complete() && known.all().len() == 8);
        let other = Known::of_pool(1);
        other.add(None);
        assert!(!other.is_complete());
    }
}
