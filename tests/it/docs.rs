//! What the README shows is compiled.

/// The lines of code of the Rust programs in a text.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let programs = text.split("```").skip(1).step_by(2).filter_map(|block| {
        let (language, program) = block.split_once('\n')?;
        matches!(language, "" | "rust" | "no_run").then_some(program)
    });
    programs.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty())
}

#[test]
fn the_readme_shows_what_the_page_of_the_crate_compiles() {
    let page = include_str!("../../src/lib.rs").replace("//! ", "").replace("//!", "");
    let compiled: Vec<&str> = code(&page).collect();
    let readme = include_str!("../../README.md");
    let shown: Vec<&str> = code(readme).collect();
    assert!(shown.len() > 20, "the README has programs");
    for line in shown {
        assert!(compiled.contains(&line), "the page of the crate does not compile {line:?}");
    }
}
