//! Both stores keep what crossfade and the gateway ask of them.

mod copies;
mod creates;
mod preconditions;
mod requests;
mod support;
