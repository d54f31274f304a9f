//! PostgreSQL.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::guard::Program;
use crate::server::{Kind, folder, is_root};
use crate::{Error, Server, port, program};

const KIND: Kind = Kind { name: "PostgreSQL", greet, ready_within: Duration::from_secs(90) };

/// Root's server runs as the user that Debian's package creates: PostgreSQL refuses to run as root.
const USER: &str = "postgres";

/// A PostgreSQL server; the user and the database are `postgres`, without a password. Dereferences to [`Server`].
#[derive(Debug)]
pub struct Postgres {
    server: Server,
}

impl Postgres {
    /// Starts one and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not start; the error says what to check.
    pub fn start() -> Result<Self, Error> {
        let postgres = find("postgres")?;
        let initdb = find("initdb")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port::free(&[Ipv4Addr::LOCALHOST])?));
        let program = program(&postgres, &folder(), address);
        let server = Server::stand_by(KIND, address, &program)?;
        if let Some(user) = program.user {
            server.prepare(&["chown".into(), user.into(), program.folder.clone().into()])?;
        }
        server.prepare(&make_data(&initdb, &program))?;
        server.run()?;
        Ok(Self { server })
    }

    /// `postgres://postgres@127.0.0.1:PORT/postgres`
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.server.address())
    }
}

impl Deref for Postgres {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

fn program(postgres: &Path, folder: &Path, address: SocketAddr) -> Program {
    let port = address.port().to_string();
    let mut command: Vec<OsString> = vec![postgres.into(), "-D".into(), folder.join("data").into()];
    command.extend(["-h", "127.0.0.1", "-p", &port, "-k"].map(Into::into));
    command.push(folder.into());
    // In the folder, which goes with the server; by default such memory outlives a server that was killed.
    command.extend(["-c", "dynamic_shared_memory_type=mmap"].map(Into::into));
    Program { folder: folder.to_owned(), user: is_root().then_some(USER), command }
}

fn make_data(initdb: &Path, program: &Program) -> Vec<OsString> {
    let mut command = Vec::new();
    if let Some(user) = program.user {
        let ids = [format!("--reuid={user}"), format!("--regid={user}")];
        command.push("setpriv".into());
        command.extend(ids.map(Into::into));
        command.extend(["--init-groups", "--"].map(Into::into));
    }
    command.extend([initdb.into(), "-D".into(), program.folder.join("data").into()]);
    command.extend(["-A", "trust", "-U", "postgres", "-E", "UTF8"].map(Into::into));
    command.extend(["--locale=C.UTF-8", "--no-sync"].map(Into::into));
    command
}

/// Debian keeps the programs of each version in a folder of its own.
fn find(name: &'static str) -> Result<PathBuf, Error> {
    let mut folders: Vec<PathBuf> =
        program::entries("/usr/lib/postgresql", "").iter().map(|version| version.join("bin")).collect();
    if folders.is_empty() {
        folders.push("/usr/lib/postgresql".into());
    }
    program::find(KIND.name, name, folders)
}

/// It takes connections before it has recovered, and then answers with an error (`E`). Ready is who asks for no
/// password (`R`).
fn greet(stream: &mut TcpStream) -> io::Result<()> {
    const VERSION_3: u32 = 3 << 16;
    let parameters = b"user\0postgres\0database\0postgres\0\0";
    let length = (8 + parameters.len()) as u32;
    let mut startup = [length.to_be_bytes(), VERSION_3.to_be_bytes()].concat();
    startup.extend(parameters);
    stream.write_all(&startup)?;
    let mut kind = [0];
    stream.read_exact(&mut kind)?;
    if kind == *b"R" { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
}
