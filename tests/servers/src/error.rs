//! Why a server is not there.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Why a server did not start, or did not do what it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is not installed.
    #[error("{server} needs the program {program}, which is neither on the PATH nor in {}: run ./tests/servers/install", places(.looked_in))]
    MissingProgram {
        /// Who needs it.
        server: &'static str,
        /// Its name.
        program: &'static str,
        /// Where it was looked for, besides the PATH.
        looked_in: Vec<PathBuf>,
    },
    /// Cassandra starts on JDK 17 and on no newer one.
    #[error(
        "Cassandra needs JDK 17, which is neither in JAVA_HOME nor in /usr/lib/jvm: run ./tests/servers/install --cassandra"
    )]
    MissingJdk,
    /// The jars of Cassandra are not there.
    #[error("the jars of Cassandra are not in {folder}: run ./tests/servers/install --cassandra")]
    MissingJars {
        /// Where they were looked for.
        folder: PathBuf,
    },
    /// No port is free for it.
    #[error(
        "{tries} ports of 127.0.0.1 were tried and none is free: does 127.0.0.1 to 127.0.0.3 answer a ping?"
    )]
    NoFreePort {
        /// How many were tried.
        tries: usize,
    },
    /// Its data folder could not be made.
    #[error(
        "{server}: {program} could not make the data folder: is the disk of the temporary folder full? The end of its log:\n{log}"
    )]
    NotPrepared {
        /// Which server.
        server: &'static str,
        /// What was run.
        program: String,
        /// What it said.
        log: String,
    },
    /// It ended by itself.
    #[error("{server} at {address} ended while it started. The end of its log says why:\n{log}")]
    Ended {
        /// Which server.
        server: &'static str,
        /// Where it was to answer.
        address: SocketAddr,
        /// The last lines of its log.
        log: String,
    },
    /// It runs, and did not answer in time.
    #[error(
        "{server} at {address} was not ready after {limit:?}: is the machine very busy, or short of memory? The end of its log:\n{log}"
    )]
    NotReady {
        /// Which server.
        server: &'static str,
        /// Where it was to answer.
        address: SocketAddr,
        /// How long it was waited for.
        limit: Duration,
        /// The last lines of its log.
        log: String,
    },
    /// The nodes of a cluster did not find each other.
    #[error("the nodes of Cassandra at {urls} do not see each other after {limit:?}: {detail}")]
    NotWhole {
        /// All nodes.
        urls: String,
        /// How long it was waited for.
        limit: Duration,
        /// What one of them said last.
        detail: String,
    },
    /// It was told to pause or to go on, and it does not run.
    #[error("{server} at {address} does not run: restart() it first")]
    NotRunning {
        /// Which server.
        server: &'static str,
        /// Where it answered.
        address: SocketAddr,
    },
    /// The system refused something else.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// For `map_err`: what was tried when the system said no.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what: format!("{what}: {source}"), source }
    }
}

fn places(folders: &[PathBuf]) -> String {
    let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    folders.join(", ")
}
