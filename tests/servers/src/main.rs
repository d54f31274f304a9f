//! Starts servers, runs a command that finds them in its environment, and stops them. `./tests/servers/run --help`
//! says more: that script installs what is missing and calls this program.

mod arguments;
mod command;
mod servers;

use std::process::ExitCode;

use self::arguments::Arguments;
use self::servers::Servers;

/// As `env` and `timeout` do: a failure of this program, apart from those of the command.
const FAILED: u8 = 125;
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) => run(&arguments),
        Err(unclear) => {
            eprintln!("tests/servers/run: {unclear}. ./tests/servers/run --help says more.");
            ExitCode::from(MISUSED)
        }
    }
}

fn run(arguments: &Arguments) -> ExitCode {
    let servers = match Servers::start(arguments) {
        Ok(servers) => servers,
        Err(error) => {
            eprintln!("tests/servers/run: {error}");
            return ExitCode::from(FAILED);
        }
    };
    match command::run(&arguments.command, servers.environment()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("tests/servers/run: {} cannot be run: {error}", arguments.command[0].display());
            ExitCode::from(FAILED)
        }
    }
}
