//! Java for Cassandra: which one, and what it has to be told.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Error, program};

/// The version that `./tests/servers/install` fetches.
const JARS: &str = "crossfade-tools/cassandra-5.0.7/lib";

/// Internals of the JDK that Cassandra uses; those in use by reflection alone are opened.
const EXPORTS: [&str; 8] = [
    "java.base/jdk.internal.misc",
    "java.base/jdk.internal.ref",
    "java.base/sun.nio.ch",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.rmi/sun.rmi.transport.tcp",
    "java.sql/java.sql",
];
const OPENS: [&str; 17] = [
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.module",
    "java.base/java.lang.reflect",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/sun.nio.ch",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.util.jar",
    "jdk.management/com.sun.management.internal",
    "java.rmi/sun.rmi.transport.tcp",
];

/// Small, and quick to start: no waiting for other nodes' gossip, which on one machine has nothing to wait for, and
/// code that is compiled quickly in place of code that runs fastest. Not for measuring what Cassandra can do.
const OPTIONS: [&str; 12] = [
    "-XX:TieredStopAtLevel=1",
    "-XX:+PerfDisableSharedMem", // a file in /tmp that stays when the node is killed
    "-Xms256m",
    "-Xmx256m",
    "-Xss512k",
    "-XX:+UseSerialGC",
    "-Djdk.attach.allowAttachSelf=true",
    "-Djava.net.preferIPv4Stack=true",
    "-Dcassandra-foreground=yes",
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.ring_delay_ms=100",
    "-Dcassandra.superuser_setup_delay_ms=0",
];

/// `JAVA_HOME` when it is a JDK 17, or else one that a package has put in its place.
pub(super) fn find() -> Result<PathBuf, Error> {
    std::env::var_os("JAVA_HOME")
        .map(PathBuf::from)
        .into_iter()
        .chain(program::entries("/usr/lib/jvm", "17"))
        .find(|home| is_17(home))
        .map(|home| home.join("bin/java"))
        .ok_or(Error::MissingJdk)
}

fn is_17(home: &Path) -> bool {
    let release = std::fs::read_to_string(home.join("release")).unwrap_or_default();
    release.lines().any(|line| line.starts_with("JAVA_VERSION=\"17")) && home.join("bin/java").is_file()
}

pub(super) fn jars() -> Result<PathBuf, Error> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let cache =
        std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from).or_else(home);
    let folder = cache.unwrap_or_default().join(JARS);
    if folder.is_dir() { Ok(folder) } else { Err(Error::MissingJars { folder }) }
}

/// `nodes` is how many copies Cassandra keeps of what it shares between nodes.
pub(super) fn command(java: &Path, jars: &Path, folder: &Path, nodes: u8) -> Vec<OsString> {
    let mut command: Vec<OsString> = vec![java.into()];
    command.extend(OPTIONS.map(Into::into));
    command.extend(EXPORTS.map(|package| format!("--add-exports={package}=ALL-UNNAMED").into()));
    command.extend(OPENS.map(|package| format!("--add-opens={package}=ALL-UNNAMED").into()));
    // Measures objects in memory; Cassandra does not start without it.
    command.extend(
        program::entries(jars, "jamm-").iter().map(|jar| format!("-javaagent:{}", jar.display()).into()),
    );
    let folder = folder.display();
    command.extend([
        format!("-Dcassandra.system_distributed.default_rf={nodes}").into(),
        format!("-Dcassandra.config=file://{folder}/cassandra.yaml").into(),
        format!("-Dcassandra.storagedir={folder}").into(),
        format!("-Dlogback.configurationFile={folder}/logback.xml").into(),
        format!("-Djava.io.tmpdir={folder}").into(),
        "-cp".into(),
        jars.join("*").into(),
        "org.apache.cassandra.service.CassandraDaemon".into(),
    ]);
    command
}
