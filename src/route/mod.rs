//! Routing (page to be written).
mod cohort;
mod config;
mod core;
mod gate;
mod handle;
mod handover;
mod layer;
mod moves;
mod plan;
mod request;
mod routed;
mod service;
mod stage;
mod unrecorded;

pub use cohort::bucket;
pub use config::{
    AttributeRule, CONFIG_ENTRIES_MAX, CohortConfig, ConfigError, CopyWait, HoldConfig, JournalUnavailable,
    LateBounds, LookupConfig, NotAPercentage, Percent, RoutingConfig, ShadowConfig, WritesConfig,
};
pub use gate::Pass;
pub use handle::{Asked, COPIES_IN_BACKGROUND_MAX, Drained, OpenError, RoutingHandle, SwapError};
pub use handover::LegacyIds;
pub use layer::RouteLayer;
pub use plan::{Leg, Plan};
pub use request::{ByRequest, Classify, Operation, StorageRequest};
pub use routed::Routed;
pub use service::{ResponseFuture, Route, Slow};
pub use stage::{NotAStage, Stage, Store};

pub(crate) use self::core::Core;
pub(crate) use gate::Entrant;
pub(crate) use handover::Clocks;
