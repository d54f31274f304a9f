//! The statements of a [`Table`] that read, as text.

use super::syntax::Syntax;
use super::table::{Stamped, Table};

/// Where a page starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageFrom {
    Start,
    Behind,
    StartOfGroup,
    RestOfGroup,
}

/// What the rows of a page are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageOf {
    Records,
    StampedRecords,
    Keys,
}

/// The statements of a table, whose names are quoted here.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) syntax: Syntax,
    pub(super) table: Table,
}

impl Text {
    pub(super) fn new(syntax: Syntax, table: &Table) -> Self {
        let quoted = |name: &String| syntax.quoted(name);
        let stamped = |s: &Stamped| Stamped { stamp: quoted(&s.stamp), deleted: quoted(&s.deleted) };
        let table = Table {
            name: quoted(&table.name),
            group: quoted(&table.group),
            item: quoted(&table.item),
            columns: table.columns.iter().map(quoted).collect(),
            stamped: table.stamped.as_ref().map(stamped),
        };
        Self { syntax, table }
    }

    pub(super) fn clock(&self) -> String {
        format!("SELECT {}", self.syntax.clock())
    }

    /// Binds group, item.
    pub(super) fn read(&self) -> String {
        let (columns, name, key) = (self.all_columns(""), &self.table.name, self.is_key(1));
        format!("SELECT {columns} FROM {name} WHERE {key}{}", self.and_lives(""))
    }

    /// One row always: the columns, whether there is a record, the stamp. Binds group, item.
    pub(super) fn read_stamped(&self) -> String {
        let Table { name, group, item, .. } = &self.table;
        let (columns, found) = (self.all_columns("r."), self.number(&format!("r.{group} IS NOT NULL")));
        let (clock, lives) = (self.syntax.clock(), self.and_lives("r."));
        let (g, i) = (self.syntax.hole(1), self.syntax.hole(2));
        format!(
            "SELECT {columns}, {found}, n.stamp FROM (SELECT {clock} AS stamp) AS n \
             LEFT JOIN {name} AS r ON r.{group} = {g} AND r.{item} = {i}{lives}"
        )
    }

    /// Binds what [`bound`](Self::bound_of_page) says, and the limit.
    pub(super) fn page(&self, from: PageFrom, of: PageOf) -> String {
        let Table { name, group, item, .. } = &self.table;
        let (columns, limit) = (self.columns_of(of), self.syntax.hole(self.bound_of_page(from).len() + 1));
        let conditions = [self.page_starts(from), self.lives("")].into_iter().flatten().collect::<Vec<_>>();
        let whole = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        format!("SELECT {columns} FROM {name}{whole} ORDER BY {group}, {item} LIMIT {limit}")
    }

    fn page_starts(&self, from: PageFrom) -> Option<String> {
        let Table { group, item, .. } = &self.table;
        let hole = |number| self.syntax.hole(number);
        match (from, self.syntax) {
            (PageFrom::Start, _) => None,
            (PageFrom::StartOfGroup, _) => Some(format!("{group} = {}", hole(1))),
            (PageFrom::RestOfGroup, _) => Some(format!("{group} = {} AND {item} > {}", hole(1), hole(2))),
            (PageFrom::Behind, Syntax::Postgres | Syntax::Sqlite) => {
                Some(format!("({group}, {item}) > ({}, {})", hole(1), hole(2)))
            }
            // A comparison of rows uses no range of the index there; this one uses two.
            (PageFrom::Behind, Syntax::MariaDb) => {
                Some(format!("({group} > ? OR ({group} = ? AND {item} > ?))"))
            }
        }
    }

    /// What a page binds before its limit.
    pub(super) const fn bound_of_page(&self, from: PageFrom) -> &'static [Bound] {
        match (from, self.syntax) {
            (PageFrom::Start, _) => &[],
            (PageFrom::StartOfGroup, _) => &[Bound::Group],
            (PageFrom::Behind, Syntax::MariaDb) => &[Bound::Group, Bound::Group, Bound::Item],
            (PageFrom::RestOfGroup | PageFrom::Behind, _) => &[Bound::Group, Bound::Item],
        }
    }

    pub(super) fn is_key(&self, first: usize) -> String {
        let Table { group, item, .. } = &self.table;
        format!("{group} = {} AND {item} = {}", self.syntax.hole(first), self.syntax.hole(first + 1))
    }

    pub(super) fn lives(&self, of: &str) -> Option<String> {
        self.table.stamped.as_ref().map(|stamped| format!("NOT {of}{}", stamped.deleted))
    }

    pub(super) fn and_lives(&self, of: &str) -> String {
        self.lives(of).map_or(String::new(), |lives| format!(" AND {lives}"))
    }

    fn columns_of(&self, page: PageOf) -> String {
        let Table { group, item, .. } = &self.table;
        match page {
            PageOf::Keys => format!("{group}, {item}"),
            PageOf::Records => self.all_columns(""),
            PageOf::StampedRecords => {
                let (columns, there) = (self.all_columns(""), self.number("1 = 1"));
                format!("{columns}, {there}, {}", self.syntax.clock())
            }
        }
    }

    fn all_columns(&self, of: &str) -> String {
        let Table { group, item, columns, .. } = &self.table;
        let all = [group, item].into_iter().chain(columns);
        all.map(|column| format!("{of}{column}")).collect::<Vec<_>>().join(", ")
    }

    /// A condition as 0 or 1, of the same type in each database.
    fn number(&self, condition: &str) -> String {
        format!("CAST(CASE WHEN {condition} THEN 1 ELSE 0 END AS {})", self.syntax.integer())
    }
}

/// A part of a key that a statement binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Group,
    Item,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(syntax: Syntax, table: &Table) -> Vec<String> {
        let text = Text::new(syntax, table);
        let pages = [PageFrom::Start, PageFrom::Behind, PageFrom::StartOfGroup, PageFrom::RestOfGroup];
        let stamps_reads = syntax.stamps_reads();
        let of = |from| {
            if stamps_reads && from == PageFrom::Behind { PageOf::StampedRecords } else { PageOf::Records }
        };
        let mut all = vec![text.clock(), text.read()];
        all.extend(stamps_reads.then(|| text.read_stamped()));
        all.extend(pages.map(|from| text.page(from, of(from))));
        all.extend(pages.map(|from| text.page(from, PageOf::Keys)));
        all.extend([text.existing_keys(1), text.existing_keys(2)]);
        all.extend([text.replace(1), text.replace(2), text.delete(), text.insert()]);
        all.extend(text.revive());
        all.extend([text.change(), text.remove()]);
        all
    }

    fn plain() -> Table {
        Table::new("order", "customer", "Id", ["total", "a`b\"c"])
    }

    fn stamped() -> Table {
        Table::new("copies", "g", "i", ["total", "state"]).stamped("stamp", "deleted")
    }

    /// A line a statement.
    fn assert_golden(golden: &str, syntax: Syntax, table: &Table) {
        let texts = texts(syntax, table).join("\n");
        assert_eq!(texts, golden.trim_end(), "\n{texts}\n");
    }

    #[test]
    fn the_statements_of_a_table_are_these() {
        assert_golden(include_str!("golden/mariadb.sql"), Syntax::MariaDb, &plain());
        assert_golden(include_str!("golden/mariadb_stamped.sql"), Syntax::MariaDb, &stamped());
        assert_golden(include_str!("golden/postgres.sql"), Syntax::Postgres, &plain());
        assert_golden(include_str!("golden/postgres_stamped.sql"), Syntax::Postgres, &stamped());
        assert_golden(include_str!("golden/sqlite.sql"), Syntax::Sqlite, &plain());
        assert_golden(include_str!("golden/sqlite_stamped.sql"), Syntax::Sqlite, &stamped());
    }
}
