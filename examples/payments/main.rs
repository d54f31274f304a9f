//! The first way in: payments move from one SQLite file to another through typed `Records`, while a client goes on.
//!
//! `records.rs` is all that crossfade has to be told of the two stores. Run it with
//! `cargo run --example payments`; it leaves its files in `target/payments`.

mod domain;
mod records;
mod stores;

use std::path::Path;

use crossfade::Migration;
use crossfade::copy::Copier;
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::reconcile::Reconciler;
use crossfade::records::Records;
use crossfade::route::{Asked, RoutingConfig, RoutingHandle, Stage};

use crate::domain::{PaymentError, Payments};
use crate::records::{Partitioned, Relational};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/payments"));
    std::fs::remove_dir_all(dir).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    std::fs::create_dir_all(dir)?;

    let journal = Journal::open(&format!("sqlite:{}", dir.join("journal.db").display())).await?;
    let routing = RoutingHandle::resume(&journal, RoutingConfig::default()).await?;
    let legacy = Relational::open(&dir.join("legacy.db")).await?;
    let target = Partitioned::open(&dir.join("target.db"), journal.ids("payments")).await?;
    routing.hand_over_ids(target.1.clone(), legacy.clone());

    let copier = Copier::new(routing, legacy.clone(), target.clone());
    let reconciler = Reconciler::new(copier).spawn();
    let payments: Records<Payments> = Migration::builder(routing, copier).records(legacy, target);

    for stage in Stage::ALL {
        if stage != routing.stage() {
            routing.move_to(stage, Asked::by("payments", "the example walks on")).await?.drained().await;
        }
        if stage == Stage::DualWrite {
            Fill::new(copier).run().await?;
        }
        use_them(&payments, stage).await?;
    }
    reconciler.stop().await;
    routing.close().await?;
    Ok(())
}

/// What a service does with them, the same in every stage.
#[allow(clippy::print_stdout, reason = "a program to look at")]
async fn use_them(payments: &Records<Payments>, stage: Stage) -> Result<(), PaymentError> {
    let invoice = 42;
    let (key, payment) = payments.create(invoice, 1_000).await?;
    let id = key.item;
    payments.update((invoice, id), pay(1_700_000_000)).await?;
    let twice = payments.update((invoice, id), pay(1_700_000_001)).await;
    assert!(matches!(twice, Err(PaymentError::AlreadyPaid(1_700_000_000))), "{twice:?}");

    let page = payments.list(invoice, None, 100).await?;
    let paid = page.records.iter().filter(|(_, payment)| payment.paid_at.is_some()).count();
    println!("{stage}: payment {id} of {} cents; {paid} of {} are paid", payment.amount, page.records.len());
    Ok(())
}

/// Pays what is not paid yet.
fn pay(at: i64) -> impl Fn(&mut domain::Payment) -> Result<(), PaymentError> {
    move |payment| match payment.paid_at {
        Some(before) => Err(PaymentError::AlreadyPaid(before)),
        None => {
            payment.paid_at = Some(at);
            Ok(())
        }
    }
}
