//! An HTTP service over MariaDB, with crossfade in `off` and without it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use bench_report::{Goal, Output, Section, Table, median, median_ratio};
use crossfade::route::Stage;
use http_body_util::{BodyExt, Empty};
use hyper::Method;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tower::ServiceExt;

use super::invoices::{Error, Request, Service};
use super::load::{Client, Seen, closed};
use super::migrated::WAITS;
use super::servers::Servers;

const INVOICES: i64 = 20_000;
const CLIENTS: usize = 16;
const WAYS: usize = 4;
/// What an idle gateway may cost.
const SHARE_MAX: f64 = 1.02;

/// A service with its address, and what its clients saw in each round.
struct Gateway {
    name: &'static str,
    address: String,
    rounds: Vec<Seen>,
}

pub(crate) async fn section(servers: &Servers, output: &Output) -> Result<Section> {
    servers.mariadb.seed(INVOICES).await?;
    let migrated = servers.migrated(Stage::Off, WAITS).await?;
    let mut section = Section::new("An idle gateway, end to end").note(format!(
        "An axum service over MariaDB, by HTTP over loopback, {CLIENTS} clients in a closed loop in the same process: without \
         crossfade, with its SQL store, which gives each request a deadline and goes on when its caller goes away, with its stack in `off` around that, and without once more, which shows the noise. All in turn, round by round, the order changing; the ratios \
         are medians over the rounds.",
    ));
    for method in [Method::GET, Method::PUT] {
        let mut gateways = [
            serve("without crossfade", servers.mariadb.bare()).await?,
            serve("with its SQL store alone", servers.mariadb.service()).await?,
            serve("with crossfade, off", migrated.service.clone()).await?,
            serve("without crossfade, again", servers.mariadb.bare()).await?,
        ];
        rounds(&mut gateways, &method, output).await?;
        section.tables.push(table(&gateways, &method));
        section.goals.extend(goals(&gateways, &method));
    }
    migrated.close().await?;
    Ok(section)
}

async fn serve(name: &'static str, service: Service) -> Result<Gateway> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let router = Router::new().route("/invoices/{n}", get(read).put(write)).with_state(service);
    // Until the process ends.
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(Gateway { name, address, rounds: Vec::new() })
}

async fn read(State(invoices): State<Service>, Path(n): Path<i64>) -> Result<String, StatusCode> {
    let invoice = invoices.oneshot(Request::get(n)).await.map_err(failed)?;
    invoice.ok_or(StatusCode::NOT_FOUND)
}

async fn write(State(invoices): State<Service>, Path(n): Path<i64>) -> Result<StatusCode, StatusCode> {
    invoices.oneshot(Request::put(n)).await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}

fn failed(_: Error) -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}

/// A connection of its own.
struct Caller {
    connection: Arc<Mutex<SendRequest<Empty<Bytes>>>>,
    host: String,
    method: Method,
}

impl Caller {
    async fn connect(host: &str, method: &Method) -> Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { connection: Arc::new(Mutex::new(sender)), host: host.to_owned(), method: method.clone() })
    }

    async fn send(&self) -> Result<bool> {
        let uri = format!("/invoices/{}", fastrand::i64(0..INVOICES));
        let request = hyper::Request::builder().method(&self.method).uri(uri).header("host", &self.host);
        let mut connection = self.connection.lock().await;
        connection.ready().await?;
        let response = connection.send_request(request.body(Empty::new())?).await?;
        let well = response.status().is_success();
        response.into_body().collect().await?;
        Ok(well)
    }
}

impl Client for Caller {
    async fn ask(&mut self) -> bool {
        self.send().await.unwrap_or(false)
    }
}

async fn rounds(gateways: &mut [Gateway; WAYS], method: &Method, output: &Output) -> Result<()> {
    let (rounds, lasts) = output.or_quick((24, Duration::from_millis(400)), (4, Duration::from_millis(300)));
    for round in 0..=rounds {
        for at in order(round) {
            let gateway = &mut gateways[at];
            let mut callers = Vec::new();
            for _ in 0..CLIENTS {
                callers.push(Caller::connect(&gateway.address, method).await?);
            }
            let seen = closed(callers, lasts).await;
            if round > 0 {
                gateway.rounds.push(seen);
            }
        }
    }
    Ok(())
}

/// In eight rounds each is twice at each place.
fn order(round: usize) -> [usize; WAYS] {
    let mut order = [0, 1, 2, 3];
    order.rotate_left(round % WAYS);
    if round / WAYS % 2 == 1 {
        order.reverse();
    }
    order
}

fn all(gateway: &Gateway, of: impl Fn(&Seen) -> f64) -> Vec<f64> {
    gateway.rounds.iter().map(of).collect()
}

fn table(gateways: &[Gateway; WAYS], method: &Method) -> Table {
    let columns = ["", "requests/s", "of the first", "p50 ms", "p99 ms", "CPU µs each", "failed"];
    let mut table = Table::new(&format!("{method}"), &columns);
    for gateway in gateways {
        let middle = |of: fn(&Seen) -> f64| median(&all(gateway, of)).into();
        let failed: u64 = gateway.rounds.iter().map(|seen| seen.failed).sum();
        table.row([
            gateway.name.into(),
            middle(Seen::rate),
            median_ratio(&all(gateway, Seen::rate), &all(&gateways[0], Seen::rate)).into(),
            middle(|seen| seen.quantile(0.5)),
            middle(|seen| seen.quantile(0.99)),
            middle(Seen::cpu_each),
            (failed as f64).into(),
        ]);
    }
    table
}

fn goals([without, _, with, _]: &[Gateway; WAYS], method: &Method) -> [Goal; 2] {
    let ratio = |of: fn(&Seen) -> f64| median_ratio(&all(with, of), &all(without, of));
    let what = |what| format!("idle gateway, {method}: {what} over that without crossfade");
    [
        Goal::at_least(&what("throughput"), 1.0 / SHARE_MAX, ratio(Seen::rate), "x"),
        Goal::at_most(&what("p50"), SHARE_MAX, ratio(|seen| seen.quantile(0.5)), "x"),
    ]
}
