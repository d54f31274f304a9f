//! The Chinook sample data, moved through all stages with nobody watching, arrives whole.
//!
//! `CROSSFADE_CHINOOK` names the folder with its CSV files; without it the test says so and ends.

use std::path::Path;

use crate::chinook::read_folder;
use crate::compare::compare;
use crate::faults::Faults;
use crate::legacy::Legacy;
use crate::stand_in::Stage;
use crate::target::Target;
use crate::wiring::assemble;

#[tokio::test]
async fn chinook_arrives_equal_through_all_stages() {
    let Some(folder) = std::env::var_os("CROSSFADE_CHINOOK") else {
        println!("skipped: CROSSFADE_CHINOOK does not name the folder of the Chinook CSV files");
        return;
    };
    let data = tempfile::tempdir().unwrap();
    let url = |name| format!("sqlite:{}", data.path().join(name).display());
    let (legacy_url, target_url) = (url("legacy.db"), url("target.db"));
    let legacy = Legacy::open(&legacy_url).await.unwrap();
    let target = Target::open(&target_url).await.unwrap();
    read_folder(Path::new(&folder))
        .unwrap()
        .write_to(&legacy)
        .await
        .unwrap();

    let (_service, control) = assemble(legacy, target, &url("journal.db"), &Faults::new(1))
        .await
        .unwrap();
    control.move_to(Stage::DualWrite).await.unwrap();
    control.fill(|_| {}).await.unwrap();
    for stage in [
        Stage::Shadow,
        Stage::Canary,
        Stage::Live,
        Stage::RampDown,
        Stage::Complete,
    ] {
        control.move_to(stage).await.unwrap();
    }
    let found = compare(&legacy_url, &target_url).await.unwrap();
    assert!(found.equal(), "{found:?}");
    assert_eq!(
        (found.target_invoices, found.target_total.as_str()),
        (412, "2328.60")
    );
}
