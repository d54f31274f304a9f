//! The stores that tests run on: files, and the servers that the environment names
//! (`./tests/servers/run cargo test --example billing_gateway`).

use std::path::Path;

use tempfile::TempDir;

use crate::files::Files;
use crate::new_databases::make_missing;

pub(crate) const MARIADB: &str = "CROSSFADE_MYSQL_URL";
pub(crate) const POSTGRES: &str = "CROSSFADE_POSTGRES_URL";
pub(crate) const CASSANDRA: &str = "CROSSFADE_CASSANDRA_URL";

/// Where a pair of stores is to be.
#[derive(Clone, Debug)]
pub(crate) struct Urls {
    pub(crate) legacy: String,
    pub(crate) target: String,
    pub(crate) journal: String,
}

impl Urls {
    /// Makes the databases and keyspaces that are missing.
    pub(crate) async fn make(&self) {
        let Self { legacy, target, journal } = self.clone();
        make_missing(&Files { legacy, target, journal }).await.unwrap();
    }
}

/// Pairs of stores under new names: files first; each kind of server that there is comes in one at least, and has the
/// journal where it is legacy.
pub(crate) fn fresh_in(folder: &TempDir) -> Vec<Urls> {
    let file = |name| Some(in_file(folder.path(), name));
    let legacies: Vec<_> =
        [file("legacy.db"), on_server(MARIADB), on_server(POSTGRES)].into_iter().flatten().collect();
    let targets: Vec<_> = [file("target.db"), on_server(CASSANDRA)].into_iter().flatten().collect();
    let of = |urls: &[String], number: usize| urls[number.min(urls.len() - 1)].clone();
    (0..legacies.len().max(targets.len()))
        .map(|number| {
            let legacy = of(&legacies, number);
            let journal = if number == 0 { in_file(folder.path(), "journal.db") } else { legacy.clone() };
            Urls { legacy, target: of(&targets, number), journal }
        })
        .collect()
}

/// Only the pairs of two servers.
pub(crate) fn fresh_on_servers(folder: &TempDir) -> Vec<Urls> {
    let mut pairs = fresh_in(folder);
    pairs.retain(|urls| !urls.legacy.starts_with("sqlite:") && !urls.target.starts_with("sqlite:"));
    if pairs.is_empty() {
        println!("skipped: no pair of servers is named by {MARIADB} or {POSTGRES}, and {CASSANDRA}");
    }
    pairs
}

/// A new database or keyspace on a server.
fn on_server(variable: &str) -> Option<String> {
    Some(format!("{}/gateway_{:016x}", server(variable)?, fastrand::u64(..)))
}

/// The URL of a server, without a database; none where servers are not wanted.
pub(crate) fn server(variable: &str) -> Option<String> {
    let Ok(server) = std::env::var(variable) else {
        println!("not on a server: {variable} is not set (./tests/servers/run sets it)");
        return None;
    };
    Some(server.trim_end_matches("/postgres").to_owned())
}

fn in_file(folder: &Path, name: &str) -> String {
    format!("sqlite:{}", folder.join(name).display())
}
