//! How the cost of one thing grows with how many there are of another.

mod cohort;
mod fills;
mod marks;
mod sections;
mod writers;

pub(crate) use sections::sections;
