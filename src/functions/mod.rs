//! Functions that exist, called through the stack.

mod call;
mod handle;
mod reads;
mod writes;

pub use call::ReadAnswer;
pub use handle::{BeforeRampDown, Functions, OnBoth};
