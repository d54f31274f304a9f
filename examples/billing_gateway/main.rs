//! A billing service that moves its invoices from one store to another while it serves them.
#![allow(dead_code)]

mod chinook;
mod domain;
mod faults;
mod faulty;
mod history;
mod http;
mod judge;
mod ledger;
mod legacy;
mod legacy_row;
mod problem;
mod request;
mod sqlite;
mod stand_in;
mod target;

fn main() {}
