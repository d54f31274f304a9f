//! A row in MariaDB that no record can be made of: its key becomes a dead letter, and nobody else is bothered.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossfade::backend::cassandra::{Cassandra, CassandraError};
use crossfade::backend::sql::MySql;
use crossfade::copy::Copier;
use crossfade::data::{Key, RecordStore, Scope};
use crossfade::fill::Fill;
use crossfade::functions::Functions;
use crossfade::journal::{Journal, MarkState};
use crossfade::reconcile::Reconciler;
use crossfade::route::{Asked, RoutingConfig, RoutingHandle, Stage, SwapError};
use crossfade::{Migration, Refused};
use tokio::time::timeout;

use crate::cassandra_down::until;
use crate::notes::{CassandraNotes, Note, SqlNotes, cassandra_notes, key, mysql_notes};
use crate::servers::in_mysql;

const CONFIG: &str = "[late_bound]\nlegacy = \"300ms\"\ntarget = \"300ms\"\n";
const ATTEMPTS_MAX: u32 = 3;

type Calls = Functions<MySql, Cassandra, Failed>;

/// What callers get.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Legacy(#[from] sqlx::Error),
    #[error(transparent)]
    Target(#[from] CassandraError),
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Any total is fine for legacy, also none; a [`Note`] has one.
async fn set_total(calls: &Calls, item: i64, total: Option<i64>) -> Result<(), Failed> {
    let in_legacy = move |mysql: MySql| async move {
        let update = sqlx::query("UPDATE notes SET total = ? WHERE customer = 1 AND id = ?");
        update.bind(total).bind(item).execute(mysql.pool()).await?;
        Ok(())
    };
    let in_target = move |cassandra: Cassandra| async move {
        let update = cassandra.writes("UPDATE notes SET total = ? WHERE customer = 1 AND id = ?");
        Ok(update.run((total, item)).await?)
    };
    calls.write("set_total", Key::new(&1_i64, &item), in_legacy, in_target).await
}

async fn total(calls: &Calls, item: i64) -> Option<Option<i64>> {
    let in_legacy = move |mysql: MySql| async move {
        let found = sqlx::query_scalar("SELECT total FROM notes WHERE customer = 1 AND id = ?");
        Ok(found.bind(item).fetch_optional(mysql.pool()).await?)
    };
    let in_target = move |cassandra: Cassandra| async move {
        let found =
            cassandra.reads::<(Option<i64>,)>("SELECT total FROM notes WHERE customer = 1 AND id = ?");
        Ok(found.one((item,)).await?.map(|(total,)| total))
    };
    calls.get("total", Key::new(&1_i64, &item), in_legacy, in_target).await.unwrap()
}

struct Moved {
    journal: Journal,
    routing: RoutingHandle,
    copier: Copier<SqlNotes<sqlx::MySql>, CassandraNotes>,
    legacy: SqlNotes<sqlx::MySql>,
    target: CassandraNotes,
    calls: Calls,
}

impl Moved {
    async fn begin() -> Self {
        let (legacy, target) = (mysql_notes().await, cassandra_notes().await);
        let journal = Journal::memory();
        let routing = RoutingHandle::open(&journal, RoutingConfig::from_toml(CONFIG).unwrap()).await.unwrap();
        let copier = Copier::new(routing, legacy.clone(), target.clone());
        let calls = Migration::builder(routing, copier).functions(legacy.store.clone(), target.store.clone());
        Self { journal, routing, copier, legacy, target, calls }
    }

    async fn walk_to(&self, stage: Stage) {
        for next in Stage::ALL.into_iter().filter(|next| *next > self.routing.stage() && *next <= stage) {
            self.move_to(next).await.unwrap();
            if next == Stage::DualWrite {
                Fill::new(self.copier).run().await.unwrap();
            }
        }
    }

    async fn move_to(&self, stage: Stage) -> Result<(), SwapError> {
        self.routing.move_to(stage, Asked::by("test", "because")).await?.drained().await;
        Ok(())
    }

    async fn letters(&self) -> Vec<(Scope, u32)> {
        let letters = self.journal.dead_letters(10).await.unwrap();
        assert!(letters.iter().all(|letter| letter.state == MarkState::Dead), "{letters:?}");
        letters.into_iter().map(|letter| (letter.scope, letter.attempts)).collect()
    }

    async fn copied(&self, item: i64) -> Option<i64> {
        self.target.read(&key(1, item), 0).await.unwrap().1.map(|note| note.total)
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_mapped_becomes_a_dead_letter_that_blocks_the_way_on_until_it_is_mended() {
    let log = Log::default();
    let _logged = log.begin();
    let moved = Moved::begin().await;
    for item in 1..=3 {
        moved.legacy.replace(&key(1, item), Some(&Note::new(item)), 1).await.unwrap();
    }
    moved.walk_to(Stage::Live).await;
    let reconciler = Reconciler::new(moved.copier).attempts_max(ATTEMPTS_MAX).spawn();

    // The caller is answered, whatever becomes of the copy; and so is whoever reads it, by legacy.
    set_total(&moved.calls, 2, None).await.unwrap();
    set_total(&moved.calls, 3, Some(33)).await.unwrap();
    assert_eq!(total(&moved.calls, 2).await, Some(None));
    until(async || !moved.letters().await.is_empty()).await;
    assert_eq!(moved.letters().await, [(Key::new(&1_i64, &2_i64).into(), ATTEMPTS_MAX)]);
    let stats = moved.routing.stats();
    assert_eq!((stats.keys_failed, stats.dead_letters), (u64::from(ATTEMPTS_MAX) + 1, 1), "{stats:?}");
    let said = log.text();
    let why = said.lines().find(|line| line.contains("a copy could not read the authority")).unwrap();
    assert!(why.contains("store=legacy") && why.contains("unexpected null"), "{why}");
    assert!(said.contains("a mark became a dead letter scope=key"), "{said}");
    assert_eq!(total(&moved.calls, 2).await, Some(None), "it is dirty, so legacy answers");
    assert_eq!((moved.copied(2).await, moved.copied(3).await), (Some(2), Some(33)));

    // The way on is blocked, and so is a new certificate: its page has the row.
    let refused = moved.move_to(Stage::RampDown).await.unwrap_err();
    assert!(matches!(refused, SwapError::DeadLetters { to: Stage::RampDown, letters: 1 }), "{refused}");
    assert!(timeout(Duration::from_secs(1), Fill::new(moved.copier).run()).await.is_err());
    assert!(log.text().contains("a page could not be read"), "{}", log.text());

    // Mended by hand, and asked for: it is not tried before.
    in_mysql(&moved.legacy.url, "UPDATE notes SET total = 22 WHERE id = 2").await;
    assert_eq!((moved.letters().await.len(), moved.copied(2).await), (1, Some(2)));
    moved.journal.retry_dead_letters().await.unwrap();
    until(async || moved.journal.marks() == 0).await;
    assert_eq!((moved.letters().await.len(), moved.copied(2).await), (0, Some(22)));
    Fill::new(moved.copier).run().await.unwrap();
    moved.move_to(Stage::RampDown).await.unwrap();
    set_total(&moved.calls, 2, Some(222)).await.unwrap();
    assert_eq!(total(&moved.calls, 2).await, Some(Some(222)));
    reconciler.stop().await;
    moved.routing.close().await.unwrap();
}

/// What an operator sees of this thread, on which all of a test runs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn begin(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_ansi(false);
        tracing::subscriber::set_default(lines.with_writer(move || log.clone()).finish())
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
