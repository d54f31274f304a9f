//! What the checker must report and what it must not.

use proptest::prelude::*;

use super::{History, Violation};
use crate::data::Outcome;

type Texts = History<u8, u32>;

const KEY: u8 = 1;

fn acked(history: &Texts, value: u32) {
    history.write(KEY, Some(value)).acked();
}

fn read(history: &Texts, value: Option<u32>) {
    history.read().returned(KEY, value);
}

fn finals(value: Option<u32>) -> Vec<(u8, u32)> {
    value.map(|value| (KEY, value)).into_iter().collect()
}

fn broken(history: &Texts, found: Option<u32>) -> Vec<Violation<u8, u32>> {
    history.violations(finals(found))
}

#[test]
fn a_register_that_keeps_its_word_is_not_accused() {
    let history = Texts::new();
    read(&history, None);
    acked(&history, 1);
    read(&history, Some(1));
    history.write(KEY, None).acked();
    read(&history, None);
    acked(&history, 2);
    assert_eq!(broken(&history, Some(2)), []);
}

#[test]
fn an_acknowledged_write_that_is_gone_is_lost() {
    let history = Texts::new();
    acked(&history, 1);
    acked(&history, 2);
    assert!(matches!(
        broken(&history, Some(1))[..],
        [Violation::LostWrite { key: KEY, found: Some(1), ref lost }] if lost.value == Some(2)
    ));
    assert!(matches!(
        broken(&history, None)[..],
        [Violation::LostWrite { found: None, .. }]
    ));
}

#[test]
fn an_acknowledged_delete_that_comes_back_is_lost() {
    let history = Texts::starting_with([(KEY, 9)]);
    read(&history, Some(9));
    history.write(KEY, None).acked();
    assert!(matches!(
        broken(&history, Some(9))[..],
        [Violation::LostWrite { found: Some(9), .. }]
    ));
    assert_eq!(broken(&history, None), []);
}

#[test]
fn a_read_that_began_after_the_newer_write_was_acknowledged_is_stale() {
    let history = Texts::new();
    acked(&history, 1);
    let early = history.read();
    acked(&history, 2);
    early.returned(KEY, Some(1));
    assert_eq!(
        broken(&history, Some(2)),
        [],
        "the read ran beside the newer write"
    );
    read(&history, Some(1));
    let found = broken(&history, Some(2));
    assert!(matches!(
        found[..],
        [Violation::StaleRead {
            returned: Some(1),
            ..
        }]
    ));
    let line = found[0].to_string();
    assert!(
        line.contains("returned 1") && line.contains("of 2 was acknowledged"),
        "{line}"
    );
}

#[test]
fn writes_at_the_same_time_may_take_either_order() {
    for last in [1, 2] {
        let history = Texts::new();
        let (one, two) = (history.write(KEY, Some(1)), history.write(KEY, Some(2)));
        two.acked();
        one.acked();
        read(&history, Some(last));
        assert_eq!(broken(&history, Some(last)), []);
    }
}

#[test]
fn a_write_of_unknown_outcome_may_land_late_or_never() {
    let history = Texts::new();
    history.write(KEY, Some(1)).unknown();
    drop(history.write(KEY, Some(2))); // its caller vanished
    acked(&history, 3);
    read(&history, Some(3));
    read(&history, Some(1));
    read(&history, Some(2));
    for last in [1, 2, 3] {
        assert_eq!(broken(&history, Some(last)), []);
    }
}

#[test]
fn an_unknown_write_does_not_excuse_a_value_older_than_an_acknowledged_one() {
    let history = Texts::new();
    acked(&history, 1);
    acked(&history, 2);
    history.write(KEY, Some(3)).unknown();
    assert!(matches!(
        broken(&history, Some(1))[..],
        [Violation::LostWrite { .. }]
    ));
}

#[test]
fn a_rejected_write_must_not_be_seen() {
    let history = Texts::new();
    history.write(KEY, Some(1)).rejected();
    read(&history, Some(1));
    assert!(matches!(
        broken(&history, Some(1))[..],
        [Violation::UnwrittenRead { .. }, Violation::UnwrittenRecord { .. }]
    ));
    assert_eq!(history.writes_that(Outcome::Rejected), 1);
}

#[test]
fn a_value_from_the_future_comes_from_nowhere() {
    let history = Texts::new();
    read(&history, Some(1));
    acked(&history, 1);
    assert!(matches!(
        broken(&history, Some(1))[..],
        [Violation::UnwrittenRead { .. }]
    ));
}

#[test]
fn what_the_store_computes_is_judged_by_what_it_answered() {
    let history = Texts::starting_with([(KEY, 5)]);
    history.compute(KEY).acked_with(Some(6));
    assert_eq!(broken(&history, Some(6)), []);
    assert!(matches!(
        broken(&history, Some(5))[..],
        [Violation::LostWrite { .. }]
    ));
    history.compute(KEY).unknown();
    assert_eq!(broken(&history, Some(7)), [], "nobody has heard what it computed");
}

#[test]
fn a_created_record_is_known_by_the_key_that_was_answered() {
    let history = Texts::new();
    history.create(1).acked_at(KEY);
    assert_eq!(broken(&history, Some(1)), []);
    assert!(matches!(
        broken(&history, None)[..],
        [Violation::LostWrite { .. }]
    ));
    history.create(2).unknown();
    assert_eq!(
        history.violations([(KEY, 1), (7, 2)]),
        [],
        "it may be there under any key"
    );
    assert_eq!(history.violations([(KEY, 1)]), [], "or nowhere");
}

#[test]
#[should_panic(expected = "1 differs: the authority holds 1, the secondary no record")]
fn stores_that_differ_are_named() {
    let history = Texts::new();
    acked(&history, 1);
    history.assert_holds(finals(Some(1)), []);
}

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
    registers: std::collections::BTreeMap<u8, u32>,
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
            moments.push((
                if late { call.begin } else { effect + call.gaps.1 },
                Moment::End,
                index,
            ));
        }
        moments.sort_unstable();
        let mut run = Self {
            history: Texts::new(),
            registers: [].into(),
        };
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
        prop_assert_eq!(Run::of(&calls).broken(), []);
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
