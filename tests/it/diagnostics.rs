//! What the compiler says to the usual mistakes: each program in `tests/ui` fails, in the words of its `//~` lines.
//!
//! The programs are checked as one package of their own, against the crate without features, so that only what that
//! needs is compiled: half a minute the first time, then a second or two. Words, not whole outputs, so that another
//! compiler may set them in another way.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Case {
    name: String,
    file: PathBuf,
    words: Vec<String>,
}

fn cases(root: &Path) -> Vec<Case> {
    let files = fs::read_dir(root.join("tests/ui")).unwrap().map(|entry| entry.unwrap().path());
    let case = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        let words = text.lines().filter_map(|line| line.strip_prefix("//~ ")).map(str::to_owned).collect();
        Case { name: file.file_stem().unwrap().to_string_lossy().into_owned(), file, words }
    };
    files.map(case).collect()
}

/// A package with a program for each case.
fn write_package(root: &Path, package: &Path, cases: &[Case]) {
    let mut manifest = format!(
        "[package]\nname = \"crossfade-ui\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
         [profile.dev]\ndebug = 0\n\
         [dependencies]\ncrossfade.path = {root:?}\ntower = {{ version = \"0.5\", features = [\"util\"] }}\n"
    );
    for case in cases {
        manifest += &format!("[[bin]]\nname = {:?}\npath = {:?}\n", case.name, case.file);
    }
    fs::create_dir_all(package).unwrap();
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
}

/// What the compiler says of each program.
fn check(package: &Path) -> BTreeMap<String, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let checked = Command::new(cargo)
        .args(["check", "--offline", "--keep-going", "--bins", "--message-format=json"])
        .args(["--manifest-path".into(), package.join("Cargo.toml")])
        .args(["--target-dir".into(), package.join("target")])
        .output()
        .unwrap();
    let mut said = BTreeMap::<String, String>::new();
    for line in String::from_utf8_lossy(&checked.stdout).lines() {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        if message["reason"] == "compiler-message" && message["target"]["kind"][0] == "bin" {
            let name = message["target"]["name"].as_str().unwrap().to_owned();
            *said.entry(name).or_default() += message["message"]["rendered"].as_str().unwrap_or_default();
        }
    }
    let errors = String::from_utf8_lossy(&checked.stderr);
    assert!(!said.is_empty(), "cargo did not come to the programs:\n{errors}");
    said
}

#[test]
fn the_compiler_says_what_is_wrong_and_what_to_do() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    let cases = cases(root);
    write_package(root, &package, &cases);
    let said = check(&package);
    let mut unsaid = String::new();
    for case in &cases {
        let text = said.get(&case.name).map_or("it compiles", String::as_str);
        assert!(!case.words.is_empty(), "{} has no `//~` line", case.name);
        for words in case.words.iter().filter(|words| !text.contains(words.as_str())) {
            unsaid += &format!("\n\n{}: {words:?} is not in\n{text}", case.name);
        }
    }
    assert!(unsaid.is_empty(), "{unsaid}");
}
