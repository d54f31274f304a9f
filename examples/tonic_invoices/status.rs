//! What a gRPC status means for a write, and what an error becomes for a caller.

use std::error::Error;

use crossfade::Refused;
use crossfade::data::{ClassifyOutcome, Outcome};
use tonic::{Code, ConnectError, Status};

use crate::call::Reply;

/// Why a call has no answer of the service that is to be believed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The service failed, cannot be reached, or did not answer. It is an error, so that a read of the target can fall back.
    #[error("{}: {}", .0.code(), .0.message())]
    Failed(#[from] Status),
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Whether the service itself said no, before it changed anything. Neither tonic nor a proxy makes these up for a call that
/// may have been done (a proxy that says 401 or 403 has not passed it on).
pub(crate) const fn is_no(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::FailedPrecondition
            | Code::Aborted
    )
}

/// What a status means for the write that it answers. These are no proof that nothing was done:
///
/// | code | who says it after the write was made |
/// |---|---|
/// | `CANCELLED` | tonic, on either side, when a call's timeout ends it |
/// | `DEADLINE_EXCEEDED` | other libraries, then |
/// | `OUT_OF_RANGE` | tonic, when the answer is longer than its limit; so it is no "no" of the service |
/// | `RESOURCE_EXHAUSTED` | other libraries, then; also a connection that was ended for too many requests |
/// | `UNAVAILABLE` | the client, when the connection breaks; a proxy |
/// | `UNKNOWN`, `INTERNAL`, `DATA_LOSS` | a handler that failed half way; a stream without an end |
pub(crate) fn outcome_of(status: &Status) -> Outcome {
    match status.code() {
        Code::Ok => Outcome::Applied,
        Code::Unimplemented => Outcome::Rejected,
        code if is_no(code) => Outcome::Rejected,
        _ if was_not_sent(status) => Outcome::Rejected,
        _ => Outcome::Unknown,
    }
}

/// There was no connection to send the call on.
fn was_not_sent(status: &Status) -> bool {
    std::iter::successors(status.source(), |&error| error.source()).any(|error| error.is::<ConnectError>())
}

impl CallError {
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Failed(status) => outcome_of(status),
            Self::Refused(_) => Outcome::Rejected,
        }
    }
}

/// The outcome of a write that the stack has sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByStatus;

impl ClassifyOutcome<Reply, CallError> for ByStatus {
    fn classify(&self, answer: Result<&Reply, &CallError>) -> Outcome {
        match answer {
            Ok(Reply::No(_)) => Outcome::Rejected,
            Ok(_) => Outcome::Applied,
            Err(error) => error.outcome(),
        }
    }
}

impl From<CallError> for Status {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Failed(status) => status,
            CallError::Refused(refused) => refusal(&refused),
        }
    }
}

/// A call that crossfade refused was not made and may be sent again, but for those that no one can do.
pub(crate) fn refusal(refused: &Refused) -> Status {
    let code = match refused {
        Refused::NotAToken => Code::InvalidArgument,
        Refused::NoTargetWrites { .. } => Code::Unimplemented,
        Refused::NotClassified | Refused::NoScope { .. } | Refused::WrongAnswer { .. } => Code::Internal,
        _ => Code::Unavailable,
    };
    Status::new(code, refused.to_string())
}
