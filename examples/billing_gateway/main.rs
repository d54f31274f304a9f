//! A billing service that moves its invoices from one store to another while it serves them.
//!
//! `cargo run --release --example billing_gateway` makes a legacy store with history, starts the service in front of
//! it, drives it through HTTP, injects faults into both stores, and walks every stage of the migration. In the end
//! it says whether anything was lost; `--help` names what can be changed.
//!
//! Where to look: `wiring.rs` is where crossfade is put around the stores; `request.rs`, `legacy/` and `target/` are
//! what a service has to bring. The rest plays the world around it: `http/`, the clients with their ledger
//! (`traffic/`, `ledger.rs`), whoever operates it (`demo.rs`, `admin_client.rs`, `scrape.rs`), the faults, and the judges
//! (`judge/`, `compare.rs`).

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

mod admin_client;
mod chinook;
mod compare;
mod complaints;
mod customers;
mod demo;
mod domain;
mod faults;
mod faulty;
mod files;
mod forms;
mod history;
mod http;
mod judge;
mod ledger;
mod legacy;
mod logging;
mod looks;
mod mover;
mod naive;
mod new_databases;
mod report;
mod request;
mod request_store;
mod run;
mod scrape;
mod screen;
mod serve;
mod sqlite;
mod steps;
mod store_error;
#[cfg(test)]
mod store_tests;
mod store_url;
mod target;
#[cfg(test)]
mod test_stores;
mod traffic;
mod verdict;
mod wiring;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::report::say;

/// Moves a billing service's invoices from a relational store to a document store while it serves them.
///
/// Without arguments: 20,000 generated invoices, 1,200 requests a second, faults in both stores, all seven stages
/// (off, dual_write, shadow, canary, live, ramp_down, complete), and a verdict, in under a minute. The exit code is
/// not zero when an acknowledged write is missing, a key differs, a read was stale, a write is unaccounted, or the
/// run proved too little.
#[derive(Debug, Parser)]
#[command(name = "billing_gateway")]
pub(crate) struct Args {
    /// Decides the history, the traffic and the faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes the verdict to this file as one JSON object
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Starts from the Customer.csv, Invoice.csv and InvoiceLine.csv of this folder in place of generated invoices
    #[arg(long, value_name = "DIR")]
    history: Option<PathBuf>,
    /// Serves the gateway on this address on stores that exist (made empty when there are none), in place of the demo
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["json", "naive", "rate", "pace"])]
    serve: Option<SocketAddr>,
    /// Serves the admin API on this address, beside --serve
    #[arg(long, value_name = "ADDRESS", requires = "serve")]
    admin: Option<SocketAddr>,
    /// What callers of the admin API have to bring as a bearer token; needed where it serves others than this machine
    #[arg(long, value_name = "TOKEN", env = "CROSSFADE_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// The routing config, a TOML file that is watched, beside --serve; it names the stage, and all that is not a default
    #[arg(long, value_name = "FILE", requires = "serve")]
    config: Option<PathBuf>,
    /// The folder of the database files; the demo replaces those of an earlier run, --serve goes on with them
    #[arg(long, value_name = "DIR", default_value = "target/billing_gateway")]
    data: PathBuf,
    /// The store to leave: sqlite:old.db, mysql://user:password@host/database (MariaDB) or postgres://...; must be empty for
    /// the demo. Left out: legacy.db in the data folder
    #[arg(long, value_name = "URL")]
    legacy: Option<String>,
    /// The store to move to: sqlite:new.db or cassandra://host:port/keyspace; must be empty for the demo. Left out:
    /// target.db in the data folder
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// Crossfade's own durable state: sqlite:journal.db, mysql://... or postgres://..., also beside the tables of the legacy
    /// store; must be new for the demo. Left out: journal.db in the data folder
    #[arg(long, value_name = "URL")]
    journal: Option<String>,
    /// Makes the databases and the keyspace of the URLs where they are missing
    #[arg(long)]
    create: bool,
    /// Writes both stores by hand, side by side, in place of crossfade: shows what that loses under the same seed
    #[arg(long)]
    naive: bool,
    /// Requests a second
    #[arg(long, default_value_t = 1_200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Makes each step of the walk so many times as long, and the verdict says so; a hasty walk proves less
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, value_parser = pace)]
    pace: f64,
    /// Lets the header "crossfade-read: legacy" (or target) name the store of a read, beside --serve; in the demo it may
    #[arg(long, requires = "serve")]
    allow_read_override: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let ended = match args.serve {
        Some(address) => serve::serve(&args, address).await.map(|()| true),
        None => {
            logging::start("off");
            run::run(&args).await
        }
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Below a twentieth no step has time for anything.
fn pace(text: &str) -> Result<f64, String> {
    let pace: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.05..=20.0).contains(&pace) { Ok(pace) } else { Err("not between 0.05 and 20".to_owned()) }
}
