//! A config file that is edited, replaced, broken and lost while it is watched.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossfade::config_file::{ConfigFile, ConfigFileError, POLL_EVERY, WatchedFile};
use crossfade::fill::Fill;
use crossfade::route::Stage;
use tempfile::TempDir;

use crate::support::{World, asked};

/// A world whose config comes from a file that is watched.
struct Watched {
    world: World,
    file: WatchedFile,
    folder: TempDir,
}

impl Watched {
    /// In this stage, which the file names too.
    async fn at(stage: Stage) -> Self {
        let world = World::at(stage, "").await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("routing.toml");
        fs::write(&path, text(stage.as_str(), "1%")).unwrap();
        let file = ConfigFile::new(&path).watch(world.routing).await.unwrap();
        Self { world, file, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("routing.toml")
    }

    fn write(&self, text: impl AsRef<[u8]>) {
        fs::write(self.path(), text).unwrap();
    }

    fn weight(&self) -> String {
        self.world.routing.config().cohort.weight.to_string()
    }

    async fn weight_becomes(&self, weight: &str) {
        until(&format!("weight {weight}"), || self.weight() == weight).await;
    }

    /// Waits until this many contents were refused in all.
    async fn refused(&self, count: u64) {
        until(&format!("{count} refusals"), || self.world.routing.stats().reloads_failed == count).await;
        assert!(!self.world.routing.reloads().unwrap().last_successful);
    }
}

/// What a file says that names a stage and a weight.
fn text(stage: &str, weight: &str) -> String {
    let bounds = "[late_bound]\nlegacy = \"300ms\"\ntarget = \"300ms\"\n";
    format!("stage = \"{stage}\"\n{bounds}[cohort]\nweight = \"{weight}\"\n")
}

/// Lets the polls come that are due soon, without the wait.
async fn polled() {
    tokio::time::pause();
    tokio::time::sleep(2 * POLL_EVERY).await;
    tokio::time::resume();
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .unwrap_or_else(|_| panic!("never came: {what}"));
}

#[tokio::test]
async fn a_file_that_is_edited_is_in_force_soon() {
    let watched = Watched::at(Stage::Canary).await;
    assert_eq!(watched.weight(), "1%", "the first content is in force when the watching begins");
    let before = watched.world.routing.reloads().unwrap();
    assert!(before.last_successful);
    watched.write(text("canary", "2%"));
    watched.weight_becomes("2%").await;
    assert!(watched.world.routing.reloads().unwrap().last_success > before.last_success);
    assert_eq!(watched.world.routing.stats().reloads, 2);
    let line = watched.world.journal.audit_log(1).await.unwrap().remove(0);
    assert_eq!(
        (line.who, &*line.what),
        (format!("file {}", watched.path().display()), "config: cohort.weight")
    );
}

#[tokio::test]
async fn a_file_that_is_replaced_by_another_is_seen() {
    let watched = Watched::at(Stage::Canary).await;
    for weight in ["2%", "3%"] {
        let aside = watched.folder.path().join(".routing.toml.new");
        fs::write(&aside, text("canary", weight)).unwrap();
        fs::rename(&aside, watched.path()).unwrap();
        watched.weight_becomes(weight).await;
    }
    fs::rename(watched.path(), watched.folder.path().join("elsewhere")).unwrap();
    watched.refused(1).await;
    fs::rename(watched.folder.path().join("elsewhere"), watched.path()).unwrap();
    until("the file back", || watched.world.routing.reloads().unwrap().last_successful).await;
}

/// What the kubelet does: the file is a link to `..data/routing.toml`, and `..data` a link that is swapped.
#[cfg(unix)]
#[tokio::test]
async fn a_config_map_that_is_swapped_is_seen() {
    use std::os::unix::fs::symlink;

    let world = World::at(Stage::Canary, "").await;
    let folder = tempfile::tempdir().unwrap();
    let version = |name: &str, weight: &str| {
        let version = folder.path().join(name);
        fs::create_dir(&version).unwrap();
        fs::write(version.join("routing.toml"), text("canary", weight)).unwrap();
        symlink(name, folder.path().join("..data_tmp")).unwrap();
        fs::rename(folder.path().join("..data_tmp"), folder.path().join("..data")).unwrap();
    };
    version("..2024_1", "1%");
    let path = folder.path().join("routing.toml");
    symlink("..data/routing.toml", &path).unwrap();
    let _file = ConfigFile::new(&path).watch(world.routing).await.unwrap();
    version("..2024_2", "2%");
    fs::remove_dir_all(folder.path().join("..2024_1")).unwrap();
    until("the new version", || world.routing.config().cohort.weight.to_string() == "2%").await;
    assert_eq!(world.routing.stats().reloads_failed, 0);
}

#[tokio::test]
async fn a_broken_file_keeps_the_last_good_config_and_says_so() {
    let watched = Watched::at(Stage::Canary).await;
    let good = text("canary", "1%");
    let broken: [(&[u8], &str); 6] = [
        (b"", "names no stage"),
        (&good.as_bytes()[..good.len() - 4], "line 6"),
        (b"[cohort]\nweight = \"50%\"\n", "names no stage"),
        (b"stage = \"canary\"\n[cohort]\nweight = \"500%\"\n", "cohort.weight"),
        (b"stage = \"canary\"\nsurprise = true\n", "surprise"),
        (b"stage = \"canary\" # \xff\n", "UTF-8"),
    ];
    for (number, (text, problem)) in broken.into_iter().enumerate() {
        watched.write(text);
        watched.refused(2 * number as u64 + 1).await;
        let error = watched.file.reload().await.unwrap_err().to_string();
        assert!(error.contains(problem) && error.contains("routing.toml"), "{error}");
        watched.write(&good);
        until("the good file", || watched.world.routing.reloads().unwrap().last_successful).await;
    }
    assert_eq!((watched.weight(), watched.world.routing.stage()), ("1%".into(), Stage::Canary));
}

#[tokio::test]
async fn a_file_that_is_written_piece_by_piece_is_read_when_its_writer_rests() {
    let watched = Watched::at(Stage::Canary).await;
    let before = watched.world.routing.stats();
    let whole = text("canary", "2%") + "salt = \"invoices\"\n";
    for end in [0, 10, 25, 60, whole.len()] {
        watched.write(&whole[..end]);
        // The events come from the system, in its time: less than they have to rest, in all more.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    watched.weight_becomes("2%").await;
    let counted = watched.world.routing.stats().since(&before);
    assert_eq!((counted.reloads, counted.reloads_failed), (1, 0));
}

#[tokio::test]
async fn a_stage_that_the_file_asks_for_is_committed_in_its_name() {
    let watched = Watched::at(Stage::Canary).await;
    watched.write(text("live", "2%"));
    until("live", || watched.world.routing.stage() == Stage::Live).await;
    watched.weight_becomes("2%").await;
    assert_eq!(watched.world.routing.status().await.unwrap().stage, Stage::Live);
    let lines = watched.world.journal.audit_log(2).await.unwrap();
    let moved = lines.iter().find(|line| line.what == "stage canary -> live").unwrap();
    assert_eq!(moved.who, format!("file {}", watched.path().display()));
    assert_eq!(moved.why, "the file names live in place of canary");
}

#[tokio::test]
async fn a_stage_that_cannot_be_moved_to_refuses_the_whole_file() {
    let watched = Watched::at(Stage::DualWrite).await;
    watched.world.routing.move_to(Stage::Off, asked()).await.unwrap().drained().await;
    watched.world.routing.move_to(Stage::DualWrite, asked()).await.unwrap().drained().await;
    watched.write(text("shadow", "2%"));
    until("shadow", || watched.world.routing.stage() == Stage::Shadow).await;
    for (count, stage) in [(1, "live"), (2, "canary")] {
        watched.write(text(stage, "3%"));
        watched.refused(count).await;
        assert_eq!((watched.world.routing.stage(), &*watched.weight()), (Stage::Shadow, "2%"));
    }
    // What was refused is not asked for again by itself when the certificate is there.
    Fill::new(watched.world.copier).run().await.unwrap();
    polled().await;
    assert_eq!(watched.world.routing.stage(), Stage::Shadow);
    watched.write(text("canary", "3%") + "# again: it is filled now\n");
    until("canary", || watched.world.routing.stage() == Stage::Canary).await;
    assert_eq!(watched.weight(), "3%");
}

#[tokio::test]
async fn watching_a_file_never_moves_the_stage() {
    let world = World::at(Stage::Canary, "").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("routing.toml");
    fs::write(&path, text("live", "7%")).unwrap();
    let file = ConfigFile::new(&path).watch(world.routing).await.unwrap();
    assert_eq!(world.routing.stage(), Stage::Canary, "live would be legal");
    assert_eq!(world.routing.config().cohort.weight.to_string(), "7%");
    file.stop();

    fs::write(&path, text("complete", "8%")).unwrap();
    let refused = ConfigFile::new(&path).watch(world.routing).await.unwrap_err();
    assert!(matches!(
        refused,
        ConfigFileError::Illegal { committed: Stage::Canary, asked: Stage::Complete, .. }
    ));
    assert_eq!(world.routing.config().cohort.weight.to_string(), "7%");
}

#[tokio::test]
async fn a_rollback_is_not_undone_by_the_stage_that_still_stands_in_the_file() {
    let watched = Watched::at(Stage::Live).await;
    watched.world.routing.move_to(Stage::Shadow, asked()).await.unwrap().drained().await;
    watched.write(text("live", "2%"));
    watched.weight_becomes("2%").await;
    assert_eq!(watched.world.routing.stage(), Stage::Shadow);
    // Set back, the file asks anew.
    watched.write(text("shadow", "2%"));
    watched.file.reload().await.unwrap();
    watched.write(text("canary", "2%"));
    until("canary", || watched.world.routing.stage() == Stage::Canary).await;
}

/// The file is a link to a folder that nobody watches, so that no event comes.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_change_that_no_event_told_of_is_found_by_the_poll() {
    let world = World::at(Stage::Canary, "").await;
    let (here, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (path, real) = (here.path().join("routing.toml"), elsewhere.path().join("routing.toml"));
    fs::write(&real, text("canary", "1%")).unwrap();
    std::os::unix::fs::symlink(&real, &path).unwrap();
    let _file = ConfigFile::new(&path).watch(world.routing).await.unwrap();
    fs::write(&real, text("canary", "2%")).unwrap();
    let weight = || world.routing.config().cohort.weight.to_string();
    tokio::time::sleep(POLL_EVERY - Duration::from_millis(1)).await;
    assert_eq!(weight(), "1%");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(weight(), "2%");
}

#[tokio::test]
async fn a_folder_that_was_away_is_watched_again() {
    let world = World::at(Stage::Canary, "").await;
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("config");
    let path = folder.join("routing.toml");
    fs::create_dir(&folder).unwrap();
    fs::write(&path, text("canary", "1%")).unwrap();
    let file = ConfigFile::new(&path).poll_every(Duration::from_millis(300));
    let _file = file.watch(world.routing).await.unwrap();
    fs::remove_dir_all(&folder).unwrap();
    until("the loss", || world.routing.stats().reloads_failed > 0).await;
    fs::create_dir(&folder).unwrap();
    fs::write(&path, text("canary", "2%")).unwrap();
    until("the folder back", || world.routing.config().cohort.weight.to_string() == "2%").await;
}

#[tokio::test]
async fn a_file_that_is_no_file_or_too_long_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let named = |path: &Path| ConfigFile::new(path);
    let error = named(folder.path()).read().await.unwrap_err();
    assert!(error.to_string().contains("no file"), "{error}");
    let error = named(&folder.path().join("none.toml")).read().await.unwrap_err();
    assert!(matches!(error, ConfigFileError::Unreadable { .. }), "{error}");
    let long = folder.path().join("long.toml");
    fs::write(&long, "#".repeat(5 * 1024 * 1024)).unwrap();
    let error = named(&long).read().await.unwrap_err();
    assert!(matches!(error, ConfigFileError::TooLong { .. }), "{error}");
}

#[tokio::test]
async fn a_config_from_the_file_opens_a_migration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("routing.toml");
    fs::write(&path, text("off", "3%")).unwrap();
    let config = ConfigFile::new(&path).read().await.unwrap();
    assert_eq!((config.stage, &*config.cohort.weight.to_string()), (Stage::Off, "3%"));
}

#[tokio::test]
async fn a_file_that_is_watched_no_longer_says_so_and_changes_nothing() {
    let watched = Watched::at(Stage::Canary).await;
    let Watched { world, file, folder } = watched;
    file.stop();
    fs::write(folder.path().join("routing.toml"), text("canary", "2%")).unwrap();
    polled().await;
    assert_eq!(world.routing.config().cohort.weight.to_string(), "1%");
}

#[tokio::test]
async fn what_the_service_itself_refuses_is_not_in_force_and_the_last_good_config_goes_on() {
    let world = World::at(Stage::Shadow, "").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("routing.toml");
    let write = |weight: &str| fs::write(&path, text("shadow", weight)).unwrap();
    let file = ConfigFile::new(&path).check(|config| {
        let weight = config.cohort.weight.to_string();
        if weight == "7%" {
            Err(format!("cohort.weight: {weight} is too much for this target"))
        } else {
            Ok(())
        }
    });
    let refused = |done: Result<(), ConfigFileError>| match done {
        Err(error @ ConfigFileError::Unfit { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    write("7%");
    assert!(refused(file.read().await.map(drop)).contains("routing.toml: cohort.weight: 7% is too much"));
    refused(file.clone().watch(world.routing).await.map(drop));
    write("1%");
    let watched = file.watch(world.routing).await.unwrap();
    write("7%");
    refused(watched.reload().await);
    assert_eq!(world.routing.config().cohort.weight.to_string(), "1%");
    assert!(world.routing.stats().reloads_failed > 0 && !world.routing.reloads().unwrap().last_successful);
    write("2%");
    watched.reload().await.unwrap();
    assert_eq!(world.routing.config().cohort.weight.to_string(), "2%");
}
