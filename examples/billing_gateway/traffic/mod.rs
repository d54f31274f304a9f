//! Open-loop traffic through HTTP: requests are sent when they are due, whatever happened to those before, and
//! latency counts from when they were due.
//!
//! `load.rs` decides what is asked next, out of what the clients know (`known.rs`). A client sends it (`client.rs`,
//! `ask.rs`) and notes in the ledger what it was told (`noting.rs`).

mod ask;
mod client;
mod counts;
mod done;
mod drafts;
mod job;
mod known;
mod load;
mod named;
mod noting;
mod pacer;
mod reply;

pub(crate) use counts::{Counts, KINDS, percentile_ms};
pub(crate) use load::Load;
pub(crate) use named::{FROM_TARGET, IN_ITS_PLACE};
pub(crate) use pacer::Traffic;
