//! What databases spell differently.

/// How one database spells what the others spell differently.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// The function that gives the larger of two values.
    pub(crate) greatest: &'static str,
    /// What follows an insert of marks that leaves rows alone that are there. It must not hide other errors.
    pub(crate) or_leave_mark: &'static str,
    /// What follows an insert of a sequence, up to what becomes of the one that is there.
    pub(crate) or_set_sequence: &'static str,
    /// The condition of marks on everything, or of all the others, by a value that is 1 or 0; an index has it.
    pub(crate) everything: &'static str,
    /// Whether an insert or a delete gives rows back (`RETURNING`).
    pub(crate) returning: bool,
    /// For tables on a server.
    pub(crate) server: Option<ServerDialect>,
}

/// How a server spells what only servers have: marks that transactions make inside themselves, and rows of many marks.
#[derive(Debug)]
pub(crate) struct ServerDialect {
    /// What follows an insert of marks inside of transactions that leaves rows alone that are there.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) or_leave: &'static str,
    /// What follows a read of a row that others may read and nobody may change meanwhile.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) shared: &'static str,
    /// What follows an insert of rows of marks that takes the place of those that are there.
    pub(crate) or_replace: &'static str,
    /// Deletes so many rows of a table by their ids, and locks no other: those beside them may be of transactions that run.
    pub(crate) delete: fn(table: &str, rows: usize) -> String,
}
