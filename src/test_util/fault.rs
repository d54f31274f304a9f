//! What can go wrong in one call of a store: [`Fault`], and [`Rates`] for a random mix.

use std::fmt;
use std::time::Duration;

/// What a store is called for. Scripts and counters tell calls apart by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// A read through the tower service.
    RequestRead,
    /// A write through the tower service.
    RequestWrite,
    /// [`RecordStore::read`](crate::data::RecordStore::read).
    RecordRead,
    /// [`RecordStore::replace`](crate::data::RecordStore::replace).
    Replace,
    /// [`RecordStore::page`](crate::data::RecordStore::page).
    Page,
    /// [`RecordStore::clock`](crate::data::RecordStore::clock).
    Clock,
}

impl Call {
    /// Every kind of call.
    pub const ALL: [Self; 6] =
        [Self::RequestRead, Self::RequestWrite, Self::RecordRead, Self::Replace, Self::Page, Self::Clock];

    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RequestRead => "read",
            Self::RequestWrite => "write",
            Self::RecordRead => "record read",
            Self::Replace => "replace",
            Self::Page => "page",
            Self::Clock => "clock reading",
        })
    }
}

/// What a call does in place of its plain course. No fault panics.
///
/// Two things can go wrong apart from each other: whether and when the call takes effect in the store, and what its
/// caller hears of it. Reads have no effect, so for them a lost or late write is an error or a hang.
///
/// | fault | takes effect | the caller hears |
/// |---|---|---|
/// | `Pass` | at once | the answer |
/// | `Delay(d)` | after `d`, if the caller waits | the answer, after `d` |
/// | `SlowAnswer(d)` | at once | the answer as it was then, after `d` |
/// | `Reject` | never | `Rejected` |
/// | `Break` | never | `Broken`: an unknown outcome |
/// | `LostAnswer` | at once | `TimedOut`: an unknown outcome |
/// | `LateWrite(d)` | after `d`, whoever waits | `TimedOut` at once: an unknown outcome |
/// | `Hang` | never | nothing |
/// | `HangApplied` | at once | nothing |
/// | `HangLate(d)` | after `d`, whoever waits | nothing |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// None: lets one call pass before the next fault.
    Pass,
    /// Slow before it takes effect. A caller that leaves takes the call with it.
    Delay(Duration),
    /// Slow after it took effect: a read gives what is old by then.
    SlowAnswer(Duration),
    /// An error that says that nothing was written.
    Reject,
    /// An error that leaves open whether something was written; nothing was.
    Break,
    /// Written, and the answer is lost.
    LostAnswer,
    /// The answer is lost, and the write lands later, from a spawned task: as long as the late bound of the store
    /// allows. Needs a tokio runtime that lives on.
    LateWrite(Duration),
    /// Never answers and never takes effect.
    Hang,
    /// Written, and never answers.
    HangApplied,
    /// Never answers, and the write lands later, from a spawned task.
    HangLate(Duration),
}

/// How often each fault comes in a random mix, as a share of the calls between 0 and 1. What is left passes.
///
/// ```
/// use std::time::Duration;
/// use crossfade::test_util::Rates;
///
/// let rates = Rates { lost_answer: 0.05, reject: 0.05, delay: 0.5, delay_max: Duration::from_millis(20), ..Rates::default() };
/// # let _ = rates;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Of [`Fault::Delay`], by up to [`delay_max`](Self::delay_max).
    pub delay: f64,
    /// Of [`Fault::SlowAnswer`], by up to [`delay_max`](Self::delay_max).
    pub slow_answer: f64,
    /// Of [`Fault::Reject`].
    pub reject: f64,
    /// Of [`Fault::Break`].
    pub broken: f64,
    /// Of [`Fault::LostAnswer`].
    pub lost_answer: f64,
    /// Of [`Fault::LateWrite`], by up to [`late_max`](Self::late_max).
    pub late_write: f64,
    /// Of [`Fault::Hang`]. Only where the caller has a timeout.
    pub hang: f64,
    /// The longest delay; each is drawn anew. 10 ms unless said.
    pub delay_max: Duration,
    /// The latest that a late write lands. Keep it below the late bound of the store. 50 ms unless said.
    pub late_max: Duration,
}

impl Default for Rates {
    /// No faults.
    fn default() -> Self {
        Self {
            delay: 0.0,
            slow_answer: 0.0,
            reject: 0.0,
            broken: 0.0,
            lost_answer: 0.0,
            late_write: 0.0,
            hang: 0.0,
            delay_max: Duration::from_millis(10),
            late_max: Duration::from_millis(50),
        }
    }
}

impl Rates {
    pub(super) fn draw(&self, random: &mut fastrand::Rng) -> Fault {
        let mut left = random.f64();
        let delay = self.delay_max.mul_f64(random.f64());
        let late = self.late_max.mul_f64(random.f64());
        let mix = [
            (self.delay, Fault::Delay(delay)),
            (self.slow_answer, Fault::SlowAnswer(delay)),
            (self.reject, Fault::Reject),
            (self.broken, Fault::Break),
            (self.lost_answer, Fault::LostAnswer),
            (self.late_write, Fault::LateWrite(late)),
            (self.hang, Fault::Hang),
        ];
        for (rate, fault) in mix {
            if left < rate {
                return fault;
            }
            left -= rate;
        }
        Fault::Pass
    }
}
