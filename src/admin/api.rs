//! [`Admin`].

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post, put};
use tokio::sync::Semaphore;

use super::fill::{Desk, change_fill};
use super::guard::{REQUESTS_MAX, guard};
use super::journal::{journal, retry_dead_letters};
use super::mismatches::mismatches;
use super::problem::{Kind, Problem};
use super::routing::put_routing;
use super::stage::move_stage;
use super::status::status;
use super::token::AdminToken;
use crate::data::RecordStore;
use crate::fill::Fill;
use crate::mismatch_metrics::Samples;
use crate::route::RoutingHandle;

/// The admin API of one migration: see the [module docs](super).
#[derive(Debug)]
#[must_use = "nothing is served until `serve` is called, or its `router`"]
pub struct Admin(Api);

/// What the handlers share.
pub(super) struct Api {
    pub(super) migration: String,
    pub(super) routing: RoutingHandle,
    pub(super) samples: Option<Samples>,
    pub(super) fill: Option<Desk>,
    pub(super) token: Option<AdminToken>,
    pub(super) room: Semaphore,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("migration", &self.migration)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl Admin {
    /// Of this migration, which the status calls by this name.
    pub fn new(migration: impl Into<String>, routing: RoutingHandle) -> Self {
        Self(Api {
            migration: migration.into(),
            routing,
            samples: None,
            fill: None,
            token: None,
            room: Semaphore::new(REQUESTS_MAX),
        })
    }

    /// Shows these mismatches: [`MismatchMetricsLayer::samples`](crate::mismatch_metrics::MismatchMetricsLayer::samples).
    pub fn samples(mut self, samples: Samples) -> Self {
        self.0.samples = Some(samples);
        self
    }

    /// Lets callers start, pause, resume and stop a fill, which is made anew for each start. It goes on from its
    /// checkpoint. Do not run another one beside it.
    pub fn fill<L, T>(mut self, make: impl Fn() -> Fill<L, T> + Send + Sync + 'static) -> Self
    where
        L: RecordStore,
        T: RecordStore<Data = L::Data>,
    {
        self.0.fill = Some(Desk::new(make));
        self
    }

    /// Asks every caller for this token. Without one only this machine may ask.
    pub fn token(mut self, token: AdminToken) -> Self {
        self.0.token = Some(token);
        self
    }

    pub(super) const fn has_token(&self) -> bool {
        self.0.token.is_some()
    }

    /// The routes, for a server of your own. Without a token it has to say where its callers are
    /// (`into_make_service_with_connect_info::<SocketAddr>()`), or all are refused.
    pub fn router(self) -> Router {
        let api = Arc::new(self.0);
        let routes = routes().route("/admin/{*other}", any(not_found));
        routes.route_layer(from_fn_with_state(Arc::clone(&api), guard)).with_state(api)
    }

    /// The routes, with a problem for every other path.
    pub(super) fn whole(self) -> Router {
        let api = Arc::new(self.0);
        let routes = routes().fallback(not_found);
        routes.layer(from_fn_with_state(Arc::clone(&api), guard)).with_state(api)
    }
}

fn routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/admin/status", get(status))
        .route("/admin/routing", put(put_routing))
        .route("/admin/stage", post(move_stage))
        .route("/admin/mismatches", get(mismatches))
        .route("/admin/journal", get(journal))
        .route("/admin/dead-letters/retry", post(retry_dead_letters))
        .route("/admin/fill/{change}", post(change_fill))
        .method_not_allowed_fallback(no_such_method)
        // The guard has a limit of its own.
        .layer(DefaultBodyLimit::disable())
}

async fn not_found() -> Problem {
    Problem::new(Kind::NOT_FOUND, "there is no such path")
}

async fn no_such_method() -> Problem {
    Problem::new(Kind::NO_SUCH_METHOD, "this path has another method")
}
