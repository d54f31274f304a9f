//! The judge is right: each kind of damage is seen, and whatever interleaving allows is not called damage.

mod creates;
mod growing;
mod support;
mod versions;
