//! The backends on real servers: `./tests/servers/run cargo test --test backends`.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

mod background;
mod cassandra_down;
mod connect;
mod existing_keys;
mod gone_callers;
mod keys;
mod mariadb_outcomes;
mod names;
mod notes;
mod overdue;
mod own_writes;
mod pages;
mod postgres_outcomes;
mod schema;
mod servers;
mod services;
mod snapshots;
mod sqlite_outcomes;
mod stamps;
mod three_nodes;
mod types;
mod unmapped;
