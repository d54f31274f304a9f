//! MariaDB.

use std::ffi::OsString;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use crate::guard::Program;
use crate::server::{Kind, folder, is_root};
use crate::{Error, Server, port, program};

const KIND: Kind = Kind { name: "MariaDB", greet, ready_within: Duration::from_secs(90) };

/// A MariaDB server; the user is `root`, without a password. Dereferences to [`Server`].
#[derive(Debug)]
pub struct MariaDb {
    server: Server,
}

/// Starts a MariaDB server with arguments of one's own.
#[derive(Clone, Debug, Default)]
pub struct MariaDbBuilder {
    arguments: Vec<OsString>,
}

impl MariaDb {
    /// Starts one and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not start; the error says what to check.
    pub fn start() -> Result<Self, Error> {
        Self::builder().start()
    }

    /// To start one with arguments.
    #[must_use]
    pub fn builder() -> MariaDbBuilder {
        MariaDbBuilder::default()
    }

    /// `mysql://root@127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("mysql://root@{}", self.server.address())
    }
}

impl Deref for MariaDb {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl MariaDbBuilder {
    /// One argument of `mariadbd`, after those that it gets anyway: `--read-only=1`, `--max-connections=5`.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not start; the error says what to check.
    pub fn start(self) -> Result<MariaDb, Error> {
        let mariadbd = find("mariadbd")?;
        let install_db = find("mariadb-install-db")?;
        let folder = folder();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port::free(&[Ipv4Addr::LOCALHOST])?));
        let program = self.program(&mariadbd, &folder, address);
        let install = install(&install_db, &folder.join("data"));
        let server = Server::stand_by(KIND, address, &program)?;
        server.prepare(&install)?;
        server.run()?;
        Ok(MariaDb { server })
    }

    fn program(self, mariadbd: &Path, folder: &Path, address: SocketAddr) -> Program {
        let mut command = vec![mariadbd.into()];
        command.extend(common_arguments(&folder.join("data")));
        command.extend([
            option("--socket=", &folder.join("socket")),
            option("--pid-file=", &folder.join("pid")),
        ]);
        command.push(format!("--port={}", address.port()).into());
        command.extend(
            ["--bind-address=127.0.0.1", "--skip-networking=0", "--skip-name-resolve"].map(Into::into),
        );
        command.extend(self.arguments);
        Program { folder: folder.to_owned(), user: None, command }
    }
}

fn install(install_db: &Path, data: &Path) -> Vec<OsString> {
    let mut arguments = vec![install_db.into()];
    arguments.extend(common_arguments(data));
    // An empty folder need not survive a crash of the machine; waiting for the disk takes most of the time.
    let no_sync = ["--debug-no-sync", "--innodb-flush-method=nosync"];
    arguments.extend(no_sync.map(Into::into));
    arguments.extend(["--auth-root-authentication-method=normal", "--skip-test-db"].map(Into::into));
    arguments
}

/// `--no-defaults` has to be the first. A small log: the server writes all of it when it is installed. Temporary files
/// in a folder of its own: a server that starts removes those that others have in the same one.
fn common_arguments(data: &Path) -> Vec<OsString> {
    let own = data.parent().unwrap_or(data);
    let mut arguments = vec!["--no-defaults".into(), option("--datadir=", data), option("--tmpdir=", own)];
    arguments.push("--innodb-log-file-size=8M".into());
    if is_root() {
        arguments.push("--user=root".into());
    }
    arguments
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}

fn find(name: &'static str) -> Result<std::path::PathBuf, Error> {
    program::find(KIND.name, name, ["/usr/sbin", "/usr/bin", "/usr/local/sbin"].map(Into::into).to_vec())
}

/// The server speaks first: a packet's length (3 bytes), its number, then the version of the protocol, or 255 and an
/// error.
fn greet(stream: &mut TcpStream) -> io::Result<()> {
    const PROTOCOL: u8 = 10;
    let mut greeting = [0; 5];
    stream.read_exact(&mut greeting)?;
    if greeting[4] == PROTOCOL { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
}
