//! The commands of the operations page, run as they stand there.

use crossfade::admin::{Admin, AdminToken};
use crossfade::fill::Fill;
use crossfade::route::Stage;
use serde_json::Value;
use tokio::process::Command;

use super::caller::{Served, serve};
use crate::support::World;

const PAGE: &str = include_str!("../../../src/operations.md");
const TOKEN: &str = "correct-horse-battery-staple";

/// The first block of the page: what operators put at the top of their shell.
fn functions() -> &'static str {
    PAGE.split("```sh\n").nth(1).unwrap().split("```").next().unwrap()
}

/// What the shell says to a line that follows the functions; `None` when it failed.
async fn shell(served: &Served, line: &str) -> Option<String> {
    let ran = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &format!("{}\n{line}", functions())])
        .env("ADMIN", format!("http://{}/admin", served.address))
        .env("TOKEN", TOKEN)
        .env("BY", "anna")
        .output()
        .await
        .unwrap();
    ran.status.success().then(|| String::from_utf8(ran.stdout).unwrap())
}

#[tokio::test]
async fn the_commands_of_the_operations_page_do_what_it_says() {
    let has = |program: &str| std::process::Command::new(program).arg("--version").output().is_ok();
    if !has("bash") || !has("curl") {
        eprintln!("skipped: there is no bash, or no curl");
        return;
    }
    let world = World::at(Stage::Live, "").await;
    let copier = world.copier;
    let admin = Admin::new("numbers", world.routing).token(AdminToken::new(TOKEN).unwrap());
    let served = serve(admin.fill(move || Fill::new(copier))).await;

    let status: Value = serde_json::from_str(&shell(&served, "look").await.unwrap()).unwrap();
    assert_eq!(status["stage"], "live");
    let back = PAGE.lines().find(|line| line.starts_with("move dual_write")).unwrap();
    shell(&served, back).await.unwrap();
    assert_eq!(world.routing.stage(), Stage::DualWrite);
    assert!(shell(&served, "move live \"too fast\"").await.is_none(), "what is refused fails");
    let line = world.journal.audit_log(1).await.unwrap().remove(0);
    assert_eq!((&*line.who, &*line.why), ("anna", "the target answers slowly since 02:40"));

    shell(&served, "fill start \"again\"").await.unwrap();
    shell(&served, "retry \"before the way back\"").await.unwrap();
    shell(&served, "move shadow \"a drill\"").await.unwrap();
    let forced = PAGE.lines().find(|line| line.starts_with("say stage")).unwrap();
    shell(&served, forced).await.unwrap();
    assert_eq!(world.routing.stage(), Stage::Canary);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("routing.toml");
    std::fs::write(&path, "[cohort]\nweight = \"2%\"\n").unwrap();
    shell(&served, &format!("config {} more", path.display())).await.unwrap();
    assert_eq!(world.routing.config().cohort.weight.to_string(), "2%");
    shell(&served, "ask journal").await.unwrap();
}
