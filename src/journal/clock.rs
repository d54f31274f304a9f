//! The gateway's clock and the stamps taken from it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::model::Micros;
use crate::data::Stamp;

/// How far ahead stamps are reserved, in microseconds: after a crash the first stamp lies at most this far ahead of
/// the wall clock.
pub(crate) const RESERVED_AHEAD: Micros = 1_000_000;
/// How many stamps are reserved at least, while they are ahead of the wall clock already.
const RESERVED_LEAST: Micros = 10_000;

/// Wall time that never goes back: the system's clock when the process began, plus a monotonic clock (which a test
/// can pause).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    base: Micros,
    start: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { base: micros(wall), start: Instant::now() }
    }

    /// Microseconds since the Unix epoch.
    pub(crate) fn now(&self) -> Micros {
        self.base + micros(self.start.elapsed())
    }
}

/// A duration in microseconds, as far as they go.
pub(crate) fn micros(duration: Duration) -> Micros {
    let seconds = Micros::try_from(duration.as_secs()).unwrap_or(Micros::MAX);
    seconds.saturating_mul(1_000_000).saturating_add(duration.subsec_micros().into())
}

/// Unique rising stamps: `max(wall clock, last + 1)`, never above what the journal has reserved (R3). They rise also
/// across kill -9 and a clock that was set back, since a restart begins above the reservation.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    last: AtomicI64,
    reserved: AtomicI64,
}

/// What taking a stamp gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The stamp; `reserve` asks for a reservation up to there soon.
    Stamp { stamp: Stamp, reserve: Option<Micros> },
    /// None before the journal has reserved up to here.
    ReserveFirst(Micros),
}

impl Stamps {
    /// Stamps go on above what an earlier process reserved.
    pub(crate) fn resume(&self, reserved: Micros) {
        self.last.fetch_max(reserved, Ordering::SeqCst);
        self.reserved.fetch_max(reserved, Ordering::SeqCst);
    }

    /// The journal has durably reserved stamps up to here.
    pub(crate) fn reserved(&self, upto: Micros) {
        self.reserved.fetch_max(upto, Ordering::SeqCst);
    }

    /// The largest stamp ever issued, or taken over from an earlier process.
    pub(crate) fn last(&self) -> Stamp {
        self.last.load(Ordering::SeqCst)
    }

    pub(crate) fn take(&self, now: Micros) -> Taken {
        let mut last = self.last.load(Ordering::SeqCst);
        loop {
            let stamp = now.max(last + 1);
            let reserved = self.reserved.load(Ordering::SeqCst);
            // Counted from the wall clock, or restarts in quick succession would each lead a second further away from it.
            let upto = (now + RESERVED_AHEAD).max(stamp + RESERVED_LEAST);
            if stamp > reserved {
                return Taken::ReserveFirst(upto);
            }
            match self.last.compare_exchange_weak(last, stamp, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => {
                    let soon = reserved - stamp < RESERVED_AHEAD / 2 && upto - reserved > RESERVED_AHEAD / 4;
                    let reserve = soon.then_some(upto);
                    return Taken::Stamp { stamp, reserve };
                }
                Err(newer) => last = newer,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(stamps: &Stamps, now: Micros) -> Stamp {
        match stamps.take(now) {
            Taken::Stamp { stamp, .. } => stamp,
            Taken::ReserveFirst(upto) => {
                stamps.reserved(upto);
                stamp(stamps, now)
            }
        }
    }

    #[test]
    fn stamps_rise_also_when_the_clock_rests_or_goes_back() {
        let stamps = Stamps::default();
        let taken: Vec<Stamp> = [100, 100, 50, 101, 2_000_000].map(|now| stamp(&stamps, now)).into();
        assert_eq!(taken, [100, 101, 102, 103, 2_000_000]);
    }

    #[test]
    fn no_stamp_is_issued_above_the_reservation() {
        let stamps = Stamps::default();
        assert_eq!(stamps.take(10), Taken::ReserveFirst(10 + RESERVED_AHEAD));
        stamps.reserved(10);
        assert!(matches!(stamps.take(10), Taken::Stamp { stamp: 10, .. }));
        assert!(matches!(stamps.take(10), Taken::ReserveFirst(_)));
    }

    #[test]
    fn a_restart_begins_above_what_was_reserved() {
        let stamps = Stamps::default();
        stamps.resume(5_000_000);
        assert_eq!(stamp(&stamps, 1_000), 5_000_001);
    }

    #[test]
    fn restarts_in_quick_succession_do_not_lead_away_from_the_wall_clock() {
        let mut reserved = 0;
        for restart in 0..1_000 {
            let (stamps, now) = (Stamps::default(), 1_000_000_000 + restart * 20_000);
            stamps.resume(reserved);
            let first = stamp(&stamps, now);
            assert!(first > reserved && first - now <= RESERVED_AHEAD + RESERVED_LEAST);
            reserved = stamps.reserved.load(Ordering::SeqCst);
        }
    }

    #[test]
    fn a_reservation_is_asked_for_before_it_is_needed() {
        let stamps = Stamps::default();
        stamps.reserved(RESERVED_AHEAD);
        assert_eq!(stamps.take(1), Taken::Stamp { stamp: 1, reserve: None });
        let soon = RESERVED_AHEAD / 2 + 1;
        let reserve = Some(soon + RESERVED_AHEAD);
        assert_eq!(stamps.take(soon), Taken::Stamp { stamp: soon, reserve });
    }
}
