//! Databases as stores: pools that keep background work apart, bounds on what a server may still do, and what an error
//! means for a write.
//!
//! | feature | | through |
//! |---|---|---|
//! | `mysql` | [`MySql`](sql::MySql): MariaDB, MySQL | sqlx |
//! | `postgres` | [`Postgres`](sql::Postgres): PostgreSQL | sqlx |
//! | `cassandra` | [`Cassandra`](cassandra::Cassandra): Cassandra, ScyllaDB | scylla |
//!
//! The statements stay yours: a [`RecordStore`](crate::data::RecordStore) and the handler of requests are a few lines of SQL
//! each. What is here is what is the same for every data set, and easy to get wrong.

#[cfg(feature = "cassandra")]
pub mod cassandra;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub mod sql;
