//! The routing config in a file that is watched: what is saved is in force with the next request.
//!
//! `cargo run --example hot_reload` edits its own file and shows what the service makes of it. Give it a file of yours
//! (`cargo run --example hot_reload -- routing.toml`) and edit that; Ctrl-C ends it.

#![allow(clippy::print_stdout, reason = "a program to look at")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use crossfade::config_file::ConfigFile;
use crossfade::copy::Copier;
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::reconcile::Reconciler;
use crossfade::route::RoutingHandle;
use crossfade::test_util::MemoryStore;

#[tokio::main]
async fn main() -> Result<()> {
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = tempfile::tempdir()?;
    let path = given.clone().unwrap_or_else(|| folder.path().join("routing.toml"));
    if given.is_none() {
        save(&path, "stage = \"off\"")?;
    }

    let journal = Journal::memory(); // a service has Journal::open("sqlite:invoices.db")
    let file = ConfigFile::new(&path);
    let routing = RoutingHandle::open(&journal, file.read().await?).await?;
    let copier = Copier::new(routing, MemoryStore::legacy(), MemoryStore::target());
    let _reconciler = Reconciler::new(copier).spawn();
    let _watched = file.watch(routing).await?;

    if given.is_some() {
        return follow(routing).await;
    }
    for (what, text) in [
        ("dual writes", "stage = \"dual_write\""),
        ("a typing mistake keeps the last good config", "stage = \"shadow\"\n[cohort]\nwieght = \"1%\""),
        ("shadow reads of every second read", "stage = \"shadow\"\n[shadow]\nsample = \"50%\""),
        ("a cohort of 1 %", "stage = \"canary\"\n[cohort]\nweight = \"1%\""),
        ("and of 25 %", "stage = \"canary\"\n[cohort]\nweight = \"25%\""),
        ("the way back", "stage = \"shadow\"\n[cohort]\nweight = \"25%\""),
    ] {
        save(&path, text)?;
        seen(routing).await;
        show(routing, what);
        if what == "dual writes" {
            Fill::new(copier).run().await?;
        }
    }
    Ok(())
}

/// Beside it and renamed, so that nobody reads half of it.
fn save(path: &Path, text: &str) -> Result<()> {
    let aside = path.with_extension("new");
    std::fs::write(&aside, text).with_context(|| format!("cannot write {}", aside.display()))?;
    std::fs::rename(&aside, path).with_context(|| format!("cannot rename it to {}", path.display()))
}

/// Waits until one more content of the file was put in force or refused.
async fn seen(routing: RoutingHandle) {
    let contents = || routing.stats().reloads + routing.stats().reloads_failed;
    let before = contents();
    while contents() == before {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn follow(routing: RoutingHandle) -> Result<()> {
    loop {
        show(routing, "edit the file");
        tokio::select! {
            () = seen(routing) => {}
            stop = tokio::signal::ctrl_c() => return Ok(stop?),
        }
    }
}

fn show(routing: RoutingHandle, what: &str) {
    let (config, reloads) = (routing.config(), routing.reloads());
    let refused =
        if reloads.is_some_and(|newest| !newest.last_successful) { ", and the file is refused" } else { "" };
    println!(
        "{what:46} -> {}, cohort {}, shadow {}{refused}",
        routing.stage(),
        config.cohort.weight,
        config.shadow.sample
    );
}
