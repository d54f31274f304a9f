//! The statements of a [`Table`](super::Table) that write, as text.

use super::syntax::Syntax;
use super::table::{Stamped, Table};
use super::text::Text;

/// A value of an inserted row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Bound,
    Null,
    Clock,
    False,
    True,
}

impl Text {
    /// Binds for each row: group, item, the stamp of a table that keeps them, the columns.
    pub(super) fn replace(&self, rows: usize) -> String {
        let Table { group, item, columns, stamped, .. } = &self.table;
        let mut inserted = vec![(group, Value::Bound), (item, Value::Bound)];
        inserted.extend(stamped.iter().map(|s| (&s.stamp, Value::Bound)));
        inserted.extend(columns.iter().map(|column| (column, Value::Bound)));
        inserted.extend(stamped.iter().map(|s| (&s.deleted, Value::False)));
        format!("{}{}", self.insert_rows(&inserted, rows), self.or_update(columns))
    }

    /// Binds group, item, and the stamp of a table that keeps them.
    pub(super) fn delete(&self) -> String {
        let Table { name, group, item, stamped, columns } = &self.table;
        let Some(stamped) = stamped else { return format!("DELETE FROM {name} WHERE {}", self.is_key(1)) };
        let Stamped { stamp, deleted } = stamped;
        let mut inserted = vec![(group, Value::Bound), (item, Value::Bound), (stamp, Value::Bound)];
        inserted.extend(columns.iter().map(|column| (column, Value::Null)));
        inserted.push((deleted, Value::True));
        format!("{}{}", self.insert_rows(&inserted, 1), self.or_update(columns))
    }

    /// A record that must not be there. Binds group, item, the columns.
    pub(super) fn insert(&self) -> String {
        let Table { group, item, columns, stamped, .. } = &self.table;
        let mut inserted = vec![(group, Value::Bound), (item, Value::Bound)];
        inserted.extend(columns.iter().map(|column| (column, Value::Bound)));
        inserted.extend(stamped.iter().flat_map(|s| [(&s.stamp, Value::Clock), (&s.deleted, Value::False)]));
        self.insert_rows(&inserted, 1)
    }

    /// Puts a record in the place of a tombstone. Binds the columns, group, item.
    pub(super) fn revive(&self) -> Option<String> {
        let Stamped { deleted, .. } = self.table.stamped.as_ref()?;
        Some(self.update(Value::Bound, Value::False, deleted))
    }

    /// Changes a record that is there. Binds the columns, group, item.
    pub(super) fn change(&self) -> String {
        self.update(Value::Bound, Value::False, &self.lives("").unwrap_or_default())
    }

    /// Deletes a record that is there, with a stamp of the store. Binds group, item.
    pub(super) fn remove(&self) -> String {
        self.lives("").map_or_else(|| self.delete(), |lives| self.update(Value::Null, Value::True, &lives))
    }

    /// The store's own write, with a stamp above what it replaces.
    fn update(&self, columns: Value, is_deleted: Value, condition: &str) -> String {
        let mut bound = 0;
        let mut assigned: Vec<String> = Vec::new();
        assigned.extend(
            self.table.columns.iter().map(|name| format!("{name} = {}", self.value(columns, &mut bound))),
        );
        if let Some(Stamped { stamp, deleted }) = &self.table.stamped {
            assigned.push(format!("{deleted} = {}", self.value(is_deleted, &mut bound)));
            let (larger, clock) = (self.syntax.larger(), self.syntax.clock());
            assigned.push(format!("{stamp} = {larger}({stamp} + 1, {clock})"));
        }
        let and = if condition.is_empty() { "" } else { " AND " };
        let (name, assigned, key) = (&self.table.name, assigned.join(", "), self.is_key(bound + 1));
        format!("UPDATE {name} SET {assigned} WHERE {key}{and}{condition}")
    }

    fn value(&self, value: Value, bound: &mut usize) -> String {
        match value {
            Value::Null => "NULL".to_owned(),
            Value::Clock => self.syntax.clock().to_owned(),
            Value::False => "FALSE".to_owned(),
            Value::True => "TRUE".to_owned(),
            Value::Bound => {
                *bound += 1;
                self.syntax.hole(*bound)
            }
        }
    }

    fn insert_rows(&self, columns: &[(&String, Value)], rows: usize) -> String {
        let mut bound = 0;
        let mut row = || {
            let values = columns.iter().map(|(_, value)| self.value(*value, &mut bound));
            format!("({})", values.collect::<Vec<_>>().join(", "))
        };
        let rows = (0..rows).map(|_| row()).collect::<Vec<_>>().join(", ");
        let names = columns.iter().map(|(name, _)| &***name).collect::<Vec<_>>().join(", ");
        format!("INSERT INTO {} ({names}) VALUES {rows}", self.table.name)
    }

    /// What an upsert does with a row that is there: the columns, and the larger stamp wins.
    fn or_update(&self, columns: &[String]) -> String {
        match self.syntax {
            Syntax::MariaDb => {
                format!(" ON DUPLICATE KEY UPDATE {}", self.mariadb_assignments(columns).join(", "))
            }
            Syntax::Postgres | Syntax::Sqlite => self.on_conflict(columns),
        }
    }

    /// Evaluated from left to right, so the stamp comes last. The first one is for a row that is there under another
    /// key, found by another unique index: its key becomes NULL, which is an error, and not that row overwritten.
    fn mariadb_assignments(&self, columns: &[String]) -> Vec<String> {
        let Table { group, item, stamped, .. } = &self.table;
        let same = format!("{group} = VALUES({group}) AND {item} = VALUES({item})");
        let key = format!("{group} = IF({same}, {group}, NULL)");
        let deleted = stamped.iter().map(|s| &s.deleted);
        let others = columns.iter().chain(deleted).map(|column| match stamped {
            Some(Stamped { stamp, .. }) => {
                format!("{column} = IF(VALUES({stamp}) >= {stamp}, VALUES({column}), {column})")
            }
            None => format!("{column} = VALUES({column})"),
        });
        let stamp = stamped
            .iter()
            .map(|Stamped { stamp, .. }| format!("{stamp} = GREATEST({stamp}, VALUES({stamp}))"));
        [key].into_iter().chain(others).chain(stamp).collect()
    }

    fn on_conflict(&self, columns: &[String]) -> String {
        let Table { name, group, item, stamped, .. } = &self.table;
        let kept = stamped.iter().flat_map(|Stamped { stamp, deleted }| [deleted, stamp]);
        let set = columns
            .iter()
            .chain(kept)
            .map(|column| format!("{column} = EXCLUDED.{column}"))
            .collect::<Vec<_>>();
        let newer =
            stamped.iter().map(|Stamped { stamp, .. }| format!(" WHERE EXCLUDED.{stamp} >= {name}.{stamp}"));
        let action =
            if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
        format!(" ON CONFLICT ({group}, {item}) DO {action}{}", newer.collect::<String>())
    }
}
