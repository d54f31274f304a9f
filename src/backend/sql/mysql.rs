//! What the errors of MariaDB and MySQL mean, by their numbers.

use crate::data::Outcome;

/// Whether the server surely changed nothing. InnoDB undoes a statement that ends with an error; the first error of a
/// handler ends its transaction, which is then rolled back.
///
/// Not in the list, and so unknown: a server that shuts down (1053), a connection or statement that was killed (1927, 1317),
/// an error during COMMIT (1180), and whatever else there is.
pub(super) fn outcome_of(number: u16) -> Outcome {
    match number {
        // Not let in, or no such database: too many connections, access denied, of this user, of this hour.
        1040 | 1044..=1046 | 1049 | 1129 | 1130 | 1203 | 1226 | 1251 | 1698
        // Not allowed to: a table, a column; the server or the transaction is read-only.
        | 1142 | 1143 | 1227 | 1290 | 1370 | 1792 | 1836
        // The statement cannot be meant: syntax, unknown column or table, wrong number of values.
        | 1052 | 1054 | 1064 | 1136 | 1146 | 1210 | 1241 | 1305 | 1318
        // A constraint: NULL, duplicate key, foreign key, check.
        | 1048 | 1062 | 1169 | 1216 | 1217 | 1364 | 1451 | 1452 | 1557 | 1586 | 3819 | 4025
        // A value that does not fit: range, date, text of another character set, length, truncation, division.
        | 1153 | 1264 | 1265 | 1292 | 1365 | 1366 | 1367 | 1406 | 1411 | 1690
        // The server ended the statement and rolled it back: lock wait timeout, deadlock, changed since it was read, too long.
        | 1020 | 1205 | 1213 | 1969 => Outcome::Rejected,
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_surely_changed_nothing_is_rejected() {
        for (number, expected) in [
            (1062, Outcome::Rejected), // duplicate key
            (1213, Outcome::Rejected), // deadlock
            (1205, Outcome::Rejected), // lock wait timeout
            (1969, Outcome::Rejected), // max_statement_time
            (1290, Outcome::Rejected), // --read-only
            (1040, Outcome::Rejected), // too many connections
            (1045, Outcome::Rejected), // access denied
            (1146, Outcome::Rejected), // no such table
            (1406, Outcome::Rejected), // data too long
            (1053, Outcome::Unknown),  // server shutdown in progress
            (1927, Outcome::Unknown),  // connection was killed
            (1317, Outcome::Unknown),  // statement was interrupted
            (1180, Outcome::Unknown),  // error during COMMIT
            (1114, Outcome::Unknown),  // table full
            (3024, Outcome::Unknown),  // MySQL: a SELECT took too long
            (9999, Outcome::Unknown),
        ] {
            assert_eq!(outcome_of(number), expected, "{number}");
        }
    }
}
