//! What every request passes before it is looked at: who asks, is there room, is its body of a size.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::api::Api;
use super::body::whole;
use super::problem::{Kind, Problem};
use super::token::AdminToken;

/// How many requests are answered at once; the others are told to come again.
pub const REQUESTS_MAX: usize = 32;

pub(super) async fn guard(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let mut response = match let_in(&api, request).await {
        Ok((request, _room)) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn let_in(api: &Api, request: Request) -> Result<(Request, tokio::sync::SemaphorePermit<'_>), Problem> {
    admit(api.token.as_ref(), &request)?;
    let busy = |_| {
        Problem::new(Kind::BUSY, format!("{REQUESTS_MAX} requests are being answered"))
            .retry_after(Duration::from_secs(1))
    };
    let room = api.room.try_acquire().map_err(busy)?;
    let (parts, body) = request.into_parts();
    Ok((Request::from_parts(parts, Body::from(whole(body).await?)), room))
}

/// With a token, whoever shows it. Without, only the machine itself.
fn admit(token: Option<&AdminToken>, request: &Request) -> Result<(), Problem> {
    match token {
        Some(token) if bearer(request).is_some_and(|shown| token.is(shown)) => Ok(()),
        Some(_) => Err(Problem::new(Kind::NO_TOKEN, "send the admin token: `Authorization: Bearer ...`")),
        None if is_local(request) => Ok(()),
        None => Err(Problem::new(
            Kind::TOKEN_REQUIRED,
            "no admin token is set, so only this machine may ask, by the name localhost or a loopback address",
        )),
    }
}

fn bearer(request: &Request) -> Option<&[u8]> {
    let shown = request.headers().get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = shown.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
}

/// From a loopback address, and meant for one: a page in a browser of this machine that was given another name for it
/// (DNS rebinding) is not let in.
fn is_local(request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let from_here = peer.is_some_and(|peer| is_loopback(&peer.0));
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    from_here && host.is_some_and(names_loopback)
}

pub(super) fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

fn names_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(host, |(name, _)| name);
    let ip = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in ["localhost", "LOCALHOST:9090", "127.0.0.1:9090", "127.0.0.1", "[::1]:9090", "[::1]"] {
            assert!(names_loopback(host), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example:9090", "10.0.0.1:80", "", "[::2]:80", "127.0.0.1.nip.io"]
        {
            assert!(!names_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_mapped_loopback_address_is_loopback() {
        for (address, local) in [
            ("[::ffff:127.0.0.1]:1", true),
            ("127.8.8.8:1", true),
            ("[::1]:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
        ] {
            assert_eq!(is_loopback(&address.parse().unwrap()), local, "{address}");
        }
    }
}
