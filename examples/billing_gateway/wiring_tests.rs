//! Which store answers which read, with everything at rest.

use crossfade::fill::Fill;
use crossfade::route::{Asked, Stage};
use tower::ServiceExt;

use super::*;
use crate::history::History;
use crate::request::{About, Call, InvoiceRequest};

/// The whole stack over both stores, in `live`. The folder lives as long as it is held.
async fn live() -> (InvoiceService, Control, History, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = |name| format!("sqlite:{}", folder.path().join(name).display());
    let (legacy, target) = (url("legacy.db"), url("target.db"));
    let (legacy, target) = (Legacy::open(&legacy).await.unwrap(), Target::open(&target).await.unwrap());
    let mut history = History::generate(1);
    history.invoices.truncate(100);
    history.write_to(&legacy).await.unwrap();
    let (service, control) = assemble(legacy, target, &url("journal.db"), &Faults::new(1)).await.unwrap();
    let asked = || Asked::by("test", "a test walks on");
    control.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    Fill::new(control.copier).run().await.unwrap();
    for stage in [Stage::Shadow, Stage::Canary, Stage::Live] {
        control.routing.move_to(stage, asked()).await.unwrap().drained().await;
    }
    (service, control, history, folder)
}

async fn answered_by(service: &InvoiceService, about: About, store: Option<Store>) -> Store {
    let answer = service.clone().oneshot(InvoiceRequest { about, store }).await.unwrap();
    assert!(matches!(answer.body, Body::Invoice(_)), "{answer:?}");
    answer.from
}

#[tokio::test]
async fn a_lookup_is_the_authoritys_until_the_config_lets_the_target_answer() {
    let (service, control, history, _folder) = live().await;
    let number = || About::Number(history.invoices[7].number.clone());
    assert_eq!(answered_by(&service, number(), None).await, Store::Target);

    let mut config = control.routing.config();
    config.lookups.clear();
    control.routing.swap(config).await.unwrap().drained().await;
    assert_eq!(answered_by(&service, number(), None).await, Store::Legacy);
    let invoice = &history.invoices[7];
    let (country, call) = ("-".into(), Call::Get(invoice.id));
    let by_key = About::Customer { id: invoice.customer_id, country, call };
    assert_eq!(answered_by(&service, by_key, None).await, Store::Target, "reads by key stay");
}

#[tokio::test]
async fn a_caller_may_name_the_store_of_one_read() {
    let (service, _control, history, _folder) = live().await;
    for store in [Store::Legacy, Store::Target] {
        let number = About::Number(history.invoices[3].number.clone());
        assert_eq!(answered_by(&service, number, Some(store)).await, store);
    }
}
