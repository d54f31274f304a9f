//! Ports that nobody uses.

use std::net::{Ipv4Addr, TcpListener};

use crate::Error;

/// Below the range that systems take the ports of clients from: there, a client could hold the port of a server that
/// is to be restarted.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

const TRIES_MAX: usize = 100;

/// A port that is free on every one of these addresses. A random one: tests in other processes choose at the same time.
pub(crate) fn free(addresses: &[Ipv4Addr]) -> Result<u16, Error> {
    (0..TRIES_MAX)
        .map(|_| fastrand::u16(PORTS))
        .find(|port| addresses.iter().all(|address| TcpListener::bind((*address, *port)).is_ok()))
        .ok_or(Error::NoFreePort { tries: TRIES_MAX })
}
