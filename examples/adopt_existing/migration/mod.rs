//! What comes beside the service: both stores for copies, the reads of the target, and the wiring.

mod legacy;
mod opened;
pub(crate) mod target;

#[cfg(test)]
pub(crate) use legacy::InMySql;
pub(crate) use opened::{Invoices, Opened};
