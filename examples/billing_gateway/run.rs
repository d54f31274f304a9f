//! One run of the demo: what it needs, the walk, and what it comes to.

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::serve::ListenerExt;
use crossfade::route::Stage;
use tokio::net::TcpListener;

use crate::Args;
use crate::chinook;
use crate::customers::Customers;
use crate::demo::Demo;
use crate::faults::Faults;
use crate::files::{self, Files};
use crate::history::History;
use crate::http::Gateway;
use crate::ledger::Ledger;
use crate::legacy::Legacy;
use crate::mover::Mover;
use crate::naive::Naive;
use crate::new_databases;
use crate::report::{Report, say};
use crate::request::InvoiceService;
use crate::scrape::Scraper;
use crate::screen::Screen;
use crate::serve;
use crate::target::Target;
use crate::traffic::{Load, Traffic};
use crate::wiring::{self, Control};

/// How many mismatches are shown in the end.
const MISMATCHES_MAX: usize = 3;

/// Runs the demo; whether it was a success.
pub(crate) async fn run(args: &Args) -> Result<bool> {
    let history = match &args.history {
        Some(folder) => chinook::read_folder(folder)?,
        None => History::generate(args.seed),
    };
    if history.customers.is_empty() {
        bail!("the history has no customers, so there is nobody to bill");
    }
    let files = Files::prepare(args)?;
    if args.create {
        new_databases::make_missing(&files).await?;
    }
    let demo = walk(args, &files, &history).await?;
    Ok(conclude(&demo, args, &files)?.is_empty())
}

/// Fills legacy with the history, serves the gateway, and walks all stages.
async fn walk(args: &Args, files: &Files, history: &History) -> Result<Demo> {
    let (legacy, target) = (Legacy::open(&files.legacy).await?, Target::open(&files.target).await?);
    files::ensure_empty(&legacy, &target).await?;
    history.write_to(&legacy).await.context("cannot write the history into the legacy store")?;
    say(&format!("legacy has {} invoices of {} customers", history.invoices.len(), history.customers.len()));

    let faults = Faults::new(args.seed);
    let (mover, invoices, metrics) = assemble(args, files, &legacy, &target, &faults).await?;
    let gateway = Gateway::new(invoices, Customers::known(&history.customers)).allow_read_override(true);
    let scraped = metrics.is_some();
    let routes = match metrics {
        Some(metrics) => gateway.into_router_with(metrics),
        None => gateway.into_router(),
    };
    let base = serve_demo(routes).await?;
    say(&format!("the gateway serves {base}, traffic is {} requests a second", args.rate));

    let ledger = Ledger::new(history.openings());
    let traffic = Traffic::start(&base, args.rate, Load::new(args.seed, history), ledger);
    let mut demo = Demo {
        mover,
        scraper: scraped.then(|| Scraper::start(base)),
        screen: Screen::new(history.invoices.len() as u64),
        traffic,
        faults,
        legacy_url: files.legacy.clone(),
        target_url: files.target.clone(),
        report: Report::at_pace(args.pace),
        running: None,
    };
    let walked = demo.walk(history).await;
    demo.screen.end();
    walked?;
    demo.mover.close().await?;
    legacy.close().await;
    target.close().await;
    Ok(demo)
}

/// What moves the invoices, what answers requests for them, and the metrics of it, where there are some.
async fn assemble(
    args: &Args,
    files: &Files,
    legacy: &Legacy,
    target: &Target,
    faults: &Faults,
) -> Result<(Mover, InvoiceService, Option<Router>)> {
    if args.naive {
        let naive = Naive::new(legacy, target, faults);
        return Ok((Mover::Naive(naive.clone()), InvoiceService::new(naive), None));
    }
    let (invoices, control) =
        wiring::assemble(legacy.clone(), target.clone(), &files.journal, faults).await?;
    ensure_new(&control)?;
    let metrics = serve::metrics(&control);
    Ok((Mover::by_admin(control).await?, invoices, Some(metrics)))
}

/// The walk begins at the beginning.
fn ensure_new(control: &Control) -> Result<()> {
    match control.routing.stage() {
        Stage::Off => Ok(()),
        stage => bail!(
            "the journal must be new: it is in {stage}; name another database, or add ?migration=NAME to its URL"
        ),
    }
}

/// Serves the gateway on a free port of this machine.
async fn serve_demo(gateway: Router) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on 127.0.0.1")?;
    let base = format!("http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|connection| {
        // A connection that cannot be told not to wait still works, only slower.
        drop(connection.set_nodelay(true));
    });
    tokio::spawn(async move { axum::serve(listener, gateway).await });
    Ok(base)
}

/// Shows what it came to; gives what keeps it from being a success.
fn conclude(demo: &Demo, args: &Args, files: &Files) -> Result<Vec<String>> {
    let (report, traffic, faults) = (&demo.report, &demo.traffic, &demo.faults);
    let verdict = report.verdict(traffic, faults);
    let complaints = report.complaints(&verdict, traffic, faults);
    report.show_table(traffic);
    verdict.show();
    for mismatch in report.account.iter().flat_map(|account| account.mismatches.iter().take(MISMATCHES_MAX)) {
        say(&format!("mismatch: {mismatch}"));
    }
    if let Some(path) = &args.json {
        verdict.write(path)?;
    }
    files.explain()?;
    say("");
    for complaint in &complaints {
        say(&format!("- {complaint}"));
    }
    say(if complaints.is_empty() { "PASSED: nothing lost, nothing different" } else { "FAILED" });
    Ok(complaints)
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
