//! The table of all families: the one place where a name is written. Both adapters go through it, so they cannot
//! differ.

mod config;
mod fill;
mod marks;
mod reads;
mod stages;
mod table;
mod writes;

pub(super) use table::FAMILIES;
