//! The statement that looks for many keys, as text.

use super::syntax::Syntax;
use super::table::Table;
use super::text::Text;

impl Text {
    /// Those of so many keys that have a record, each once. Binds group, item of each.
    ///
    /// In each database the form that reads no more of the primary key's index than these keys, whatever its statistics say.
    pub(super) fn existing_keys(&self, keys: usize) -> String {
        let keys = self.syntax.holes_of_keys(keys);
        match self.syntax {
            Syntax::MariaDb => self.existing_in_list(&keys),
            Syntax::Postgres => self.existing_one_by_one(&keys),
            Syntax::Sqlite => self.existing_in_turn(&keys),
        }
    }

    /// A range of the index for each key.
    fn existing_in_list(&self, keys: &str) -> String {
        let Table { name, group, item, .. } = &self.table;
        let lives = self.and_lives("");
        format!("SELECT {group}, {item} FROM {name} WHERE ({group}, {item}) IN ({keys}){lives}")
    }

    /// A list would be one condition for each key, and each row that was found be compared with all of them. The `LIMIT` keeps the
    /// planner from joining in another way, such as reading the whole table once.
    fn existing_one_by_one(&self, keys: &str) -> String {
        let Table { name, group, item, .. } = &self.table;
        let lives = self.and_lives("r.");
        format!(
            "SELECT DISTINCT f.{group}, f.{item} FROM (VALUES {keys}) AS k (g, i) CROSS JOIN LATERAL \
             (SELECT r.{group}, r.{item} FROM {name} AS r WHERE r.{group} = k.g AND r.{item} = k.i{lives} LIMIT 1) AS f"
        )
    }

    /// For `IN (VALUES ..)` SQLite 3.40 reads the whole table where there are two rows or more. `CROSS JOIN` keeps the order.
    fn existing_in_turn(&self, keys: &str) -> String {
        let Table { name, group, item, .. } = &self.table;
        let lives = self.and_lives("r.");
        format!(
            "SELECT DISTINCT r.{group}, r.{item} FROM (VALUES {keys}) AS k CROSS JOIN {name} AS r \
             WHERE r.{group} = k.column1 AND r.{item} = k.column2{lives}"
        )
    }
}
