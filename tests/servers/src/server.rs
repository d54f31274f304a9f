//! What every server can be told.

use std::ffi::OsString;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Error;
use crate::guard::{Guard, Program};

/// How often a server that starts is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// Longer than any ready server takes to greet, also on a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// What tells the servers apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Fails until the server that was connected to is ready.
    pub(crate) greet: fn(&mut TcpStream) -> io::Result<()>,
    pub(crate) ready_within: Duration,
}

/// One running server process. It can be killed, paused and started again, at the same address with the same data.
///
/// Each call returns when it is done, and can be made from any thread.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    address: SocketAddr,
    guard: Mutex<Guard>,
}

impl Server {
    /// Nothing runs yet but the guard, so that the folder goes whatever happens from here on.
    pub(crate) fn stand_by(kind: Kind, address: SocketAddr, program: &Program) -> Result<Self, Error> {
        let path = program.folder.display();
        let guard = Guard::stand_by(program).map_err(Error::io(format!(
            "{}: its guard cannot be started, or cannot make {path}",
            kind.name
        )))?;
        Ok(Self { kind, address, guard: Mutex::new(guard) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills it as the system does when memory runs out (kill -9), with the processes that it has started.
    ///
    /// # Errors
    ///
    /// When its guard is gone, which nothing should have ended.
    pub fn kill(&self) -> Result<(), Error> {
        self.order("kill").map(drop)
    }

    /// Stops it without ending it (SIGSTOP): it takes connections and answers nothing, as a machine does that hangs.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn pause(&self) -> Result<(), Error> {
        self.order_while_it_runs("pause")
    }

    /// Lets a paused one go on (SIGCONT).
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn resume(&self) -> Result<(), Error> {
        self.order_while_it_runs("resume")
    }

    /// Kills it when it runs, starts it with the same data on the same port, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it ends instead, or is not ready in time; with the end of its log.
    pub fn restart(&self) -> Result<(), Error> {
        self.kill()?;
        self.run()
    }

    /// Whether it greets a new connection within this time.
    #[must_use]
    pub fn answers_within(&self, patience: Duration) -> bool {
        self.greeted_within(patience).is_ok()
    }

    /// What has to be run once, before the server.
    pub(crate) fn prepare(&self, command: &[OsString]) -> Result<(), Error> {
        let (server, program) = (self.kind.name, command[0].display().to_string());
        // The end of the log is asked of the same guard: it is free by then.
        let prepared = self.guard().prepare(command);
        match prepared {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::NotPrepared { server, program, log: self.end_of_log() }),
            Err(error) => Err(Error::io(format!("{server}: no answer to {program}"))(error)),
        }
    }

    pub(crate) fn run(&self) -> Result<(), Error> {
        self.order("start")?;
        let started = Instant::now();
        while started.elapsed() < self.kind.ready_within {
            if self.answers_within(ANSWER_MAX) {
                return Ok(());
            }
            if !self.runs()? {
                return Err(Error::Ended {
                    server: self.kind.name,
                    address: self.address,
                    log: self.end_of_log(),
                });
            }
            std::thread::sleep(ASK_EVERY);
        }
        let Kind { name: server, ready_within: limit, .. } = self.kind;
        Err(Error::NotReady { server, address: self.address, limit, log: self.end_of_log() })
    }

    fn greeted_within(&self, patience: Duration) -> io::Result<()> {
        let mut stream = TcpStream::connect_timeout(&self.address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        (self.kind.greet)(&mut stream)
    }

    fn order_while_it_runs(&self, order: &str) -> Result<(), Error> {
        if !self.runs()? {
            return Err(Error::NotRunning { server: self.kind.name, address: self.address });
        }
        self.order(order).map(drop)
    }

    fn runs(&self) -> Result<bool, Error> {
        self.guard().server_runs().map_err(Error::io(format!("{}: no answer of its guard", self.kind.name)))
    }

    fn order(&self, order: &str) -> Result<String, Error> {
        self.guard().order(order).map_err(Error::io(format!("{}: no answer to {order}", self.kind.name)))
    }

    fn end_of_log(&self) -> String {
        self.guard().end_of_log()
    }

    /// A panic elsewhere leaves the guard as it was: an order is one line and one answer.
    fn guard(&self) -> MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A folder for one server, which is not there yet.
pub(crate) fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("crossfade-{:016x}", fastrand::u64(..)))
}

/// Root has to be told by name to some servers, and is refused by others.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
