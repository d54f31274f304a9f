//! Crossfade (crate page to be written with the last module).

pub mod data;
pub mod journal;
pub mod protocol;
pub mod route;
