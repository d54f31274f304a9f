//! The command that the servers are for.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, getpgrp, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Runs it with this process's standard streams. Signals to this process are for the command: when it ends, this
/// process goes on and stops the servers.
pub(crate) fn run(
    command: &[OsString],
    environment: impl Iterator<Item = (&'static str, String)>,
) -> io::Result<u8> {
    // Before the command starts: its end is not missed.
    let mut signals = Signals::new([SIGCHLD, SIGHUP, SIGINT, SIGTERM])?;
    let mut child = Command::new(&command[0]).args(&command[1..]).envs(environment).spawn()?;
    for signal in signals.forever() {
        match signal {
            SIGCHLD => {
                if let Some(status) = child.try_wait()? {
                    return Ok(code(status));
                }
            }
            SIGINT if comes_from_a_terminal() => {}
            signal => forward(signal, &child),
        }
    }
    child.wait().map(code)
}

/// Then the terminal has sent it to the command too, which need not get it twice.
fn comes_from_a_terminal() -> bool {
    let Ok(terminal) = std::fs::File::open("/dev/tty") else { return false };
    rustix::termios::tcgetpgrp(terminal).is_ok_and(|foreground| foreground == getpgrp())
}

/// The command was not waited for yet: the pid is still its own.
fn forward(signal: i32, command: &Child) {
    let pid = i32::try_from(command.id()).ok().and_then(Pid::from_raw);
    let (Some(pid), Some(signal)) = (pid, Signal::from_named_raw(signal)) else { return };
    // It may just have ended; the next signal is then SIGCHLD.
    kill_process(pid, signal).ok();
}

/// As a shell does, 128 and the signal that ended it.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
