//! Both forms over real loopback gRPC. Between a client and a form, and between a form and its back ends, all is on the wire.

mod faults;
mod outside_only;
mod walk;
mod wire;

use std::time::Duration;

use crossfade::data::RecordStore;
use crossfade::route::Stage;
use tokio::time::sleep;
use tonic::Code;

use crate::call::{Ask, Reply};
use crate::client::Client;
use crate::embedded::Embedded;
use crate::invoice::Invoices;
use crate::messages::{Invoice, Key};
use crate::migrated::Migrated;
use crate::records::BackEnd;
use crate::server::serve;
use crate::table::Table;
use crate::{back_end, inside, outside, run};

#[tokio::test]
async fn the_program_walks_to_its_end() {
    run().await.unwrap();
}

/// Short bounds, so that repairs are.
pub(super) const CONFIG: &str = r#"
    shadow = { sample = "100%" }
    late_bound = { legacy = "50ms", target = "50ms" }
    cohort = { weight = "100%" }
"#;

/// On a busy machine, too, whoever is there answers within this.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct World<L: 'static, T: 'static> {
    pub(super) old: Table,
    pub(super) new: Table,
    pub(super) migrated: Migrated<L, T>,
    pub(super) client: Client,
}

pub(super) async fn inside() -> World<Embedded<false>, Embedded<true>> {
    let (old, new) = (Table::default(), Table::default());
    let migrated = inside::open(CONFIG, old.clone(), new.clone()).await.unwrap();
    World::of(old, new, migrated).await
}

pub(super) async fn outside() -> World<BackEnd<false>, BackEnd<true>> {
    outside_answering_within(PATIENCE).await
}

pub(super) async fn outside_answering_within(answer_max: Duration) -> World<BackEnd<false>, BackEnd<true>> {
    let (old, new) = (Table::default(), Table::default());
    let legacy = client(&serve(back_end::old(old.clone())).await.unwrap()).answering_within(answer_max);
    let target = client(&serve(back_end::new(new.clone())).await.unwrap()).answering_within(answer_max);
    let migrated = outside::open(CONFIG, legacy, target).await.unwrap();
    World::of(old, new, migrated).await
}

pub(super) fn client(url: &str) -> Client {
    Client::new(url).unwrap().answering_within(PATIENCE)
}

impl<L, T> World<L, T>
where
    L: RecordStore<Data = Invoices>,
    T: RecordStore<Data = Invoices>,
{
    pub(super) async fn of(old: Table, new: Table, migrated: Migrated<L, T>) -> Self {
        let client = client(&serve(migrated.calls.clone()).await.unwrap());
        Self { old, new, migrated, client }
    }

    pub(super) async fn walk_to(&self, stage: Stage) {
        for next in Stage::ALL.into_iter().filter(|next| (Stage::DualWrite..=stage).contains(next)) {
            self.migrated.move_to(next).await.unwrap();
        }
    }

    /// What the caller is told.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Reply, Code> {
        match self.client.ask(ask, None).await {
            Ok(Reply::No(status)) => Err(status.code()),
            Ok(reply) => Ok(reply),
            Err(error) => Err(tonic::Status::from(error).code()),
        }
    }

    pub(super) fn marks(&self) -> u64 {
        self.migrated.routing.journal().marks()
    }

    pub(super) async fn settle(&self) {
        while self.marks() > 0 || self.migrated.routing.stats().writes_in_flight > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    }

    pub(super) fn assert_equal(&self) {
        assert_eq!(self.old.invoices(), self.new.invoices());
    }
}

pub(super) fn key(number: i64) -> Key {
    Key { customer: 1, number }
}

pub(super) fn invoice(number: i64) -> Invoice {
    Invoice { customer: 1, number, total_cents: 9_900, paid: false, text: "an hour".into() }
}
