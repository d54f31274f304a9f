//! As much of Cassandra's protocol (version 4) as it takes to ask whether a node is ready.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Consistency: all copies.
pub(super) const ALL: u16 = 5;

/// Longer than Cassandra's own limits of a request.
const ANSWER_MAX: Duration = Duration::from_secs(15);

mod opcode {
    pub(super) const ERROR: u8 = 0;
    pub(super) const STARTUP: u8 = 1;
    pub(super) const QUERY: u8 = 7;
}

/// Begins a session, which a node grants when it is ready.
pub(super) fn greet(stream: &mut TcpStream) -> io::Result<()> {
    let mut body = 1_u16.to_be_bytes().to_vec();
    for word in ["CQL_VERSION", "3.0.0"] {
        body.extend((word.len() as u16).to_be_bytes());
        body.extend(word.as_bytes());
    }
    ask(stream, opcode::STARTUP, &body).map(drop)
}

/// The answer as it came: who looks for a value in it finds it as it was written.
pub(super) fn query(node: SocketAddr, statement: &str, consistency: u16) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&node, ANSWER_MAX)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    greet(&mut stream)?;
    let mut body = (statement.len() as u32).to_be_bytes().to_vec();
    body.extend(statement.as_bytes());
    body.extend(consistency.to_be_bytes());
    body.push(0); // no values, no paging
    ask(&mut stream, opcode::QUERY, &body)
}

/// A frame is a version, flags, the number of the request (2 bytes), an opcode, and the length of what follows.
fn ask(stream: &mut TcpStream, opcode: u8, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut frame = vec![4, 0, 0, 0, opcode];
    frame.extend((body.len() as u32).to_be_bytes());
    frame.extend(body);
    stream.write_all(&frame)?;
    let mut header = [0; 9];
    stream.read_exact(&mut header)?;
    let [_, _, _, _, answer, length @ ..] = header;
    let mut body = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut body)?;
    if answer == opcode::ERROR { Err(io::Error::other(error_message(&body))) } else { Ok(body) }
}

/// After a code of 4 bytes and a length of 2.
fn error_message(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(6..).unwrap_or_default()).into_owned()
}
