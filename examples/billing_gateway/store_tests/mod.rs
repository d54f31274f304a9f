//! Both stores keep what crossfade and the gateway ask of them.

mod closing;
mod copies;
mod creates;
mod payments;
mod preconditions;
mod requests;
mod support;
