//! The admin API, through real HTTP on 127.0.0.1.

mod access;
mod caller;
mod fill;
mod looks;
mod moves;
mod operations;
mod routing;
