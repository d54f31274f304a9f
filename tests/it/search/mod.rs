//! An exhaustive search of the shipped protocol: every order of the steps of all processes, with faults.
//!
//! The machines of `crossfade::protocol` and the journal's rules run as they are, over a small world: one key in
//! one group, one gateway. Values are versions, so a lost write, a stale read and two stores that differ can be
//! seen. Each search covers a few writes and a few faults, not the product of all; a violation is printed as the
//! shortest way to it.

mod actors;
mod all_rules;
mod explore;
mod faults;
mod gateway;
mod label;
mod rules;
mod scenario;
mod values;
mod without_a_rule;
mod world;
