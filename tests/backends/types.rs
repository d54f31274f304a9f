//! Values that survive the crossing, in both directions.

use std::fmt;

use chrono::{NaiveDate, NaiveDateTime};
use crossfade::backend::cassandra::{Cassandra, CassandraError, Statement, Walk};
use crossfade::backend::sql::{BoundQuery, Dialect, MySql, Postgres, SqlStore, Statements, Table};
use crossfade::data::{DataSet, Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
use rust_decimal::Decimal;
use scylla::value::{CqlDecimal, CqlTimestamp, MaybeUnset};

use crate::servers::{
    alter, cassandra, in_mysql, in_postgres, mysql_database, mysql_url, postgres_database, postgres_url,
};

struct Values;

#[derive(Clone, PartialEq)]
struct Value {
    amount: Decimal,
    big: i64,
    at: NaiveDateTime,
    words: Option<String>,
}

/// Without the whole of a text.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.words.as_ref().map(|words| words.chars().take(20).collect::<String>());
        write!(f, "{} {} {} {words:?}", self.amount, self.big, self.at)
    }
}

/// Cassandra's timestamps: milliseconds, rounded down, also before 1970.
fn millis(at: NaiveDateTime) -> i64 {
    at.and_utc().timestamp_micros().div_euclid(1_000)
}

impl DataSet for Values {
    type Group = i64;
    type Item = i64;
    type Record = Value;

    /// Equal but for the microseconds. `Decimal`'s equality takes 0.10 and 0.1 for the same.
    fn same(a: &Value, b: &Value) -> bool {
        let exactly = |value: &Value| (value.amount, value.big, value.words.clone(), millis(value.at));
        exactly(a) == exactly(b)
    }
}

type SqlRow = (i64, i64, Decimal, i64, NaiveDateTime, Option<String>);

struct InSql<DB: Dialect> {
    store: SqlStore<DB>,
    table: Statements<DB, Values>,
}

impl<DB: Dialect> Clone for InSql<DB> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), table: self.table.clone() }
    }
}

macro_rules! in_sql {
    ($db:ty) => {
        impl InSql<$db> {
            fn columns(query: BoundQuery<$db>, value: &Value) -> BoundQuery<$db> {
                query.bind(value.amount).bind(value.big).bind(value.at).bind(value.words.clone())
            }
        }

        impl RecordStore for InSql<$db> {
            type Data = Values;
            type Error = sqlx::Error;
            const KEEPS_STAMPS: bool = false;

            async fn read(&self, key: &RecordKey<Values>, now: Stamp) -> sqlx::Result<StampedRecord<Values>> {
                let row = self.table.read::<SqlRow>(key).fetch_optional(self.store.background()).await?;
                Ok((now, row.map(|(_, _, amount, big, at, words)| Value { amount, big, at, words })))
            }

            async fn replace(
                &self,
                key: &RecordKey<Values>,
                value: Option<&Value>,
                stamp: Stamp,
            ) -> sqlx::Result<()> {
                let query = self.table.replace(key, stamp);
                Self::columns(query, value.unwrap()).execute(self.store.background()).await.map(drop)
            }

            async fn page(
                &self,
                _: Option<&i64>,
                _: Option<&RecordKey<Values>>,
                _: usize,
                stamp: Stamp,
            ) -> sqlx::Result<Page<Values>> {
                Ok(Page { stamp, records: Vec::new() })
            }

            fn outcome(error: &sqlx::Error) -> Outcome {
                SqlStore::<$db>::outcome(error)
            }
        }
    };
}

in_sql!(sqlx::MySql);
in_sql!(sqlx::Postgres);

fn table() -> Table {
    Table::new("things", "grp", "item", ["amount", "big", "at", "words"])
}

async fn in_mariadb(text: &str) -> InSql<sqlx::MySql> {
    let url = mysql_database(&mysql_url()).await;
    let create = format!(
        "CREATE TABLE things (grp BIGINT, item BIGINT, amount DECIMAL(24, 4) NOT NULL, big BIGINT NOT NULL,
        at DATETIME(6) NOT NULL, words {text}, PRIMARY KEY (grp, item))"
    );
    in_mysql(&url, &create).await;
    InSql { store: MySql::open(&url).await.unwrap(), table: MySql::table(&table()) }
}

async fn in_pg() -> InSql<sqlx::Postgres> {
    let url = postgres_database(&postgres_url()).await;
    let create =
        "CREATE TABLE things (grp BIGINT, item BIGINT, amount DECIMAL(24, 4) NOT NULL, big BIGINT NOT NULL,
        at TIMESTAMP(6) NOT NULL, words TEXT, PRIMARY KEY (grp, item))";
    in_postgres(&url, create).await;
    InSql { store: Postgres::open(&url).await.unwrap(), table: Postgres::table(&table()) }
}

type CqlRow = (i64, i64, CqlDecimal, i64, CqlTimestamp, Option<String>);

#[derive(Clone)]
struct InCassandra {
    store: Cassandra,
    read: Statement<CqlRow>,
    replace: Statement,
    walk: Walk<CqlRow>,
}

const REPLACE: &str =
    "INSERT INTO things (grp, item, amount, big, at, words) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";

async fn in_cql() -> InCassandra {
    let store = cassandra().await;
    let create =
        "CREATE TABLE things (grp bigint, item bigint, amount decimal, big bigint, at timestamp, words text,
        PRIMARY KEY (grp, item))";
    alter(store.session().unwrap(), create).await;
    InCassandra {
        read: store.reads("SELECT grp, item, amount, big, at, words FROM things WHERE grp = ? AND item = ?"),
        replace: store.replaces(REPLACE),
        walk: store.walk("things", "grp", "item", &["amount", "big", "at", "words"]),
        store,
    }
}

/// A decimal of Cassandra is a whole number of any length and how many of its digits are behind the point.
fn to_cql(amount: Decimal) -> CqlDecimal {
    let digits = amount.mantissa().to_be_bytes().to_vec();
    CqlDecimal::from_signed_be_bytes_and_exponent(digits, amount.scale().cast_signed())
}

fn from_cql(amount: &CqlDecimal) -> Decimal {
    let (bytes, scale) = amount.as_signed_be_bytes_slice_and_exponent();
    let sign = if bytes.first().is_some_and(|first| first & 0x80 != 0) { -1_i128 } else { 0 };
    let digits = bytes.iter().fold(sign, |digits, byte| (digits << 8) | i128::from(*byte));
    Decimal::from_i128_with_scale(digits, scale.cast_unsigned())
}

fn value((_, _, amount, big, CqlTimestamp(at), words): CqlRow) -> Value {
    let at = chrono::DateTime::from_timestamp_millis(at).unwrap().naive_utc();
    Value { amount: from_cql(&amount), big, at, words }
}

impl RecordStore for InCassandra {
    type Data = Values;
    type Error = CassandraError;
    const KEEPS_STAMPS: bool = true;

    async fn read(
        &self,
        key: &RecordKey<Values>,
        now: Stamp,
    ) -> Result<StampedRecord<Values>, CassandraError> {
        Ok((now, self.read.one((key.group, key.item)).await?.map(value)))
    }

    async fn replace(
        &self,
        key: &RecordKey<Values>,
        value: Option<&Value>,
        stamp: Stamp,
    ) -> Result<(), CassandraError> {
        let value = value.unwrap();
        let (amount, at) = (to_cql(value.amount), CqlTimestamp(millis(value.at)));
        self.replace.run((key.group, key.item, amount, value.big, at, &value.words, stamp)).await
    }

    async fn page(
        &self,
        group: Option<&i64>,
        _: Option<&RecordKey<Values>>,
        limit: usize,
        stamp: Stamp,
    ) -> Result<Page<Values>, CassandraError> {
        let rows = self.walk.page::<i64, i64>(group, None, limit).await?;
        Ok(Page { stamp, records: rows.into_iter().map(|row| ((row.0, row.1).into(), value(row))).collect() })
    }

    fn outcome(error: &CassandraError) -> Outcome {
        error.outcome()
    }
}

fn at(year: i32, month: u32, day: u32, micros: i64) -> NaiveDateTime {
    let midnight = NaiveDate::from_ymd_opt(year, month, day).unwrap().and_hms_opt(0, 0, 0).unwrap();
    midnight + chrono::TimeDelta::microseconds(micros)
}

fn values() -> Vec<Value> {
    let plain = Value { amount: Decimal::ONE, big: 1, at: at(2026, 11, 27, 1), words: Some("words".into()) };
    let amounts = [
        "0",
        "0.1",
        "0.1000",
        "-0.0001",
        "0.0001",
        "-1",
        "99999999999999999999.9999",
        "-99999999999999999999.9999",
    ];
    let times = [
        at(1970, 1, 1, 0),
        at(1970, 1, 1, 1),
        at(1970, 1, 1, -1),
        at(1969, 12, 31, 999),
        at(1969, 12, 31, 1_000),
        at(1000, 1, 1, 0),
        at(1582, 10, 10, 5),
        at(9999, 12, 31, 86_399_999_999),
        at(2026, 3, 29, 9_000_123_456),
        at(2000, 2, 29, 123_999),
    ];
    let long = "long 長い 🦀 ".repeat(1 << 16);
    assert!(long.len() > 1_000_000);
    let words = [
        "",
        " ",
        "x ",
        "👩‍👩‍👧‍👦🇳🇴",
        "e\u{301} é",
        "İıßẞ",
        "\u{10ffff}\u{feff}",
        "back\\slash 'quote' \"",
        "line\r\n\ttab",
        &long,
    ];
    let amounts = amounts.map(|amount| Value { amount: amount.parse().unwrap(), ..plain.clone() });
    let bigs = [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX].map(|big| Value { big, ..plain.clone() });
    let times = times.map(|at| Value { at, ..plain.clone() });
    let words = words.map(|words| Value { words: Some(words.to_owned()), ..plain.clone() });
    let none = [Value { words: None, ..plain.clone() }];
    amounts.into_iter().chain(bigs).chain(times).chain(words).chain(none).collect()
}

/// What a store keeps of a value.
trait Keeps: RecordStore<Data = Values> {
    /// All of it, but where the store says what it cuts.
    fn kept(value: &Value) -> Value {
        value.clone()
    }
}

impl Keeps for InSql<sqlx::MySql> {}

impl Keeps for InSql<sqlx::Postgres> {}

impl Keeps for InCassandra {
    fn kept(value: &Value) -> Value {
        let at = chrono::DateTime::from_timestamp_millis(millis(value.at)).unwrap().naive_utc();
        Value { at, ..value.clone() }
    }
}

/// Each value over one key, so that nothing of the one before is left, and back.
async fn values_survive<A, B>(there: A, other: B)
where
    A: Keeps,
    B: Keeps,
{
    let key = RecordKey::from((1, 1));
    for (value, stamp) in values().iter().zip(1..) {
        there.replace(&key, Some(value), stamp).await.unwrap();
        let first = there.read(&key, 0).await.unwrap().1.unwrap();
        assert_eq!(first, A::kept(value));
        other.replace(&key, Some(&first), stamp).await.unwrap();
        let second = other.read(&key, 0).await.unwrap().1.unwrap();
        assert_eq!(second, B::kept(&first));
        there.replace(&key, Some(&second), stamp).await.unwrap();
        let back = there.read(&key, 0).await.unwrap().1.unwrap();
        assert_eq!(back, second, "a second crossing changes nothing more");
    }
}

#[tokio::test]
async fn values_survive_from_mariadb_to_cassandra_and_back() {
    values_survive(in_mariadb("MEDIUMTEXT").await, in_cql().await).await;
}

#[tokio::test]
async fn values_survive_from_cassandra_to_mariadb_and_back() {
    values_survive(in_cql().await, in_mariadb("MEDIUMTEXT").await).await;
}

#[tokio::test]
async fn values_survive_from_postgres_to_cassandra_and_back() {
    values_survive(in_pg().await, in_cql().await).await;
}

#[tokio::test]
async fn values_survive_from_mariadb_to_postgres_and_back() {
    values_survive(in_mariadb("MEDIUMTEXT").await, in_pg().await).await;
}

/// MariaDB's TEXT ends at 64 KiB. Without strict mode it would be cut there, silently.
#[tokio::test]
async fn a_text_that_does_not_fit_is_rejected_and_not_cut() {
    let mariadb = in_mariadb("TEXT").await;
    let long = Value { words: Some("x".repeat(1 << 20)), ..values().remove(0) };
    let error = mariadb.replace(&(1, 1).into(), Some(&long), 1).await.unwrap_err();
    assert_eq!(MySql::outcome(&error), Outcome::Rejected, "{error}");
}

/// The column of a SQL store has the scale; Cassandra keeps the one that it was given.
#[tokio::test]
async fn the_scale_of_a_decimal_is_kept() {
    let key = RecordKey::from((1, 1));
    let amount = Decimal::new(-1_2500, 4);
    let value = Value { amount, ..values().remove(0) };
    let (mariadb, cql, pg) = (in_mariadb("TEXT").await, in_cql().await, in_pg().await);
    mariadb.replace(&key, Some(&value), 1).await.unwrap();
    let from_mariadb = mariadb.read(&key, 0).await.unwrap().1.unwrap();
    cql.replace(&key, Some(&from_mariadb), 1).await.unwrap();
    let from_cql = cql.read(&key, 0).await.unwrap().1.unwrap();
    pg.replace(&key, Some(&from_cql), 1).await.unwrap();
    let from_pg = pg.read(&key, 0).await.unwrap().1.unwrap();
    let texts = [from_mariadb, from_cql, from_pg].map(|value| value.amount.to_string());
    assert_eq!(texts, ["-1.2500", "-1.2500", "-1.2500"]);
    let short = Value { amount: Decimal::new(1, 1), ..values().remove(0) };
    cql.replace(&key, Some(&short), 2).await.unwrap();
    assert_eq!(cql.read(&key, 0).await.unwrap().1.unwrap().amount.to_string(), "0.1");
}

/// A zero byte in a text: MariaDB and Cassandra have it, PostgreSQL has not.
#[tokio::test]
async fn a_zero_byte_survives_but_for_postgres() {
    let key = RecordKey::from((1, 1));
    let zero = Value { words: Some("a\0b".into()), ..values().remove(0) };
    let (mariadb, cql) = (in_mariadb("TEXT").await, in_cql().await);
    mariadb.replace(&key, Some(&zero), 1).await.unwrap();
    cql.replace(&key, Some(&zero), 1).await.unwrap();
    assert_eq!(mariadb.read(&key, 0).await.unwrap().1.unwrap().words, zero.words);
    assert_eq!(cql.read(&key, 0).await.unwrap().1.unwrap().words, zero.words);
    let error = in_pg().await.replace(&key, Some(&zero), 1).await.unwrap_err();
    assert_eq!(Postgres::outcome(&error), Outcome::Rejected, "{error}");
}

#[tokio::test]
async fn an_unset_value_leaves_the_old_one_behind_and_null_does_not() {
    let cql = in_cql().await;
    let key = RecordKey::from((1, 1));
    let before = values().remove(0);
    cql.replace(&key, Some(&before), 1).await.unwrap();
    let (amount, at) = (to_cql(before.amount), CqlTimestamp(0));
    let unset = (1_i64, 1_i64, amount, 1_i64, at, MaybeUnset::<String>::Unset, 2_i64);
    cql.store.replaces(REPLACE).run(unset).await.unwrap();
    assert_eq!(cql.read(&key, 0).await.unwrap().1.unwrap().words, before.words);
    cql.replace(&key, Some(&Value { words: None, ..before }), 3).await.unwrap();
    assert_eq!(cql.read(&key, 0).await.unwrap().1.unwrap().words, None);
}
