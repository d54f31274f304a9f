//! A stamp is older than whatever the read that it comes with can have missed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossfade::data::{RecordStore, Stamp};
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::notes::{Note, Notes, key, mysql_notes, postgres_notes};
use crate::servers::postgres_url;

/// Values that were acknowledged, with the database's clock after that, beside reads at any moment.
async fn no_stamp_is_newer_than_what_its_read_missed<S: RecordStore<Data = Notes>>(store: S) {
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        async move {
            let mut acknowledged: Vec<(Stamp, i64)> = Vec::new();
            for value in 1.. {
                store.replace(&key(1, 1), Some(&Note::new(value)), value).await.unwrap();
                acknowledged.push((store.clock().await.unwrap().unwrap(), value));
                if stop.load(Ordering::Relaxed) {
                    break;
                }
            }
            acknowledged
        }
    });
    let readers: Vec<_> =
        (0..4).map(|_| tokio::spawn(read_until(store.clone(), Arc::clone(&stop)))).collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    stop.store(true, Ordering::Relaxed);
    let acknowledged = writer.await.unwrap();
    for reader in readers {
        for (stamp, seen) in reader.await.unwrap() {
            let before = acknowledged.partition_point(|(clock, _)| *clock < stamp);
            let least = before.checked_sub(1).map_or(0, |last| acknowledged[last].1);
            assert!(seen >= least, "stamped {stamp}, saw {seen}, and {least} was acknowledged before");
        }
    }
    assert!(acknowledged.len() > 50, "{}", acknowledged.len());
}

async fn read_until<S: RecordStore<Data = Notes>>(store: S, stop: Arc<AtomicBool>) -> Vec<(Stamp, i64)> {
    let mut reads = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let (stamp, note) = store.read(&key(1, 1), 0).await.unwrap();
        reads.push((stamp, note.map_or(0, |note| note.total)));
        let page = store.page(None, None, 1, Stamp::MIN).await.unwrap();
        reads.push((page.stamp, page.records.first().map_or(0, |(_, note)| note.total)));
    }
    reads
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stamp_is_newer_than_what_its_read_missed_on_mariadb() {
    no_stamp_is_newer_than_what_its_read_missed(mysql_notes().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stamp_is_newer_than_what_its_read_missed_on_postgres() {
    no_stamp_is_newer_than_what_its_read_missed(postgres_notes().await).await;
}

#[tokio::test]
async fn the_clock_of_a_statement_stands_still_on_mariadb() {
    let notes = mysql_notes().await;
    let clock = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))";
    let sql = format!("SELECT {clock}, SLEEP(0.2), {clock}");
    let (before, _, after): (i64, i64, i64) =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(notes.store.pool()).await.unwrap();
    assert_eq!(before, after);
}

/// Why the statements use `transaction_timestamp()`: a statement reads what was committed when it was bound, and
/// `statement_timestamp()` is set again when it is executed. Between the two another write may be acknowledged.
#[tokio::test]
async fn the_statement_timestamp_of_postgres_is_newer_than_its_snapshot() {
    let notes = postgres_notes().await;
    let mut wire = Wire::connect(&notes.url).await;
    let micros = |clock: &str| format!("CAST(EXTRACT(EPOCH FROM {clock}) * 1000000 AS bigint)");
    let (statement, transaction) = (micros("statement_timestamp()"), micros("transaction_timestamp()"));
    wire.parse_and_bind(&format!("SELECT {statement}, {transaction}, (SELECT count(*) FROM notes)")).await;

    notes.replace(&key(1, 1), Some(&Note::new(1)), 1).await.unwrap();
    let acknowledged = notes.clock().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;

    let row = wire.execute().await;
    assert_eq!(row[2], 0, "it does not see the write");
    assert!(row[0] > acknowledged, "its statement timestamp is newer than the write: {row:?} {acknowledged}");
    assert!(row[1] < acknowledged, "its transaction timestamp is older: {row:?} {acknowledged}");
    let mut plain = PgConnection::connect(&notes.url).await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM notes").fetch_one(&mut plain).await.unwrap();
    assert_eq!(rows, 1);
}

/// PostgreSQL's protocol by hand, so that time can pass between two of its messages.
struct Wire {
    stream: TcpStream,
}

impl Wire {
    async fn connect(url: &str) -> Self {
        let (server, database) = url.rsplit_once('/').unwrap();
        assert_eq!(server, postgres_url());
        let address = server.rsplit_once('@').unwrap().1;
        let mut wire = Self { stream: TcpStream::connect(address).await.unwrap() };
        let parameters = format!("user\0postgres\0database\0{database}\0\0");
        let mut startup = u32::to_be_bytes(8 + u32::try_from(parameters.len()).unwrap()).to_vec();
        startup.extend(u32::to_be_bytes(3 << 16));
        startup.extend(parameters.bytes());
        wire.stream.write_all(&startup).await.unwrap();
        while wire.message().await.0 != b'Z' {}
        wire
    }

    async fn send(&mut self, kind: u8, body: &[u8]) {
        let mut message = vec![kind];
        message.extend(u32::to_be_bytes(4 + u32::try_from(body.len()).unwrap()));
        message.extend(body);
        self.stream.write_all(&message).await.unwrap();
    }

    async fn message(&mut self) -> (u8, Vec<u8>) {
        let kind = self.stream.read_u8().await.unwrap();
        let mut body = vec![0; self.stream.read_u32().await.unwrap() as usize - 4];
        self.stream.read_exact(&mut body).await.unwrap();
        assert_ne!(kind, b'E', "{}", String::from_utf8_lossy(&body));
        (kind, body)
    }

    async fn parse_and_bind(&mut self, sql: &str) {
        self.send(b'P', format!("\0{sql}\0\0\0").as_bytes()).await;
        self.send(b'B', b"\0\0\0\0\0\0\0\0").await;
        self.send(b'H', b"").await;
        while self.message().await.0 != b'2' {}
    }

    /// Numbers, as text.
    async fn execute(&mut self) -> Vec<i64> {
        self.send(b'E', b"\0\0\0\0\0").await;
        self.send(b'S', b"").await;
        loop {
            let (kind, body) = self.message().await;
            if kind == b'D' {
                return numbers(&body[2..]);
            }
        }
    }
}

fn numbers(mut row: &[u8]) -> Vec<i64> {
    let mut numbers = Vec::new();
    while let Some((length, rest)) = row.split_first_chunk() {
        let (text, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        numbers.push(std::str::from_utf8(text).unwrap().parse().unwrap());
        row = rest;
    }
    numbers
}
