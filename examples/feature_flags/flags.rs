//! Two flags of any OpenFeature provider drive a migration: a string names its stage, a number the weight of its cohort in
//! percent. They are polled, never asked for by a request.

use std::time::Duration;

use crossfade::route::{Asked, Percent, RoutingHandle, Stage, SwapError};
use open_feature::{Client, EvaluationError};

/// How long one poll may take: a provider that hangs is one that does not answer.
const POLL_MAX: Duration = Duration::from_secs(2);

/// Why a poll changed nothing. The last config that was in force goes on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlagError {
    #[error("the flag `{flag}` cannot be read: {} {}", .error.code, .error.message.as_deref().unwrap_or_default())]
    Unreadable { flag: String, error: EvaluationError },
    #[error("the flag provider did not answer within {POLL_MAX:?}")]
    Late,
    #[error("the flag `{flag}` is {value:?}: {reason}")]
    Meaningless { flag: String, value: String, reason: String },
    #[error(transparent)]
    Refused(#[from] SwapError),
}

/// What the flags say.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Wish {
    stage: Stage,
    weight: Percent,
}

/// The flags of one migration.
pub(crate) struct Flags {
    client: Client,
    routing: RoutingHandle,
    /// The names of the flags: `invoices-stage`, `invoices-weight`.
    stage: String,
    weight: String,
    /// The stage that the flag named when it was last obeyed. Only another one asks for a move: a flag that stays as it is
    /// must not undo a rollback that somebody made by hand.
    named: Option<Stage>,
}

impl Flags {
    pub(crate) fn new(client: Client, migration: &str, routing: RoutingHandle) -> Self {
        let (stage, weight) = (format!("{migration}-stage"), format!("{migration}-weight"));
        Self { client, routing, stage, weight, named: None }
    }

    /// Polls for ever. What is refused is logged, and the last config stays.
    pub(crate) async fn follow(mut self, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        loop {
            ticks.tick().await;
            if let Err(error) = self.poll().await {
                tracing::warn!(%error, stage = %self.routing.stage(), "the flags are not in force; the last config goes on");
            }
        }
    }

    /// Reads both flags and does what they say; on an error nothing changes.
    pub(crate) async fn poll(&mut self) -> Result<(), FlagError> {
        let wish = tokio::time::timeout(POLL_MAX, self.read()).await.map_err(|_| FlagError::Late)??;
        let asks_for_a_move = self.named.is_some_and(|named| named != wish.stage);
        if asks_for_a_move && wish.stage != self.routing.stage() {
            let asked = Asked::by("feature flag", format!("{} is {}", self.stage, wish.stage));
            let _drained = self.routing.move_to(wish.stage, asked).await?;
        }
        // The first poll obeys nothing: a process starts in the committed stage.
        self.named = Some(wish.stage);
        self.set_weight(wish.weight).await
    }

    async fn set_weight(&self, weight: Percent) -> Result<(), FlagError> {
        let mut config = self.routing.config();
        if config.cohort.weight != weight {
            config.cohort.weight = weight;
            let asked = Asked::by("feature flag", format!("{} is {weight}", self.weight));
            let _drained = self.routing.configure(config, asked).await?;
        }
        Ok(())
    }

    async fn read(&self) -> Result<Wish, FlagError> {
        let unreadable = |flag: &str| {
            let flag = flag.to_owned();
            move |error| FlagError::Unreadable { flag, error }
        };
        let stage = self.client.get_string_value(&self.stage, None, None).await;
        let weight = self.client.get_float_value(&self.weight, None, None).await;
        Ok(Wish {
            // LaunchDarkly's six names (`dualwrite`, `rampdown`) are taken as well.
            stage: meant(&self.stage, stage.map_err(unreadable(&self.stage))?)?,
            weight: meant(&self.weight, as_percent(weight.map_err(unreadable(&self.weight))?))?,
        })
    }
}

/// A weight has a thousandth of a percent at most; a flag may be a third.
fn as_percent(weight: f64) -> String {
    format!("{}%", (weight * 1_000.0).round() / 1_000.0)
}

fn meant<T>(flag: &str, value: String) -> Result<T, FlagError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    value.parse().map_err(|error: T::Err| {
        let reason = error.to_string();
        FlagError::Meaningless { flag: flag.to_owned(), value, reason }
    })
}
