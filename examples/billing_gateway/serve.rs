//! `--serve`: the gateway as a plain service on stores that exist, with metrics and the admin API beside it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use axum::serve::ListenerExt;
use crossfade::admin::{Admin, AdminToken};
use crossfade::config_file::ConfigFile;
use crossfade::fill::Fill;
use crossfade::metrics::{CONTENT_TYPE as METRICS_TYPE, Metrics};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Args;
use crate::chinook;
use crate::customers::Customers;
use crate::faults::Faults;
use crate::files::Files;
use crate::http::Gateway;
use crate::legacy::Legacy;
use crate::logging;
use crate::new_databases;
use crate::report::say;
use crate::target::Target;
use crate::wiring::{self, Control};

/// The migration's name in metrics and in the admin API.
const MIGRATION: &str = "invoices";
/// How long requests that run may take to end after a signal; then they are cut off.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or Ctrl-C, drains, and ends the migration's session in order.
pub(crate) async fn serve(args: &Args, address: SocketAddr) -> Result<()> {
    serve_with(args, address, &Faults::new(args.seed)).await
}

/// The same on stores that may fail.
async fn serve_with(args: &Args, address: SocketAddr, faults: &Faults) -> Result<()> {
    if !address.ip().is_loopback() {
        bail!(
            "--serve {address}: this service asks nobody who they are, so it serves loopback addresses only"
        );
    }
    logging::start("warn,crossfade=info");
    let files = Files::existing(args)?;
    if args.create {
        new_databases::make_missing(&files).await?;
    }
    let legacy = Legacy::open(&files.legacy).await.context("--legacy")?;
    let target = Target::open_or_later(&files.target).await.context("--target")?;
    let config = args.config.as_ref().map(|path| config_file(path, &legacy, &target));
    if let Some(config) = &config {
        config.read().await?;
    }
    if let Some(folder) = &args.history {
        load(folder, &legacy, &target).await?;
    }
    let (invoices, control) =
        wiring::assemble(legacy.clone(), target.clone(), &files.journal, faults).await?;
    if let Some(config) = config {
        // Dropping the handle leaves the file watched.
        drop(config.watch(control.routing).await?);
    }
    let stop = on_signal()?;
    let admin = serve_admin(args, &control, stop.clone()).await?;
    let gateway =
        Gateway::new(invoices, Customers::of(legacy.clone())).allow_read_override(args.allow_read_override);
    serve_until(address, gateway.into_router_with(metrics(&control)), stop).await?;
    if let Some(admin) = admin {
        // A caller that keeps its connection does not keep the service.
        drop(tokio::time::timeout(DRAIN_MAX, admin).await);
    }
    control.close().await?;
    legacy.close().await;
    target.close().await;
    say("drained and closed");
    Ok(())
}

/// A file whose late bounds are longer than what these stores may still do, now and whenever it changes.
fn config_file(path: &Path, legacy: &Legacy, target: &Target) -> ConfigFile {
    let (legacy, target) = (legacy.clone(), target.clone());
    ConfigFile::new(path).check(move |config| wiring::check_late_bounds(config, &legacy, &target))
}

/// Begins with the invoices of a folder, where there are none yet.
async fn load(folder: &Path, legacy: &Legacy, target: &Target) -> Result<()> {
    let of_target = "--history is for two empty stores, and the target does not say whether it is one";
    let empty = legacy.is_empty().await? && target.is_empty().await.context(of_target)?;
    if !empty {
        say("the stores have data already: --history is left out");
        return Ok(());
    }
    chinook::read_folder(folder)?.write_to(legacy).await
}

/// Turns true at SIGTERM or Ctrl-C.
fn on_signal() -> Result<watch::Receiver<bool>> {
    let (told, stop) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        say("draining");
        told.send_replace(true);
    });
    Ok(stop)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // Nobody left to tell is a stop, too.
    drop(stop.wait_for(|stop| *stop).await);
}

async fn serve_until(address: SocketAddr, router: Router, stop: watch::Receiver<bool>) -> Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    say(&format!("the gateway serves http://{}", listener.local_addr()?));
    let listener = listener.tap_io(|connection| {
        // A connection that cannot be told not to wait still works, only slower.
        drop(connection.set_nodelay(true));
    });
    let served = axum::serve(listener, router).with_graceful_shutdown(stopped(stop.clone()));
    tokio::select! {
        served = async { served.await } => served.context("the gateway ended")?,
        () = async { stopped(stop).await; tokio::time::sleep(DRAIN_MAX).await } => {
            say(&format!("requests that ran longer than {DRAIN_MAX:?} were cut off"));
        }
    }
    Ok(())
}

/// The admin API on an address of its own, where one is asked for.
async fn serve_admin(
    args: &Args,
    control: &Control,
    stop: watch::Receiver<bool>,
) -> Result<Option<JoinHandle<Result<()>>>> {
    let Some(address) = args.admin else { return Ok(None) };
    let mut admin = admin(control);
    if let Some(token) = &args.admin_token {
        admin = admin.token(AdminToken::new(token)?);
    }
    if args.admin_token.is_none() && !address.ip().is_loopback() {
        bail!("--admin {address} needs a token: set CROSSFADE_ADMIN_TOKEN, or listen on a loopback address");
    }
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    say(&format!("the admin API serves http://{}", listener.local_addr()?));
    Ok(Some(tokio::spawn(async move { Ok(admin.serve(listener, stopped(stop)).await?) })))
}

/// The admin API of the migration, yet to be served.
pub(crate) fn admin(control: &Control) -> Admin {
    let copier = control.copier;
    Admin::new(MIGRATION, control.routing).samples(control.samples.clone()).fill(move || Fill::new(copier))
}

/// `/metrics`, to be served beside the gateway's routes.
pub(crate) fn metrics(control: &Control) -> Router {
    let metrics = Metrics::new().migration(MIGRATION, control.routing);
    let text = move || {
        let metrics = metrics.clone();
        async move { ([(CONTENT_TYPE, METRICS_TYPE)], metrics.text().await) }
    };
    Router::new().route("/metrics", get(text))
}

#[cfg(test)]
#[path = "served.rs"]
mod served;
#[cfg(test)]
#[path = "serve_start_tests.rs"]
mod start_tests;
#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
