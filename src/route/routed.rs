//! A request with its plan.

use super::core::Core;
use super::gate::Pass;
use super::plan::{Leg, Plan};
use crate::data::Scopes;
use crate::journal::Epoch;
use crate::stage::Store;

/// A request with the decision that was made for it: what the layers below [`RouteLayer`](super::RouteLayer) take.
#[derive(Debug)]
pub struct Routed<Req> {
    pub(crate) request: Req,
    pub(crate) plan: Plan,
    /// The place of a write in the drain count.
    pub(crate) pass: Option<Pass>,
    /// What it reads or writes; empty where no layer needs it.
    pub(crate) scopes: Scopes,
    /// The epoch that the plan was made in; the journal checks it when the write is marked.
    pub(crate) epoch: Epoch,
    pub(crate) core: &'static Core,
}

/// What the layers below [`RouteLayer`](super::RouteLayer) take: a [`Routed`] request, and nothing else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no plan: no `RouteLayer` has seen it",
    label = "a layer of crossfade is called with `{Self}` in place of `Routed<{Self}>`",
    note = "put a `RouteLayer` outermost, above every other layer of crossfade"
)]
pub trait IsRouted {
    /// The request of the user's own type.
    type Request;
    /// The request with its plan.
    fn into_routed(self) -> Routed<Self::Request>;
}

impl<Req> IsRouted for Routed<Req> {
    type Request = Req;
    fn into_routed(self) -> Self {
        self
    }
}

impl<Req> Routed<Req> {
    /// The request.
    #[must_use]
    pub const fn request(&self) -> &Req {
        &self.request
    }

    /// The decision.
    #[must_use]
    pub const fn plan(&self) -> Plan {
        self.plan
    }

    /// What the request reads or writes; empty where no layer needs it.
    #[must_use]
    pub const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// The same request for this store on another leg. It is not counted by a drain: reads are not.
    pub(crate) fn on_leg(&self, leg: Leg, store: Store) -> Self
    where
        Req: Clone,
    {
        Self {
            request: self.request.clone(),
            plan: self.plan.on_leg(leg, store),
            pass: None,
            scopes: Scopes::none(),
            epoch: self.epoch,
            core: self.core,
        }
    }
}
