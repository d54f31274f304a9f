//! The routing config: plain data, checked when it is made.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cohort::BUCKETS;
use crate::journal::MarkBy;
use crate::stage::{Stage, Store};

/// How many lookups, rules, or list entries of each kind one config may hold.
pub const CONFIG_ENTRIES_MAX: usize = 10_000;

/// How long a mark may stand for the writes that follow at most.
pub const LINGER_MAX: Duration = Duration::from_secs(60);

/// What decides where requests go. Plain data; [`from_toml`](Self::from_toml) and every swap check it whole.
///
/// ```
/// use crossfade::route::{RoutingConfig, Stage};
///
/// let config = RoutingConfig::from_toml(r#"
///     stage = "canary"
///
///     [cohort]
///     weight = "12.5%"
///     salt = "invoices"
///     allow = ["42"]                  # by cohort key: the customer
///     rules = [{ attribute = "country", values = ["Canada"] }]
///
///     [shadow]
///     sample = "10%"
///
///     [writes]
///     wait = "50ms"                   # or "until_copied"; "0s" answers at once
///     journal_unavailable = "reject"  # or "continue"
///     linger = "1s"                   # marks are shared by the writes of a second
///     mark = "key"                    # or "group"
///
///     [late_bound]                    # above each store's own statement timeout
///     legacy = "5s"
///     target = "5s"
///
///     [lookups.find_by_number]
///     target = true
/// "#)?;
/// assert_eq!(config.stage, Stage::Canary);
/// # Ok::<(), crossfade::route::ConfigError>(())
/// ```
///
/// Everything but the stage has a default; an unknown field is an error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RoutingConfig {
    /// The stage that is asked for. The committed one lives in the journal.
    pub stage: Stage,
    /// Whose reads the target answers in `canary`.
    pub cohort: CohortConfig,
    /// Which reads are repeated on the other store.
    pub shadow: ShadowConfig,
    /// What a write waits for, and how it is marked.
    pub writes: WritesConfig,
    /// How long after an unknown outcome a write may still land, by store.
    pub late_bound: LateBounds,
    /// How long writes may be held for a stage move.
    pub hold: HoldConfig,
    /// Reads without a key, by operation name.
    pub lookups: BTreeMap<String, LookupConfig>,
}

/// Whose reads the target answers in `canary`. The deny list, the allow list, the rules and the weight are asked in
/// this order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CohortConfig {
    /// The share of cohort keys, by their bucket.
    pub weight: Percent,
    /// Put in front of the cohort key before it is hashed: another salt draws another cohort.
    pub salt: String,
    /// Cohort keys that are always in.
    pub allow: Vec<String>,
    /// Cohort keys that are never in.
    pub deny: Vec<String>,
    /// Requests that are in by an attribute.
    pub rules: Vec<AttributeRule>,
    /// Whether a request may name the store of its read.
    pub read_override: bool,
}

/// Takes requests into the cohort whose attribute has one of the values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeRule {
    /// The name that `StorageRequest::attribute` is asked for.
    pub attribute: String,
    /// The values that are in.
    pub values: Vec<String>,
}

/// Which reads are repeated on the other store and compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShadowConfig {
    /// The share of reads, drawn at random.
    pub sample: Percent,
}

impl Default for ShadowConfig {
    fn default() -> Self {
        Self { sample: Percent::ALL }
    }
}

/// What a write waits for, and how it is marked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WritesConfig {
    /// How long the caller waits for the copy after the authority has answered.
    pub wait: CopyWait,
    /// What happens to a write whose mark cannot be recorded.
    pub journal_unavailable: JournalUnavailable,
    /// How long the mark of a write stands after it was asked for, so that writes which follow can share it; zero, the
    /// default, takes it out with its write. At most [`LINGER_MAX`]. What stands is repaired after a crash.
    #[serde(with = "humantime_serde")]
    pub linger: Duration,
    /// What the mark of a write names.
    pub mark: MarkBy,
}

impl Default for WritesConfig {
    fn default() -> Self {
        let wait = CopyWait::AtMost(Duration::from_millis(50));
        let (journal_unavailable, mark) = (JournalUnavailable::default(), MarkBy::default());
        Self { wait, journal_unavailable, linger: Duration::ZERO, mark }
    }
}

/// How long a caller waits for the copy of its write. The copy goes on by itself in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyWait {
    /// At most this long; zero answers at once.
    AtMost(Duration),
    /// Until the copy has ended, well or badly.
    UntilCopied,
}

/// What happens to a write whose mark cannot be recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalUnavailable {
    /// It is refused.
    #[default]
    Reject,
    /// It goes on; the certificate is void until a new fill, and everything is dirty.
    Continue,
}

/// How long after an unknown outcome a write may still land. Longer than the store's own statement timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LateBounds {
    /// On legacy.
    #[serde(with = "humantime_serde")]
    pub legacy: Duration,
    /// On the target.
    #[serde(with = "humantime_serde")]
    pub target: Duration,
}

impl LateBounds {
    /// The bound of one store.
    #[must_use]
    pub const fn of(&self, store: Store) -> Duration {
        match store {
            Store::Legacy => self.legacy,
            Store::Target => self.target,
        }
    }

    /// The longer one.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.legacy.max(self.target)
    }
}

impl Default for LateBounds {
    fn default() -> Self {
        Self { legacy: Duration::from_secs(30), target: Duration::from_secs(30) }
    }
}

/// How long writes may be held for a stage move: a change of the authority, or the move to `complete`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HoldConfig {
    /// Then the old stage stays and the held writes go on.
    #[serde(with = "humantime_serde")]
    pub max: Duration,
}

impl Default for HoldConfig {
    fn default() -> Self {
        Self { max: Duration::from_secs(5) }
    }
}

/// One kind of read without a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupConfig {
    /// Whether the target may answer it, while nothing is dirty.
    pub target: bool,
}

/// What is wrong with a config.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not TOML, an unknown field, or a value of the wrong kind.
    #[error("the routing config cannot be read: {0}")]
    Syntax(String),
    /// A value that cannot be meant.
    #[error("`{path}` {problem}")]
    Value {
        /// Which one.
        path: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl RoutingConfig {
    /// The defaults in this stage.
    #[must_use]
    pub fn new(stage: Stage) -> Self {
        Self { stage, ..Self::default() }
    }

    /// Reads and checks a config.
    ///
    /// # Errors
    /// When it is not TOML, names an unknown field, or holds a value that cannot be meant.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError::Syntax(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    /// The config as TOML that [`from_toml`](Self::from_toml) reads back.
    ///
    /// # Errors
    /// When a value has no TOML form, which none of this type's has.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|error| ConfigError::Syntax(error.to_string()))
    }

    /// Checks what the types alone do not.
    ///
    /// # Errors
    /// Names the first value that cannot be meant.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (path, bound) in
            [("late_bound.legacy", self.late_bound.legacy), ("late_bound.target", self.late_bound.target)]
        {
            within(path, bound, Duration::from_millis(1), Duration::from_secs(3_600))?;
        }
        within("hold.max", self.hold.max, Duration::from_millis(1), Duration::from_secs(60))?;
        if let CopyWait::AtMost(wait) = self.writes.wait {
            within("writes.wait", wait, Duration::ZERO, Duration::from_secs(60))?;
        }
        within("writes.linger", self.writes.linger, Duration::ZERO, LINGER_MAX)?;
        let rule_values = self.cohort.rules.iter().map(|rule| rule.values.len()).sum();
        for (path, entries) in [
            ("cohort.allow", self.cohort.allow.len()),
            ("cohort.deny", self.cohort.deny.len()),
            ("cohort.rules", self.cohort.rules.len().max(rule_values)),
            ("lookups", self.lookups.len()),
        ] {
            at_most(path, entries)?;
        }
        self.check_rules()
    }

    fn check_rules(&self) -> Result<(), ConfigError> {
        let empty = |rule: &AttributeRule| rule.attribute.is_empty() || rule.values.is_empty();
        match self.cohort.rules.iter().position(empty) {
            Some(at) => {
                let problem = format!("[{at}] needs an attribute and at least one value");
                Err(ConfigError::Value { path: "cohort.rules", problem })
            }
            None => Ok(()),
        }
    }
}

fn within(path: &'static str, value: Duration, min: Duration, max: Duration) -> Result<(), ConfigError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::Value { path, problem: format!("is {value:?}; it may be {min:?} to {max:?}") })
}

fn at_most(path: &'static str, entries: usize) -> Result<(), ConfigError> {
    if entries <= CONFIG_ENTRIES_MAX {
        return Ok(());
    }
    Err(ConfigError::Value {
        path,
        problem: format!("has {entries} entries; {CONFIG_ENTRIES_MAX} are the most"),
    })
}

/// A share in steps of 0.001 %, written `"12.5%"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

impl Percent {
    /// None.
    pub const ZERO: Self = Self(0);
    /// All.
    pub const ALL: Self = Self(BUCKETS);

    /// From thousandths of a percent; `None` above 100,000.
    #[must_use]
    pub const fn from_thousandths(thousandths: u32) -> Option<Self> {
        if thousandths <= BUCKETS { Some(Self(thousandths)) } else { None }
    }

    /// In thousandths of a percent, up to 100,000.
    #[must_use]
    pub const fn thousandths(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, thousandths) = (self.0 / 1_000, self.0 % 1_000);
        let fraction = format!("{thousandths:03}");
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{whole}%"),
            digits => write!(f, "{whole}.{digits}%"),
        }
    }
}

/// Not a percentage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no percentage: write 0% to 100% with at most three decimals, for example \"12.5%\"")]
pub struct NotAPercentage(String);

impl FromStr for Percent {
    type Err = NotAPercentage;

    fn from_str(text: &str) -> Result<Self, NotAPercentage> {
        parse_percent(text).ok_or_else(|| NotAPercentage(text.to_owned()))
    }
}

fn parse_percent(text: &str) -> Option<Percent> {
    let number = text.trim().strip_suffix('%')?.trim_end();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 3 {
        return None;
    }
    let thousandths = whole.parse::<u32>().ok()?.checked_mul(1_000)?;
    Percent::from_thousandths(thousandths.checked_add(format!("{fraction:0<3}").parse().ok()?)?)
}

impl Serialize for Percent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for CopyWait {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::AtMost(wait) => humantime_serde::serialize(wait, serializer),
            Self::UntilCopied => serializer.serialize_str("until_copied"),
        }
    }
}

impl<'de> Deserialize<'de> for CopyWait {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "until_copied" {
            return Ok(Self::UntilCopied);
        }
        let duration = serde::de::value::StrDeserializer::<D::Error>::new(&text);
        humantime_serde::deserialize(duration).map(Self::AtMost)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let error = RoutingConfig::from_toml("stage = \"off\"\nstge = 1").unwrap_err().to_string();
        assert!(error.contains("stge"), "{error}");
        let error = RoutingConfig::from_toml("[cohort]\nwieght = \"1%\"").unwrap_err().to_string();
        assert!(error.contains("wieght"), "{error}");
    }

    #[test]
    fn a_value_that_cannot_be_meant_is_refused_by_its_path() {
        for (toml, path) in [
            ("[hold]\nmax = \"10m\"", "hold.max"),
            ("[late_bound]\ntarget = \"0s\"", "late_bound.target"),
            ("[writes]\nwait = \"2h\"", "writes.wait"),
            ("[writes]\nlinger = \"61s\"", "writes.linger"),
            ("[[cohort.rules]]\nattribute = \"country\"\nvalues = []", "cohort.rules"),
        ] {
            let error = RoutingConfig::from_toml(toml).unwrap_err().to_string();
            assert!(error.contains(path), "{error}");
        }
        let error = RoutingConfig::from_toml("[cohort]\nweight = \"101%\"").unwrap_err().to_string();
        assert!(error.contains("101%") && error.contains("100%"), "{error}");
    }

    #[test]
    fn launchdarkly_strings_are_read() {
        for (text, stage) in [("dualwrite", Stage::DualWrite), ("rampdown", Stage::RampDown)] {
            assert_eq!(RoutingConfig::from_toml(&format!("stage = \"{text}\"")).unwrap().stage, stage);
        }
    }

    #[test]
    fn percentages_have_steps_of_a_thousandth() {
        for (text, thousandths) in [("0%", 0), ("0.001%", 1), ("12.5 %", 12_500), ("100%", 100_000)] {
            assert_eq!(text.parse(), Ok(Percent(thousandths)), "{text}");
        }
        for text in ["", "%", "1", "-1%", "100.001%", "0.0001%", "1e1%", ".5%", "99999999999%"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }

    fn configs() -> impl Strategy<Value = RoutingConfig> {
        let percent = || (0..=BUCKETS).prop_map(Percent);
        let wait = prop_oneof![
            Just(CopyWait::UntilCopied),
            (0..60_000_u64).prop_map(|ms| CopyWait::AtMost(Duration::from_millis(ms)))
        ];
        let mark = prop_oneof![Just(MarkBy::Key), Just(MarkBy::Group)];
        let writes = (wait, (0..60_000_u64).prop_map(Duration::from_millis), mark);
        let cohort = (percent(), ".{0,8}", prop::collection::vec(".{0,8}", 0..3), any::<bool>());
        (
            0..7_usize,
            cohort,
            percent(),
            writes,
            1..3_600_000_u64,
            prop::collection::btree_map("[a-z_.]{1,9}", any::<bool>(), 0..3),
        )
            .prop_map(
                |(
                    stage,
                    (weight, salt, allow, read_override),
                    sample,
                    (wait, linger, mark),
                    bound,
                    lookups,
                )| RoutingConfig {
                    stage: Stage::ALL[stage],
                    cohort: CohortConfig {
                        weight,
                        salt,
                        deny: allow.clone(),
                        allow,
                        rules: vec![AttributeRule { attribute: "a\"b".into(), values: vec!["c\n".into()] }],
                        read_override,
                    },
                    shadow: ShadowConfig { sample },
                    writes: WritesConfig { wait, linger, mark, ..WritesConfig::default() },
                    late_bound: LateBounds { legacy: Duration::from_millis(bound), ..LateBounds::default() },
                    lookups: lookups
                        .into_iter()
                        .map(|(name, target)| (name, LookupConfig { target }))
                        .collect(),
                    ..RoutingConfig::default()
                },
            )
    }

    proptest! {
        #[test]
        fn every_config_comes_back_from_its_toml(config in configs()) {
            prop_assert_eq!(RoutingConfig::from_toml(&config.to_toml().unwrap()).unwrap(), config);
        }

        #[test]
        fn every_percentage_comes_back_from_its_text(thousandths in 0..=BUCKETS) {
            let percent = Percent(thousandths);
            prop_assert_eq!(percent.to_string().parse(), Ok(percent));
        }
    }
}
