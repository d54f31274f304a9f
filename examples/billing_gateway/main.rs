//! A billing service that moves its invoices from one store to another while it serves them.
//!
//! `cargo run --release --example billing_gateway` makes a legacy store with history, starts the service in front of
//! it, drives it through HTTP, injects faults into both stores, and walks every stage of the migration. In the end
//! it says whether anything was lost; `--help` names what can be changed.
//!
//! Where to look: `wiring.rs` is where crossfade is put around the stores; `request.rs`, `legacy/` and `target/` are
//! what a service has to bring. The rest plays the world around it: `http/`, the clients with their ledger
//! (`traffic/`, `ledger.rs`), the faults, and the judges (`judge/`, `compare.rs`).

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

mod chinook;
mod compare;
mod customers;
mod demo;
mod domain;
mod faults;
mod faulty;
mod files;
mod history;
mod http;
mod judge;
mod ledger;
mod legacy;
mod logging;
mod mover;
mod naive;
mod report;
mod request;
mod request_store;
mod screen;
mod serve;
mod sqlite;
#[cfg(test)]
mod store_tests;
mod target;
mod traffic;
mod verdict;
mod wiring;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use axum::serve::ListenerExt;
use clap::Parser;
use tokio::net::TcpListener;

use crate::customers::Customers;
use crate::demo::Demo;
use crate::faults::Faults;
use crate::files::Files;
use crate::history::History;
use crate::http::Gateway;
use crate::ledger::Ledger;
use crate::legacy::Legacy;
use crate::mover::Mover;
use crate::naive::Naive;
use crate::report::{Report, say};
use crate::request::InvoiceService;
use crate::screen::Screen;
use crate::target::Target;
use crate::traffic::{Load, Traffic};

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
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["json", "naive", "rate"])]
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
    /// The store to leave, for example sqlite:old.db; must be empty for the demo. Left out: legacy.db in the data folder
    #[arg(long, value_name = "URL")]
    legacy: Option<String>,
    /// The store to move to; must be empty for the demo. Left out: target.db in the data folder
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// Crossfade's own durable state. Left out: journal.db in the data folder
    #[arg(long, value_name = "URL")]
    journal: Option<String>,
    /// Writes both stores by hand, side by side, in place of crossfade: shows what that loses under the same seed
    #[arg(long)]
    naive: bool,
    /// Requests a second
    #[arg(long, default_value_t = 1_200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
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
            run(&args).await
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

/// Runs the demo; whether it was a success.
async fn run(args: &Args) -> Result<bool> {
    let history = match &args.history {
        Some(folder) => chinook::read_folder(folder)?,
        None => History::generate(args.seed),
    };
    if history.customers.is_empty() {
        bail!("the history has no customers, so there is nobody to bill");
    }
    let files = Files::prepare(args)?;
    let (legacy, target) = (Legacy::open(&files.legacy).await?, Target::open(&files.target).await?);
    files::ensure_empty(&legacy, &target).await?;
    history.write_to(&legacy).await.context("cannot write the history into the legacy store")?;
    say(&format!("legacy has {} invoices of {} customers", history.invoices.len(), history.customers.len()));

    let faults = Faults::new(args.seed);
    let (invoices, mover) = assemble(args, &files, &legacy, &target, &faults).await?;
    let gateway = Gateway::new(invoices, Customers::known(&history.customers));
    let base = serve_demo(gateway.allow_read_override(true)).await?;
    say(&format!("the gateway serves {base}, traffic is {} requests a second", args.rate));

    let ledger = Ledger::new(history.openings());
    let traffic = Traffic::start(&base, args.rate, Load::new(args.seed, &history), ledger);
    let mut demo = Demo {
        mover,
        screen: Screen::new(history.invoices.len() as u64),
        traffic,
        faults,
        legacy_url: files.legacy.clone(),
        target_url: files.target.clone(),
        report: Report::default(),
        running: None,
    };
    let walked = demo.walk(&history).await;
    demo.screen.end();
    walked?;
    demo.mover.close().await?;
    legacy.database().close().await;
    target.database().close().await;
    conclude(&demo, args, &files)
}

/// What answers invoice requests, and what moves it through the stages.
async fn assemble(
    args: &Args,
    files: &Files,
    legacy: &Legacy,
    target: &Target,
    faults: &Faults,
) -> Result<(InvoiceService, Mover)> {
    if args.naive {
        let naive = Naive::new(legacy, target, faults);
        return Ok((InvoiceService::new(naive.clone()), Mover::Naive(naive)));
    }
    let (invoices, control) =
        wiring::assemble(legacy.clone(), target.clone(), &files.journal, faults).await?;
    Ok((invoices, Mover::Crossfade(control)))
}

/// Serves the gateway on a free port of this machine.
async fn serve_demo(gateway: Gateway) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on 127.0.0.1")?;
    let base = format!("http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|connection| {
        // A connection that cannot be told not to wait still works, only slower.
        drop(connection.set_nodelay(true));
    });
    tokio::spawn(async move { axum::serve(listener, gateway.into_router()).await });
    Ok(base)
}

fn conclude(demo: &Demo, args: &Args, files: &Files) -> Result<bool> {
    let (report, traffic, faults) = (&demo.report, &demo.traffic, &demo.faults);
    let verdict = report.verdict(traffic, faults);
    let complaints = report.complaints(&verdict, traffic, faults);
    report.show_table(traffic);
    verdict.show();
    if let Some(path) = &args.json {
        verdict.write(path)?;
    }
    files.explain();
    say("");
    for complaint in &complaints {
        say(&format!("- {complaint}"));
    }
    say(if complaints.is_empty() { "PASSED: nothing lost, nothing different" } else { "FAILED" });
    Ok(complaints.is_empty())
}
