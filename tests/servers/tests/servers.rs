//! MariaDB and PostgreSQL, asked with the clients that their packages bring. Cassandra's tests are in its module.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use test_servers::{Error, MariaDb, Postgres, Server};

/// More than a server takes that does not hang.
const PATIENCE: Duration = Duration::from_secs(1);

const MAKE: &str = "CREATE TABLE numbers (id int PRIMARY KEY); INSERT INTO numbers VALUES (42)";
const READ: &str = "SELECT id FROM numbers";

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn in_mariadb(server: &MariaDb, statement: &str) -> Result<String, String> {
    let port = format!("--port={}", server.address().port());
    let common =
        ["--no-defaults", "--host=127.0.0.1", &port, "--user=root", "--batch", "--skip-column-names"];
    output(Command::new("mariadb").args(common).args(["--execute", statement]))
}

fn in_postgres(server: &Postgres, statement: &str) -> Result<String, String> {
    output(Command::new("psql").args([&server.url(), "-X", "-A", "-t", "-q", "-c", statement]))
}

fn answers_only_while_it_is_not_paused(server: &Server) {
    assert!(server.answers_within(PATIENCE));
    server.pause().unwrap();
    assert!(!server.answers_within(PATIENCE));
    server.resume().unwrap();
    assert!(server.answers_within(PATIENCE));
}

#[test]
fn a_killed_mariadb_comes_back_with_its_data() {
    let server = MariaDb::start().unwrap();
    in_mariadb(&server, &format!("CREATE DATABASE trial; USE trial; {MAKE}")).unwrap();
    let url = server.url();
    server.kill().unwrap();
    assert!(!server.answers_within(PATIENCE));
    server.restart().unwrap();
    assert_eq!(in_mariadb(&server, &format!("USE trial; {READ}")).unwrap(), "42");
    assert_eq!(server.url(), url);
}

#[test]
fn a_killed_postgres_comes_back_with_its_data() {
    let server = Postgres::start().unwrap();
    in_postgres(&server, MAKE).unwrap();
    let url = server.url();
    server.kill().unwrap();
    assert!(!server.answers_within(PATIENCE));
    server.restart().unwrap();
    assert_eq!(in_postgres(&server, READ).unwrap(), "42");
    assert_eq!(server.url(), url);
}

#[test]
fn a_paused_server_does_not_answer_until_it_is_resumed() {
    answers_only_while_it_is_not_paused(&MariaDb::start().unwrap());
    answers_only_while_it_is_not_paused(&Postgres::start().unwrap());
}

/// PostgreSQL serves each connection by a process of its own: it is not enough to stop the first one.
#[test]
fn a_paused_postgres_does_not_answer_on_open_connections_either() {
    let server = Postgres::start().unwrap();
    let asleep = "SELECT pg_sleep(0.5)";
    let mut asking =
        Command::new("psql").args([&server.url(), "-c", asleep]).stdout(Stdio::null()).spawn().unwrap();
    let asked = format!("SELECT count(*) FROM pg_stat_activity WHERE query = '{asleep}'");
    while in_postgres(&server, &asked).unwrap() == "0" {}
    server.pause().unwrap();
    std::thread::sleep(PATIENCE);
    assert!(asking.try_wait().unwrap().is_none());
    server.resume().unwrap();
    assert!(asking.wait().unwrap().success());
}

#[test]
fn a_killed_server_cannot_be_paused() {
    let server = MariaDb::start().unwrap();
    server.kill().unwrap();
    assert!(matches!(server.pause().unwrap_err(), Error::NotRunning { server: "MariaDB", .. }));
}

#[test]
fn mariadb_takes_arguments() {
    let server = MariaDb::builder().arg("--read-only=1").arg("--max-connections=15").start().unwrap();
    assert_eq!(in_mariadb(&server, "SELECT @@read_only, @@max_connections").unwrap(), "1\t15");
}

#[test]
fn a_server_that_ends_while_it_starts_shows_its_log_at_once() {
    let started = Instant::now();
    let error = MariaDb::builder().arg("--no-such-option").start().unwrap_err();
    assert!(matches!(error, Error::Ended { server: "MariaDB", .. }), "{error}");
    assert!(error.to_string().contains("unknown option '--no-such-option'"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(60));
}
