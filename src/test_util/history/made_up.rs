//! Histories of made-up traffic: a register that keeps its word is never accused, one that drops a write always.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{History, Violation};

type Texts = History<u8, u32>;

/// A call against a register: begins, takes effect, ends, each `gap` steps after the other.
#[derive(Clone, Copy, Debug)]
struct Planned {
    key: u8,
    kind: Kind,
    begin: u16,
    gaps: (u16, u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Read,
    Put,
    Delete,
    Increment,
    /// The caller hears nothing at `begin + gap`; the write lands later.
    Late,
    /// The caller hears nothing, and nothing lands.
    Vanished,
    Rejected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Begin,
    Effect,
    End,
}

fn planned() -> impl Strategy<Value = Planned> {
    let kind = prop_oneof![
        6 => Just(Kind::Read),
        4 => Just(Kind::Put),
        2 => Just(Kind::Delete),
        1 => Just(Kind::Increment),
        1 => Just(Kind::Late),
        1 => Just(Kind::Vanished),
        1 => Just(Kind::Rejected),
    ];
    (0..3_u8, kind, 0..200_u16, (0..40_u16, 0..40_u16)).prop_map(|(key, kind, begin, gaps)| Planned {
        key,
        kind,
        begin,
        gaps,
    })
}

/// A linearizable register for each key, and the history that its callers record.
struct Run {
    history: Texts,
    registers: BTreeMap<u8, u32>,
}

impl Run {
    /// Every moment of every call, in the order of time.
    fn of(calls: &[Planned]) -> Self {
        let mut moments: Vec<(u16, Moment, usize)> = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            let effect = call.begin + call.gaps.0;
            moments.push((call.begin, Moment::Begin, index));
            moments.push((effect, Moment::Effect, index));
            let late = call.kind == Kind::Late;
            moments.push((if late { call.begin } else { effect + call.gaps.1 }, Moment::End, index));
        }
        moments.sort_unstable();
        let mut run = Self { history: Texts::new(), registers: [].into() };
        run.play(calls, &moments);
        run
    }

    fn play(&mut self, calls: &[Planned], moments: &[(u16, Moment, usize)]) {
        let mut writing: Vec<_> = calls.iter().map(|_| None).collect();
        let mut reading: Vec<_> = calls.iter().map(|_| None).collect();
        let mut seen = vec![None; calls.len()];
        for (_, moment, index) in moments.iter().copied() {
            let (call, value) = (calls[index], index as u32 * 1000);
            match (moment, call.kind) {
                (Moment::Begin, Kind::Read) => reading[index] = Some(self.history.read()),
                (Moment::Begin, Kind::Delete) => writing[index] = Some(self.history.write(call.key, None)),
                (Moment::Begin, Kind::Increment) => writing[index] = Some(self.history.compute(call.key)),
                (Moment::Begin, _) => writing[index] = Some(self.history.write(call.key, Some(value))),
                (Moment::Effect, kind) => seen[index] = self.effect(call.key, kind, value),
                (Moment::End, Kind::Read) => reading[index].take().unwrap().returned(call.key, seen[index]),
                (Moment::End, kind) => {
                    let write = writing[index].take().unwrap();
                    match kind {
                        Kind::Rejected => write.rejected(),
                        Kind::Late => write.unknown(),
                        Kind::Vanished => drop(write),
                        Kind::Increment => write.acked_with(seen[index]),
                        _ => write.acked(),
                    }
                }
            }
        }
    }

    fn effect(&mut self, key: u8, kind: Kind, value: u32) -> Option<u32> {
        match kind {
            Kind::Put | Kind::Late => drop(self.registers.insert(key, value)),
            Kind::Delete => drop(self.registers.remove(&key)),
            Kind::Increment => *self.registers.entry(key).or_default() += 1,
            Kind::Read | Kind::Vanished | Kind::Rejected => {}
        }
        self.registers.get(&key).copied()
    }

    fn broken(&self) -> Vec<Violation<u8, u32>> {
        self.history.violations(self.registers.clone())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_linearizable_register_is_never_accused(calls in prop::collection::vec(planned(), 0..40)) {
        let run = Run::of(&calls);
        prop_assert_eq!(run.broken(), []);
        prop_assert_eq!(run.history.reads_out_of_order(), []);
    }

    #[test]
    fn a_dropped_acknowledged_write_is_always_found(calls in prop::collection::vec(planned(), 0..40), key in 0..3_u8) {
        let run = Run::of(&calls);
        run.history.write(key, Some(u32::MAX)).acked(); // and the register does not have it
        // Only an unknown write can excuse the register: it may have landed on top.
        let excused = calls.iter().any(|call| {
            call.key == key && matches!(call.kind, Kind::Late | Kind::Vanished) && {
                let value = calls.iter().position(|c| std::ptr::eq(c, call)).unwrap() as u32 * 1000;
                run.registers.get(&key) == Some(&value)
            }
        });
        run.history.read().returned(key, run.registers.get(&key).copied());
        let lost = run.broken().iter().any(|v| matches!(v, Violation::LostWrite { key: k, .. } if *k == key));
        let stale = run.broken().iter().any(|v| matches!(v, Violation::StaleRead { key: k, .. } if *k == key));
        prop_assert_eq!((lost, stale), (!excused, !excused));
    }
}
