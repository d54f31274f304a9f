//! The service `invoices.v1.Invoices` over whatever answers [`Call`]s: what tonic would generate from the proto.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result};
use axum::http;
use prost::Message;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::{Service, ServiceExt, service_fn};

use crate::call::{Ask, Call, Calls, Reply};
use crate::messages::MESSAGE_BYTES_MAX;

/// The paths of the methods.
pub(crate) mod path {
    pub(crate) const GET: &str = "/invoices.v1.Invoices/Get";
    pub(crate) const LIST: &str = "/invoices.v1.Invoices/List";
    pub(crate) const CREATE: &str = "/invoices.v1.Invoices/Create";
    pub(crate) const PUT: &str = "/invoices.v1.Invoices/Put";
    pub(crate) const PAY: &str = "/invoices.v1.Invoices/Pay";
    pub(crate) const DELETE: &str = "/invoices.v1.Invoices/Delete";
    pub(crate) const CLOCK: &str = "/invoices.v1.Invoices/Clock";
}

/// Serves on a loopback port; gives the URL.
pub(crate) async fn serve(calls: Calls) -> Result<String> {
    serve_on(TcpListener::bind("127.0.0.1:0").await.context("cannot listen on 127.0.0.1")?, calls)
}

pub(crate) fn serve_on(listener: TcpListener, calls: Calls) -> Result<String> {
    let url = format!("http://{}", listener.local_addr()?);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let service = InvoicesServer { calls };
    tokio::spawn(async move { Server::builder().add_service(service).serve_with_incoming(incoming).await });
    Ok(url)
}

#[derive(Clone, Debug)]
struct InvoicesServer {
    calls: Calls,
}

impl NamedService for InvoicesServer {
    const NAME: &'static str = "invoices.v1.Invoices";
}

impl Service<http::Request<Body>> for InvoicesServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let calls = self.calls.clone();
        Box::pin(async move { Ok(answer(calls, request).await) })
    }
}

async fn answer(calls: Calls, request: http::Request<Body>) -> http::Response<Body> {
    match request.uri().path() {
        path::GET => unary(calls, request, Ask::Get, Reply::invoice).await,
        path::LIST => unary(calls, request, Ask::List, Reply::invoices).await,
        path::CREATE => unary(calls, request, Ask::Create, Reply::invoice).await,
        path::PUT => unary(calls, request, Ask::Put, Reply::done).await,
        path::PAY => unary(calls, request, Ask::Pay, Reply::invoice).await,
        path::DELETE => unary(calls, request, Ask::Delete, Reply::done).await,
        path::CLOCK => unary(calls, request, |()| Ask::Clock, Reply::clock).await,
        other => Status::unimplemented(format!("there is no method {other}")).into_http(),
    }
}

async fn unary<Q, A>(
    calls: Calls,
    request: http::Request<Body>,
    ask: fn(Q) -> Ask,
    answer: fn(Reply) -> Option<A>,
) -> http::Response<Body>
where
    Q: Message + Default + 'static,
    A: Message + Default + 'static,
{
    let handler = service_fn(move |request: Request<Q>| {
        let (metadata, _, message) = request.into_parts();
        let answered = calls.clone().oneshot(Call { ask: ask(message), metadata });
        async move {
            match answered.await? {
                Reply::No(status) => Err(status),
                reply => {
                    answer(reply).map(Response::new).ok_or_else(|| Status::internal("answered otherwise"))
                }
            }
        }
    });
    Grpc::new(ProstCodec::<A, Q>::default())
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .unary(handler, request)
        .await
}
