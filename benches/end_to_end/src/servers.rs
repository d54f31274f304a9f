//! The servers and the folder that the measurements use.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use crossfade::route::Stage;
use tempfile::TempDir;

use super::cassandra::InCassandra;
use super::invoices::Service;
use super::mariadb::MariaDb;
use super::migrated::Migrated;

/// Where they are.
#[derive(Args, Debug)]
pub(crate) struct Places {
    /// MariaDB, without a database: one is made anew.
    #[arg(long, env = "CROSSFADE_MYSQL_URL", value_name = "URL")]
    mysql: Option<String>,
    /// Cassandra, without a keyspace: one is made anew.
    #[arg(long, env = "CROSSFADE_CASSANDRA_URL", value_name = "URL")]
    cassandra: Option<String>,
    /// PostgreSQL, for a journal: a database is made anew.
    #[arg(long, env = "CROSSFADE_POSTGRES_URL", value_name = "URL")]
    pub(crate) postgres: Option<String>,
    /// Where journals in files lie: on the disk that is to be measured. Default: the system's folder for temporary files.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// MariaDB, Cassandra, and a folder for journals.
pub(crate) struct Servers {
    pub(crate) mariadb: MariaDb,
    pub(crate) cassandra: InCassandra,
    pub(crate) folder: Folder,
}

/// Journals in files of its own, gone with it.
pub(crate) struct Folder(TempDir);

impl Places {
    /// The URL of MariaDB.
    pub(crate) fn mysql(&self) -> Result<&str> {
        self.mysql.as_deref().context("CROSSFADE_MYSQL_URL is not set: ./tests/servers/run sets it")
    }

    /// A folder for journals.
    pub(crate) fn folder(&self) -> Result<Folder> {
        let within = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        Ok(Folder(tempfile::tempdir_in(within)?))
    }

    /// Connects, and makes the tables anew.
    pub(crate) async fn connect(&self) -> Result<Servers> {
        let cassandra = self.cassandra.as_deref();
        let cassandra =
            cassandra.context("CROSSFADE_CASSANDRA_URL is not set: ./tests/servers/run sets it")?;
        let mariadb = MariaDb::open(self.mysql()?).await.context("MariaDB")?;
        let cassandra = InCassandra::open(cassandra).await.context("Cassandra")?;
        Ok(Servers { mariadb, cassandra, folder: self.folder()? })
    }
}

impl Folder {
    /// The path of a file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The URL of a new journal.
    pub(crate) fn journal(&self) -> String {
        format!("sqlite:{}", self.0.path().join(format!("{:016x}.db", fastrand::u64(..))).display())
    }
}

impl Servers {
    /// Crossfade around both, in a stage, with a durable journal in a file.
    pub(crate) async fn migrated(
        &self,
        stage: Stage,
        config: &str,
    ) -> Result<Migrated<MariaDb, InCassandra>> {
        let legacy = (self.mariadb.clone(), self.mariadb.service());
        let target = (self.cassandra.clone(), self.cassandra.service());
        Migrated::at((stage, config), &self.folder.journal(), legacy, target).await
    }

    /// What a team would write: MariaDB, then what is read back to Cassandra. No journal, no stamps, not safe to cancel.
    pub(crate) fn by_hand(&self) -> Service {
        super::by_hand::service(&self.mariadb, &self.cassandra)
    }

    /// What was measured with.
    pub(crate) fn versions(&self) -> String {
        format!("MariaDB {}, Cassandra {}", self.mariadb.version, self.cassandra.version)
    }
}
