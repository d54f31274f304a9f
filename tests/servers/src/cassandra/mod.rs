//! Cassandra: one node or several.

mod cql;
mod java;
mod settings;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

use self::settings::{Ports, Settings};
use crate::guard::Program;
use crate::server::{Kind, folder};
use crate::{Error, Server, port};

const KIND: Kind = Kind { name: "Cassandra", greet: cql::greet, ready_within: Duration::from_secs(120) };

/// They know of each other after a second or two.
const WHOLE_WITHIN: Duration = Duration::from_secs(60);

/// A Cassandra cluster on 127.0.0.1, 127.0.0.2 and so on, the same port each; no password.
#[derive(Debug)]
pub struct Cassandra {
    nodes: Vec<Server>,
}

/// Starts a Cassandra cluster with settings of one's own.
#[derive(Clone, Debug)]
pub struct CassandraBuilder {
    nodes: u8,
    settings: Vec<(String, String)>,
}

impl Cassandra {
    /// Starts one node and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not start; the error says what to check.
    pub fn start() -> Result<Self, Error> {
        Self::builder().start()
    }

    /// Starts that many nodes and waits until each sees all others.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not start; the error says what to check.
    pub fn start_nodes(nodes: u8) -> Result<Self, Error> {
        Self::builder().nodes(nodes).start()
    }

    /// To start one with settings.
    #[must_use]
    pub fn builder() -> CassandraBuilder {
        CassandraBuilder { nodes: 1, settings: Vec::new() }
    }

    /// `cassandra://127.0.0.1:PORT,127.0.0.2:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        let addresses: Vec<String> = self.nodes.iter().map(|node| node.address().to_string()).collect();
        format!("cassandra://{}", addresses.join(","))
    }

    /// All nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// A node by its number, which is the last of its address: 1 is 127.0.0.1.
    ///
    /// # Panics
    ///
    /// When there is no such node.
    #[must_use]
    pub fn node(&self, number: usize) -> &Server {
        &self.nodes[number - 1]
    }

    /// Waits until every node reaches every other, for example after a restart. Until then a request that needs a
    /// node which was away can be refused.
    ///
    /// # Errors
    ///
    /// When they do not find each other within a minute.
    pub fn wait_until_whole(&self) -> Result<(), Error> {
        let started = Instant::now();
        while let Err(error) = self.is_whole() {
            if started.elapsed() > WHOLE_WITHIN {
                return Err(Error::NotWhole {
                    urls: self.url(),
                    limit: WHOLE_WITHIN,
                    detail: error.to_string(),
                });
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Every node has a copy of this table: a read of all copies needs all of them.
    fn is_whole(&self) -> std::io::Result<()> {
        let read = "SELECT * FROM system_distributed.view_build_status";
        self.nodes.iter().try_for_each(|node| cql::query(node.address(), read, cql::ALL).map(drop))
    }
}

impl CassandraBuilder {
    /// How many nodes; at least one. Each takes 0.6 to 1 GB of memory.
    #[must_use]
    pub fn nodes(mut self, nodes: u8) -> Self {
        self.nodes = nodes.max(1);
        self
    }

    /// A line of `cassandra.yaml`, added or in place of the one that is there: `("write_request_timeout", "5s")`.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not start; the error says what to check.
    pub fn start(&self) -> Result<Cassandra, Error> {
        let addresses: Vec<Ipv4Addr> = (1..=self.nodes).map(|node| Ipv4Addr::new(127, 0, 0, node)).collect();
        let ports = Ports { native: port::free(&addresses)?, storage: port::free(&addresses)? };
        let cluster = Cassandra { nodes: self.start_all(&addresses, ports)? };
        // One node alone has nobody to find, and may let in only who has a password, which this question has not.
        if self.nodes > 1 {
            cluster.wait_until_whole()?;
        }
        Ok(cluster)
    }

    /// The first one first: the others learn from it about each other.
    fn start_all(&self, addresses: &[Ipv4Addr], ports: Ports) -> Result<Vec<Server>, Error> {
        let mut nodes = vec![self.start_node(addresses[0], ports)?];
        thread::scope(|scope| {
            let start = |address| scope.spawn(move || self.start_node(address, ports));
            let starting: Vec<_> = addresses[1..].iter().copied().map(start).collect();
            for node in starting {
                nodes.push(node.join().unwrap_or_else(|panic| resume_unwind(panic))?);
            }
            Ok(nodes)
        })
    }

    fn start_node(&self, address: Ipv4Addr, ports: Ports) -> Result<Server, Error> {
        let java = java::find()?;
        let jars = java::jars()?;
        let path = folder();
        let command = java::command(&java, &jars, &path, self.nodes);
        let program = Program { folder: path.clone(), user: None, command };
        let server = Server::stand_by(KIND, SocketAddr::from((address, ports.native)), &program)?;
        Settings::new(&path, address, ports)
            .with(&self.settings)
            .write(&path)
            .map_err(Error::io(format!("Cassandra: its settings cannot be written to {}", path.display())))?;
        server.run()?;
        Ok(server)
    }
}
