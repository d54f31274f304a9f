//! What the errors of the driver mean for a write.

use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::statement::Consistency;

use crate::data::Outcome;

/// How a statement was sent, which decides what its error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sent {
    /// Once, to one coordinator: a write of the request path.
    Once,
    /// Once, and `IF` something: Cassandra agrees on the value before it is written.
    Conditionally,
    /// Perhaps several times, since it is idempotent: the error is that of the last time.
    Repeatedly,
    /// Nobody knows how: through the driver itself.
    Somehow,
}

impl Sent {
    /// Whether an error speaks of all that was sent.
    const fn once(self) -> bool {
        matches!(self, Self::Once | Self::Conditionally)
    }
}

pub(super) fn outcome_of(error: &ExecutionError, sent: Sent) -> Outcome {
    match error {
        // Not sent: found before the first time.
        ExecutionError::BadQuery(_) | ExecutionError::EmptyPlan | ExecutionError::PrepareError(_) => {
            Outcome::Rejected
        }
        // Not sent this time.
        ExecutionError::ConnectionPoolError(_) if sent.once() => Outcome::Rejected,
        ExecutionError::LastAttemptError(attempt) if sent.once() => of_attempt(attempt, sent),
        _ => Outcome::Unknown,
    }
}

fn of_attempt(error: &RequestAttemptError, sent: Sent) -> Outcome {
    match error {
        // Not sent.
        RequestAttemptError::SerializationError(_)
        | RequestAttemptError::CqlRequestSerialization(_)
        | RequestAttemptError::UnableToAllocStreamId => Outcome::Rejected,
        RequestAttemptError::DbError(error, _) => of_server(error, sent),
        _ => Outcome::Unknown,
    }
}

/// `Overloaded` is unknown: the coordinator may have sent the write to some replicas before it found that it holds too many
/// hints for others.
fn of_server(error: &DbError, sent: Sent) -> Outcome {
    match error {
        DbError::SyntaxError
        | DbError::Invalid
        | DbError::AlreadyExists { .. }
        | DbError::AuthenticationError
        | DbError::Unauthorized
        | DbError::ConfigError
        | DbError::IsBootstrapping
        | DbError::Unprepared { .. } => Outcome::Rejected,
        DbError::Unavailable { consistency, .. } => match (sent, consistency) {
            // Of the first round, which agrees on nothing yet.
            (Sent::Conditionally, Consistency::Serial | Consistency::LocalSerial) => Outcome::Rejected,
            (Sent::Conditionally, _) => Outcome::Unknown,
            // The coordinator asked nobody.
            _ => Outcome::Rejected,
        },
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scylla::errors::WriteType;

    use super::*;

    const CONSISTENCY: Consistency = Consistency::Quorum;

    fn of(error: DbError, sent: Sent) -> Outcome {
        let attempt = RequestAttemptError::DbError(error, String::new());
        outcome_of(&ExecutionError::LastAttemptError(attempt), sent)
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
            (unavailable(CONSISTENCY), Outcome::Rejected),
            (DbError::Overloaded, Outcome::Unknown),
            (DbError::ServerError, Outcome::Unknown),
            (DbError::TruncateError, Outcome::Unknown),
        ] {
            assert_eq!(of(error.clone(), Sent::Once), expected, "{error}");
            // An earlier time may have been applied.
            assert_eq!(of(error.clone(), Sent::Repeatedly), Outcome::Unknown, "{error}");
            assert_eq!(of(error.clone(), Sent::Somehow), Outcome::Unknown, "{error}");
        }
    }

    #[test]
    fn a_write_that_timed_out_or_failed_is_unknown_whatever_its_type() {
        use WriteType::{Batch, BatchLog, Cas, Cdc, Counter, Simple, UnloggedBatch, View};
        for write_type in [Simple, Batch, UnloggedBatch, Counter, BatchLog, Cas, View, Cdc] {
            let (consistency, received, required) = (CONSISTENCY, 0, 2);
            let timeout =
                DbError::WriteTimeout { consistency, received, required, write_type: write_type.clone() };
            assert_eq!(of(timeout, Sent::Once), Outcome::Unknown, "{write_type:?}");
            let numfailures = 1;
            let failure = DbError::WriteFailure {
                consistency,
                received,
                required,
                numfailures,
                write_type: write_type.clone(),
            };
            assert_eq!(of(failure, Sent::Once), Outcome::Unknown, "{write_type:?}");
        }
    }

    #[test]
    fn a_conditional_write_may_be_agreed_on_when_replicas_are_missing_for_its_end() {
        assert_eq!(of(unavailable(Consistency::Serial), Sent::Conditionally), Outcome::Rejected);
        assert_eq!(of(unavailable(CONSISTENCY), Sent::Conditionally), Outcome::Unknown);
    }

    #[test]
    fn what_was_not_sent_is_rejected_and_what_has_no_answer_is_unknown() {
        for sent in [Sent::Once, Sent::Conditionally, Sent::Repeatedly, Sent::Somehow] {
            assert_eq!(outcome_of(&ExecutionError::EmptyPlan, sent), Outcome::Rejected);
            let late = ExecutionError::RequestTimeout(Duration::from_secs(1));
            assert_eq!(outcome_of(&late, sent), Outcome::Unknown);
        }
    }
}
