//! Databases as stores: pools that keep background work apart, bounds on what a server may still do, and what an error
//! means for a write.
//!
//! | feature | | through |
//! |---|---|---|
//! | `mysql` | [`MySql`](sql::MySql): MariaDB, MySQL | sqlx |
//! | `postgres` | [`Postgres`](sql::Postgres): PostgreSQL | sqlx |
//! | `sqlite` | [`Sqlite`](sql::Sqlite): a SQLite file | sqlx |
//! | `cassandra` | [`Cassandra`](cassandra::Cassandra): Cassandra, ScyllaDB | scylla |
//!
//! The statements of requests stay yours. For copies, a [`RecordStore`](crate::data::RecordStore) is a few lines over
//! [`Statements`](sql::Statements) of a table, or over a [`Statement`](cassandra::Statement) each and a
//! [`Walk`](cassandra::Walk). What is here is what is the same for every data set, and easy to get wrong.
//!
//! Tested on MariaDB 10.11, PostgreSQL 15 and Cassandra 5.0.
//!
//! # Who waits how long
//!
//! The time of a leg is kept by the layer that makes it:
//!
//! | leg | given up after |
//! |---|---|
//! | a caller's request | what the service itself has around the stack; a read that falls back, [`FallbackLayer::timeout`](crate::fallback::FallbackLayer::timeout) |
//! | a shadow read | [`MismatchMetricsLayer::deadline`](crate::mismatch_metrics::MismatchMetricsLayer::deadline) |
//! | a copy, a page of a fill or of a repair | [`Copier::deadline`](crate::copy::Copier::deadline) |
//!
//! The times of shadow reads, copies and pages, and the timeout of a read that falls back, are said to the store as [`Deadline::current`](crate::route::Deadline::current).
//! [`SqlService`](sql::SqlService) gives a request up at the earlier of it and its own `deadline`, a Cassandra
//! [`Statement`](cassandra::Statement) at the earlier of it and that of its session, so neither works for what nobody takes. A
//! store of yours takes it with [`Deadline::within`](crate::route::Deadline::within). The statements of a SQL
//! [`RecordStore`](crate::data::RecordStore) go to the pool directly: they are dropped with the copy that runs them.
//!
//! What is given up so may still be inside of the server. That is bounded by the stores here, in the server itself where it
//! can: their `deadline` and `statement_timeout`, which have to end below the `late_bound` of the config.
//!
//! # Values that cross
//!
//! A record is in your own type, and each store maps it to its columns. What was measured to survive, there and back, and what
//! it takes:
//!
//! | in SQL | in Cassandra | take care |
//! |---|---|---|
//! | `BIGINT` | `bigint` | both ends survive |
//! | `DECIMAL(24, 4)` | `decimal` | `CqlDecimal` of the digits and the scale, which is kept. A SQL column has a scale of its own: 0.1 comes back from it as 0.1000, so compare the value, not the text |
//! | `DATETIME(6)`, `TIMESTAMP(6)` | `timestamp` | milliseconds. Round down, before 1970 too (`div_euclid`), and let [`same`](crate::data::DataSet::same) compare so |
//! | `TEXT`, `MEDIUMTEXT` in utf8mb4 | `text` | emoji, combining marks, spaces at the end, 1 MB survive. `TEXT` of MariaDB ends at 64 KiB |
//! | the empty text, `NULL` | the same | they stay two things. Bind `NULL`; an unset value keeps what was there |
//! | a zero byte in a text | the same | not in PostgreSQL, which rejects it |
//! | columns that the record does not carry | the same | are kept |

#[cfg(feature = "cassandra")]
pub mod cassandra;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
pub mod sql;
