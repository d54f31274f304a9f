//! [`Table`].

/// How the records of a data set lie in one table: a row a record, with the key in two columns.
///
/// ```
/// use crossfade::backend::sql::Table;
///
/// // A table that the service has.
/// let invoices = Table::new("invoices", "customer_id", "id", ["total_cents", "state"]);
/// // One that is made for the migration, which keeps stamps.
/// let copies = Table::new("invoices", "customer_id", "id", ["total_cents", "state"]).stamped("stamp", "deleted");
/// # let (_, _) = (invoices, copies);
/// ```
///
/// Names are taken as they are, and quoted: reserved words, spaces and capital letters are no matter. (PostgreSQL makes small
/// letters of names that are *not* quoted, so a table created as `CREATE TABLE Invoices` is `invoices` here.)
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) item: String,
    pub(super) columns: Vec<String>,
    pub(super) stamped: Option<Stamped>,
}

/// The columns that keep stamps.
#[derive(Clone, Debug)]
pub(super) struct Stamped {
    pub(super) stamp: String,
    pub(super) deleted: String,
}

impl Table {
    /// A table, its columns of group and item, which together are its primary key, and the columns of the record. Columns
    /// that are not named keep what they have.
    #[must_use]
    pub fn new<Columns>(name: &str, group: &str, item: &str, columns: Columns) -> Self
    where
        Columns: IntoIterator<Item: Into<String>>,
    {
        let columns = columns.into_iter().map(Into::into).collect();
        Self { name: name.to_owned(), group: group.to_owned(), item: item.to_owned(), columns, stamped: None }
    }

    /// The table keeps stamps, so that the larger one wins: in a column `BIGINT NOT NULL DEFAULT 0`, and whether the record
    /// was deleted in a column `BOOLEAN NOT NULL DEFAULT FALSE`. A deleted record leaves its row behind with its stamp and
    /// `NULL` in the columns of the record, which have to allow that.
    #[must_use]
    pub fn stamped(mut self, stamp: &str, deleted: &str) -> Self {
        self.stamped = Some(Stamped { stamp: stamp.to_owned(), deleted: deleted.to_owned() });
        self
    }
}
