//! The same writes under the same faults, by hand and through crossfade.

use std::time::Duration;

use crossfade::route::Stage;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::*;
use crate::compare::{Comparison, compare};
use crate::domain::Precondition;
use crate::history::History;
use crate::mover::Mover;
use crate::request::InvoiceService;
use crate::wiring;

const INVOICES: usize = 1_000;
const CLIENTS: usize = 8;
/// Each client writes invoices of its own, each once: no later write covers what a fault has left.
const WRITES_EACH: usize = INVOICES / CLIENTS;

/// Puts in `dual_write`, several clients at once, faults on both stores; then how the stores compare
/// when nothing is left to copy.
async fn after_faults(by_hand: bool) -> Comparison {
    let folder = tempfile::tempdir().unwrap();
    let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let (legacy_url, target_url) = (url("legacy.db"), url("target.db"));
    let legacy = Legacy::open(&legacy_url).await.unwrap();
    let target = Target::open(&target_url).await.unwrap();
    let mut history = History::generate(1);
    history.invoices.truncate(INVOICES);
    history.write_to(&legacy).await.unwrap();

    let faults = Faults::new(1);
    let (service, mover) = if by_hand {
        let naive = Naive::new(&legacy, &target, &faults);
        (InvoiceService::new(naive.clone()), Mover::Naive(naive))
    } else {
        let (service, control) = wiring::assemble(legacy, target, &url("journal.db"), &faults).await.unwrap();
        (service, Mover::by_admin(control).await.unwrap())
    };
    mover.move_to(Stage::DualWrite).await.unwrap();
    mover.fill(|_| {}).await.unwrap();
    faults.set_stage(Some(Stage::DualWrite));
    write_all(&service, &history).await;
    faults.set_stage(None);
    while mover.status().await.unwrap().marks_left > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(crate::faults::LATE_MAX * 2).await;
    compare(&legacy_url, &target_url).await.unwrap()
}

async fn write_all(service: &InvoiceService, history: &History) {
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let service = service.clone();
        let keys: Vec<_> = history.invoices.iter().map(|i| (i.customer_id, i.id)).collect();
        clients.spawn(async move {
            for n in 0..WRITES_EACH {
                let (customer, id) = keys[client * WRITES_EACH + n];
                let draft = crate::domain::tests::draft("1.00", (client * WRITES_EACH + n) as u32 + 1);
                let call = Call::Put(id, draft.checked().unwrap(), Precondition::default());
                let about = About::Customer { id: customer, country: "Norway".into(), call };
                // What a faulty store answers is not the question here.
                drop(service.clone().oneshot(InvoiceRequest { about, store: None }).await);
            }
        });
    }
    while clients.join_next().await.is_some() {}
}

#[tokio::test]
async fn by_hand_faults_leave_the_stores_different() {
    assert!(after_faults(true).await.differing > 0);
}

#[tokio::test]
async fn through_crossfade_the_same_faults_leave_them_equal() {
    let found = after_faults(false).await;
    assert!(found.equal(), "{found:?}");
}
