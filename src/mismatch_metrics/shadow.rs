//! One read repeated on the other store, beside the caller.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::time::sleep;
use tower::{Service, ServiceExt};
use tracing::Instrument;

use super::bounds::{Room, ShadowBounds};
use super::compare::{Class, Compare, Difference, classify};
use super::samples::{Sample, Samples, shown};
use crate::data::Scopes;
use crate::per_second::PerSecond;
use crate::route::{Core, Deadline, Leg, Routed, Store};

/// How many events a second say that the stores differ.
pub(super) const EVENTS_MAX: u32 = 1;

/// What all shadow reads of one service share.
#[derive(Debug)]
pub(super) struct Watch<C> {
    pub(super) compare: C,
    pub(super) bounds: ShadowBounds,
    pub(super) room: Arc<Room>,
    pub(super) samples: Samples,
    pub(super) events: PerSecond,
}

/// A read that is about to be repeated.
pub(super) struct Shadow<S, Req, C: 'static> {
    /// Has been called once, so it is asked for readiness again.
    pub(super) service: S,
    pub(super) request: Routed<Req>,
    pub(super) scopes: Scopes,
    pub(super) answered: Store,
    pub(super) watch: &'static Watch<C>,
}

/// Why a shadow read gave nothing to compare.
enum Lost {
    Failed,
    Late,
}

impl<S, Req, C> Shadow<S, Req, C>
where
    S: Service<Routed<Req>> + Clone + Send + 'static,
    S::Future: Send,
    C: Compare<S::Response> + Send + Sync + 'static,
    Req: Clone + Send + 'static,
{
    /// Begins in a task of its own if there is room, with the form of the answer that the caller gets; `None` when
    /// the caller gets an error.
    pub(super) fn begin(self, answer: Option<&S::Response>) {
        let (Some(permit), Ok(runtime)) = (self.watch.room.enter(), Handle::try_current()) else {
            self.core().stats.shadows_shed.one();
            return;
        };
        let form = answer.map(|answer| self.watch.compare.form(answer));
        let task = async move {
            self.run(form).await;
            drop(permit);
        };
        drop(runtime.spawn(Leg::Shadow.scope(task).in_current_span()));
    }

    async fn run(mut self, answer: Option<C::Form>) {
        let stats = &self.core().stats;
        stats.shadows.one();
        match (answer, self.read(self.answered.other()).await) {
            (_, Err(Lost::Late)) => stats.shadows_timed_out.one(),
            // Both stores failed: there is nothing to compare.
            (None, Err(Lost::Failed)) => {}
            (None, Ok(_)) | (Some(_), Err(Lost::Failed)) => stats.comparisons_error_one_side.one(),
            (Some(answer), Ok(other)) => match self.classify(self.answered, &answer, &other).0 {
                Class::Match => stats.comparisons_matched.one(),
                _ => self.confirm().await,
            },
        }
    }

    /// Looks at both stores again before a mismatch counts: a write may have been on its way.
    async fn confirm(&mut self) {
        sleep(self.watch.bounds.confirm_delay).await;
        let stats = &self.core().stats;
        match self.look_again().await {
            Err(Lost::Late) => stats.shadows_timed_out.one(),
            Err(Lost::Failed) => stats.comparisons_error_one_side.one(),
            Ok((class, differences)) => self.count(class, differences),
        }
    }

    /// Reads the authority, the secondary and the authority again. Clean after the first read, the secondary has
    /// all that the authority then had; equal in the first and the third, no write came between. So a busy key is
    /// not taken for a wrong one.
    async fn look_again(&mut self) -> Result<(Class, Vec<Difference>), Lost> {
        const TRANSIENT: (Class, Vec<Difference>) = (Class::Transient, Vec::new());
        let authority = self.request.plan.stage().authority();
        let before = self.read(authority).await?;
        if self.is_dirty() {
            return Ok(TRANSIENT);
        }
        let secondary = self.read(authority.other()).await?;
        let found = self.classify(authority, &before, &secondary);
        if found.0 == Class::Match {
            return Ok(TRANSIENT);
        }
        let after = self.read(authority).await?;
        let rests = classify(&self.watch.compare, &before, &after).0 == Class::Match;
        Ok(if rests && !self.is_dirty() { found } else { TRANSIENT })
    }

    async fn read(&mut self, store: Store) -> Result<C::Form, Lost> {
        let read = self.service.clone().oneshot(self.request.on_leg(Leg::Shadow, store));
        let deadline = Deadline::within(self.watch.bounds.deadline);
        match deadline.keep(read).await {
            Ok(Ok(answer)) => Ok(self.watch.compare.form(&answer)),
            // A store that gave up in time says so with an error, at the same moment.
            Ok(Err(_)) if !deadline.has_passed() => Err(Lost::Failed),
            Ok(Err(_)) | Err(_) => Err(Lost::Late),
        }
    }

    /// The class of the form of one store and that of the other one.
    fn classify(&self, store: Store, form: &C::Form, other: &C::Form) -> (Class, Vec<Difference>) {
        match store {
            Store::Legacy => classify(&self.watch.compare, form, other),
            Store::Target => classify(&self.watch.compare, other, form),
        }
    }

    fn count(&self, class: Class, differences: Vec<Difference>) {
        let stats = &self.core().stats;
        match class {
            Class::MissingInTarget => stats.mismatches_missing_in_target.one(),
            Class::MissingInLegacy => stats.mismatches_missing_in_legacy.one(),
            Class::Value => stats.mismatches_value.one(),
            Class::Match | Class::ErrorOneSide | Class::Transient => {
                return stats.mismatches_transient.one();
            }
        }
        self.show(class, differences);
    }

    fn show(&self, class: Class, differences: Vec<Difference>) {
        let scope = shown(&self.scopes);
        let stage = self.request.plan.stage();
        if self.watch.events.admit() {
            tracing::warn!(class = class.as_str(), %stage, scope, "the stores differ");
        }
        self.watch.samples.push(Sample {
            at: self.core().journal.now(),
            stage,
            answered: self.answered,
            class,
            scope,
            differences,
        });
    }

    fn is_dirty(&self) -> bool {
        self.core().journal.is_dirty(self.scopes.as_slice())
    }

    const fn core(&self) -> &'static Core {
        self.request.core
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tower::{BoxError, Layer, ServiceExt, service_fn};

    use super::super::{MismatchMetricsLayer, by_form};
    use crate::data::{Key, Scopes};
    use crate::journal::Journal;
    use crate::route::{Asked, Operation, RouteLayer, RoutingConfig, RoutingHandle, Stage};
    use crate::store::TargetLayer;

    const STEP: Duration = Duration::from_millis(10);

    async fn says(total: i64) -> Result<i64, BoxError> {
        tokio::time::sleep(STEP).await;
        Ok(total)
    }

    /// The copy of a write ends after the secondary was read and before the second look does.
    #[tokio::test(start_paused = true)]
    async fn a_mark_that_goes_during_the_second_look_makes_it_transient() {
        let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await.unwrap();
        for stage in [Stage::DualWrite, Stage::Shadow] {
            let _drained = routing.move_to(stage, Asked::by("test", "trial")).await.unwrap();
        }
        let key = || Scopes::from(Key::new(&1, &7));
        let stores = TargetLayer::new(service_fn(|()| says(1))).layer(service_fn(|()| says(2)));
        let compared = MismatchMetricsLayer::new(by_form(|total: &i64| *total)).layer(stores);
        let read = RouteLayer::new(routing)
            .classified_by(move |(): &()| Some((Operation::read("get"), key())))
            .layer(compared);
        read.oneshot(()).await.unwrap();

        // The first comparison ends one step later; the second look then takes three steps.
        tokio::time::sleep(STEP + Duration::from_millis(200) + STEP / 2).await;
        let journal = &routing.0.journal;
        let mark = journal.mark(key(), routing.0.epoch()).await.unwrap();
        tokio::time::sleep(STEP).await;
        journal.unmark(&mark);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!((routing.stats().mismatches_transient, journal.marks()), (1, 0));
        assert_eq!(routing.stats().mismatches_confirmed(), 0);
    }
}
