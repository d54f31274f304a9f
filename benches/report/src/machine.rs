//! Where it was measured, and with what.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use bench_report::Table;

/// The crates whose version matters to a number.
const CRATES: [&str; 9] = [
    "axum",
    "launchdarkly-server-sdk",
    "request-shadow",
    "rusqlite",
    "scylla",
    "sqlx",
    "tokio",
    "tower",
    "tower-service",
];

/// The machine, the compiler and the crates.
pub(crate) fn table() -> Table {
    let mut table = Table::new("", &["", ""]);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    table.row(["processor".into(), format!("{cores} cores of {processor}").into()]);
    table.row(["memory".into(), field("/proc/meminfo", "MemTotal").unwrap_or_default().into()]);
    table.row(["system".into(), said("uname", &["-sr"]).into()]);
    table.row(["compiler".into(), said("rustc", &["--version"]).into()]);
    table.row(["commit".into(), said("git", &["describe", "--always", "--dirty"]).into()]);
    table.row(["crates".into(), crates().into()]);
    table
}

/// The first line of a file of `/proc` that has this name.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| "?".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Their versions in the lock file.
fn crates() -> String {
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let lines: Vec<&str> = lock.lines().collect();
    for pair in lines.windows(2) {
        let [Some(name), Some(version)] = [quoted(pair[0], "name"), quoted(pair[1], "version")] else {
            continue;
        };
        if CRATES.contains(&name) {
            found.entry(name).or_default().push(version);
        }
    }
    let each: Vec<String> =
        found.iter().map(|(name, versions)| format!("{name} {}", versions.join(" and "))).collect();
    each.join(", ")
}

fn quoted<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"')
}
