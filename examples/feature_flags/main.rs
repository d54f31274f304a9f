//! The stage and the weight of the cohort come from feature flags, by OpenFeature.
//!
//! `cargo run --example feature_flags` sets flags in a provider in memory and shows what the migration does. Another
//! provider - flagd, OFREP, LaunchDarkly, environment variables - takes its place in one line. `flags.rs` is the whole
//! adapter.

#![allow(clippy::print_stdout, reason = "a program to look at")]

mod flags;
mod provider;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crossfade::copy::Copier;
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::reconcile::Reconciler;
use crossfade::route::{RoutingConfig, RoutingHandle, Stage};
use crossfade::test_util::MemoryStore;
use open_feature::OpenFeature;

use crate::flags::Flags;
use crate::provider::{Answers, Board};

/// The fill waits until what was written before it has landed: in memory that is at once.
const CONFIG: &str = "late_bound = { legacy = \"1s\", target = \"1s\" }";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    run().await
}

async fn run() -> anyhow::Result<()> {
    let board = Board::new();
    OpenFeature::singleton_mut().await.set_provider(board.clone()).await;
    let client = OpenFeature::singleton().await.create_client();

    let journal = Journal::memory(); // a service has Journal::open("sqlite:invoices.db")
    let routing = RoutingHandle::resume(&journal, RoutingConfig::from_toml(CONFIG)?).await?;
    let copier = Copier::new(routing, MemoryStore::legacy(), MemoryStore::target());
    let _reconciler = Reconciler::new(copier).spawn();

    // Here each poll is looked at; at the end they are followed, as a service does it from the start.
    let mut flags = Flags::new(client, "invoices", routing);
    for (stage, weight) in [
        ("off", "0"),
        ("dualwrite", "0"),
        ("shadow", "0"),
        ("canary", "1"),
        ("canary", "25"),
        ("live", "100"),
    ] {
        board.set("invoices-stage", stage);
        board.set("invoices-weight", weight);
        show(&mut flags, routing, &format!("flags: {stage}, {weight} %")).await;
        if stage == "dualwrite" {
            Fill::new(copier).run().await?;
        }
    }

    anyhow::ensure!(routing.stage() == Stage::Live, "the flags led to {}", routing.stage());

    board.set("invoices-stage", "complete");
    show(&mut flags, routing, "a stage that cannot be reached from here").await;
    board.set("invoices-stage", "shdow");
    show(&mut flags, routing, "a flag that means nothing").await;
    board.answer(Answers::WithErrors);
    show(&mut flags, routing, "a provider that is away").await;

    board.answer(Answers::Well);
    board.set("invoices-stage", "shadow");
    let followed = tokio::spawn(flags.follow(Duration::from_millis(100))); // in a service every few seconds
    while routing.stage() != Stage::Shadow {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("{:42} -> {}", "followed: the way back", routing.stage());
    followed.abort();
    Ok(())
}

async fn show(flags: &mut Flags, routing: RoutingHandle, what: &str) {
    let said = flags.poll().await.map_or_else(|error| format!(" ({error})"), |()| String::new());
    println!("{what:42} -> {}, {}{said}", routing.stage(), routing.config().cohort.weight);
}
