//! The client against the API that it is for.

use crossfade::route::{AttributeRule, RoutingConfig};

use super::*;
use crate::faults::Faults;
use crate::history::History;
use crate::legacy::Legacy;
use crate::mover::Mover;
use crate::target::Target;
use crate::wiring::{self, Control};

const INVOICES: usize = 100;

/// Crossfade in `off`, driven over HTTP. The folder lives as long as it is held.
async fn driven() -> (Mover, Control, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = |name| format!("sqlite:{}", folder.path().join(name).display());
    let legacy = Legacy::open(&url("legacy.db")).await.unwrap();
    let target = Target::open(&url("target.db")).await.unwrap();
    let mut history = History::generate(1);
    history.invoices.truncate(INVOICES);
    history.write_to(&legacy).await.unwrap();
    let (_, control) = wiring::assemble(legacy, target, &url("journal.db"), &Faults::new(1)).await.unwrap();
    (Mover::by_admin(control.clone()).await.unwrap(), control, folder)
}

#[tokio::test]
async fn a_call_that_is_refused_names_the_call_the_status_and_the_body() {
    let (mover, _control, _folder) = driven().await;
    let refused = format!("{:#}", mover.move_to(Stage::Live).await.unwrap_err());
    for part in ["POST http://127.0.0.1:", "/admin/stage: 409", "legal_moves"] {
        assert!(refused.contains(part), "{refused}");
    }
}

#[tokio::test]
async fn a_cohort_replaces_the_one_before_and_leaves_the_rest_of_the_config() {
    let (mover, control, _folder) = driven().await;
    let values = vec!["Österreich \"AT\"".to_owned()];
    mover.set_cohort(Cohort::Country(values[0].as_str().into())).await.unwrap();
    let mut wanted = RoutingConfig::from_toml(control.config).unwrap();
    wanted.cohort.rules = vec![AttributeRule { attribute: "country".into(), values }];
    assert_eq!(control.routing.config(), wanted);

    mover.set_cohort(Cohort::Percent(10)).await.unwrap();
    wanted.cohort.rules.clear();
    wanted.cohort.weight = "10%".parse().unwrap();
    assert_eq!(control.routing.config(), wanted);
}

#[tokio::test]
async fn a_fill_says_how_far_it_is_and_every_change_is_in_the_audit_log() {
    let (mover, _control, _folder) = driven().await;
    mover.move_to(Stage::DualWrite).await.unwrap();
    let mut last = None;
    mover.fill(|progress| last = Some((progress.copied, progress.done))).await.unwrap();
    assert_eq!(last, Some((INVOICES as u64, true)));
    mover.move_to(Stage::Shadow).await.unwrap();

    let account = mover.account().await.unwrap().unwrap();
    assert_eq!((account.changes, account.audited, account.dead_letters), (3, 3, 0));
    let status = mover.status().await.unwrap();
    assert_eq!((status.marks_left, status.statistics.copies), (0, INVOICES as u64));
}
