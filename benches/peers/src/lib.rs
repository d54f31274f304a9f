//! The same requests over the same stores, through crossfade, through LaunchDarkly's `Migrator` and through `request-shadow`.

mod case;
mod crossfade_stack;
mod launchdarkly;
mod mirrored;

use anyhow::Result;

pub use case::{Case, Peer, Work, runtime};

/// All that is compared, each kind of work by crossfade first. Call it on a [`runtime`].
///
/// # Errors
/// When a stack or a client cannot be set up.
pub async fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::from(crossfade_stack::cases().await);
    cases.extend(launchdarkly::cases().await?);
    cases.extend(mirrored::cases());
    cases.sort_by_key(|case| (case.work, case.peer));
    Ok(cases)
}
