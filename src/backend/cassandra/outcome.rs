//! What the errors of the driver mean for a write.

use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::statement::Consistency;

use super::error::CassandraError;
use crate::data::Outcome;

/// Whether a statement can be `IF` something: Cassandra then agrees on the value before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Conditional,
}

pub(super) fn outcome_of(error: &CassandraError, kind: Kind) -> Outcome {
    match error {
        CassandraError::NotConnected(_) | CassandraError::Prepare { .. } => Outcome::Rejected,
        // It was executed.
        CassandraError::Rows(_) => Outcome::Unknown,
        CassandraError::Execution(error) => of_execution(error, kind),
    }
}

fn of_execution(error: &ExecutionError, kind: Kind) -> Outcome {
    match error {
        // Not sent.
        ExecutionError::BadQuery(_)
        | ExecutionError::EmptyPlan
        | ExecutionError::PrepareError(_)
        | ExecutionError::ConnectionPoolError(_) => Outcome::Rejected,
        ExecutionError::LastAttemptError(attempt) => of_attempt(attempt, kind),
        _ => Outcome::Unknown,
    }
}

fn of_attempt(error: &RequestAttemptError, kind: Kind) -> Outcome {
    match error {
        // Not sent.
        RequestAttemptError::SerializationError(_)
        | RequestAttemptError::CqlRequestSerialization(_)
        | RequestAttemptError::UnableToAllocStreamId => Outcome::Rejected,
        RequestAttemptError::DbError(error, _) => of_server(error, kind),
        _ => Outcome::Unknown,
    }
}

/// `Overloaded` is unknown: the coordinator may have sent the write to some replicas before it found that it holds too many
/// hints for others.
fn of_server(error: &DbError, kind: Kind) -> Outcome {
    match error {
        DbError::SyntaxError
        | DbError::Invalid
        | DbError::AlreadyExists { .. }
        | DbError::AuthenticationError
        | DbError::Unauthorized
        | DbError::ConfigError
        | DbError::IsBootstrapping
        | DbError::Unprepared { .. } => Outcome::Rejected,
        DbError::Unavailable { consistency, .. } => match (kind, consistency) {
            // Of the first round, which agrees on nothing yet.
            (Kind::Conditional, Consistency::Serial | Consistency::LocalSerial) | (Kind::Plain, _) => Outcome::Rejected,
            (Kind::Conditional, _) => Outcome::Unknown,
        },
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scylla::errors::WriteType;

    use super::*;

    fn of(error: DbError) -> Outcome {
        let attempt = RequestAttemptError::DbError(error, String::new());
        outcome_of(&ExecutionError::LastAttemptError(attempt).into(), Kind::Plain)
    }

    fn unavailable(consistency: Consistency) -> DbError {
        DbError::Unavailable { consistency, required: 2, alive: 1 }
    }

    #[test]
    fn only_what_surely_changed_nothing_is_rejected() {
        for (error, expected) in [
            (DbError::SyntaxError, Outcome::Rejected),
            (DbError::Invalid, Outcome::Rejected),
            (DbError::Unauthorized, Outcome::Rejected),
            (DbError::IsBootstrapping, Outcome::Rejected),
            (unavailable(Consistency::Quorum), Outcome::Rejected),
            (DbError::Overloaded, Outcome::Unknown),
            (DbError::ServerError, Outcome::Unknown),
            (DbError::TruncateError, Outcome::Unknown),
        ] {
            let shown = error.to_string();
            assert_eq!(of(error), expected, "{shown}");
        }
    }

    #[test]
    fn a_write_that_timed_out_or_failed_is_unknown_whatever_its_type() {
        let consistency = Consistency::Quorum;
        for write_type in [
            WriteType::Simple,
            WriteType::Batch,
            WriteType::UnloggedBatch,
            WriteType::Counter,
            WriteType::BatchLog,
            WriteType::Cas,
            WriteType::View,
            WriteType::Cdc,
        ] {
            let timeout =
                DbError::WriteTimeout { consistency, received: 0, required: 2, write_type: write_type.clone() };
            assert_eq!(of(timeout), Outcome::Unknown, "{write_type:?}");
            let failure = DbError::WriteFailure {
                consistency,
                received: 0,
                required: 2,
                numfailures: 1,
                write_type: write_type.clone(),
            };
            assert_eq!(of(failure), Outcome::Unknown, "{write_type:?}");
        }
    }

    #[test]
    fn a_conditional_write_may_be_agreed_on_when_replicas_are_missing_for_its_end() {
        let of = |consistency| {
            let attempt = RequestAttemptError::DbError(unavailable(consistency), String::new());
            outcome_of(&ExecutionError::LastAttemptError(attempt).into(), Kind::Conditional)
        };
        assert_eq!(of(Consistency::Serial), Outcome::Rejected);
        assert_eq!(of(Consistency::Quorum), Outcome::Unknown);
    }

    #[test]
    fn what_was_not_sent_is_rejected_and_what_has_no_answer_is_unknown() {
        let rejected: [CassandraError; 2] =
            [CassandraError::NotConnected(String::new()), ExecutionError::EmptyPlan.into()];
        for error in rejected {
            assert_eq!(outcome_of(&error, Kind::Plain), Outcome::Rejected, "{error}");
        }
        let late = ExecutionError::RequestTimeout(Duration::from_secs(1)).into();
        assert_eq!(outcome_of(&late, Kind::Plain), Outcome::Unknown);
    }
}
