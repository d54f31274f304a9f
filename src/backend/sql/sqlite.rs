//! What the errors of SQLite mean, by their numbers.

use crate::data::Outcome;

/// Whether SQLite surely changed nothing. An error ends the statement, which is undone; the first error of a handler ends its
/// transaction, which is then rolled back.
///
/// Not in the list, and so unknown: an error of the disk (10) and a full one (13), which may hit the commit itself with part
/// of it written; a statement that was interrupted (9), and whatever else there is.
pub(super) const fn outcome_of(extended: i32) -> Outcome {
    // The rest of the number says more, for example which constraint.
    match extended & 0xff {
        // The statement cannot be meant, it may not, the lock was not given in time, the file is read-only or cannot be opened.
        1 | 3 | 5 | 6 | 8 | 14
        // A value that is too large, a constraint, a type that does not fit.
        | 18 | 19 | 20 => Outcome::Rejected,
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_surely_changed_nothing_is_rejected() {
        for (code, expected) in [
            (1, Outcome::Rejected),    // no such table
            (5, Outcome::Rejected),    // busy
            (517, Outcome::Rejected),  // busy: read before another one wrote
            (6, Outcome::Rejected),    // locked
            (8, Outcome::Rejected),    // read-only
            (1032, Outcome::Rejected), // read-only: the file was moved
            (2067, Outcome::Rejected), // unique constraint
            (787, Outcome::Rejected),  // foreign key
            (10, Outcome::Unknown),    // disk I/O
            (1034, Outcome::Unknown),  // fsync failed
            (13, Outcome::Unknown),    // full
            (11, Outcome::Unknown),    // corrupt
            (9, Outcome::Unknown),     // interrupted
            (0, Outcome::Unknown),
        ] {
            assert_eq!(outcome_of(code), expected, "{code}");
        }
    }
}
