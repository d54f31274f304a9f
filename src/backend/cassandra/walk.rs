//! [`Walk`].

use std::fmt;
use std::sync::Arc;

use scylla::serialize::value::SerializeValue;

use super::error::{CassandraError, OpenError};
use super::session::Cassandra;
use super::statement::{ReadsRow, Statement};

/// The pages of [`RecordStore::page`](crate::data::RecordStore::page) in a table whose partition key is one column, the group, and
/// whose clustering key is one column, the item. Made by [`Cassandra::walk`]; always on the session for background work.
///
/// ```no_run
/// # use crossfade::backend::cassandra::{Cassandra, CassandraError, Walk};
/// # use crossfade::data::RecordKey;
/// # use crossfade::test_util::Numbers;
/// # fn example(cassandra: &Cassandra) {
/// let invoices: Walk<(i64, i64, String)> = cassandra.walk("invoices", "customer_id", "id", &["document"]);
/// # }
/// # async fn page(invoices: Walk<(i64, i64, String)>, group: Option<&i64>, after: Option<&RecordKey<Numbers>>, limit: usize)
/// # -> Result<Vec<(i64, i64, String)>, CassandraError> {
/// // In `RecordStore::page`:
/// let rows = invoices.page(group, after.map(|key| (&key.group, &key.item)), limit).await?;
/// # Ok(rows) }
/// ```
///
/// Without further columns it reads keys alone, for
/// [`RecordStore::page_of_keys`](crate::data::RecordStore::page_of_keys); [`Keys`](super::Keys) does that, and looks for many keys.
///
/// A walk over everything has the order of the groups' tokens, which is Cassandra's own. The walk over a group has that of its
/// clustering key.
///
/// Where the table has static columns, a group that has those alone is a row without an item: read the item and the other
/// columns as `Option`s, leave such rows out, and where nothing else was found go on behind the group, or the walk ends there.
pub struct Walk<Row> {
    statements: Arc<Statements<Row>>,
}

struct Statements<Row> {
    from_the_start: Statement<Row>,
    groups_behind: Statement<Row>,
    group: Statement<Row>,
    rest_of_group: Statement<Row>,
}

impl<Row: ReadsRow> Walk<Row> {
    /// The columns of a row are group, item, and the others in their order.
    pub(super) fn new(store: &Cassandra, table: &str, group: &str, item: &str, columns: &[&str]) -> Self {
        let [from_the_start, groups_behind, group, rest_of_group] =
            statements(table, group, item, columns).map(|cql| store.reads(cql).background());
        Self { statements: Arc::new(Statements { from_the_start, groups_behind, group, rest_of_group }) }
    }

    /// Checks its statements: see [`Statement::check`].
    ///
    /// # Errors
    /// As [`Statement::check`].
    pub async fn check(&self) -> Result<(), OpenError> {
        let Statements { from_the_start, groups_behind, group, rest_of_group } = &*self.statements;
        for statement in [from_the_start, groups_behind, group, rest_of_group] {
            statement.check().await?;
        }
        Ok(())
    }

    /// Up to `limit` rows behind `after`, of one group when it is given. Fewer than `limit` do not mean the end; none do.
    ///
    /// # Errors
    /// [`CassandraError`].
    pub async fn page<Group, Item>(
        &self,
        group: Option<&Group>,
        after: Option<(&Group, &Item)>,
        limit: usize,
    ) -> Result<Vec<Row>, CassandraError>
    where
        Group: SerializeValue,
        Item: SerializeValue,
    {
        match (group, after) {
            (None, None) => self.statements.from_the_start.all((rows(limit),)).await,
            (None, Some(after)) => self.behind(after, limit).await,
            (Some(group), None) => self.statements.group.all((group, rows(limit))).await,
            (Some(group), Some((_, item))) => {
                self.statements.rest_of_group.all((group, item, rows(limit))).await
            }
        }
    }

    async fn behind<Group: SerializeValue, Item: SerializeValue>(
        &self,
        (group, item): (&Group, &Item),
        limit: usize,
    ) -> Result<Vec<Row>, CassandraError> {
        let mut found = self.statements.rest_of_group.all((group, item, rows(limit))).await?;
        if found.len() < limit {
            found.extend(self.statements.groups_behind.all((group, rows(limit - found.len()))).await?);
        }
        Ok(found)
    }
}

fn rows(limit: usize) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX)
}

/// From the start, the groups behind one, one group, the rest of one.
fn statements(table: &str, group: &str, item: &str, columns: &[&str]) -> [String; 4] {
    let (table, group, item) = (quoted(table), quoted(group), quoted(item));
    let others = columns.iter().map(|column| quoted(column));
    let columns = [group.clone(), item.clone()].into_iter().chain(others).collect::<Vec<_>>().join(", ");
    let statement = |condition: String| format!("SELECT {columns} FROM {table}{condition} LIMIT ?");
    [
        statement(String::new()),
        statement(format!(" WHERE token({group}) > token(?)")),
        statement(format!(" WHERE {group} = ?")),
        statement(format!(" WHERE {group} = ? AND {item} > ?")),
    ]
}

/// In quotes the name is taken as it is, capital letters and all.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl<Row> Clone for Walk<Row> {
    fn clone(&self) -> Self {
        Self { statements: Arc::clone(&self.statements) }
    }
}

impl<Row> fmt::Debug for Walk<Row> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk")
            .field("from_the_start", &self.statements.from_the_start.cql())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_counts_one_owner() {
        assert_eq!(size_of::<Walk<(i64, String)>>(), size_of::<Arc<()>>());
        assert_eq!(size_of::<Statement>(), size_of::<(Arc<()>, bool)>());
    }

    #[test]
    fn the_statements_of_a_walk_quote_their_names() {
        assert_eq!(
            statements("Odd \"name\"", "customer_id", "id", &["order", "Total"]),
            [
                "SELECT \"customer_id\", \"id\", \"order\", \"Total\" FROM \"Odd \"\"name\"\"\" LIMIT ?",
                "SELECT \"customer_id\", \"id\", \"order\", \"Total\" FROM \"Odd \"\"name\"\"\" \
                 WHERE token(\"customer_id\") > token(?) LIMIT ?",
                "SELECT \"customer_id\", \"id\", \"order\", \"Total\" FROM \"Odd \"\"name\"\"\" \
                 WHERE \"customer_id\" = ? LIMIT ?",
                "SELECT \"customer_id\", \"id\", \"order\", \"Total\" FROM \"Odd \"\"name\"\"\" \
                 WHERE \"customer_id\" = ? AND \"id\" > ? LIMIT ?",
            ]
        );
    }
}
