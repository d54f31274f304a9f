//! What a change of the authority asks of the stores: their clocks and their ids.

use std::future::Future;
use std::pin::Pin;

use crate::data::Stamp;
use crate::journal::{IdBlocks, JournalError};
use crate::stage::Store;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The clocks of the two stores.
pub(crate) trait Clocks: Send + Sync + 'static {
    /// The store's own clock; `None` when it uses the gateway's stamps or keeps none.
    fn clock(&self, store: Store) -> BoxFuture<'_, Result<Option<Stamp>, String>>;
}

/// The sequence that legacy takes ids of new records from.
///
/// Ids that the target gives out in `ramp_down` come from an [`IdBlocks`] in the journal. At each change of the
/// authority, while writes are held, the sequence that goes on is raised above the other
/// ([`RoutingHandle::hand_over_ids`](crate::route::RoutingHandle::hand_over_ids)). Without that the target
/// would give out an id again, and silently replace an acknowledged record in both stores.
pub trait LegacyIds: Send + Sync + 'static {
    /// What can go wrong: the move is then refused and names it.
    type Error: std::error::Error;

    /// The largest id that legacy has given out, deleted records included; 0 when none.
    fn largest(&self) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Makes legacy's own sequence go on above `id`.
    fn raise_above(&self, id: u64) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Ids in both directions, behind one object.
pub(crate) trait IdHandover: Send + Sync + 'static {
    fn to(&self, authority: Store) -> BoxFuture<'_, Result<(), String>>;
}

pub(crate) struct Handover<L> {
    pub(crate) blocks: IdBlocks,
    pub(crate) legacy: L,
}

impl<L: LegacyIds> IdHandover for Handover<L> {
    fn to(&self, authority: Store) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            match authority {
                Store::Target => {
                    let largest = self.legacy.largest().await.map_err(|error| error.to_string())?;
                    self.blocks.raise_above(largest).await.map_err(|error: JournalError| error.to_string())
                }
                Store::Legacy => {
                    let largest = self.blocks.largest().await.map_err(|error| error.to_string())?;
                    self.legacy.raise_above(largest).await.map_err(|error| error.to_string())
                }
            }
        })
    }
}
