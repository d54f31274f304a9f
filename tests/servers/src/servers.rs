//! The servers that were asked for.

use std::thread::{self, ScopedJoinHandle};

use test_servers::{Cassandra, Error, MariaDb, Postgres};

use crate::arguments::Arguments;

#[derive(Debug)]
pub(crate) struct Servers {
    mariadb: Option<MariaDb>,
    postgres: Option<Postgres>,
    cassandra: Option<Cassandra>,
}

impl Servers {
    /// All at once: Cassandra takes as long as it does, the others are ready before.
    pub(crate) fn start(asked: &Arguments) -> Result<Self, Error> {
        thread::scope(|scope| {
            let mariadb = asked.mariadb.then(|| scope.spawn(with_usual_log));
            let postgres = asked.postgres.then(|| scope.spawn(Postgres::start));
            let cassandra = asked.cassandra.map(|nodes| scope.spawn(move || Cassandra::start_nodes(nodes)));
            let (mariadb, postgres, cassandra) = (started(mariadb), started(postgres), started(cassandra));
            Ok(Self { mariadb: mariadb?, postgres: postgres?, cassandra: cassandra? })
        })
    }

    /// The URL of each that runs, under the name by which a command finds it.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&'static str, String)> {
        let urls = [
            ("CROSSFADE_MYSQL_URL", self.mariadb.as_ref().map(MariaDb::url)),
            (
                "CROSSFADE_POSTGRES_URL",
                self.postgres
                    .as_ref()
                    .map(|postgres| postgres.url().trim_end_matches("/postgres").to_owned()),
            ),
            ("CROSSFADE_CASSANDRA_URL", self.cassandra.as_ref().map(Cassandra::url)),
        ];
        urls.into_iter().filter_map(|(name, url)| Some((name, url?)))
    }
}

/// With a log as large as it is by default: what is measured would wait for a small one to be emptied.
fn with_usual_log() -> Result<MariaDb, Error> {
    MariaDb::builder().arg("--innodb-log-file-size=96M").start()
}

fn started<T>(starting: Option<ScopedJoinHandle<'_, Result<T, Error>>>) -> Result<Option<T>, Error> {
    let join = |handle: ScopedJoinHandle<'_, _>| {
        handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    };
    starting.map(join).transpose()
}
