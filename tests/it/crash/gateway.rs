//! A whole migration over files: the same in the process that is killed and in the one that comes after it.

use std::path::Path;
use std::time::Duration;

use crossfade::canary_read::CanaryReadLayer;
use crossfade::copy::Copier;
use crossfade::data::Outcome;
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::reconcile::{Reconciler, ReconcilerHandle};
use crossfade::route::{RouteLayer, RoutingHandle, Stage};
use crossfade::store::TargetLayer;
use crossfade::test_util::{Number, NumberKey, Request, Response};
use tokio::time::{sleep, timeout};
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

use super::store::{FileError, FileStore};
use crate::support::{asked, config};

type Stack = BoxCloneSyncService<Request, Response, FileError>;

/// Two stores and the journal in one folder, and the stack around them; no reconciler until it is asked for.
pub(super) struct Gateway {
    pub(super) journal: Journal,
    pub(super) routing: RoutingHandle,
    pub(super) legacy: FileStore<false>,
    pub(super) target: FileStore<true>,
    pub(super) copier: Copier<FileStore<false>, FileStore<true>>,
    pub(super) stack: Stack,
    reconciler: Option<ReconcilerHandle>,
}

impl Gateway {
    pub(super) async fn open(folder: &Path) -> Self {
        let journal = format!("sqlite:{}", folder.join("journal.db").display());
        let journal = Journal::open(&journal).await.unwrap();
        let legacy = FileStore::open(&folder.join("legacy.db")).await;
        let target = FileStore::open(&folder.join("target.db")).await;
        let mut config = config("cohort = { weight = \"100%\" }\nwrites = { wait = \"0s\" }");
        config.stage = journal.status().await.unwrap().stage;
        let routing = RoutingHandle::open(&journal, config).await.unwrap();
        let copier = Copier::new(routing, legacy.clone(), target.clone()).page_size(40);
        let outcome = |answer: Result<&Response, &FileError>| {
            answer.map_or_else(FileError::outcome, |_| Outcome::Applied)
        };
        let stack = Stack::new(
            ServiceBuilder::new()
                .layer(RouteLayer::new(routing))
                .layer(CanaryReadLayer::new())
                .layer(FallbackLayer::new().missing(Response::is_missing))
                .layer(DualWriteLayer::new(copier).classified_by(outcome))
                .layer(TargetLayer::new(target.clone()))
                .service(legacy.clone()),
        );
        Self { journal, routing, legacy, target, copier, stack, reconciler: None }
    }

    pub(super) fn reconcile(&mut self) {
        self.reconciler = Some(Reconciler::new(self.copier).spawn());
    }

    /// Walks forward to the stage, telling of each move, and fills on the way.
    pub(super) async fn walk_to(&self, stage: Stage, tell: impl Fn(&str, Stage)) {
        for next in Stage::ALL.into_iter().filter(|next| *next > self.routing.stage() && *next <= stage) {
            tell("moving", next);
            self.routing.move_to(next, asked()).await.unwrap().drained().await;
            tell("moved", next);
            if next == Stage::DualWrite {
                self.fill().await;
            }
        }
    }

    /// Fills when there is no certificate.
    pub(super) async fn fill(&self) {
        if self.routing.status().await.unwrap().certificate.is_none() {
            Fill::new(self.copier).run().await.unwrap();
        }
    }

    pub(super) async fn call(&self, request: Request) -> Result<Response, FileError> {
        self.stack.clone().oneshot(request).await
    }

    pub(super) async fn get(&self, (group, item): NumberKey) -> Option<Number> {
        self.call(Request::Get { group, item }).await.unwrap().record().cloned()
    }

    /// Waits until no mark is left.
    pub(super) async fn settle(&self) {
        let settled = async {
            while self.journal.marks() > 0 || self.routing.stats().writes_in_flight > 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(30), settled).await.expect("marks stay");
    }

    pub(super) async fn assert_equal(&self, when: &str) {
        assert_eq!(self.legacy.records().await, self.target.records().await, "{when}");
        assert_eq!(self.routing.stats().unaccounted_writes(), 0, "{when}");
    }

    pub(super) async fn close(self) {
        if let Some(reconciler) = self.reconciler {
            reconciler.stop().await;
        }
        self.routing.close().await.unwrap();
        self.legacy.close().await;
        self.target.close().await;
    }
}
