//! The shell script that stands between this process and a server.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const SCRIPT: &str = include_str!("guard.sh");

/// The end of a log that an error shows.
const LOG_BYTES_MAX: u64 = 4_000;

/// What the guard runs.
pub(crate) struct Program {
    /// It removes this folder in the end.
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
    /// Starts nothing but the guard.
    pub(crate) fn stand_by(program: &Program) -> io::Result<Self> {
        let log = program.folder.join("log");
        let mut process = Command::new("sh")
            .args(["-c", SCRIPT, "guard"])
            .args([program.folder.as_path(), &log, Path::new(program.user.unwrap_or_default())])
            .args(&program.command)
            .current_dir(&program.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A group of its own: Ctrl-C in the terminal is for this process, which may have something left to do.
            .process_group(0)
            .spawn()?;
        let orders = process.stdin.take();
        let answers = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { process, orders, answers: BufReader::new(answers), log })
    }

    /// Gives an order and waits for the answer: what was ordered is done then.
    pub(crate) fn order(&mut self, order: &str) -> io::Result<String> {
        let mut orders = self.orders.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        orders.write_all(format!("{order}\n").as_bytes())?;
        let mut answer = String::new();
        match self.answers.read_line(&mut answer)? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the guard of the server has ended")),
            _ => Ok(answer.trim_end().to_owned()),
        }
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

fn read_end(path: &Path) -> io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES_MAX)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
