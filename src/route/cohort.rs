//! A stable group of keys or callers whose reads go to the target first.

use std::collections::HashSet;

use super::config::{CohortConfig, Percent};

/// The buckets that keys fall into: steps of 0.001 %.
pub(crate) const BUCKETS: u32 = 100_000;

/// The bucket of a key, below 100,000: `(murmur3_x86_32(salt ++ key, seed 0) * 100_000) >> 32`.
///
/// The same formula as flagd's fractional evaluation (MurmurHash3 by Austin Appleby), so a key is in the cohort here
/// when it is there. Raising the weight only adds keys. This function is a contract: it never changes.
///
/// ```
/// use crossfade::route::bucket;
///
/// assert_eq!(bucket("invoice-migration", "cust-2"), 37_081);
/// ```
#[must_use]
pub fn bucket(salt: &str, key: &str) -> u32 {
    let mut short = [0_u8; 128];
    let len = salt.len() + key.len();
    let hash = if let Some(bytes) = short.get_mut(..len) {
        bytes[..salt.len()].copy_from_slice(salt.as_bytes());
        bytes[salt.len()..].copy_from_slice(key.as_bytes());
        murmur3(bytes)
    } else {
        murmur3(&[salt.as_bytes(), key.as_bytes()].concat())
    };
    // The product is below 2^32 * 100_000 and its upper half below 100_000.
    ((u64::from(hash) * u64::from(BUCKETS)) >> 32) as u32
}

fn murmur3(mut bytes: &[u8]) -> u32 {
    // Reading from a slice cannot fail.
    murmur3::murmur3_32(&mut bytes, 0).unwrap_or_default()
}

/// The cohort of one config, ready to be asked.
#[derive(Debug)]
pub(crate) struct Cohort {
    weight: Percent,
    salt: String,
    allow: HashSet<String>,
    deny: HashSet<String>,
    rules: Vec<(String, HashSet<String>)>,
}

impl Cohort {
    pub(crate) fn new(config: &CohortConfig) -> Self {
        Self {
            weight: config.weight,
            salt: config.salt.clone(),
            allow: config.allow.iter().cloned().collect(),
            deny: config.deny.iter().cloned().collect(),
            rules: config
                .rules
                .iter()
                .map(|r| (r.attribute.clone(), r.values.iter().cloned().collect()))
                .collect(),
        }
    }

    /// Whether no key is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.weight.thousandths() == 0 && self.allow.is_empty() && self.rules.is_empty()
    }

    /// Whether the key is in the cohort: the deny list, the allow list, the attribute rules and the weight are
    /// asked in this order, and the first that knows the key decides.
    pub(crate) fn contains<'a>(
        &self,
        key: &str,
        attribute: impl Fn(&str) -> Option<std::borrow::Cow<'a, str>>,
    ) -> bool {
        if self.deny.contains(key) {
            return false;
        }
        self.allow.contains(key)
            || self.rules.iter().any(|(name, values)| attribute(name).is_some_and(|v| values.contains(&*v)))
            || self.in_weight(key)
    }

    fn in_weight(&self, key: &str) -> bool {
        match self.weight.thousandths() {
            0 => false,
            BUCKETS => true,
            weight => bucket(&self.salt, key) < weight,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::config::AttributeRule;
    use super::*;

    #[test]
    fn buckets_are_the_pinned_ones() {
        let salt = "invoice-migration";
        for (key, expected) in
            [("cust-1", 99_885), ("cust-2", 37_081), ("cust-3", 16_394), ("4f9c", 7_446), ("ключ", 16_528)]
        {
            assert_eq!(bucket(salt, key), expected, "{key}");
        }
        assert_eq!(murmur3(b"flag-user"), 2_410_693_464);
        let long = "k".repeat(200);
        assert_eq!(bucket("", &long), bucket(&long[..100], &long[100..]), "only the joined bytes count");
    }

    #[allow(clippy::needless_pass_by_value, reason = "reads better where it is called")]
    fn cohort(config: CohortConfig) -> Cohort {
        Cohort::new(&config)
    }

    #[test]
    fn deny_beats_allow_and_both_beat_the_weight() {
        let all = Percent::from_thousandths(BUCKETS).unwrap();
        let asked = |allow: &[&str], deny: &[&str], weight| {
            let list = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect();
            cohort(CohortConfig { weight, allow: list(allow), deny: list(deny), ..CohortConfig::default() })
                .contains("7", |_| None)
        };
        assert!(asked(&["7"], &[], Percent::ZERO));
        assert!(!asked(&["7"], &["7"], all));
        assert!(asked(&[], &["8"], all));
        assert!(!asked(&["8"], &[], Percent::ZERO));
    }

    #[test]
    fn an_attribute_rule_takes_its_values_in() {
        let rule = AttributeRule { attribute: "country".into(), values: vec!["Canada".into()] };
        let canada = cohort(CohortConfig { rules: vec![rule], ..CohortConfig::default() });
        let from =
            |country: &'static str| canada.contains("7", |name| (name == "country").then(|| country.into()));
        assert!(from("Canada"));
        assert!(!from("Chile"));
        assert!(!canada.contains("7", |_| None));
    }

    proptest! {
        #[test]
        fn raising_the_weight_only_adds_keys(key in ".{0,30}", a in 0..=BUCKETS, b in 0..=BUCKETS) {
            let (low, high) = (a.min(b), a.max(b));
            let contains = |weight| {
                let weight = Percent::from_thousandths(weight).unwrap();
                cohort(CohortConfig { weight, ..CohortConfig::default() }).contains(&key, |_| None)
            };
            prop_assert!(!contains(low) || contains(high));
        }
    }

    #[test]
    fn a_weight_takes_its_share_of_keys() {
        let tenth = cohort(CohortConfig {
            weight: Percent::from_thousandths(10_000).unwrap(),
            ..CohortConfig::default()
        });
        let inside = (0..100_000).filter(|key| tenth.contains(&key.to_string(), |_| None)).count();
        assert!((9_700..10_300).contains(&inside), "{inside} of 100,000");
    }
}
