//! What is compared.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::Instant;

/// What a request asks of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// A read, before the migration begins.
    IdleRead,
    /// A write, before the migration begins.
    IdleWrite,
    /// A write to both stores, both of them awaited.
    DualWrite,
    /// A read that is made on both stores and compared.
    ShadowRead,
}

/// Whose stack it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// This crate's.
    Crossfade,
    /// LaunchDarkly's `Migrator`.
    LaunchDarkly,
    /// The crate `request-shadow`.
    RequestShadow,
}

/// So many requests.
pub(crate) type Requests = Pin<Box<dyn Future<Output = ()>>>;

/// A stack, and what is asked of it.
pub struct Case {
    /// Whose stack.
    pub peer: Peer,
    /// What is asked.
    pub work: Work,
    requests: Box<dyn Fn(u64) -> Requests>,
}

impl Case {
    /// `requests` makes so many.
    pub fn new<F>(peer: Peer, work: Work, requests: impl Fn(u64) -> F + 'static) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        Self { peer, work, requests: Box::new(move |times| Box::pin(requests(times))) }
    }

    /// The two, as they are named in reports.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}, {}", self.work, self.peer)
    }

    /// Makes so many requests, and says how long they took.
    #[must_use]
    pub fn run(&self, runtime: &Runtime, times: u64) -> Duration {
        let requests = (self.requests)(times);
        runtime.block_on(async {
            let start = Instant::now();
            requests.await;
            start.elapsed()
        })
    }
}

/// One thread for all of it.
///
/// # Panics
/// When the system gives no runtime.
#[must_use]
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IdleRead => "idle read",
            Self::IdleWrite => "idle write",
            Self::DualWrite => "dual write",
            Self::ShadowRead => "shadow read",
        })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crossfade => "crossfade",
            Self::LaunchDarkly => "LaunchDarkly Migrator",
            Self::RequestShadow => "request-shadow",
        })
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name()).finish()
    }
}
