//! What the flags do to a migration, and what they cannot do to it.

use crossfade::route::Asked;
use open_feature::Client;
use tokio::sync::Mutex;

use super::*;
use crate::flags::FlagError;

/// OpenFeature's registry is one a process; a name of its own for each test.
static REGISTRY: Mutex<()> = Mutex::const_new(());

async fn client(name: &str, board: &Board) -> Client {
    let _one_at_a_time = REGISTRY.lock().await;
    OpenFeature::singleton_mut().await.set_named_provider(name, board.clone()).await;
    OpenFeature::singleton().await.create_named_client(name)
}

async fn migration(name: &str) -> (Board, Flags, RoutingHandle) {
    let board = Board::new();
    let routing = RoutingHandle::resume(&Journal::memory(), RoutingConfig::default()).await.unwrap();
    let flags = Flags::new(client(name, &board).await, "invoices", routing);
    set(&board, "off", "0");
    (board, flags, routing)
}

fn set(board: &Board, stage: &str, weight: &str) {
    board.set("invoices-stage", stage);
    board.set("invoices-weight", weight);
}

#[tokio::test]
async fn the_program_follows_the_flags_to_its_end() {
    tokio::time::timeout(Duration::from_secs(30), run()).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_stage_and_the_weight_follow_the_flags_also_by_the_names_of_launchdarkly() {
    let (board, mut flags, routing) = migration("follow").await;
    flags.poll().await.unwrap();
    set(&board, "dualwrite", "12.5");
    flags.poll().await.unwrap();
    assert_eq!((routing.stage(), &*routing.config().cohort.weight.to_string()), (Stage::DualWrite, "12.5%"));
    let line = routing.journal().audit_log(1).await.unwrap().remove(0);
    assert_eq!(line.who, "feature flag");
}

#[tokio::test(start_paused = true)]
async fn with_no_provider_answering_the_last_config_stays() {
    let (board, mut flags, routing) = migration("silent").await;
    flags.poll().await.unwrap();
    set(&board, "dual_write", "5");
    flags.poll().await.unwrap();
    for (answers, weight) in [(Answers::WithErrors, "5%"), (Answers::Never, "5%")] {
        board.answer(answers);
        set(&board, "shadow", "50");
        flags.poll().await.unwrap_err();
        assert_eq!(
            (routing.stage(), &*routing.config().cohort.weight.to_string()),
            (Stage::DualWrite, weight)
        );
    }
    board.answer(Answers::Well);
    flags.poll().await.unwrap();
    assert_eq!(routing.stage(), Stage::Shadow, "what was wished meanwhile is done when it answers again");
}

#[tokio::test]
async fn what_cannot_be_meant_or_reached_changes_nothing() {
    let (board, mut flags, routing) = migration("meaningless").await;
    flags.poll().await.unwrap();
    for (stage, weight) in [("shdow", "1"), ("dual_write", "101"), ("dual_write", "many"), ("live", "1")] {
        set(&board, stage, weight);
        let refused = flags.poll().await.unwrap_err();
        assert_eq!(
            (routing.stage(), routing.config().cohort.weight.to_string()),
            (Stage::Off, "0%".into()),
            "{refused}"
        );
    }
    set(&board, "live", "1");
    let refused = flags.poll().await.unwrap_err();
    assert!(matches!(refused, FlagError::Refused(_)), "{refused}");
}

/// A provider's third of all would otherwise keep the way back shut.
#[tokio::test]
async fn a_weight_of_many_decimals_is_rounded_and_blocks_no_move() {
    let (board, mut flags, routing) = migration("decimals").await;
    flags.poll().await.unwrap();
    for (stage, weight, rounded) in [
        ("dual_write", "33.3333", "33.333%"),
        ("off", "66.66666666666667", "66.667%"),
        ("off", "99.9999", "100%"),
    ] {
        set(&board, stage, weight);
        flags.poll().await.unwrap();
        let weight = routing.config().cohort.weight.to_string();
        assert_eq!((routing.stage().as_str(), &*weight), (stage, rounded));
    }
}

#[tokio::test]
async fn a_flag_that_stays_as_it_is_undoes_no_rollback() {
    let (board, mut flags, routing) = migration("rollback").await;
    flags.poll().await.unwrap();
    for stage in ["dual_write", "shadow"] {
        set(&board, stage, "0");
        flags.poll().await.unwrap();
    }
    let _drained = routing.move_to(Stage::DualWrite, Asked::by("anna", "at 3 a.m.")).await.unwrap();
    flags.poll().await.unwrap();
    assert_eq!(routing.stage(), Stage::DualWrite);
}

#[tokio::test]
async fn a_start_moves_no_stage() {
    let (board, mut flags, routing) = migration("start").await;
    set(&board, "dual_write", "0");
    flags.poll().await.unwrap();
    assert_eq!(routing.stage(), Stage::Off);
    let followed = tokio::spawn(flags.follow(Duration::from_millis(1)));
    set(&board, "off", "3");
    while routing.config().cohort.weight.to_string() != "3%" {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    followed.abort();
}
