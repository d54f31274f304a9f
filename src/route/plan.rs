//! The decision for one request, made once.

use std::time::Duration;

use super::config::{CopyWait, JournalUnavailable};
use super::request::Kind;
use crate::journal::MarkBy;
use crate::stage::{Stage, Store};

/// Why a store is being called. Layers act on [`Leg::Answer`] only, never on each other's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leg {
    /// For the answer of the caller.
    Answer,
    /// To copy a record.
    Copy,
    /// To compare with the answer.
    Shadow,
    /// Because the target's answer could not be used.
    Fallback,
}

tokio::task_local! {
    static LEG: Leg;
}

impl Leg {
    /// Why the running task calls stores: [`Shadow`](Self::Shadow) in the task of a shadow read, else
    /// [`Answer`](Self::Answer). For a store that keeps connections apart for background work. A task that is spawned
    /// inside does not know it any more.
    #[must_use]
    pub fn current() -> Self {
        LEG.try_with(|leg| *leg).unwrap_or(Self::Answer)
    }

    /// Runs a task in which [`current`](Self::current) is this leg.
    pub(crate) fn scope<F: Future>(self, task: F) -> impl Future<Output = F::Output> {
        LEG.scope(self, task)
    }

    /// The name in metrics and spans.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Copy => "copy",
            Self::Shadow => "shadow",
            Self::Fallback => "fallback",
        }
    }
}

/// The decision for one request, made once from one config snapshot. Layers read it; none loads the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    stage: Stage,
    store: Store,
    leg: Leg,
    flags: u8,
    /// Microseconds; `u32::MAX` waits until the copy has ended.
    wait: u32,
}

const WRITE: u8 = 1;
const COPY: u8 = 2;
const CANARY: u8 = 4;
const FALLBACK: u8 = 8;
const SHADOW: u8 = 16;
const CONTINUE: u8 = 32;
#[cfg(any(feature = "mysql", feature = "postgres"))]
const INSIDE: u8 = 64;
const BY_GROUP: u8 = 128;

/// What a plan for a read is made from, beside the stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadFacts {
    /// In the cohort; asked in `canary` only.
    pub(crate) in_cohort: bool,
    /// A mark stands on what it reads.
    pub(crate) dirty: bool,
    /// The target may answer this operation: true for all but lookups that are not enabled.
    pub(crate) enabled: bool,
    /// Drawn for a shadow read.
    pub(crate) sampled: bool,
    /// The caller named the store, and may.
    pub(crate) asked_for: Option<Store>,
}

impl Plan {
    /// A request that goes to the authority and nowhere else: everything in `off` and `complete`.
    pub(crate) const fn pass(stage: Stage, kind: Kind) -> Self {
        let flags = if matches!(kind, Kind::Write) { WRITE } else { 0 };
        Self { stage, store: stage.authority(), leg: Leg::Answer, flags, wait: 0 }
    }

    /// A write in a stage that copies.
    pub(crate) fn write(stage: Stage, wait: CopyWait, unavailable: JournalUnavailable) -> Self {
        let mut plan = Self::pass(stage, Kind::Write);
        plan.flags |= COPY;
        if unavailable == JournalUnavailable::Continue {
            plan.flags |= CONTINUE;
        }
        plan.wait = match wait {
            CopyWait::UntilCopied => u32::MAX,
            CopyWait::AtMost(wait) => u32::try_from(wait.as_micros()).unwrap_or(u32::MAX - 1),
        };
        plan
    }

    /// The same write, marked so.
    pub(crate) const fn marked_by(mut self, by: MarkBy) -> Self {
        if matches!(by, MarkBy::Group) {
            self.flags |= BY_GROUP;
        }
        self
    }

    /// What the mark of the write names.
    pub(crate) const fn marks_by(self) -> MarkBy {
        if self.flags & BY_GROUP == 0 { MarkBy::Key } else { MarkBy::Group }
    }

    /// The same write, marked inside the transaction that makes it.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) const fn marked_inside(mut self) -> Self {
        self.flags |= INSIDE;
        self
    }

    /// Whether the transaction that makes the write marks it, so that nothing is marked before.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) const fn marks_inside(self) -> bool {
        self.flags & INSIDE != 0
    }

    /// A read in a stage that copies.
    ///
    /// | stage | clean, and in the cohort or `live` | clean, not in the cohort | dirty |
    /// |---|---|---|---|
    /// | `dual_write` | legacy | legacy | legacy |
    /// | `shadow` | legacy, shadow | legacy, shadow | legacy |
    /// | `canary`, `live` | target with fallback, shadow | legacy, shadow | legacy |
    /// | `ramp_down` | target, shadow | target, shadow | target |
    pub(crate) const fn read(stage: Stage, facts: ReadFacts) -> Self {
        let mut plan = Self::pass(stage, Kind::Read);
        if facts.dirty {
            return plan;
        }
        if facts.sampled && !matches!(stage, Stage::DualWrite) {
            plan.flags |= SHADOW;
        }
        let wanted = match facts.asked_for {
            Some(store) => matches!(store, Store::Target),
            None => facts.in_cohort || matches!(stage, Stage::Live),
        };
        if facts.enabled && wanted && matches!(stage, Stage::Canary | Stage::Live) {
            plan.flags |= CANARY | FALLBACK;
        }
        plan
    }

    /// The stage that the plan was made in.
    #[must_use]
    pub const fn stage(self) -> Stage {
        self.stage
    }

    /// The store that answers.
    #[must_use]
    pub const fn store(self) -> Store {
        self.store
    }

    /// Why that store is called.
    #[must_use]
    pub const fn leg(self) -> Leg {
        self.leg
    }

    /// Whether the request writes.
    #[must_use]
    pub const fn is_write(self) -> bool {
        self.flags & WRITE != 0
    }

    /// Whether the write is copied to the other store.
    #[must_use]
    pub const fn copies(self) -> bool {
        self.flags & COPY != 0
    }

    /// Whether the target may answer this read in place of the authority.
    #[must_use]
    pub const fn canary(self) -> bool {
        self.flags & CANARY != 0
    }

    /// Whether legacy may answer when the target cannot.
    #[must_use]
    pub const fn falls_back(self) -> bool {
        self.flags & FALLBACK != 0 && matches!((self.store, self.leg), (Store::Target, Leg::Answer))
    }

    /// Whether the read is repeated on the other store and compared.
    #[must_use]
    pub const fn shadows(self) -> bool {
        self.flags & SHADOW != 0 && matches!(self.leg, Leg::Answer)
    }

    /// Whether a write goes on when its mark cannot be recorded.
    #[must_use]
    pub const fn continues_unrecorded(self) -> bool {
        self.flags & CONTINUE != 0
    }

    /// How long the caller waits for the copy of its write.
    #[must_use]
    pub const fn wait(self) -> CopyWait {
        match self.wait {
            u32::MAX => CopyWait::UntilCopied,
            micros => CopyWait::AtMost(Duration::from_micros(micros as u64)),
        }
    }

    /// The same plan with the answer taken from this store.
    #[must_use]
    pub const fn answered_by(self, store: Store) -> Self {
        Self { store, ..self }
    }

    /// The same request to this store for another reason: no layer acts on it.
    #[must_use]
    pub const fn on_leg(self, leg: Leg, store: Store) -> Self {
        Self { store, leg, flags: self.flags & WRITE, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: ReadFacts =
        ReadFacts { in_cohort: true, dirty: false, enabled: true, sampled: true, asked_for: None };

    fn read(stage: Stage, facts: ReadFacts) -> String {
        let plan = Plan::read(stage, facts);
        let word = |on, word| if on { word } else { "" };
        format!("{}{}{}", plan.store, word(plan.canary(), " canary"), word(plan.shadows(), " shadow"))
    }

    #[test]
    fn clean_reads_follow_the_stage_table() {
        let outside = ReadFacts { in_cohort: false, ..CLEAN };
        assert_eq!(read(Stage::DualWrite, CLEAN), "legacy");
        assert_eq!(read(Stage::Shadow, CLEAN), "legacy shadow");
        assert_eq!(read(Stage::Canary, CLEAN), "legacy canary shadow");
        assert_eq!(read(Stage::Canary, outside), "legacy shadow");
        assert_eq!(read(Stage::Live, outside), "legacy canary shadow");
        assert_eq!(read(Stage::RampDown, CLEAN), "target shadow");
    }

    #[test]
    fn dirty_reads_go_to_the_authority_and_are_not_compared() {
        let dirty = ReadFacts { dirty: true, asked_for: Some(Store::Target), ..CLEAN };
        for stage in [Stage::Shadow, Stage::Canary, Stage::Live] {
            assert_eq!(read(stage, dirty), "legacy");
        }
        assert_eq!(read(Stage::RampDown, dirty), "target");
    }

    #[test]
    fn a_lookup_stays_on_the_authority_until_it_is_enabled() {
        assert_eq!(read(Stage::Live, ReadFacts { enabled: false, ..CLEAN }), "legacy shadow");
    }

    #[test]
    fn the_caller_may_name_the_store_while_both_are_maintained() {
        let asked = |store| ReadFacts { in_cohort: false, asked_for: Some(store), ..CLEAN };
        assert_eq!(read(Stage::Canary, asked(Store::Target)), "legacy canary shadow");
        assert_eq!(read(Stage::Live, asked(Store::Legacy)), "legacy shadow");
        assert_eq!(read(Stage::Shadow, asked(Store::Target)), "legacy shadow");
    }

    #[test]
    fn only_the_answer_of_the_target_falls_back() {
        let plan = Plan::read(Stage::Live, CLEAN);
        assert!(!plan.falls_back(), "legacy answers until the canary layer moves the read");
        let moved = plan.answered_by(Store::Target);
        assert!(moved.falls_back() && moved.shadows());
        let other = moved.on_leg(Leg::Shadow, Store::Target);
        assert!(!other.falls_back() && !other.shadows() && !other.canary());
    }

    #[test]
    fn a_plan_is_small() {
        assert_eq!(std::mem::size_of::<Plan>(), 8);
    }
}
