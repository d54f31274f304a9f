//! Goals that are counts and orders, not times: tests keep them, so that a build fails where one is broken.

use bench_report::{Section, Table};

const NOTE: &str = "Not measured here, as these are exact: a test fails where one is broken. `./tests/run` runs all of them.";

const ALLOCATIONS: &str = "benches/layers/tests/allocations.rs";
const STAGES: &str = "tests/it/stages.rs";

/// The goal, the file and the test.
#[rustfmt::skip]
const KEPT: [(&str, &str, &str); 12] = [
    ("`off` and `complete`: 0 allocations a request", ALLOCATIONS, "nothing_allocates_where_nothing_is_copied"),
    ("canary read: at most 1 allocation where a fallback is armed, else 0; so the dirty check has none while no mark stands", ALLOCATIONS,
        "a_read_allocates_only_where_a_fallback_is_armed_and_then_once"),
    ("dual write: 1 allocation, the journal in memory included", ALLOCATIONS,
        "a_write_that_is_copied_allocates_once_its_journal_in_memory_included"),
    ("shadow read, and a write with `wait = 0`: 1 task, 2 allocations", ALLOCATIONS,
        "what_goes_on_without_its_caller_allocates_once_more_for_its_task"),
    ("dual write over stores that suspend: 1 allocation, 2 where the caller waits a while for the copy", ALLOCATIONS,
        "a_caller_who_waits_a_while_for_a_copy_that_waits_for_its_store_allocates_once_more"),
    ("\"is it dirty?\" with 100,000 marks: no allocation", ALLOCATIONS,
        "to_ask_whether_a_key_is_dirty_allocates_nothing_with_100_000_marks"),
    ("metrics: one locked increment a counter, by thread, on a cache line of its own", "src/stats.rs",
        "threads_count_on_cache_lines_of_their_own"),
    ("future of the idle stack: at most 64 bytes over a future of 32", ALLOCATIONS, "the_future_of_the_idle_stack_is_small"),
    ("swaps under load: 20,000 of stage and config during reads, no request sees the stage of one with the config of another", STAGES,
        "a_request_sees_one_config_under_thousands_of_swaps"),
    ("a swap is seen by the next request", STAGES, "a_swap_drains_when_the_last_older_write_has_ended"),
    ("shadow read: 0 added to the caller, in virtual time", "tests/it/mismatch_metrics.rs", "a_hung_other_store_adds_nothing_to_a_read"),
    ("`wait = 0`: 0 added to the caller by a secondary that hangs, in virtual time", "tests/it/dual_write.rs",
        "a_hung_secondary_delays_a_write_exactly_as_long_as_the_config_says"),
];

pub(crate) fn section() -> Section {
    let mut table = Table::new("", &["goal", "test"]);
    for (goal, file, test) in KEPT {
        table.row([goal.into(), format!("`{test}` in `{file}`").into()]);
    }
    Section { tables: vec![table], ..Section::new("Kept by tests").note(NOTE) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_test_that_is_named_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (_, file, test) in KEPT {
            let text = fs::read_to_string(root.join(file)).unwrap_or_default();
            assert!(text.contains(&format!("fn {test}()")), "{test} in {file}");
        }
    }
}
