//! Serving the API on a listener, within limits.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tower::Service;

use super::api::Admin;
use super::guard::is_loopback;

/// How many connections may be open; the others wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 64;
/// How long the head of a request may take to come.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a connection may last, which carries one request. A stage move goes on without it.
pub const CONNECTION_TIME_MAX: Duration = Duration::from_secs(180);
/// The pause after a connection could not be accepted, for example because the process has no more files.
const ACCEPT_AGAIN: Duration = Duration::from_millis(500);

/// Why the API is not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Others than this machine could reach it, and no token is set.
    #[error(
        "the admin API is not served on {address} without a token: set one by `Admin::token`, or listen on 127.0.0.1"
    )]
    TokenRequired {
        /// Where it was to be served.
        address: SocketAddr,
    },
    /// The listener does not know its address.
    #[error("the admin API has no address: {0}")]
    Address(#[from] io::Error),
}

impl Admin {
    /// Serves the API until `stop` resolves, then answers the requests that run and returns.
    ///
    /// # Errors
    /// When the listener is not on a loopback address and no token is set: whoever reaches the API can move the stage.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let address = listener.local_addr()?;
        if !self.has_token() && !is_loopback(&address) {
            return Err(ServeError::TokenRequired { address });
        }
        tracing::info!(%address, "the admin API is served");
        let (router, graceful) = (self.whole(), GracefulShutdown::new());
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut stop = pin!(stop);
        loop {
            let (stream, peer, place) = tokio::select! {
                accepted = accept(&listener, &room) => accepted,
                () = &mut stop => break,
            };
            let connection = connection(stream, peer, router.clone(), graceful.watcher());
            tokio::spawn(async move {
                // A connection that breaks, or takes too long, is its caller's to notice.
                drop(timeout(CONNECTION_TIME_MAX, connection).await);
                drop(place);
            });
        }
        graceful.shutdown().await;
        Ok(())
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let place = Arc::clone(room).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                tracing::warn!(%error, "the admin API could not accept a connection");
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// One connection, which carries one request: idle ones would take the place of others.
async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
) -> hyper::Result<()> {
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let mut router = router.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer: Result<Response, Infallible> = router.call(request).await;
            answer
        }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).keep_alive(false);
    watcher.watch(server.serve_connection(TokioIo::new(stream), answer)).await
}
