//! [`Keys`].

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use scylla::deserialize::value::DeserializeValue;
use scylla::serialize::value::SerializeValue;

use super::error::{CassandraError, OpenError};
use super::session::Cassandra;
use super::statement::Statement;
use super::walk::{Walk, quoted};
use crate::data::{DataSet, RecordKey};

/// How many items of a group one statement asks for: ScyllaDB takes up to 100 where it is not set otherwise.
const ITEMS_ASKED_MAX: usize = 100;
/// How many groups are asked at once for a list of keys.
const GROUPS_ASKED_AT_ONCE: usize = 16;

/// The keys of a table, without their records: a line each for
/// [`RecordStore::page_of_keys`](crate::data::RecordStore::page_of_keys) and
/// [`existing_keys`](crate::data::RecordStore::existing_keys). Made by [`Cassandra::keys`]; always on the session for background
/// work. The table is as for a [`Walk`].
///
/// ```no_run
/// # use crossfade::backend::cassandra::{Cassandra, CassandraError, Keys};
/// # use crossfade::data::{FoundKeys, RecordKey};
/// # use crossfade::test_util::Numbers;
/// # fn example(cassandra: &Cassandra) {
/// let keys: Keys<Numbers> = cassandra.keys("invoices", "customer_id", "id");
/// # }
/// # async fn page(keys: Keys<Numbers>, group: Option<&i64>, after: Option<&RecordKey<Numbers>>, limit: usize)
/// # -> Result<Vec<RecordKey<Numbers>>, CassandraError> {
/// // In `RecordStore::page_of_keys`:
/// keys.page(group, after, limit).await
/// # }
/// # async fn existing(keys: Keys<Numbers>, asked: &[RecordKey<Numbers>]) -> Result<FoundKeys<Numbers>, CassandraError> {
/// // In `RecordStore::existing_keys`:
/// keys.existing(asked).await.map(Some)
/// # }
/// ```
///
/// The columns have the types of the data set's group and item. Where they have others, and in a table with static columns, a
/// [`Walk`] without further columns reads what there is: `cassandra.walk("invoices", "customer_id", "id", &[])`.
pub struct Keys<D: DataSet> {
    statements: Arc<Statements<D>>,
}

struct Statements<D: DataSet> {
    pages: Walk<(D::Group, D::Item)>,
    existing: Statement<(D::Group, D::Item)>,
    store: Cassandra,
}

impl<D> Keys<D>
where
    D: DataSet,
    D::Group: SerializeValue + for<'frame, 'metadata> DeserializeValue<'frame, 'metadata>,
    D::Item: SerializeValue + for<'frame, 'metadata> DeserializeValue<'frame, 'metadata>,
{
    pub(super) fn new(store: &Cassandra, table: &str, group: &str, item: &str) -> Self {
        let existing = store.reads(existing(table, group, item)).background();
        Self::of(Statements { pages: store.walk(table, group, item, &[]), existing, store: store.clone() })
    }

    fn of(statements: Statements<D>) -> Self {
        Self { statements: Arc::new(statements) }
    }

    /// [`existing`](Self::existing) by serial reads, for a store whose own writes are conditional and whose
    /// [`read`](crate::data::RecordStore::read) is one of [`Cassandra::reads_serially`].
    #[must_use]
    pub fn serially(self) -> Self {
        let Statements { pages, existing, store } = &*self.statements;
        let existing = store.reads_serially(existing.cql()).background();
        Self::of(Statements { pages: pages.clone(), existing, store: store.clone() })
    }

    /// Checks its statements: see [`Statement::check`].
    ///
    /// # Errors
    /// As [`Statement::check`].
    pub async fn check(&self) -> Result<(), OpenError> {
        self.statements.pages.check().await?;
        self.statements.existing.check().await
    }

    /// The keys of a [`Walk::page`].
    ///
    /// # Errors
    /// [`CassandraError`].
    pub async fn page(
        &self,
        group: Option<&D::Group>,
        after: Option<&RecordKey<D>>,
        limit: usize,
    ) -> Result<Vec<RecordKey<D>>, CassandraError> {
        let keys = self.statements.pages.page(group, after.map(|key| (&key.group, &key.item)), limit).await?;
        Ok(keys.into_iter().map(RecordKey::from).collect())
    }

    /// Those of these keys that have a row, in any order, with the consistency of all reads.
    ///
    /// A statement asks one partition, so a coordinator gathers nothing from others: `WHERE customer_id = ? AND id IN ?`, for up
    /// to 100 items. The statements of a group follow each other, and 16 groups are asked at once; the others wait.
    ///
    /// # Errors
    /// [`CassandraError`], the first one; the other statements are dropped.
    pub async fn existing(&self, keys: &[RecordKey<D>]) -> Result<Vec<RecordKey<D>>, CassandraError> {
        let mut groups = by_group(keys).into_iter();
        let mut asked = FuturesUnordered::new();
        asked.extend(groups.by_ref().take(GROUPS_ASKED_AT_ONCE).map(|keys| self.existing_of_group(keys)));
        let mut found = Vec::new();
        while let Some(keys) = asked.next().await {
            found.extend(keys?);
            asked.extend(groups.next().map(|keys| self.existing_of_group(keys)));
        }
        Ok(found)
    }

    async fn existing_of_group(&self, keys: Vec<&RecordKey<D>>) -> Result<Vec<RecordKey<D>>, CassandraError> {
        let mut found = Vec::new();
        for keys in keys.chunks(ITEMS_ASKED_MAX) {
            let items: Vec<_> = keys.iter().map(|key| &key.item).collect();
            let rows = self.statements.existing.all((&keys[0].group, items)).await?;
            found.extend(rows.into_iter().map(RecordKey::from));
        }
        Ok(found)
    }
}

/// The keys of each group.
fn by_group<D: DataSet>(keys: &[RecordKey<D>]) -> Vec<Vec<&RecordKey<D>>> {
    let mut groups: HashMap<_, Vec<_>> = HashMap::new();
    for key in keys {
        groups.entry(key.to_group()).or_default().push(key);
    }
    groups.into_values().collect()
}

fn existing(table: &str, group: &str, item: &str) -> String {
    let (table, group, item) = (quoted(table), quoted(group), quoted(item));
    format!("SELECT {group}, {item} FROM {table} WHERE {group} = ? AND {item} IN ?")
}

impl<D: DataSet> Clone for Keys<D> {
    fn clone(&self) -> Self {
        Self { statements: Arc::clone(&self.statements) }
    }
}

impl<D: DataSet> fmt::Debug for Keys<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("existing", &self.statements.existing.cql()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_that_looks_for_keys_quotes_its_names() {
        assert_eq!(
            existing("Odd \"name\"", "customer_id", "Id"),
            "SELECT \"customer_id\", \"Id\" FROM \"Odd \"\"name\"\"\" WHERE \"customer_id\" = ? AND \"Id\" IN ?"
        );
    }
}
