//! The keys of invoices alone, for the second walk of a fill.

use std::sync::LazyLock;

use crossfade::backend::sql::{self, Statements, Table};
use crossfade::data::RecordKey;

use super::pool::Pool;
use crate::domain::Invoices;
use crate::sqlite::Database;

static IN_FILE: LazyLock<Statements<sqlx::Sqlite, Invoices>> =
    LazyLock::new(|| sql::Sqlite::table(&invoices()));
static IN_MARIADB: LazyLock<Statements<sqlx::MySql, Invoices>> =
    LazyLock::new(|| sql::MySql::table(&invoices()));
static IN_POSTGRES: LazyLock<Statements<sqlx::Postgres, Invoices>> =
    LazyLock::new(|| sql::Postgres::table(&invoices()));

/// An invoice is there when its row is, whatever else belongs to it: no further columns.
fn invoices() -> Table {
    Table::new("invoices", "customer_id", "id", [""; 0])
}

impl Pool {
    pub(super) async fn page_of_keys(
        &self,
        group: Option<&i64>,
        after: Option<&RecordKey<Invoices>>,
        limit: usize,
    ) -> sqlx::Result<Vec<RecordKey<Invoices>>> {
        match self {
            Self::Sqlite(Database { readers, .. }) => {
                IN_FILE.page_of_keys(group, after, limit).fetch_all(readers).await
            }
            Self::MariaDb(pool) => IN_MARIADB.page_of_keys(group, after, limit).fetch_all(pool).await,
            Self::Postgres(pool) => IN_POSTGRES.page_of_keys(group, after, limit).fetch_all(pool).await,
        }
    }

    pub(super) async fn existing_keys(
        &self,
        keys: &[RecordKey<Invoices>],
    ) -> sqlx::Result<Vec<RecordKey<Invoices>>> {
        match self {
            Self::Sqlite(Database { readers, .. }) => IN_FILE.existing_keys(readers, keys).await,
            Self::MariaDb(pool) => IN_MARIADB.existing_keys(pool, keys).await,
            Self::Postgres(pool) => IN_POSTGRES.existing_keys(pool, keys).await,
        }
    }
}
