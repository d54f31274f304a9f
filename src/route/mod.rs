//! Where each request goes: stages, the routing config, cohorts, plans, and the handle that swaps them.
//!
//! [`RouteLayer`] is the outermost layer of a stack. It decides once for each request - which store answers, whether
//! the write is copied, whether the read may be answered by the target or is repeated for comparison - and hands the
//! decision down as a [`Plan`] in [`Routed`]. No other layer loads the config, so one request sees one config,
//! whatever is swapped while it runs.
//!
//! # Opening and swapping
//!
//! ```
//! use crossfade::journal::Journal;
//! use crossfade::route::{Asked, RoutingConfig, RoutingHandle, Stage};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let journal = Journal::memory();
//! let routing = RoutingHandle::open(&journal, RoutingConfig::default()).await?;
//!
//! // The next request sees the new stage; `drained` says when the last one of the old stage has ended.
//! let swapped = routing.move_to(Stage::DualWrite, Asked::by("ops", "the migration begins")).await?;
//! swapped.drained().await;
//! assert_eq!(routing.stage(), Stage::DualWrite);
//!
//! // A move that is not legal names those that are.
//! let refused = routing.move_to(Stage::Live, Asked::by("ops", "too fast")).await.unwrap_err();
//! assert_eq!(refused.to_string(), "stage dual_write cannot move to live; it can move to: off, shadow");
//! # Ok(()) }
//! ```
//!
//! The committed stage lives in the journal. A config, a flag or an API call *asks* for a stage; the handle moves
//! there if the move is legal and commits it. A process starts in the committed stage, whatever its config says.
//! [`RoutingHandle::configure`] changes the config and never the stage.
//!
//! # What a request says of itself
//! [`StorageRequest`]: read or write, what it is called, which keys. A request that does not say what it is, is
//! refused outside of `off`: nothing is guessed. For a type that is not yours, give the layer a closure:
//!
//! ```
//! # use crossfade::data::{Key, Scopes};
//! # use crossfade::route::{Operation, RouteLayer, RoutingHandle};
//! # fn layer(routing: RoutingHandle) {
//! let layer = RouteLayer::new(routing).classified_by(|(verb, id): &(String, i64)| match verb.as_str() {
//!     "GET" => Some((Operation::read("get"), Scopes::from(Key::new(&1, id)))),
//!     "PUT" => Some((Operation::write("put"), Scopes::from(Key::new(&1, id)))),
//!     _ => None, // refused
//! });
//! # let _ = layer.classified_by(|_: &u8| None::<(Operation, Scopes)>);
//! # }
//! ```
//!
//! # Settings
//! All of them are in [`RoutingConfig`], each with its default, as TOML, JSON or a value; `RoutingConfig::default()` is stage
//! `off` with nobody in the cohort. The layer itself has one, [`classified_by`](RouteLayer::classified_by).
//!
//! # Switching it off
//! In `off` and `complete` a request is planned for one store and nothing else: no mark, no copy, no comparison. To take the
//! layers out of the code, deploy a service that calls its store directly after `complete`, or after the way back to `off`.
//! In every other stage a write that does not go through them is marked by nobody.
//!
//! # Changing the authority
//! A move between `live` and `ramp_down` makes the other store the authority. The handle holds new writes, drains
//! the running ones, waits until the reconciler has cleared every mark, hands ids over
//! ([`RoutingHandle::hand_over_ids`]), waits until the target's clock has passed every stamp, and commits in one step
//! that finds no mark. When that takes longer than `hold.max` the old stage stays and callers saw only latency.
//!
//! # The last move
//! `complete` copies nothing back any more, so the move to it holds writes, drains, and commits when no mark is left, too:
//! legacy is left equal to the target, and stays so for whoever has to look at it later. A dead letter, or a mark that
//! does not go within `hold.max`, refuses the move by name. When legacy is lost anyway, force it:
//!
//! ```
//! # use crossfade::route::{Asked, RoutingHandle, Stage, SwapError};
//! # async fn last_move(routing: RoutingHandle) -> Result<(), SwapError> {
//! let lost = Asked::by("ops", "legacy's disk is gone; nobody needs it").with_force();
//! routing.move_to(Stage::Complete, lost).await?.drained().await;
//! // What legacy never got is still named, by marks that nothing clears any more.
//! println!("{} marks left", routing.journal().marks());
//! # Ok(()) }
//! ```
//!
//! # A trap
//! Deciding outside of the stack, from a config of your own, is two snapshots for one request:
//!
//! ```
//! # use crossfade::route::{RoutingHandle, Stage};
//! # async fn read_target() {} async fn read(_stack: ()) {}
//! # async fn handler(routing: RoutingHandle, stack: ()) {
//! // Wrong: between this line and the read the stage may change, and a dirty key is read from the target.
//! if routing.stage() >= Stage::Live { read_target().await } else { read(stack).await }
//! // Right: the stack decides.
//! read(stack).await
//! # }
//! ```

mod breaker;
mod cohort;
mod config;
mod core;
mod deadline;
mod gate;
mod handle;
mod handover;
mod layer;
mod moves;
mod plan;
mod reloads;
mod request;
mod routed;
mod service;
mod target_writes;
#[cfg(any(feature = "watch", feature = "admin"))]
mod text;
mod unrecorded;
mod wanted;

pub use crate::future::DeadlinePassed;
pub use crate::journal::MarkBy;
pub use crate::stage::{NotAStage, Stage, Store};
pub use cohort::bucket;
pub use config::{
    AttributeRule, CONFIG_ENTRIES_MAX, CohortConfig, ConfigError, CopyWait, HoldConfig, JournalUnavailable,
    LINGER_MAX, LateBounds, LookupConfig, NotAPercentage, Percent, RoutingConfig, ShadowConfig, WritesConfig,
};
pub use deadline::Deadline;
pub use gate::Pass;
pub use handle::{Asked, COPIES_IN_BACKGROUND_MAX, Drained, OpenError, RoutingHandle, SwapError};
pub use handover::LegacyIds;
pub use layer::RouteLayer;
pub use plan::{Leg, Plan};
pub use reloads::ReloadStatus;
pub use request::{ByRequest, Classify, Operation, StorageRequest};
pub use routed::{IsRouted, Routed};
pub use service::Route;
#[cfg(any(feature = "watch", feature = "admin"))]
pub use text::{BadConfig, CONFIG_BYTES_MAX};

pub(crate) use self::core::Core;
pub(crate) use gate::{Entrant, Word};
pub(crate) use handover::Clocks;
#[cfg(any(feature = "watch", feature = "admin"))]
pub(crate) use text::{Language, read as read_config};
