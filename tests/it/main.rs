//! One integration binary: each module is named by what it guards.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

mod admin;
mod authority_change;
mod canary_read;
mod cancellation;
mod closing;
mod complete;
mod config_file;
mod configure;
mod copy_order;
mod crash;
mod deadlines;
mod diagnostics;
mod docs;
mod drain;
mod dual_write;
mod everything;
mod fallback;
mod fill;
mod fill_walks;
mod functions;
mod given_up;
mod ids;
mod journal_rules;
mod journal_unavailable;
mod late_bounds;
mod layer_order;
mod metrics;
mod mismatch_metrics;
mod one_data_set;
mod panics;
mod plain_target;
mod planning;
mod readiness;
mod reads;
mod reconciler;
mod records;
mod repair;
mod search;
mod shared_marks;
mod simulation;
mod stages;
mod support;
mod two_gateways;
mod unstamped_target;
mod write_kinds;

/// A file that no `mod` line names is not compiled, and its tests are silently not run.
#[test]
fn no_test_file_is_forgotten() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let forgotten = forgotten_in(&root, "main.rs");
    assert!(forgotten.is_empty(), "no `mod` line names {forgotten:?}");
}

/// The files and folders under `folder` that its `index` file, or the `mod.rs` of a folder below, does not name.
fn forgotten_in(folder: &std::path::Path, index: &str) -> Vec<std::path::PathBuf> {
    let text = std::fs::read_to_string(folder.join(index)).unwrap();
    let named = |name: &str| text.lines().any(|line| line.ends_with(&format!("mod {name};")));
    let mut forgotten = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_module = path.is_dir() || path.extension().is_some_and(|extension| extension == "rs");
        if path.ends_with(index) || !is_module {
            continue;
        }
        if !named(&path.file_stem().unwrap().to_string_lossy()) {
            forgotten.push(path);
        } else if path.is_dir() {
            forgotten.extend(forgotten_in(&path, "mod.rs"));
        }
    }
    forgotten
}
