//! Stand-ins for `crossfade::route` while it is being written: same names, same meaning. Removed with the wiring.

use std::borrow::Cow;
use std::fmt;

use crossfade::data::Scopes;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Store {
    Legacy,
    Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Stage {
    Off,
    DualWrite,
    Shadow,
    Canary,
    Live,
    RampDown,
    Complete,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Off => "off",
            Self::DualWrite => "dual_write",
            Self::Shadow => "shadow",
            Self::Canary => "canary",
            Self::Live => "live",
            Self::RampDown => "ramp_down",
            Self::Complete => "complete",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) writes: bool,
}

impl Operation {
    pub(crate) const fn read(name: &'static str) -> Self {
        Self { name, writes: false }
    }
    pub(crate) const fn write(name: &'static str) -> Self {
        Self { name, writes: true }
    }
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("refused")]
pub(crate) struct Refused;

pub(crate) trait StorageRequest {
    fn operation(&self) -> Operation;
    fn scopes(&self) -> Scopes;
    fn attribute(&self, _name: &str) -> Option<Cow<'_, str>> {
        None
    }
    fn read_override(&self) -> Option<Store> {
        None
    }
}
