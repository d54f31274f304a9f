//! The payments of the example, on SQLite files.

#[path = "../../../examples/payments/domain.rs"]
mod domain;
#[path = "../../../examples/payments/records.rs"]
mod entity;
#[path = "../../../examples/payments/stores.rs"]
mod stores;

// What the files of the example call each other.
use entity as records;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossfade::Migration;
use crossfade::copy::Copier;
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::reconcile::{Reconciler, ReconcilerHandle};
use crossfade::records::Records;
use crossfade::route::{RoutingHandle, Stage, Store};
use sqlx::SqlitePool;

use self::domain::{Payment, PaymentError, Payments};
use self::entity::{Partitioned, Relational};
use crate::support::{asked, config};

/// Invoice, id, cents, paid at.
type Row = (i64, i64, i64, Option<i64>);

struct Files {
    routing: RoutingHandle,
    copier: Copier<Relational, Partitioned>,
    payments: Records<Payments>,
    stores: [SqlitePool; 2],
    _reconciler: ReconcilerHandle,
    _dir: tempfile::TempDir,
}

impl Files {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::memory();
        let routing = RoutingHandle::open(&journal, config("[cohort]\nweight = \"50%\"")).await.unwrap();
        let legacy = Relational::open(&dir.path().join("legacy.db")).await.unwrap();
        let target = Partitioned::open(&dir.path().join("target.db"), journal.ids("payments")).await.unwrap();
        routing.hand_over_ids(target.1.clone(), legacy.clone());
        let copier = Copier::new(routing, legacy.clone(), target.clone());
        let stores = [legacy.0.clone(), target.0.clone()];
        let payments = Migration::builder(routing, copier).records(legacy, target);
        let _reconciler = Reconciler::new(copier).spawn();
        Self { routing, copier, payments, stores, _reconciler, _dir: dir }
    }

    async fn walk_to(&self, stage: Stage) {
        for next in Stage::ALL.into_iter().filter(|next| *next > self.routing.stage() && *next <= stage) {
            self.move_to(next).await;
            if next == Stage::DualWrite {
                Fill::new(self.copier).run().await.unwrap();
            }
        }
    }

    async fn move_to(&self, stage: Stage) {
        self.routing.move_to(stage, asked()).await.unwrap().drained().await;
    }

    /// The rows of both stores, by plain SQL, once no mark is left.
    async fn rows(&self) -> [Vec<Row>; 2] {
        while self.routing.journal().marks() > 0 || self.routing.stats().writes_in_flight > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        [
            rows(&self.stores[0], "SELECT invoice, id, amount, paid_at FROM payments ORDER BY invoice, id").await,
            rows(
                &self.stores[1],
                "SELECT invoice, id, amount, paid_at FROM payments_by_invoice WHERE amount NOT NULL ORDER BY invoice, id",
            )
            .await,
        ]
    }

    async fn assert_same(&self) -> Vec<Row> {
        let [legacy, target] = self.rows().await;
        assert_eq!(legacy, target);
        legacy
    }
}

async fn rows(store: &SqlitePool, sql: &'static str) -> Vec<Row> {
    sqlx::query_as(sql).fetch_all(store).await.unwrap()
}

fn pay(at: i64) -> impl Fn(&mut Payment) -> Result<(), PaymentError> {
    move |payment| match payment.paid_at.replace(at) {
        Some(before) => Err(PaymentError::AlreadyPaid(before)),
        None => Ok(()),
    }
}

fn one_more(payment: &mut Payment) -> Result<(), PaymentError> {
    payment.amount += 1;
    Ok(())
}

async fn every_operation(payments: &Records<Payments>, invoice: i64) -> Result<(), PaymentError> {
    let (key, payment) = payments.create(invoice, 1_000).await?;
    let id = key.item;
    assert_eq!(payment, Payment { amount: 1_000, paid_at: None });
    let paid = Payment { amount: 1_000, paid_at: Some(7) };
    assert_eq!(payments.update((invoice, id), pay(7)).await?, Some(paid.clone()));
    let rejected = payments.update((invoice, id), pay(8)).await;
    assert!(matches!(rejected, Err(PaymentError::AlreadyPaid(7))), "{rejected:?}");
    assert_eq!(payments.get((invoice, id)).await?, Some(paid.clone()));

    let (other, _) = payments.create(invoice, 5).await?;
    payments.put((invoice, other.item), paid).await?;
    let page = payments.list(invoice, None, 1).await?;
    let rest = payments.list(invoice, page.next, 9).await?;
    let listed: Vec<_> = page.records.iter().chain(&rest.records).map(|(key, _)| key.item).collect();
    assert_eq!(listed, [id, other.item]);
    assert!(payments.delete((invoice, other.item)).await?);
    assert!(!payments.delete((invoice, other.item)).await?);
    assert_eq!(payments.get((invoice, other.item)).await?, None);
    assert_eq!(payments.update((invoice, other.item), one_more).await?, None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_does_the_same_in_every_stage_on_files() {
    let files = Files::new().await;
    for (invoice, stage) in (1..).zip(Stage::ALL) {
        files.walk_to(stage).await;
        every_operation(&files.payments, invoice).await.unwrap_or_else(|error| panic!("in {stage}: {error}"));
        if stage.copies() {
            let paid = files.assert_same().await;
            assert_eq!(paid.len() as i64, invoice, "one was left in each stage");
        }
    }
    let [legacy, target] = files.rows().await;
    assert_eq!(
        (legacy.len() + 1, target.len()),
        (target.len(), Stage::ALL.len()),
        "complete copies nothing back"
    );
    assert_eq!(files.routing.stats().mismatches_confirmed(), 0);
}

/// Each of these many callers adds one this many times.
const CALLERS: i64 = 6;
const TIMES: i64 = 12;

async fn add_together(payments: &Records<Payments>, key: (i64, i64)) {
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let payments = payments.clone();
            tokio::spawn(async move {
                for _ in 0..TIMES {
                    payments.update(key, one_more).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_under_contention_lose_no_increment_whichever_store_decides() {
    let files = Files::new().await;
    let (key, _) = files.payments.create(1, 0).await.unwrap();
    let key = (1, key.item);
    let mut expected = 0;
    for stage in [Stage::Live, Stage::RampDown, Stage::Live] {
        files.walk_to(stage).await;
        if files.routing.stage() != stage {
            files.move_to(stage).await;
        }
        add_together(&files.payments, key).await;
        expected += CALLERS * TIMES;
        assert_eq!(files.assert_same().await, [(1, key.1, expected, None)], "in {stage}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_lose_no_increment_while_the_authority_changes_there_and_back() {
    let files = Files::new().await;
    let (key, _) = files.payments.create(1, 0).await.unwrap();
    let key = (1, key.item);
    files.walk_to(Stage::Live).await;
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (payments, stop) = (files.payments.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut added = 0;
                while !stop.load(Ordering::Relaxed) {
                    payments.update(key, one_more).await.unwrap();
                    added += 1;
                }
                added
            })
        })
        .collect();
    for stage in [Stage::RampDown, Stage::Live, Stage::RampDown] {
        files.move_to(stage).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut added = 0;
    for caller in callers {
        added += caller.await.unwrap();
    }
    assert!(added > 0);
    assert_eq!(files.assert_same().await, [(1, key.1, added, None)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_are_unique_while_the_authority_changes_there_and_back_on_files() {
    let files = Files::new().await;
    files.walk_to(Stage::Live).await;
    let mut ids = BTreeSet::new();
    for stage in [Stage::RampDown, Stage::Live, Stage::RampDown, Stage::Live] {
        let creates: Vec<_> = (0..CALLERS)
            .map(|amount| {
                let payments = files.payments.clone();
                tokio::spawn(async move { payments.create(1, amount).await.unwrap().0.item })
            })
            .collect();
        files.move_to(stage).await;
        for create in creates {
            assert!(ids.insert(create.await.unwrap()), "an id was given out twice");
        }
    }
    let rows = files.assert_same().await;
    assert_eq!(rows.iter().map(|row| row.1).collect::<BTreeSet<_>>(), ids);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_record_that_is_not_there_yet_stops_no_create_of_it() {
    let files = Files::new().await;
    files.walk_to(Stage::Live).await;
    for id in 1..=5 {
        assert_eq!(files.payments.update((7, id), pay(1)).await.unwrap(), None);
        assert!(!files.payments.delete((7, id)).await.unwrap());
    }
    files.assert_same().await;
    files.move_to(Stage::RampDown).await;
    for id in 6..=9 {
        assert!(!files.payments.delete((7, id)).await.unwrap(), "{id}: by the target's own delete");
    }
    for _ in 1..=9 {
        files.payments.create(7, 100).await.unwrap();
    }
    assert_eq!(files.assert_same().await.len(), 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_update_leaves_no_mark_on_files() {
    let files = Files::new().await;
    let (key, _) = files.payments.create(1, 10).await.unwrap();
    let key = (1, key.item);
    files.payments.update(key, pay(7)).await.unwrap();
    for stage in [Stage::Live, Stage::RampDown] {
        files.walk_to(stage).await;
        let (marks, rejected) = (files.routing.stats().marks, files.routing.stats().writes_rejected);
        let again = files.payments.update(key, pay(8)).await;
        assert!(matches!(again, Err(PaymentError::AlreadyPaid(7))), "{again:?}");
        let stats = files.routing.stats();
        assert_eq!((stats.marks - marks, stats.writes_rejected - rejected), (1, 1), "{stage}");
        assert_eq!(files.routing.journal().marks(), 0, "{stage}");
        assert_eq!(files.assert_same().await, [(1, key.1, 10, Some(7))]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_token_names_its_store_on_files() {
    let files = Files::new().await;
    for amount in 0..5 {
        files.payments.create(1, amount).await.unwrap();
    }
    for (stage, store) in [(Stage::Shadow, Store::Legacy), (Stage::Live, Store::Target)] {
        files.walk_to(stage).await;
        let (mut token, mut amounts) = (None, Vec::new());
        loop {
            let page = files.payments.list(1, token, 2).await.unwrap();
            amounts.extend(page.records.iter().map(|(_, payment)| payment.amount));
            token = page.next;
            let Some(token) = &token else { break };
            assert_eq!(token.store(), store, "{stage}");
        }
        assert_eq!(amounts, [0, 1, 2, 3, 4], "{stage}");
    }
}

#[test]
fn one_entity_in_two_stores_takes_at_most_140_lines() {
    let lines = include_str!("../../../examples/payments/records.rs").lines().count();
    assert!(lines <= 140, "{lines} lines");
}
