//! One of the back ends, over gRPC.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::http::uri::PathAndQuery;
use crossfade::data::Stamp;
use prost::Message;
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Extensions, Request, Status};
use tonic_prost::ProstCodec;
use tower::Service;

use crate::call::{Ask, Call, Reply, STAMP};
use crate::messages::MESSAGE_BYTES_MAX;
use crate::server::path;
use crate::status::{CallError, is_no};

/// How long a back end may take to answer, the time to connect included. It is told so (`grpc-timeout`), and the late bound of
/// the routing config lies above it: a service may finish what it does although nobody waits.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(2);

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(1);

/// How often an answer is asked of the other end of a connection, and how long it may take before the connection is given up.
const PING_EVERY: Duration = Duration::from_secs(10);
const PONG_MAX: Duration = Duration::from_secs(5);

/// A back end by its URL. A clone shares the connection, which is made when it is needed, and again when it broke.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    channel: Channel,
    answer_max: Duration,
}

impl Client {
    pub(crate) fn new(url: &str) -> Result<Self> {
        let endpoint = Endpoint::from_shared(url.to_owned())
            .with_context(|| format!("{url:?} is no URL: write it like http://127.0.0.1:50051"))?
            .connect_timeout(CONNECT_MAX)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PONG_MAX);
        Ok(Self { channel: endpoint.connect_lazy(), answer_max: ANSWER_MAX })
    }

    pub(crate) async fn send(&self, call: Call) -> Result<Reply, CallError> {
        let answered = tokio::time::timeout(self.answer_max, self.exchange(call)).await;
        let late = || Status::deadline_exceeded(format!("no answer within {:?}", self.answer_max));
        match answered.unwrap_or_else(|_| Err(late())) {
            Err(status) if is_no(status.code()) => Ok(Reply::No(status)),
            answered => Ok(answered?),
        }
    }

    /// A call of the gateway's own: a copy with its stamp, or a read for one.
    pub(crate) async fn ask(&self, ask: Ask, stamp: Option<Stamp>) -> Result<Reply, CallError> {
        let mut call = Call::from(ask);
        if let Some(stamp) = stamp {
            call.metadata.insert(STAMP, stamp.into());
        }
        self.send(call).await
    }

    async fn exchange(&self, Call { ask, metadata }: Call) -> Result<Reply, Status> {
        match ask {
            Ask::Get(key) => self.unary(path::GET, metadata, key).await.map(Reply::Invoice),
            Ask::List(list) => self.unary(path::LIST, metadata, list).await.map(Reply::Invoices),
            Ask::Create(invoice) => self.unary(path::CREATE, metadata, invoice).await.map(Reply::Invoice),
            Ask::Put(invoice) => self.unary(path::PUT, metadata, invoice).await.map(|()| Reply::Done),
            Ask::Pay(key) => self.unary(path::PAY, metadata, key).await.map(Reply::Invoice),
            Ask::Delete(key) => self.unary(path::DELETE, metadata, key).await.map(|()| Reply::Done),
            Ask::Clock => self.unary(path::CLOCK, metadata, ()).await.map(Reply::Clock),
        }
    }

    async fn unary<Q, A>(&self, path: &'static str, metadata: MetadataMap, message: Q) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut request = Request::from_parts(passed_on(metadata), Extensions::default(), message);
        request.set_timeout(self.answer_max);
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX);
        grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        let answer = grpc.unary(request, PathAndQuery::from_static(path), ProstCodec::default()).await?;
        Ok(answer.into_inner())
    }
}

/// The caller's metadata without what belongs to its own call. Its deadline does, too: it ends the caller's wait at the gateway,
/// while a write that was begun is seen through.
fn passed_on(metadata: MetadataMap) -> MetadataMap {
    const OF_ONE_CALL: [&str; 4] = ["content-type", "content-length", "te", "user-agent"];
    let mut headers = metadata.into_headers();
    let stays = |name: &str| !name.starts_with("grpc-") && !OF_ONE_CALL.contains(&name);
    let gone: Vec<_> = headers.keys().filter(|name| !stays(name.as_str())).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
    MetadataMap::from_headers(headers)
}

impl Service<Call> for Client {
    type Response = Reply;
    type Error = CallError;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, CallError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        Poll::Ready(Ok(())) // a connection is awaited inside of the call, within its bound
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.send(call).await })
    }
}

#[cfg(test)]
impl Client {
    pub(crate) fn answering_within(self, answer_max: Duration) -> Self {
        Self { answer_max, ..self }
    }
}
