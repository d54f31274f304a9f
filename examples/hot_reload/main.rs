//! The routing config in a file that is watched: what is saved is in force with the next request.
//!
//! `cargo run --example hot_reload` edits its own file and shows what the service makes of it. Give it a file of yours
//! (`cargo run --example hot_reload -- routing.toml`) and edit that; Ctrl-C ends it.

#![allow(clippy::print_stdout, reason = "a program to look at")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use crossfade::config_file::{ConfigFile, WatchedFile};
use crossfade::copy::Copier;
use crossfade::fill::Fill;
use crossfade::journal::Journal;
use crossfade::reconcile::{Reconciler, ReconcilerHandle};
use crossfade::route::RoutingHandle;
use crossfade::test_util::{MemoryStore, Plain, Stamped};

#[tokio::main]
async fn main() -> Result<()> {
    match std::env::args_os().nth(1).map(PathBuf::from) {
        Some(given) => follow(watched(&given).await?.routing).await,
        None => edit(&tempfile::tempdir()?.path().join("routing.toml")).await.map(drop),
    }
}

type Stores = Copier<MemoryStore<Plain>, MemoryStore<Stamped>>;

/// A migration whose config is a file.
struct Watched {
    routing: RoutingHandle,
    copier: Stores,
    _reconciler: ReconcilerHandle,
    _file: WatchedFile,
}

async fn watched(path: &Path) -> Result<Watched> {
    let journal = Journal::memory(); // a service has Journal::open("sqlite:invoices.db")
    let file = ConfigFile::new(path);
    let routing = RoutingHandle::open(&journal, file.read().await?).await?;
    let copier = Copier::new(routing, MemoryStore::legacy(), MemoryStore::target());
    let _reconciler = Reconciler::new(copier).spawn();
    Ok(Watched { routing, copier, _reconciler, _file: file.watch(routing).await? })
}

/// Edits the file, and shows what the service makes of it.
async fn edit(path: &Path) -> Result<RoutingHandle> {
    save(path, "stage = \"off\"")?;
    let Watched { routing, copier, .. } = &watched(path).await?;
    let routing = *routing;
    for (what, text) in [
        ("dual writes", "stage = \"dual_write\""),
        ("a typing mistake keeps the last good config", "stage = \"shadow\"\n[cohort]\nwieght = \"1%\""),
        ("shadow reads of every second read", "stage = \"shadow\"\n[shadow]\nsample = \"50%\""),
        ("a cohort of 1 %", "stage = \"canary\"\n[cohort]\nweight = \"1%\""),
        ("and of 25 %", "stage = \"canary\"\n[cohort]\nweight = \"25%\""),
        ("the way back", "stage = \"shadow\"\n[cohort]\nweight = \"25%\""),
    ] {
        save(path, text)?;
        seen(routing).await;
        show(routing, what);
        if what == "dual writes" {
            Fill::new(*copier).run().await?;
        }
    }
    Ok(routing)
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

#[cfg(test)]
mod tests {
    use crossfade::route::Stage;

    use super::*;

    #[tokio::test]
    async fn each_edit_is_in_force_and_a_typing_mistake_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let routing = edit(&folder.path().join("routing.toml")).await.unwrap();
        assert_eq!(
            (routing.stage(), routing.config().cohort.weight.to_string()),
            (Stage::Shadow, "25%".into())
        );
        assert_eq!(routing.stats().reloads_failed, 1);
    }
}
