//! Functions that mark inside of their transactions, through the stack.

use std::marker::PhantomData;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::{Place, ask, on_each_server, runtime};
use crate::Migration;
use crate::copy::Copier;
use crate::data::{Key, Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
use crate::error::Refused;
use crate::functions::Functions;
use crate::journal::handle::Journal;
use crate::journal::inside::{Marked, TransactionMark};
use crate::reconcile::Reconciler;
use crate::route::{Asked, RoutingConfig, RoutingHandle, Stage};
use crate::test_util::{MemoryStore, Number, Numbers, Request, Stamped};

on_each_server! {
    a_write_is_marked_by_its_own_commit_copied_and_unmarked,
    a_write_that_was_rejected_leaves_nothing,
    a_write_that_was_committed_when_nobody_knew_is_copied,
    a_write_that_is_committed_after_its_repair_is_copied_all_the_same,
    in_ramp_down_the_target_writes_under_an_ordinary_mark,
    with_a_journal_elsewhere_the_mark_stands_before,
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("a constraint")]
    Constraint,
    #[error("the connection broke")]
    Lost,
}

/// Records in a table of the server.
struct InTable<P> {
    url: String,
    place: PhantomData<fn() -> P>,
}

impl<P> Clone for InTable<P> {
    fn clone(&self) -> Self {
        Self { url: self.url.clone(), place: PhantomData }
    }
}

impl<P: Place + 'static> InTable<P> {
    async fn new(place: &P) -> Self {
        place.ask("CREATE TABLE numbers (item BIGINT PRIMARY KEY, version BIGINT NOT NULL)").await;
        place.ask("INSERT INTO numbers VALUES (1, 0)").await;
        Self { url: place.url(), place: PhantomData }
    }
}

impl<P: Place + 'static> RecordStore for InTable<P> {
    type Data = Numbers;
    type Error = Refused;
    const KEEPS_STAMPS: bool = false;

    async fn read(&self, key: &RecordKey<Numbers>, now: Stamp) -> Result<StampedRecord<Numbers>, Refused> {
        let found = format!("SELECT version FROM numbers WHERE item = {}", key.item);
        let found = ask::<P::Engine>(&self.url, &found).await;
        Ok((now, found.first().map(|version| Number::new(version.cast_unsigned(), ""))))
    }

    async fn replace(
        &self,
        key: &RecordKey<Numbers>,
        record: Option<&Number>,
        _: Stamp,
    ) -> Result<(), Refused> {
        let version = record.map_or(0, |record| record.version);
        let set = format!("UPDATE numbers SET version = {version} WHERE item = {}", key.item);
        ask::<P::Engine>(&self.url, &set).await;
        Ok(())
    }

    async fn page(
        &self,
        _: Option<&i64>,
        _: Option<&RecordKey<Numbers>>,
        _: usize,
        now: Stamp,
    ) -> Result<Page<Numbers>, Refused> {
        Ok(Page { stamp: now, records: Vec::new() })
    }

    fn outcome(_: &Refused) -> Outcome {
        Outcome::Unknown
    }
}

type Calls<P> = Functions<InTable<P>, MemoryStore<Stamped>, Failed>;

struct World<P: Place> {
    place: P,
    routing: RoutingHandle,
    functions: Calls<P>,
    target: MemoryStore<Stamped>,
}

impl<P: Place + 'static> World<P> {
    async fn new(journal: impl AsyncFnOnce(&P) -> Journal, place: P) -> Self {
        let journal = journal(&place).await;
        let config =
            "late_bound = { legacy = \"300ms\", target = \"300ms\" }\nwrites = { wait = \"until_copied\" }";
        let routing = RoutingHandle::open(&journal, RoutingConfig::from_toml(config).unwrap()).await.unwrap();
        let (legacy, target) = (InTable::new(&place).await, MemoryStore::<Stamped>::target());
        let copier = Copier::new(routing, legacy.clone(), target.clone());
        let _reconciler = Reconciler::new(copier).spawn();
        let functions = Migration::builder(routing, copier).functions(legacy, target.clone());
        let functions = functions.outcome(|failed| match failed {
            Failed::Constraint | Failed::Refused(_) => Outcome::Rejected,
            Failed::Lost => Outcome::Unknown,
        });
        let world = Self { place, routing, functions, target };
        world.move_to(Stage::DualWrite).await;
        world
    }

    async fn on_the_server(place: P) -> Self {
        Self::new(async |place: &P| Journal::open(&place.url()).await.unwrap(), place).await
    }

    async fn move_to(&self, stage: Stage) {
        let _drained = self.routing.move_to(stage, Asked::by("test", "trial").with_force()).await.unwrap();
    }

    /// Raises the number, and ends as it is told.
    async fn raise<F>(&self, end: impl FnOnce(Opened<P>) -> F + Send + 'static) -> Result<(), Failed>
    where
        F: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        let journal = self.routing.journal().clone();
        let key = Key::new(&1_i64, &1_i64);
        let on_legacy = move |legacy: InTable<P>, mark: TransactionMark| async move {
            let (opened, marked) = raised::<P>(&legacy.url, &journal, &mark).await?;
            end(opened).await.map(|()| ((), marked))
        };
        let on_target = |target: MemoryStore<Stamped>| async move {
            use tower::ServiceExt;
            let raise = Request::Increment { group: 1, item: 1, by: 1 };
            target.oneshot(raise).await.map(drop).map_err(|_| Failed::Lost)
        };
        self.functions.write_in_transaction("raise", key, on_legacy, on_target).await
    }

    fn copied(&self) -> u64 {
        self.target.get((1, 1)).map_or(0, |number| number.version)
    }

    /// What stands in the tables: marks of the journal, and of transactions.
    async fn standing(&self) -> [i64; 2] {
        let count = async |table| self.place.ask(&format!("SELECT count(*) FROM {table}")).await[0];
        let running = self.place.ask(P::RUNNING).await[0];
        [count("crossfade_mark").await + running, count("crossfade_mark_inside").await]
    }

    async fn settled(&self) {
        while self.routing.status().await.unwrap().marks.total() > 0 || self.routing.journal().marks() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(self.standing().await, [0, 0]);
    }
}

type Opened<P> = sqlx::Transaction<'static, <P as Place>::Db>;

async fn raised<P: Place>(
    url: &str,
    journal: &Journal,
    mark: &TransactionMark,
) -> Result<(Opened<P>, Marked), Failed> {
    let mut transaction = P::begin(url).await;
    P::run(&mut transaction, "UPDATE numbers SET version = version + 1 WHERE item = 1").await.unwrap();
    let marked = journal.mark_in(&mut transaction, mark).await?;
    Ok((transaction, marked))
}

async fn commit<P: Place>(transaction: Opened<P>) -> Result<(), Failed> {
    transaction.commit().await.map_err(|_| Failed::Lost)
}

fn a_write_is_marked_by_its_own_commit_copied_and_unmarked<P: Place + 'static>() {
    let place = P::start();
    runtime().block_on(async {
        let world = World::on_the_server(place).await;
        let (url, journal) = (world.place.url(), world.routing.journal().clone());
        let look = move |transaction| async move {
            assert_eq!(ask::<P::Engine>(&url, P::RUNNING).await, [0]);
            assert!(journal.is_dirty(&[Key::new(&1_i64, &1_i64).into()]), "in memory at once");
            commit::<P>(transaction).await?;
            assert_eq!(ask::<P::Engine>(&url, "SELECT count(*) FROM crossfade_mark_inside").await, [1]);
            Ok(())
        };
        world.raise(look).await.unwrap();
        assert_eq!(world.copied(), 1);
        world.settled().await;
        assert_eq!(world.routing.stats().unaccounted_writes(), 0);
    });
}

fn a_write_that_was_rejected_leaves_nothing<P: Place + 'static>() {
    let place = P::start();
    runtime().block_on(async {
        let world = World::on_the_server(place).await;
        let rolled_back = |transaction: Opened<P>| async move {
            transaction.rollback().await.unwrap();
            Err(Failed::Constraint)
        };
        assert!(matches!(world.raise(rolled_back).await, Err(Failed::Constraint)));
        assert_eq!((world.routing.journal().marks(), world.standing().await, world.copied()), (0, [0, 0], 0));
    });
}

fn a_write_that_was_committed_when_nobody_knew_is_copied<P: Place + 'static>() {
    let place = P::start();
    runtime().block_on(async {
        let world = World::on_the_server(place).await;
        let lost = |transaction| async move {
            commit::<P>(transaction).await?;
            Err(Failed::Lost)
        };
        assert!(world.raise(lost).await.is_err());
        assert_eq!((world.copied(), world.routing.journal().marks()), (0, 1), "it waits the late bound");
        world.settled().await;
        assert_eq!(world.copied(), 1);
    });
}

/// Later than the late bound says, which has to be true for any other write.
fn a_write_that_is_committed_after_its_repair_is_copied_all_the_same<P: Place + 'static>() {
    let place = P::start();
    runtime().block_on(async {
        let world = World::on_the_server(place).await;
        let (keep, kept) = oneshot::channel();
        let lost = |transaction| async move {
            drop(keep.send(transaction));
            Err(Failed::Lost)
        };
        assert!(world.raise(lost).await.is_err());
        world.settled().await;
        assert_eq!(world.copied(), 0, "repaired, and it is not there yet");
        commit::<P>(kept.await.unwrap()).await.unwrap();
        while world.copied() == 0 {
            sleep(Duration::from_millis(5)).await;
        }
        world.settled().await;
    });
}

fn in_ramp_down_the_target_writes_under_an_ordinary_mark<P: Place + 'static>() {
    let place = P::start();
    runtime().block_on(async {
        let world = World::on_the_server(place).await;
        world.raise(commit::<P>).await.unwrap();
        for stage in [Stage::Shadow, Stage::Canary, Stage::Live, Stage::RampDown] {
            world.move_to(stage).await;
        }
        world.raise(|_| async { Err(Failed::Constraint) }).await.unwrap();
        world.settled().await;
        let legacy = world.place.ask("SELECT version FROM numbers").await;
        assert_eq!((world.copied(), legacy), (2, vec![2]));
    });
}

fn with_a_journal_elsewhere_the_mark_stands_before<P: Place + 'static>() {
    let place = P::start();
    runtime().block_on(async {
        let world = World::new(async |_: &P| Journal::memory(), place).await;
        let journal = world.routing.journal().clone();
        let look = move |transaction| async move {
            assert_eq!(journal.status().await.unwrap().marks.running, 1);
            commit::<P>(transaction).await
        };
        world.raise(look).await.unwrap();
        assert_eq!((world.copied(), world.routing.journal().marks()), (1, 0));
    });
}
