//! What is asked of each of the three databases: the same statements, each in its own words.

use std::fmt;

/// The statements of one database. Whole invoices are read as one JSON text each (a [`Row`](super::Row)), and written from
/// a JSON array of them.
pub(super) struct Statements {
    /// The tables, made where they are missing.
    pub(super) schema: &'static str,
    /// Succeeds where the tables are there.
    pub(super) tables: Statement,
    /// One invoice, by customer and id.
    pub(super) one: Statement,
    /// By the printed number.
    pub(super) find: Statement,
    /// By customer and idempotency key.
    pub(super) made_with_key: Statement,
    /// Those of a customer whose ids are in a JSON array.
    pub(super) those: Statement,
    /// Of a customer, behind an id, so many.
    pub(super) list: Statement,
    /// Behind a customer and an id, so many.
    pub(super) walk: Statement,
    /// The ids of those of a customer that are in a JSON array, and are there. They stay as they are until the transaction ends.
    pub(super) lock: Statement,
    /// Lets one create of a customer with an idempotency key run at a time. None where one transaction runs at a time.
    pub(super) lock_customer: Option<Statement>,
    /// Inserts or changes the rows of a JSON array; one without an id gets one. Gives back the ids.
    pub(super) upsert: Statement,
    /// The lines of the same JSON array.
    pub(super) delete_lines: Statement,
    pub(super) insert_lines: Statement,
    /// Sets the number (first) of an id.
    pub(super) set_number: Statement,
    /// Adds cents (third) to what a customer's invoice has received, where they fit.
    pub(super) pay: Statement,
    /// Closes those of a customer whose ids are in a JSON array.
    pub(super) close: Statement,
    pub(super) remove: Statement,
    /// Inserts or changes the customers of a JSON array.
    pub(super) put_customers: Statement,
    pub(super) country: Statement,
    /// How many customers there are.
    pub(super) count: Statement,
    /// The largest id that was ever given out, also to an invoice that is deleted by now; 0 when none.
    pub(super) largest_id: Statement,
    /// In one transaction: the next id becomes larger than this one, whatever it was; never smaller.
    pub(super) sequence_above: &'static [Statement],
}

/// One statement, and which of the values it takes where.
pub(super) struct Statement {
    pub(super) text: &'static str,
    /// For `?`, which have no numbers: those of their values, from 1 on. Left out: each value once, in order.
    order: Option<&'static [usize]>,
}

/// A value of a statement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Int(i64),
    Text(&'a str),
}

impl Statement {
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text, order: None }
    }

    pub(super) const fn taking(text: &'static str, order: &'static [usize]) -> Self {
        Self { text, order: Some(order) }
    }

    /// The values as the statement takes them.
    pub(super) fn taken<'a>(&self, values: &[Value<'a>]) -> Vec<Value<'a>> {
        match self.order {
            Some(order) => order.iter().map(|number| values[number - 1]).collect(),
            None => values.to_vec(),
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}
