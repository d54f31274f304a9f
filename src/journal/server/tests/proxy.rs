//! A proxy in front of a server, which cuts connections where a test says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// What is done to the next commit that goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Cut {
    Nothing = 0,
    /// It reaches the server, and its answer is lost with the connection.
    Answer = 1,
    /// It does not reach the server, which sees the connection close.
    Commit = 2,
    /// As `Answer`, and nobody can connect from then on.
    AnswerAndServer = 3,
    /// As `Commit`, and nobody can connect from then on.
    CommitAndServer = 4,
}

#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    server: SocketAddr,
    cut: AtomicU8,
    closed: AtomicU8,
    cuts: AtomicU64,
}

impl Proxy {
    pub(super) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            server,
            cut: AtomicU8::new(0),
            closed: AtomicU8::new(0),
            cuts: AtomicU64::new(0),
        });
        tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state }
    }

    pub(super) fn cut(&self, cut: Cut) {
        self.state.cut.store(cut as u8, Ordering::SeqCst);
    }

    /// Whether anybody can connect.
    pub(super) fn closed(&self, closed: bool) {
        self.state.closed.store(closed.into(), Ordering::SeqCst);
    }

    /// How many commits were cut off.
    pub(super) fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        if state.closed.load(Ordering::SeqCst) > 0 {
            continue;
        }
        let Ok(server) = TcpStream::connect(state.server).await else { continue };
        tokio::spawn(carry(client, server, Arc::clone(&state)));
    }
}

async fn carry(client: TcpStream, server: TcpStream, state: Arc<State>) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let silent = AtomicBool::new(false);
    // Dropping both halves of both closes the connections.
    tokio::select! {
        () = questions(from_client, to_server, &state, &silent) => {}
        () = answers(from_server, to_client, &silent) => {}
    }
}

async fn questions(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State, silent: &AtomicBool) {
    let mut bytes = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let question = &bytes[..read];
        // The whole of the statement that commits comes in one piece: it is short.
        if question.windows(6).any(|part| part == b"COMMIT") {
            match state.cut.swap(0, Ordering::SeqCst) {
                0 => {}
                cut => {
                    silent.store(true, Ordering::SeqCst);
                    return cut_off(cut, question, &mut to, state).await;
                }
            }
        }
        if to.write_all(question).await.is_err() {
            return;
        }
    }
}

async fn cut_off(cut: u8, question: &[u8], to: &mut OwnedWriteHalf, state: &State) {
    if cut >= Cut::AnswerAndServer as u8 {
        state.closed.store(1, Ordering::SeqCst);
    }
    if cut == Cut::Answer as u8 || cut == Cut::AnswerAndServer as u8 {
        to.write_all(question).await.unwrap();
        // The server's answer goes nowhere.
        sleep(Duration::from_millis(10)).await;
    }
    state.cuts.fetch_add(1, Ordering::SeqCst);
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, silent: &AtomicBool) {
    let mut bytes = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if !silent.load(Ordering::SeqCst) && to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
