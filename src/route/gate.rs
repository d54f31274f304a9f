//! The gate that writes, copies, repairs and fill pages enter: one packed word to decide by, and a drain count.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;
use tokio::sync::{Mutex, Notify};

use crate::shard::{SHARDS, shard};
use crate::stage::Stage;

/// Stage, hold, side and generation in one word, so that one load decides and a second load sees any change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(u64);

const STAGE: u64 = 0b111;
const HOLD: u64 = 1 << 3;
const SIDE: u64 = 1 << 4;
const CLOSED: u64 = 1 << 5;
const HOLD_REPAIRS: u64 = 1 << 6;
const GENERATION: u32 = 8;

impl Word {
    pub(crate) const fn new(stage: Stage) -> Self {
        Self(stage as u64)
    }

    pub(crate) const fn stage(self) -> Stage {
        match Stage::from_index((self.0 & STAGE) as u8) {
            Some(stage) => stage,
            // Only `new` and `with_stage` write these bits.
            None => Stage::Off,
        }
    }

    pub(crate) const fn held(self) -> bool {
        self.0 & HOLD != 0
    }

    const fn repairs_held(self) -> bool {
        self.0 & HOLD_REPAIRS != 0
    }

    pub(crate) const fn closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Rises with each swap, so that two configs never share a word.
    pub(crate) const fn generation(self) -> u64 {
        self.0 >> GENERATION
    }

    const fn side(self) -> usize {
        (self.0 & SIDE != 0) as usize
    }

    const fn with_stage(self, stage: Stage) -> Self {
        Self((self.0 & !STAGE | stage as u64) + (1 << GENERATION))
    }
}

/// Who may enter while writes are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrant {
    /// A write of a caller, or a fill page: not while writes are held.
    Held,
    /// A repair: a change of the authority waits for it.
    Repair,
}

/// Counts who is inside, on two sides. A drain turns new entrants to the other side and waits until the first is
/// empty. Counters are sharded by thread and padded to a cache line, so that two cores do not share one.
pub(crate) struct Gate {
    word: CachePadded<AtomicU64>,
    sides: [[CachePadded<Counter>; SHARDS]; 2],
    exit: &'static Exit,
    turning: Mutex<()>,
}

/// One copy of the count of a side. It knows the exit, so that a pass is one pointer: each request carries it.
struct Counter {
    inside: AtomicUsize,
    exit: &'static Exit,
}

/// Whom those who leave tell.
#[derive(Default)]
struct Exit {
    /// Set while somebody waits for an empty side: only then does leaving notify.
    awaited: AtomicBool,
    left: Notify,
}

/// Somebody waits: whoever leaves says so, until this is dropped.
struct Awaited(&'static Exit);

impl Awaited {
    fn new(exit: &'static Exit) -> Self {
        exit.awaited.store(true, Ordering::SeqCst);
        Self(exit)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.0.awaited.store(false, Ordering::SeqCst);
    }
}

impl Gate {
    /// A gate lives as long as the process, so its exit is leaked.
    pub(crate) fn new(stage: Stage) -> Self {
        let exit: &'static Exit = Box::leak(Box::default());
        let counter = |_| CachePadded::new(Counter { inside: AtomicUsize::new(0), exit });
        Self {
            word: CachePadded::new(AtomicU64::new(Word::new(stage).0)),
            sides: [0, 1].map(|_| std::array::from_fn(counter)),
            exit,
            turning: Mutex::new(()),
        }
    }

    #[inline]
    pub(crate) fn word(&self) -> Word {
        Word(self.word.load(Ordering::SeqCst))
    }

    /// Enters, provided that the word is still the one that the plan was made from.
    #[inline]
    pub(crate) fn enter(&'static self, planned: Word, entrant: Entrant) -> Option<Pass> {
        let held = match entrant {
            Entrant::Held => planned.held(),
            Entrant::Repair => planned.repairs_held(),
        };
        if planned.closed() || held {
            return None;
        }
        let counter: &'static Counter = &self.sides[planned.side()][shard()];
        counter.inside.fetch_add(1, Ordering::SeqCst);
        let pass = Pass(counter);
        // Whoever turned the side after this look waits for the count above; before it, the pass goes back.
        if self.word() == planned { Some(pass) } else { None }
    }

    /// Makes a new stage visible to whoever enters from now on; gives the new generation.
    pub(crate) fn set_stage(&self, stage: Stage) -> Word {
        self.change(|word| word.with_stage(stage))
    }

    /// Holds new writes and fill pages, or lets everybody in again.
    pub(crate) fn set_held(&self, held: bool) {
        self.change(|word| Word(if held { word.0 | HOLD } else { word.0 & !(HOLD | HOLD_REPAIRS) }));
    }

    /// Holds repairs too, or lets them in again.
    pub(crate) fn set_repairs_held(&self, held: bool) {
        self.change(|word| Word(if held { word.0 | HOLD_REPAIRS } else { word.0 & !HOLD_REPAIRS }));
    }

    pub(crate) fn close(&self) {
        self.change(|word| Word(word.0 | CLOSED));
    }

    /// Waits until everybody who is inside now has left. Whoever enters meanwhile is not waited for.
    pub(crate) async fn drain(&self) {
        let _one_at_a_time = self.turning.lock().await;
        let _awaited = Awaited::new(self.exit);
        // A drain that was given up may have left entrants on the other side; they are older than any of now.
        let side = self.word().side();
        self.empty(1 - side).await;
        self.change(|word| Word(word.0 ^ SIDE));
        self.empty(side).await;
    }

    /// Whether nobody is inside.
    fn is_empty(&self) -> bool {
        (0..2).all(|side| self.side_is_empty(side))
    }

    async fn empty(&self, side: usize) {
        loop {
            // Hears of whoever leaves from here on, before it is polled, too.
            let left = self.exit.left.notified();
            if self.side_is_empty(side) {
                return;
            }
            left.await;
        }
    }

    fn side_is_empty(&self, side: usize) -> bool {
        self.sides[side].iter().all(|counter| counter.inside.load(Ordering::SeqCst) == 0)
    }

    fn change(&self, change: impl Fn(Word) -> Word) -> Word {
        let mut word = self.word.load(Ordering::SeqCst);
        loop {
            let new = change(Word(word));
            match self.word.compare_exchange_weak(word, new.0, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return new,
                Err(newer) => word = newer,
            }
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("word", &self.word())
            .field("empty", &self.is_empty())
            .finish_non_exhaustive()
    }
}

/// One request's place in the drain count. It travels with the work: with a rescued write, with a copy that goes on
/// in the background.
pub struct Pass(&'static Counter);

impl Drop for Pass {
    #[inline]
    fn drop(&mut self) {
        let Counter { inside, exit } = self.0;
        inside.fetch_sub(1, Ordering::SeqCst);
        if exit.awaited.load(Ordering::SeqCst) {
            exit.left.notify_waiters();
        }
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> &'static Gate {
        Box::leak(Box::new(Gate::new(Stage::DualWrite)))
    }

    #[test]
    fn a_drain_waits_for_those_inside_and_for_nobody_else() {
        let gate = gate();
        let old = gate.enter(gate.word(), Entrant::Held).unwrap();
        let mut drain = tokio_test::task::spawn(gate.drain());
        tokio_test::assert_pending!(drain.poll());
        let _new = gate.enter(gate.word(), Entrant::Held).unwrap();
        drop(old);
        assert!(drain.is_woken());
        tokio_test::assert_ready!(drain.poll());
    }

    #[test]
    fn nobody_is_told_who_leaves_when_no_drain_waits_any_more() {
        let gate = gate();
        let inside = gate.enter(gate.word(), Entrant::Held).unwrap();
        let mut given_up = tokio_test::task::spawn(gate.drain());
        tokio_test::assert_pending!(given_up.poll());
        assert!(gate.exit.awaited.load(Ordering::SeqCst));
        drop(given_up);
        assert!(!gate.exit.awaited.load(Ordering::SeqCst));
        drop(inside);
        tokio_test::assert_ready!(tokio_test::task::spawn(gate.drain()).poll());
        assert!(!gate.exit.awaited.load(Ordering::SeqCst));
    }

    #[test]
    fn a_drain_that_was_given_up_does_not_hide_who_is_inside() {
        let gate = gate();
        let oldest = gate.enter(gate.word(), Entrant::Held).unwrap();
        let mut first = tokio_test::task::spawn(gate.drain());
        tokio_test::assert_pending!(first.poll());
        drop(first);
        let newer = gate.enter(gate.word(), Entrant::Held).unwrap();
        let mut second = tokio_test::task::spawn(gate.drain());
        tokio_test::assert_pending!(second.poll());
        drop(newer);
        tokio_test::assert_pending!(second.poll());
        drop(oldest);
        tokio_test::assert_ready!(second.poll());
    }

    #[test]
    fn nobody_enters_on_a_plan_of_an_older_word() {
        let gate = gate();
        let planned = gate.word();
        gate.set_stage(Stage::Shadow);
        assert!(gate.enter(planned, Entrant::Held).is_none());
        assert!(gate.is_empty(), "the count went back");
        assert_eq!(gate.word().stage(), Stage::Shadow);
        assert!(gate.word().generation() > planned.generation());
    }

    #[test]
    fn only_repairs_enter_while_writes_are_held() {
        let gate = gate();
        gate.set_held(true);
        assert!(gate.enter(gate.word(), Entrant::Held).is_none());
        assert!(gate.enter(gate.word(), Entrant::Repair).is_some());
        gate.set_repairs_held(true);
        assert!(gate.enter(gate.word(), Entrant::Repair).is_none());
        gate.set_held(false);
        assert!(gate.enter(gate.word(), Entrant::Held).is_some());
        assert!(gate.enter(gate.word(), Entrant::Repair).is_some(), "nobody is held any more");
    }

    #[test]
    fn nobody_enters_a_closed_gate() {
        let gate = gate();
        gate.close();
        for entrant in [Entrant::Held, Entrant::Repair] {
            assert!(gate.enter(gate.word(), entrant).is_none(), "{entrant:?}");
        }
    }

    #[test]
    fn a_drain_does_not_wait_for_those_who_enter_during_a_second_one() {
        let gate = gate();
        let enter = || gate.enter(gate.word(), Entrant::Held).unwrap();
        let old = enter();
        let mut first = tokio_test::task::spawn(gate.drain());
        let mut second = tokio_test::task::spawn(gate.drain());
        tokio_test::assert_pending!(first.poll());
        tokio_test::assert_pending!(second.poll());
        drop(old);
        let _whether_it_has_ended = second.poll();
        let _newer = enter();
        tokio_test::assert_ready!(first.poll());
    }

    #[test]
    fn no_entrant_of_a_drained_word_is_inside_under_load() {
        let gate = gate();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let drained = std::sync::Arc::new(AtomicU64::new(0));
        let stop = std::sync::Arc::new(AtomicBool::new(false));
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let (drained, stop) = (drained.clone(), stop.clone());
                std::thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let word = gate.word();
                        if let Some(_pass) = gate.enter(word, Entrant::Held) {
                            let drained = drained.load(Ordering::SeqCst);
                            assert!(word.generation() >= drained, "{} is drained", word.generation());
                        }
                    }
                })
            })
            .collect();
        runtime.block_on(async {
            for _ in 0..2_000 {
                let word = gate.set_stage(Stage::Shadow);
                gate.drain().await;
                drained.store(word.generation(), Ordering::SeqCst);
            }
        });
        stop.store(true, Ordering::Relaxed);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    }
}
