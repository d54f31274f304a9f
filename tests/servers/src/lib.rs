//! Private servers for tests and trials: MariaDB, PostgreSQL and Cassandra, each in a temporary folder, on a free
//! port of 127.0.0.1, ready to be asked when `start` returns.
//!
//! ```no_run
//! use test_servers::{Cassandra, MariaDb};
//!
//! # fn main() -> Result<(), test_servers::Error> {
//! let mariadb = MariaDb::start()?; // mysql://root@127.0.0.1:PORT
//! let cassandra = Cassandra::start_nodes(3)?; // cassandra://127.0.0.1:PORT,127.0.0.2:PORT,127.0.0.3:PORT
//! println!("{} {}", mariadb.url(), cassandra.url());
//!
//! mariadb.kill()?; // kill -9: what was acknowledged has to be there afterwards
//! mariadb.restart()?; // the same data, the same port, the same URL
//! cassandra.node(2).pause()?; // takes connections, answers nothing
//! cassandra.node(2).resume()?;
//! # Ok(())
//! # }
//! ```
//!
//! Install the servers with `./tests/servers/install`. For a command that finds them in its environment there is
//! `./tests/servers/run COMMAND`.
//!
//! # What is private about them
//!
//! Each server listens on loopback alone and takes no password. It runs with the defaults of its maker where these
//! decide what survives a crash: what it acknowledges is on the disk, as in production. The temporary folder lies where
//! `TMPDIR` says: in memory (`TMPDIR=/dev/shm`) nothing waits for a disk, and kill -9 takes no more than on one.
//!
//! # What ends them
//!
//! Dropping the value, and the end of the process that holds it, whatever that end is: a panic, Ctrl-C, SIGTERM or
//! kill -9. Between the process and each server stands a small shell script, the guard: it holds one end of a pipe
//! and knows the server's pid. When the other end of the pipe closes, it kills the server and removes the folder.
//! Nothing is ever killed by name.
//!
//! # What is to be known
//!
//! - The calls block. In async code, start servers before the runtime, or by `spawn_blocking`.
//! - MariaDB's default charset is latin1: create databases with `CHARACTER SET utf8mb4`.
//! - PostgreSQL refuses to run as root: root's runs as the user `postgres`, which its package creates.
//! - Cassandra takes about 5 s to start and 0.6 GB of memory, each node. Its datacenter is `datacenter1`.
//! - A port is free when it is chosen. It lies below those that the system gives to clients, so that a restarted
//!   server gets its own back.

mod cassandra;
mod error;
mod guard;
mod mariadb;
mod port;
mod postgres;
mod program;
mod server;

pub use cassandra::{Cassandra, CassandraBuilder};
pub use error::Error;
pub use mariadb::{MariaDb, MariaDbBuilder};
pub use postgres::Postgres;
pub use server::Server;
