//! `./tests/servers/run`, and the program that it calls.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_test-servers");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/run");
const SIGTERM: i32 = 15;

/// Servers whose command waits for its standard input to end.
struct Trial {
    program: Child,
    servers: Vec<u32>,
    folders: TempDir,
}

impl Trial {
    fn start(command: &str) -> Self {
        let folders = folders();
        let mut program = program(&folders, command);
        let mut line = String::new();
        BufReader::new(program.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let servers = servers_of(program.id());
        assert!(servers.len() > 2, "PostgreSQL alone is more than one process: {servers:?}");
        Self { program, servers, folders }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.program.id() as i32).unwrap(), signal).unwrap();
    }

    /// The shell that waits for the end of its input is not one of them.
    fn nothing_is_left(&self) -> bool {
        is_empty(&self.folders)
            && !self.servers.iter().any(|pid| state(*pid).is_some_and(|state| state != 'Z'))
    }
}

/// The user that PostgreSQL runs as has to reach its own in there.
fn folders() -> TempDir {
    let folders = tempfile::tempdir().unwrap();
    fs::set_permissions(folders.path(), Permissions::from_mode(0o755)).unwrap();
    folders
}

fn is_empty(folders: &TempDir) -> bool {
    fs::read_dir(folders.path()).unwrap().next().is_none()
}

fn program(folders: &TempDir, command: &str) -> Child {
    let mut program = Command::new(PROGRAM);
    program.args(["--mariadb", "--postgres", "sh", "-c", command]).env("TMPDIR", folders.path());
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// What the guards, which are shells with a folder as their own, have started.
fn servers_of(program: u32) -> Vec<u32> {
    let guards = started_by(program).into_iter().filter(|pid| is_guard(*pid));
    let servers: Vec<u32> = guards.flat_map(started_by).collect();
    let workers: Vec<u32> = servers.iter().flat_map(|pid| started_by(*pid)).collect();
    [servers, workers].concat()
}

fn is_guard(pid: u32) -> bool {
    let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    words.split('\0').nth(3) == Some("guard")
}

fn started_by(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
    let pids = entries.filter_map(|name| name.to_str()?.parse().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|(_, of)| of == parent)).collect()
}

fn state(pid: u32) -> Option<char> {
    stat(pid).map(|(state, _)| state)
}

/// After the name in brackets: the state, and the pid of the process that started it.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    let mut words = stat.rsplit_once(") ")?.1.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

fn within(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    while started.elapsed() < limit {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn servers_die_with_the_process_that_started_them() {
    let mut trial = Trial::start("echo ready; cat");
    trial.signal(Signal::KILL);
    trial.program.wait().unwrap();
    assert!(within(Duration::from_secs(30), || trial.nothing_is_left()));
}

#[test]
fn nothing_is_left_of_servers_whose_process_dies_while_they_start() {
    let folders = folders();
    for milliseconds in [0, 50, 200, 600] {
        let mut program = program(&folders, "cat");
        assert!(within(Duration::from_secs(30), || !is_empty(&folders)));
        std::thread::sleep(Duration::from_millis(milliseconds));
        program.kill().unwrap();
        program.wait().unwrap();
        assert!(within(Duration::from_secs(30), || is_empty(&folders)), "{milliseconds}");
    }
}

#[test]
fn a_signal_goes_to_the_command_and_the_servers_stop_after_it() {
    let mut trial = Trial::start("trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done");
    trial.signal(Signal::TERM);
    assert_eq!(trial.program.wait().unwrap().code(), Some(9));
    assert!(trial.nothing_is_left());
}

#[test]
fn a_signal_to_a_guard_ends_its_server() {
    let mut trial = Trial::start("echo ready; cat");
    for guard in started_by(trial.program.id()).into_iter().filter(|pid| is_guard(*pid)) {
        kill_process(Pid::from_raw(guard as i32).unwrap(), Signal::TERM).unwrap();
    }
    assert!(within(Duration::from_secs(30), || trial.nothing_is_left()));
    drop(trial.program.stdin.take());
    assert!(trial.program.wait().unwrap().success());
}

#[test]
fn run_exits_as_its_command_does() {
    let script = |command: &str| {
        Command::new(SCRIPT).args(["--mariadb", "sh", "-c", command]).stdin(Stdio::null()).status().unwrap()
    };
    assert_eq!(script("exit 7").code(), Some(7));
    let by_signal = script("kill -TERM $$");
    assert_eq!((by_signal.code(), by_signal.signal()), (Some(128 + SIGTERM), None));
}

#[test]
fn the_command_has_the_standard_streams_and_the_urls() {
    let mut program = Command::new(PROGRAM)
        .args(["--mariadb", "sh", "-c", "cat; echo \" $CROSSFADE_MYSQL_URL $CROSSFADE_POSTGRES_URL\""])
        .env_remove("CROSSFADE_POSTGRES_URL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(b"given").unwrap();
    let output = program.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("given mysql://root@127.0.0.1:") && text.ends_with(" \n"), "{text}");
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let output = Command::new(PROGRAM).args(["--mariadb", "no-such-command"]).output().unwrap();
    assert_eq!(output.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-command cannot be run"));
}

#[test]
fn missing_jars_are_named_with_how_to_install_them() {
    let empty = tempfile::tempdir().unwrap();
    let mut program = Command::new(PROGRAM);
    let output = program.args(["--cassandra", "true"]).env("XDG_CACHE_HOME", empty.path()).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(125));
    assert!(words.contains("run ./tests/servers/install --cassandra"), "{words}");
}
