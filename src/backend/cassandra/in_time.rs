//! No longer than the answer of the leg is wanted.

use std::future::Future;
use std::time::Duration;

use scylla::errors::ExecutionError;
use tokio::time::timeout;

use crate::route::Deadline;

/// The execution, which the session's profile bounds already, no longer than the leg waits. What is cut off is what the driver
/// says of its own bound, whose outcome is unknown; nothing is sent when the time is over.
pub(super) async fn in_time<T>(
    execution: impl Future<Output = Result<T, ExecutionError>>,
) -> Result<T, ExecutionError> {
    let Some(leg) = Deadline::current() else { return execution.await };
    let left = leg.left();
    if left == Duration::ZERO {
        return Err(ExecutionError::RequestTimeout(left));
    }
    timeout(left, execution).await.unwrap_or(Err(ExecutionError::RequestTimeout(left)))
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const LEG: Duration = Duration::from_millis(200);

    /// Not dropped by the leg, which goes on to look at what its store says.
    async fn on_a_leg(
        execution: impl Future<Output = Result<(), ExecutionError>>,
        waits: Duration,
    ) -> String {
        let (said, hears) = tokio::sync::oneshot::channel();
        let leg = Deadline::within(LEG).keep(async {
            tokio::time::sleep(waits).await;
            let ended = in_time(execution).await;
            drop(said.send(ended.map_or_else(|error| error.to_string(), |()| "done".to_owned())));
        });
        drop(leg.await);
        hears.await.unwrap_or_else(|_| "dropped".to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_statement_ends_when_its_leg_does() {
        let began = Instant::now();
        let cut = on_a_leg(std::future::pending(), Duration::ZERO).await;
        assert_eq!(began.elapsed(), LEG);
        assert_eq!(cut, ExecutionError::RequestTimeout(LEG).to_string());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_when_the_time_is_over() {
        let sent = async { panic!("sent") };
        let over = Deadline::within(Duration::ZERO).keep(in_time::<()>(sent)).await.unwrap();
        assert!(matches!(over, Err(ExecutionError::RequestTimeout(Duration::ZERO))), "{over:?}");
        assert_eq!(on_a_leg(async { Ok(()) }, LEG / 2).await, "done");
    }
}
