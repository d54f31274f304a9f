//! What the next calls of a store do: [`Script`].

use std::fmt;
use std::sync::Mutex;

use super::fault::{Call, Fault, Rates};
use super::lock;
use crate::data::{Key, Scope, Scopes};

/// What the calls of one store do; without a line in it they all pass.
///
/// A call takes the first line that fits among those that are used up ([`next`](Self::next),
/// [`times`](Self::times), [`next_on`](Self::next_on)), in the order in which they were added. When there is none,
/// the one added last among those that stay ([`always`](Self::always), [`always_on`](Self::always_on),
/// [`when`](Self::when)). When there is none, the random mix.
///
/// ```
/// use std::time::Duration;
/// use crossfade::test_util::{Call, Fault, MemoryStore};
///
/// let target = MemoryStore::target();
/// target
///     .script()
///     .next(Call::Replace, Fault::Pass)         // the first replace passes,
///     .next(Call::Replace, Fault::LostAnswer)   // the second lands, and its caller does not hear of it,
///     .always_on(Call::Replace, (7, 1), Fault::Hang) // and 7/1 never ends after that.
///     .always(Call::RequestRead, Fault::Delay(Duration::from_millis(5)));
/// ```
#[derive(Default)]
pub struct Script {
    lines: Mutex<Lines>,
}

#[derive(Default)]
struct Lines {
    used_up: Vec<Line>,
    stay: Vec<Line>,
    random: Vec<(Call, Rates, fastrand::Rng)>,
}

struct Line {
    call: Call,
    fits: Fits,
    fault: Fault,
    left: usize,
}

enum Fits {
    Any,
    Key(Key),
    When(Box<dyn Fn(&Scope) -> bool + Send + Sync>),
}

impl Script {
    /// The next call of this kind that no earlier line takes.
    pub fn next(&self, call: Call, fault: Fault) -> &Self {
        self.times(1, call, fault)
    }

    /// The next `times` calls of this kind.
    pub fn times(&self, times: usize, call: Call, fault: Fault) -> &Self {
        self.use_up(times, call, Fits::Any, fault)
    }

    /// The next call of this kind that names the key `(group, item)`.
    pub fn next_on(&self, call: Call, (group, item): (i64, i64), fault: Fault) -> &Self {
        self.use_up(1, call, Fits::Key(Key::new(&group, &item)), fault)
    }

    /// Every call of this kind.
    pub fn always(&self, call: Call, fault: Fault) -> &Self {
        self.stay(call, Fits::Any, fault)
    }

    /// Every call of this kind that names the key `(group, item)`.
    pub fn always_on(&self, call: Call, (group, item): (i64, i64), fault: Fault) -> &Self {
        self.stay(call, Fits::Key(Key::new(&group, &item)), fault)
    }

    /// Every call of this kind that names a scope of which this is true. A list and a create name their group, a
    /// page its group or everything, a lookup and a clock reading everything.
    pub fn when(
        &self,
        call: Call,
        fits: impl Fn(&Scope) -> bool + Send + Sync + 'static,
        fault: Fault,
    ) -> &Self {
        self.stay(call, Fits::When(Box::new(fits)), fault)
    }

    /// A random mix for all calls, the same for the same seed. Each kind of call draws from a sequence of its own.
    pub fn random(&self, seed: u64, rates: Rates) -> &Self {
        for call in Call::ALL {
            self.random_for(call, seed.wrapping_add(call.index() as u64), rates);
        }
        self
    }

    /// A random mix for this kind of call, in place of the one that it had.
    pub fn random_for(&self, call: Call, seed: u64, rates: Rates) -> &Self {
        let mut lines = lock(&self.lines);
        lines.random.retain(|(of, ..)| *of != call);
        lines.random.push((call, rates, fastrand::Rng::with_seed(seed)));
        drop(lines);
        self
    }

    /// Every call passes from now on; what hangs goes on hanging.
    pub fn clear(&self) -> &Self {
        *lock(&self.lines) = Lines::default();
        self
    }

    /// How many calls the lines that are used up still wait for: 0 when the script has run.
    pub fn left(&self) -> usize {
        lock(&self.lines).used_up.iter().map(|line| line.left).sum()
    }

    pub(super) fn fault(&self, call: Call, scopes: &Scopes) -> Fault {
        let mut lines = lock(&self.lines);
        if let Some(at) = lines.used_up.iter().position(|line| line.takes(call, scopes)) {
            return lines.use_one(at);
        }
        if let Some(line) = lines.stay.iter().rev().find(|line| line.takes(call, scopes)) {
            return line.fault;
        }
        let mix = lines.random.iter_mut().find(|(of, ..)| *of == call);
        mix.map_or(Fault::Pass, |(_, rates, random)| rates.draw(random))
    }

    fn use_up(&self, left: usize, call: Call, fits: Fits, fault: Fault) -> &Self {
        if left > 0 {
            lock(&self.lines).used_up.push(Line { call, fits, fault, left });
        }
        self
    }

    fn stay(&self, call: Call, fits: Fits, fault: Fault) -> &Self {
        lock(&self.lines).stay.push(Line { call, fits, fault, left: 0 });
        self
    }
}

impl Lines {
    fn use_one(&mut self, at: usize) -> Fault {
        let line = &mut self.used_up[at];
        line.left -= 1;
        let fault = line.fault;
        if line.left == 0 {
            self.used_up.remove(at);
        }
        fault
    }
}

impl Line {
    fn takes(&self, call: Call, scopes: &Scopes) -> bool {
        self.call == call
            && match &self.fits {
                Fits::Any => true,
                Fits::Key(key) => scopes.iter().any(|scope| matches!(scope, Scope::Key(k) if k == key)),
                Fits::When(fits) => scopes.iter().any(fits),
            }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("left", &self.left()).finish_non_exhaustive()
    }
}
