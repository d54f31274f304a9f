//! What the errors of PostgreSQL mean, by their SQLSTATE.

use crate::data::Outcome;

/// Whether the server surely changed nothing. An error ends the statement and its transaction, which can then only be
/// rolled back.
///
/// Not in the list, and so unknown: a server or an administrator that ends the connection (57P01, 57P02), a connection that
/// failed (08), a transaction whose end is not known (40003), a disk that is full (53100), and whatever else there is.
pub(super) fn outcome_of(state: &str) -> Outcome {
    let rejected = match state {
        // Read-only, a transaction that had failed before, a client that was silent for too long.
        "25006" | "25P02" | "25P03"
        // The transaction was rolled back: serialization failure, deadlock, a constraint at its end.
        | "40001" | "40002" | "40P01"
        // No connection left, no lock in time, the statement took too long or was cancelled.
        | "53300" | "55P03" | "57014" => true,
        // Feature, cardinality, data, integrity, authorization, no such database or schema, syntax or access, a limit.
        _ => ["0A", "21", "22", "23", "28", "3D", "3F", "42", "44", "54"].contains(&state.get(..2).unwrap_or_default()),
    };
    if rejected { Outcome::Rejected } else { Outcome::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_surely_changed_nothing_is_rejected() {
        for (state, expected) in [
            ("23505", Outcome::Rejected), // unique violation
            ("40001", Outcome::Rejected), // serialization failure
            ("40P01", Outcome::Rejected), // deadlock
            ("55P03", Outcome::Rejected), // lock timeout
            ("57014", Outcome::Rejected), // statement timeout
            ("25006", Outcome::Rejected), // read-only
            ("53300", Outcome::Rejected), // too many connections
            ("28P01", Outcome::Rejected), // wrong password
            ("42P01", Outcome::Rejected), // no such table
            ("22001", Outcome::Rejected), // text too long
            ("57P01", Outcome::Unknown),  // ended by an administrator
            ("40003", Outcome::Unknown),  // statement completion unknown
            ("08006", Outcome::Unknown),  // connection failure
            ("53100", Outcome::Unknown),  // disk full
            ("XX000", Outcome::Unknown),
            ("", Outcome::Unknown),
            ("é", Outcome::Unknown),
        ] {
            assert_eq!(outcome_of(state), expected, "{state}");
        }
    }
}
