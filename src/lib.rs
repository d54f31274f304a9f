//! Crossfade (crate page to be written with the last module).

pub mod data;
