//! The named steps of a migration and the legal moves between them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the two stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// The store you leave.
    Legacy,
    /// The store you move to.
    Target,
}

impl Store {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Legacy => Self::Target,
            Self::Target => Self::Legacy,
        }
    }

    /// `legacy` or `target`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Target => "target",
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The named step of the migration: decides who is the authority of writes and who answers reads.
///
/// | stage | reads answered by | shadow reads | authority of writes -> copied to | way back |
/// |---|---|---|---|---|
/// | `off` | legacy | - | legacy | - |
/// | `dual_write` | legacy | - | legacy -> target | any time |
/// | `shadow` | legacy | target | legacy -> target | any time |
/// | `canary` | target for the cohort, fallback to legacy; legacy for the rest | the other store | legacy -> target | any time |
/// | `live` | target, fallback to legacy | legacy | legacy -> target | any time |
/// | `ramp_down` | target | legacy | target -> legacy | through hold and drain |
/// | `complete` | target | - | target | none: the point of no return |
///
/// Forward one stage at a time; backward to any earlier stage in one move, from any stage whose writes still reach
/// legacy. The move to `complete` holds and drains, too: legacy is left equal to the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Stage {
    /// Legacy alone.
    #[default]
    Off = 0,
    /// Writes are copied to the target.
    #[serde(alias = "dualwrite")]
    DualWrite = 1,
    /// Reads are repeated on the target and compared.
    Shadow = 2,
    /// A cohort reads from the target.
    Canary = 3,
    /// All reads come from the target.
    Live = 4,
    /// The target is the authority; its writes are copied back to legacy.
    #[serde(alias = "rampdown")]
    RampDown = 5,
    /// The target alone.
    Complete = 6,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 7] =
        [Self::Off, Self::DualWrite, Self::Shadow, Self::Canary, Self::Live, Self::RampDown, Self::Complete];

    /// The name in config, metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::DualWrite => "dual_write",
            Self::Shadow => "shadow",
            Self::Canary => "canary",
            Self::Live => "live",
            Self::RampDown => "ramp_down",
            Self::Complete => "complete",
        }
    }

    /// The store that takes writes first and decides.
    #[must_use]
    pub const fn authority(self) -> Store {
        match self {
            Self::Off | Self::DualWrite | Self::Shadow | Self::Canary | Self::Live => Store::Legacy,
            Self::RampDown | Self::Complete => Store::Target,
        }
    }

    /// Whether writes are copied to the other store.
    #[must_use]
    pub const fn copies(self) -> bool {
        !matches!(self, Self::Off | Self::Complete)
    }

    /// Whether entering this stage needs the certificate: the target was filled and nothing went unrecorded since.
    #[must_use]
    pub const fn needs_certificate(self) -> bool {
        matches!(self, Self::Canary | Self::Live | Self::RampDown | Self::Complete)
    }

    /// The stages that can follow this one, itself not among them.
    pub fn legal_moves(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |to| self.may_move_to(*to))
    }

    /// Whether `to` can follow this stage.
    #[must_use]
    pub const fn may_move_to(self, to: Self) -> bool {
        let (from, to) = (self as u8, to as u8);
        to == from + 1 || (to < from && !matches!(self, Self::Complete))
    }

    /// Whether moving to `to` makes the other store the authority, which needs hold and drain.
    #[must_use]
    pub const fn switches_authority(self, to: Self) -> bool {
        self.authority() as u8 != to.authority() as u8
    }

    /// Whether a move to `to` holds writes until no mark is left: it changes the authority, or, as the move to
    /// `complete`, leaves legacy as it is for good.
    #[must_use]
    pub const fn holds_writes(self, to: Self) -> bool {
        self.switches_authority(to) || matches!(to, Self::Complete)
    }

    pub(crate) const fn from_index(index: u8) -> Option<Self> {
        if (index as usize) < Self::ALL.len() { Some(Self::ALL[index as usize]) } else { None }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Not the name of a stage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no stage; the stages are off, dual_write, shadow, canary, live, ramp_down, complete")]
pub struct NotAStage(String);

impl FromStr for Stage {
    type Err = NotAStage;

    /// Accepts also `dualwrite` and `rampdown`, the strings of LaunchDarkly's migration flags.
    fn from_str(text: &str) -> Result<Self, NotAStage> {
        match text {
            "dualwrite" => Ok(Self::DualWrite),
            "rampdown" => Ok(Self::RampDown),
            _ => Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| NotAStage(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_walk_of_legal_moves_skips_a_stage_forward_or_comes_back_from_complete(
            asked in prop::collection::vec(0..Stage::ALL.len(), 0..60),
        ) {
            let mut at = Stage::Off;
            for to in asked.into_iter().map(|to| Stage::ALL[to]) {
                if !at.may_move_to(to) {
                    prop_assert!(to == at || to as u8 > at as u8 + 1 || at == Stage::Complete);
                    prop_assert!(at.legal_moves().all(|legal| legal != to));
                    continue;
                }
                prop_assert!(at != Stage::Complete && to as u8 <= at as u8 + 1);
                // Whoever changes the authority passes between live and ramp_down, with writes held.
                prop_assert!(!at.switches_authority(to) || at.holds_writes(to));
                at = to;
            }
        }
    }

    #[test]
    fn forward_is_one_stage_and_backward_any_until_complete() {
        let moves = |stage: Stage| stage.legal_moves().map(Stage::as_str).collect::<Vec<_>>().join(" ");
        assert_eq!(moves(Stage::Off), "dual_write");
        assert_eq!(moves(Stage::DualWrite), "off shadow");
        assert_eq!(moves(Stage::Canary), "off dual_write shadow live");
        assert_eq!(moves(Stage::RampDown), "off dual_write shadow canary live complete");
        assert_eq!(moves(Stage::Complete), "");
    }

    #[test]
    fn launchdarkly_strings_name_stages() {
        for (text, stage) in
            [("off", Stage::Off), ("dualwrite", Stage::DualWrite), ("rampdown", Stage::RampDown)]
        {
            assert_eq!(text.parse(), Ok(stage));
        }
        assert!("ramp-down".parse::<Stage>().unwrap_err().to_string().contains("dual_write"));
    }

    #[test]
    fn every_stage_comes_back_from_its_name_and_index() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse(), Ok(stage));
            assert_eq!(Stage::from_index(stage as u8), Some(stage));
        }
        assert_eq!(Stage::from_index(7), None);
    }

    #[test]
    fn only_moves_over_ramp_down_switch_the_authority() {
        for from in Stage::ALL {
            for to in from.legal_moves() {
                let over = (from < Stage::RampDown) != (to < Stage::RampDown);
                assert_eq!(from.switches_authority(to), over, "{from} -> {to}");
                assert_eq!(from.holds_writes(to), over || to == Stage::Complete, "{from} -> {to}");
            }
        }
    }
}
