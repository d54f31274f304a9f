//! The documented numbers, and both services on a MariaDB of the test's own.

use super::*;
use crate::diff::changed_lines;

macro_rules! both {
    ($($file:literal),+) => {
        [$((include_str!(concat!("before/", $file)), include_str!(concat!("after/", $file)))),+]
    };
}

/// The page of the module is another text, so it is not counted.
const FILES: [(&str, &str); 3] = both!("app.rs", "error.rs", "invoices.rs");

#[test]
fn the_lines_that_change_are_as_many_as_the_page_and_the_readme_say() {
    let lines: usize = FILES.iter().map(|(before, _)| before.lines().count()).sum();
    let changed = FILES.iter().map(|(before, after)| changed_lines(before, after));
    let (go, come) = changed.fold((0, 0), |(go, come), (goes, comes)| (go + goes, come + comes));
    let said = format!("Of its {lines} lines {go} go and {come} come");
    for (name, text) in [("page", include_str!("main.rs")), ("README", include_str!("../../README.md"))] {
        let text = text.replace("\n//!", "").replace('\n', " ");
        assert!(text.contains(&said), "the {name} has to say: {said}");
    }
}

mod on_mariadb {
    use axum::http::Method;
    use crossfade::data::{RecordKey, RecordStore};
    use sqlx::mysql::MySqlPoolOptions;
    use tokio::runtime::Runtime;

    use super::*;
    use crate::migration::InMySql;

    /// Runs on a database of a server of its own.
    fn on_a_server(test: impl AsyncFnOnce(String) -> Result<()>) -> Result<()> {
        let server = test_servers::MariaDb::start()?;
        Runtime::new()?.block_on(async {
            let pool = MySqlPool::connect(&server.url()).await?;
            raw_sql("CREATE DATABASE service CHARACTER SET utf8mb4").execute(&pool).await?;
            test(format!("{}/service", server.url())).await
        })
    }

    #[test]
    fn the_program_walks_to_live_and_the_stores_are_equal() -> Result<()> {
        on_a_server(async |url| run(&url).await)
    }

    #[test]
    fn the_new_service_answers_as_the_old_one_in_every_stage() -> Result<()> {
        on_a_server(async |url| {
            let old = Client::of(old_service(&url).await?);
            old.work(1).await?;
            let target = target::InSqlite::in_memory().await?;
            let opened = Opened::new(&url, target).await?;
            let new = Client::of(new_service(&opened));
            for stage in Stage::ALL.into_iter().filter(|stage| *stage <= Stage::Live) {
                walk_to(&opened, stage).await?;
                new.work(1).await?;
                settled(&opened).await;
                for path in ["/customers/1/invoices", "/customers/1/invoices/1", "/customers/1/invoices/2"] {
                    let (asked, expected) =
                        (new.ask(Method::GET, path, "").await?, old.ask(Method::GET, path, "").await?);
                    ensure!(asked == expected, "{stage} {path}: {asked:?}, and {expected:?}");
                }
            }
            opened.close().await
        })
    }

    #[test]
    fn a_page_reads_only_itself_and_not_the_table_from_its_start() -> Result<()> {
        on_a_server(async |url| {
            drop(old_service(&url).await?);
            // What a session has read is asked of the same session.
            let pool = MySqlPoolOptions::new().max_connections(1).connect(&url).await?;
            let fill = "INSERT INTO invoices (customer, id, total_cents) SELECT seq DIV 100, seq, seq FROM seq_1_to_2000";
            raw_sql(fill).execute(&pool).await?;
            raw_sql("FLUSH STATUS").execute(&pool).await?;
            let after = RecordKey { group: 15, item: 1_580 };
            let page = InMySql(pool.clone()).page(None, Some(&after), 10, 0).await?;
            ensure!(page.records.len() == 10 && page.records[0].0.item == 1_581);
            let reads = "SHOW SESSION STATUS LIKE 'Handler_read%'";
            let reads: Vec<(String, String)> = sqlx::query_as(reads).fetch_all(&pool).await?;
            let rows: u64 = reads.iter().filter_map(|(_, rows)| rows.parse::<u64>().ok()).sum();
            ensure!(rows <= 100, "{reads:?}");
            Ok(())
        })
    }

    #[test]
    fn a_line_that_is_refused_by_the_database_leaves_neither_total_nor_mark() -> Result<()> {
        on_a_server(async |url| {
            drop(old_service(&url).await?);
            let target = target::InSqlite::in_memory().await?;
            let opened = Opened::new(&url, target).await?;
            walk_to(&opened, Stage::DualWrite).await?;
            let new = Client::of(new_service(&opened));
            new.work(1).await?;
            let before = new.invoices(1).await?;
            let long = format!("{{\"text\": \"{}\", \"cents\": 1}}", "x".repeat(201));
            let (status, _) = new.ask(Method::POST, "/customers/1/invoices/1/lines", &long).await?;
            ensure!(status == axum::http::StatusCode::SERVICE_UNAVAILABLE, "{status}");
            ensure!(new.invoices(1).await? == before);
            ensure!(opened.routing.journal().marks() == 0, "surely rejected: nothing is left to repair");
            opened.close().await
        })
    }
}
