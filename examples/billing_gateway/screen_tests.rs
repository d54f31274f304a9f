//! What the demo prints on a terminal, without colours there, and elsewhere.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;
use crate::mover::Statistics;

const SHOW: &str = "CROSSFADE_TEST_SHOW";

#[test]
fn the_ladder_names_every_stage_and_marks_the_present_one() {
    console::set_colors_enabled(false);
    assert_eq!(ladder(Stage::Canary), "  off > dual_write > shadow > [canary] > live > ramp_down > complete");
}

/// Not a test when it is run by itself: the tests of this module start it as a process of its own.
#[test]
fn shown() {
    if std::env::var(SHOW).is_err() {
        return;
    }
    let screen = Screen::new(10);
    screen.stage(Stage::Canary);
    screen.progress(&Progress {
        name: "canary".into(),
        time: Duration::from_secs(1),
        requests: 10,
        latencies: vec![1_000],
        marks_left: 0,
        statistics: Statistics::default(),
    });
    screen.fill(FillProgress { copied: 5, done: false });
    screen.say("moved to canary");
    screen.end();
}

/// The command that shows everything once.
fn command() -> String {
    let program = std::env::current_exe().unwrap();
    format!("{} --exact screen::tests::shown --nocapture --color never", program.display())
}

fn printed(command: &mut Command) -> String {
    let printed = command.env(SHOW, "1").stdin(Stdio::null()).output().unwrap();
    assert!(printed.status.success(), "{printed:?}");
    String::from_utf8(printed.stdout).unwrap()
}

/// What comes out on a terminal of its own; none where there is no program that makes one.
fn on_a_terminal(no_color: bool) -> Option<String> {
    if Command::new("script").arg("--version").output().is_err() {
        assert!(std::env::var("CI").is_err(), "`script` (util-linux) is missing");
        println!("skipped: there is no `script` (util-linux) to make a terminal");
        return None;
    }
    let mut script = Command::new("script");
    script.args(["-qec", &command(), "/dev/null"]).env("TERM", "xterm-256color");
    script.env_remove("NO_COLOR").env_remove("CLICOLOR").env_remove("CLICOLOR_FORCE");
    if no_color {
        script.env("NO_COLOR", "1");
    }
    Some(printed(&mut script))
}

/// Escape codes that set a colour or a weight: they end in `m`.
fn has_colours(text: &str) -> bool {
    let after_number =
        |code: &str| code.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').chars().next();
    text.split("\x1b[").skip(1).any(|code| after_number(code) == Some('m'))
}

#[test]
fn without_a_terminal_the_output_is_plain_lines() {
    let printed = printed(Command::new("sh").args(["-c", &command()]));
    assert!(!printed.contains(['\x1b', '\r']), "{printed:?}");
    for line in ["  canary  ", "  fill: 5 invoices copied", "moved to canary"] {
        assert!(printed.lines().any(|printed| printed.starts_with(line)), "{line}: {printed}");
    }
}

#[test]
fn on_a_terminal_bars_stay_in_place_and_have_colours() {
    let Some(printed) = on_a_terminal(false) else { return };
    assert!(printed.contains('\x1b') && has_colours(&printed), "{printed:?}");
    assert!(printed.contains("moved to canary") && !printed.contains("fill: 5"), "{printed:?}");
}

#[test]
fn no_color_leaves_the_bars_and_takes_the_colours() {
    let Some(printed) = on_a_terminal(true) else { return };
    assert!(printed.contains('\x1b') && printed.contains("[canary]"), "{printed:?}");
    assert!(!has_colours(&printed), "{printed:?}");
}
