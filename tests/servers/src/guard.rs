//! The shell script that stands between this process and a server.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const SCRIPT: &str = include_str!("guard.sh");

/// The end of a log that an error shows.
const LOG_BYTES_MAX: u64 = 4_000;

/// What the guard runs.
pub(crate) struct Program {
    /// The guard makes this folder, and removes it in the end.
    pub(crate) folder: PathBuf,
    /// Another user than this process's.
    pub(crate) user: Option<&'static str>,
    pub(crate) command: Vec<OsString>,
}

/// Ends the server, and removes its folder, when it is dropped or when this process is gone.
#[derive(Debug)]
pub(crate) struct Guard {
    process: Child,
    /// Closed first when the guard is to end.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    log: PathBuf,
}

impl Guard {
    /// Starts nothing but the guard, which makes the folder.
    pub(crate) fn stand_by(program: &Program) -> io::Result<Self> {
        let log = program.folder.join("log");
        let mut process = Command::new("sh")
            .args(["-c", SCRIPT, "guard"])
            .args([program.folder.as_path(), &log, Path::new(program.user.unwrap_or_default())])
            .args(&program.command)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A group of its own: Ctrl-C in the terminal is for this process, which may have something left to do.
            .process_group(0)
            .spawn()?;
        let orders = process.stdin.take();
        let answers = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut guard = Self { process, orders, answers: BufReader::new(answers), log };
        guard.answer()?;
        Ok(guard)
    }

    /// Gives an order and waits for the answer: what was ordered is done then.
    pub(crate) fn order(&mut self, order: &str) -> io::Result<String> {
        let mut orders = self.orders.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        orders.write_all(format!("{order}\n").as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<String> {
        let mut answer = String::new();
        match self.answers.read_line(&mut answer)? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the guard of the server has ended")),
            _ => Ok(answer.trim_end().to_owned()),
        }
    }

    /// Runs a command to its end, as part of the guard: it does not outlive it. Whether it succeeded.
    pub(crate) fn prepare(&mut self, command: &[OsString]) -> io::Result<bool> {
        let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
        Ok(self.order(&format!("prepare {}", words.join(" ")))? == "prepare")
    }

    pub(crate) fn server_runs(&mut self) -> io::Result<bool> {
        Ok(self.order("state")? == "running")
    }

    pub(crate) fn end_of_log(&self) -> String {
        read_end(&self.log).unwrap_or_else(|error| format!("{} cannot be read: {error}", self.log.display()))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.orders.take());
        // The guard ends by itself; nothing is left to be done about one that cannot be waited for.
        self.process.wait().ok();
    }
}

/// For the shell.
fn quoted(word: &OsStr) -> String {
    format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"))
}

fn read_end(path: &Path) -> io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES_MAX)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
