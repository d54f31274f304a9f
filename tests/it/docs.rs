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

/// The lines of the `impl` block of a trait, for the first type or the one that is named, in a source file.
fn lines_of_impl(text: &str, of: &str) -> usize {
    let begin = text.find(&format!("\nimpl {of} ")).unwrap_or_else(|| panic!("no impl of {of}"));
    let block = &text[begin + 1..];
    block[..block.find("\n}\n").unwrap()].lines().count() + 1
}

#[test]
fn the_readme_counts_the_lines_of_the_example_right() {
    let readme = include_str!("../../README.md");
    let table = readme.split("## What you implement").nth(1).unwrap();
    let counted = |row: &str| -> Vec<usize> {
        let line = table.lines().find(|line| line.starts_with(row)).unwrap_or_else(|| panic!("no row {row}"));
        let cell = line.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
        cell.split(|letter: char| !letter.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
    };
    let request = include_str!("../../examples/billing_gateway/request.rs");
    let invoice = include_str!("../../examples/billing_gateway/domain/invoice.rs");
    let payments = include_str!("../../examples/payments/records.rs");
    let legacy = include_str!("../../examples/billing_gateway/legacy/records.rs");
    let cassandra = include_str!("../../examples/billing_gateway/target/cassandra/records.rs");
    let sqlite = include_str!("../../examples/billing_gateway/target/sqlite/records.rs");
    let wiring = include_str!("../../examples/billing_gateway/wiring.rs");
    let both = ["WriteRecords for Relational", "WriteRecords for Partitioned"];
    for (row, lines) in [
        ("| `StorageRequest`", vec![lines_of_impl(request, "StorageRequest")]),
        ("| `DataSet`", vec![lines_of_impl(invoice, "DataSet")]),
        ("| `WriteRecords`", both.map(|of| lines_of_impl(payments, of)).to_vec()),
        ("| `RecordStore` for the store you leave", vec![lines_of_impl(legacy, "RecordStore")]),
        (
            "| `RecordStore` for the store you move to",
            [cassandra, sqlite].map(|file| lines_of_impl(file, "RecordStore")).to_vec(),
        ),
        ("| `LegacyIds`", vec![lines_of_impl(wiring, "LegacyIds")]),
    ] {
        assert_eq!(counted(row), lines, "{row}");
    }
}
