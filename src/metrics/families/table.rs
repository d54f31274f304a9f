//! The whole table.

use super::{config, fill, marks, reads, stages, writes};
use crate::metrics::family::Family;

/// Every family, by theme.
pub(in crate::metrics) const FAMILIES: [&[Family]; 6] = [
    &stages::FAMILIES,
    &reads::FAMILIES,
    &writes::FAMILIES,
    &marks::FAMILIES,
    &fill::FAMILIES,
    &config::FAMILIES,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metrics::family::Read;

    fn all() -> impl Iterator<Item = &'static Family> {
        FAMILIES.into_iter().flatten()
    }

    #[test]
    fn counters_and_only_counters_end_in_total() {
        for family in all() {
            let counts = matches!(family.read, Read::Counter(_));
            assert_eq!(family.name.ends_with("_total"), counts, "{}", family.name);
        }
    }

    #[test]
    fn every_name_is_crossfades_and_unlike_the_others() {
        // OpenMetrics names a counter without its suffix, so a gauge may not have the rest of its name.
        let stems: BTreeSet<&str> =
            all().map(|family| family.name.strip_suffix("_total").unwrap_or(family.name)).collect();
        assert_eq!(stems.len(), all().count());
        assert!(stems.iter().all(|name| name.starts_with("crossfade_")), "{stems:?}");
    }

    #[test]
    fn the_operations_page_explains_every_family() {
        let page = include_str!("../../operations.md");
        let missing: Vec<_> =
            all().map(|family| family.name).filter(|name| !page.contains(&format!("`{name}"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
