//! Routing (page to be written).
mod stage;
pub use stage::{NotAStage, Stage, Store};
