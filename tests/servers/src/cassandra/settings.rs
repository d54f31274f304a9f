//! `cassandra.yaml`, and where the log goes.

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

/// To the standard output, which the guard puts into the server's log.
const LOGBACK: &str = r#"<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%date{HH:mm:ss.SSS} %-5level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
"#;

/// The same on every node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) native: u16,
    /// The nodes' own.
    pub(super) storage: u16,
}

/// The lines of `cassandra.yaml`, in their order.
#[derive(Debug)]
pub(super) struct Settings {
    lines: Vec<(String, String)>,
}

impl Settings {
    pub(super) fn new(folder: &Path, address: Ipv4Addr, ports: Ports) -> Self {
        let own = |name: &str| format!("\"{}\"", folder.join(name).display());
        let seeds = format!("\"127.0.0.1:{}\"", ports.storage);
        let lines = [
            ("cluster_name", "crossfade".to_owned()),
            ("partitioner", "org.apache.cassandra.dht.Murmur3Partitioner".to_owned()),
            ("num_tokens", "16".to_owned()),
            ("auto_bootstrap", "false".to_owned()), // which takes minutes, for data that is not there
            ("endpoint_snitch", "SimpleSnitch".to_owned()),
            (
                "seed_provider",
                format!(
                    "[{{class_name: org.apache.cassandra.locator.SimpleSeedProvider, parameters: [{{seeds: {seeds}}}]}}]"
                ),
            ),
            ("listen_address", address.to_string()),
            ("rpc_address", address.to_string()),
            ("storage_port", ports.storage.to_string()),
            ("native_transport_port", ports.native.to_string()),
            ("authenticator", "AllowAllAuthenticator".to_owned()),
            ("authorizer", "AllowAllAuthorizer".to_owned()),
            ("data_file_directories", format!("[{}]", own("data"))),
            ("commitlog_directory", own("commitlog")),
            ("hints_directory", own("hints")),
            ("saved_caches_directory", own("saved_caches")),
            ("cdc_raw_directory", own("cdc_raw")),
            // What Cassandra ships with. It survives kill -9 but for the last 100 ms; a crash of the machine may take 10 s.
            ("commitlog_sync", "periodic".to_owned()),
            ("commitlog_sync_period", "10000ms".to_owned()),
            ("memtable_heap_space", "64MiB".to_owned()),
            ("memtable_offheap_space", "64MiB".to_owned()),
            ("file_cache_enabled", "false".to_owned()),
            ("auto_snapshot", "false".to_owned()),
        ];
        Self { lines: lines.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
    }

    /// Cassandra refuses a name that is there twice.
    pub(super) fn with(mut self, others: &[(String, String)]) -> Self {
        for (name, value) in others {
            self.lines.retain(|(known, _)| known != name);
            self.lines.push((name.clone(), value.clone()));
        }
        self
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let yaml: String = self.lines.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        std::fs::write(folder.join("cassandra.yaml"), yaml)?;
        std::fs::write(folder.join("logback.xml"), LOGBACK)
    }
}
