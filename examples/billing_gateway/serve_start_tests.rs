//! What the serving gateway needs of its stores when it starts, on real servers.

use crossfade::backend::cassandra::Cassandra;
use crossfade::route::Stage;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};
use tempfile::TempDir;
use tokio::time::sleep;

use super::served::{Served, free_address};
use super::tests::INVOICES;
use super::*;
use crate::compare::compare;
use crate::history::History;
use crate::ledger::Ledger;
use crate::test_stores::{CASSANDRA, MARIADB, POSTGRES, Urls, server};
use crate::traffic::{Load, Traffic};

/// Requests a second, while there is nothing but legacy.
const RATE: u32 = 100;

/// Servers are started and killed beside the runtime.
async fn own<S: Send + 'static>(act: impl FnOnce() -> Result<S, test_servers::Error> + Send + 'static) -> S {
    tokio::task::spawn_blocking(act).await.unwrap().unwrap()
}

fn urls(folder: &TempDir, target: &str) -> Urls {
    let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    Urls { legacy: file("legacy.db"), target: target.to_owned(), journal: file("journal.db") }
}

fn assert_says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_cassandra_that_is_down_it_serves_from_legacy_and_copies_what_was_missed_once_it_is_up() {
    if server(CASSANDRA).is_none() {
        return;
    }
    let cassandra = own(test_servers::Cassandra::start).await;
    let folder = tempfile::tempdir().unwrap();
    let urls = urls(&folder, &format!("{}/billing", cassandra.url()));
    urls.make().await;
    let cassandra = own(move || cassandra.node(1).kill().map(|()| cassandra)).await;
    let mut history = History::generate(1);
    history.invoices.truncate(INVOICES);
    let legacy = Legacy::open(&urls.legacy).await.unwrap();
    history.write_to(&legacy).await.unwrap();
    legacy.close().await;

    let address = free_address();
    let served = Served::start_with(folder.path(), address, &["--target", &urls.target]);
    assert!(served.said("the target is not there: the Cassandra store at"));
    assert!(served.said("legacy serves alone until it is"));
    served.move_to(Stage::DualWrite).await;
    let (load, ledger) = (Load::new(1, &history), Ledger::new(history.openings()));
    let traffic = Traffic::start(&format!("http://{address}"), RATE, load, ledger);
    traffic.begin_step();
    traffic.resume();
    served.until("no write is answered", async || traffic.ledger().counts().0 > 50).await;
    served.until("no mark", async || served.status().await["marks"].as_u64() > Some(10)).await;
    assert!(!served.said("the target is there"));

    let cassandra = own(move || cassandra.node(1).restart().map(|()| cassandra)).await;
    served.until("it is not connected", async || served.said("the target is there")).await;
    served.fill().await;
    traffic.pause().await.unwrap();
    served.until("marks stay", async || served.status().await["marks"] == 0).await;
    served.move_to(Stage::Shadow).await;
    served.terminate();
    let compared = compare(&urls.legacy, &urls.target).await.unwrap();
    assert!(compared.equal() && compared.target_invoices > 0, "{compared:?}");
    drop(cassandra);
}

/// As the first user, who may do everything, and who is made a moment after the server is up.
async fn as_superuser(server: &test_servers::Cassandra, statements: &[&str]) {
    let url = server.url().replace("://", "://cassandra:cassandra@") + "/system";
    let store = loop {
        match Cassandra::open(&url).await {
            Ok(store) => break store,
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    };
    for statement in statements {
        store.session().unwrap().query_unpaged(*statement, ()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_cassandra_what_is_missing_is_an_error_at_the_start_that_says_what_to_do() {
    if server(CASSANDRA).is_none() {
        return;
    }
    let guarded = test_servers::Cassandra::builder()
        .setting("authenticator", "PasswordAuthenticator")
        .setting("authorizer", "CassandraAuthorizer")
        .setting("permissions_validity", "0ms");
    let cassandra = own(move || guarded.start()).await;
    let options = "{'class': 'SimpleStrategy', 'replication_factor': 1}";
    let billing = format!("CREATE KEYSPACE billing WITH replication = {options}");
    as_superuser(&cassandra, &[&billing, "CREATE ROLE app WITH PASSWORD = 's3cret' AND LOGIN = true"]).await;
    let folder = tempfile::tempdir().unwrap();
    let of = |keyspace: &str| cassandra.url().replace("://", "://app:s3cret@") + "/" + keyspace;
    let start = |url: &str| {
        let said = Served::refused(folder.path(), &["--target", url]);
        assert!(!said.contains("s3cret"), "{said}");
        said
    };

    let place = cassandra.nodes()[0].address().to_string();
    let said = start(&of("no_such"));
    assert_says(&said, &["--target", &place, "has no keyspace `no_such`", "create it", "--create"]);
    let said = start(&of("billing"));
    let may = "may this user create tables and indexes";
    assert_says(&said, &["--target", &place, "cannot make the table", may, "no CREATE permission"]);

    // Who may not create tables can still use those that are there.
    let superuser = cassandra.url().replace("://", "://cassandra:cassandra@") + "/billing";
    drop(Target::open(&superuser).await.unwrap());
    let granted = ["GRANT SELECT ON KEYSPACE billing TO app", "GRANT MODIFY ON KEYSPACE billing TO app"];
    as_superuser(&cassandra, &granted).await;
    Served::start_with(folder.path(), free_address(), &["--target", &of("billing")]).terminate();
}

/// A copy of the config for files, with these late bounds.
fn config_with(folder: &TempDir, legacy: &str, target: &str) -> String {
    let path = folder.path().join("copied.toml");
    let text = include_str!("routing.toml")
        .replace("legacy = \"300ms\"", &format!("legacy = \"{legacy}\""))
        .replace("target = \"300ms\"", &format!("target = \"{target}\""));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_config_whose_late_bound_cassandra_does_not_keep_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody is there: what this store promises is known all the same.
    let target = format!("cassandra://{}/billing", free_address());
    let config = config_with(&folder, "300ms", "2s");
    let said = Served::refused(folder.path(), &["--target", &target, "--config", &config]);
    assert_says(
        &said,
        &["config file", "copied.toml", "late_bound.target", "Cassandra", "may land 2s after", "is 2s"],
    );
}

#[test]
fn a_config_whose_late_bound_mariadb_does_not_keep_is_refused_at_the_start() {
    let Some(mariadb) = server(MARIADB) else { return };
    let folder = tempfile::tempdir().unwrap();
    let legacy = format!("{mariadb}/gateway_{:016x}", fastrand::u64(..));
    let config = config_with(&folder, "300ms", "300ms");
    let said = Served::refused(folder.path(), &["--create", "--legacy", &legacy, "--config", &config]);
    assert_says(
        &said,
        &["config file", "copied.toml", "late_bound.legacy", "may land 500ms after", "is 300ms"],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_bound_that_the_stores_do_not_keep_is_refused_also_when_the_file_changes() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("cassandra://{}/billing", free_address());
    let config = config_with(&folder, "300ms", "10s");
    let served =
        Served::start_with(folder.path(), free_address(), &["--target", &target, "--config", &config]);
    config_with(&folder, "300ms", "1s");
    served
        .until("it is in force", async || served.status().await["config_file"]["last_successful"] == false)
        .await;
    assert_eq!(served.status().await["config"]["late_bound"]["target"], "10s");
    config_with(&folder, "300ms", "20s");
    served
        .until("not in force", async || served.status().await["config"]["late_bound"]["target"] == "20s")
        .await;
    served.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_cassandra_a_column_of_the_wrong_type_is_named_at_the_start() {
    let Some(cassandra) = server(CASSANDRA) else { return };
    let folder = tempfile::tempdir().unwrap();
    let urls = urls(&folder, &format!("{cassandra}/gateway_{:016x}", fastrand::u64(..)));
    urls.make().await;
    let by_hand = Cassandra::open(&urls.target).await.unwrap();
    let table =
        "CREATE TABLE invoice_documents (customer_id bigint, invoice_id bigint, document blob, number text,
        idempotency_key text, keyed_creates bigint static, PRIMARY KEY (customer_id, invoice_id))";
    by_hand.session().unwrap().query_unpaged(table, ()).await.unwrap();
    let said = Served::refused(folder.path(), &["--target", &urls.target]);
    let place = urls.target.split("://").nth(1).unwrap();
    assert_says(
        &said,
        &["--target", place, "document: Native(Blob)", "the service reads", "change the column"],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_mariadb_what_is_missing_is_an_error_at_the_start_that_says_what_to_do() {
    let Some(mariadb) = server(MARIADB) else { return };
    let folder = tempfile::tempdir().unwrap();
    let start = |url: &str| {
        let said = Served::refused(folder.path(), &["--legacy", url]);
        assert!(!said.contains("s3cret"), "{said}");
        said
    };
    let said = start(&format!("{mariadb}/no_such"));
    assert_says(&said, &["--legacy", "/no_such", "create it", "--create"]);

    let name = format!("gateway_{:016x}", fastrand::u64(..));
    let mut admin = MySqlConnection::connect(&mariadb).await.unwrap();
    for sql in [
        format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
        format!("CREATE USER {name} IDENTIFIED BY 's3cret'"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO {name}"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    }
    admin.close().await.unwrap();
    let url = |login: &str| format!("{}/{name}", mariadb.replace("root@", login));
    let said = start(&url(&format!("{name}:s3cret-no-more@")));
    assert_says(&said, &["--legacy", &format!("does not let {name} in"), "check user and password"]);
    let app = url(&format!("{name}:s3cret@"));
    assert_says(&start(&app), &["--legacy", &name, "may this user create tables", "CREATE command denied"]);

    // Who may not create tables can still use those that are there.
    Legacy::open(&url("root@")).await.unwrap().close().await;
    Served::start_with(folder.path(), free_address(), &["--legacy", &app]).terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_who_is_not_let_in_and_what_is_missing_are_errors_at_the_start() {
    let Some(postgres) = server(POSTGRES) else { return };
    let folder = tempfile::tempdir().unwrap();
    let start = |url: &str| Served::refused(folder.path(), &["--legacy", url]);
    assert_says(&start(&format!("{postgres}/no_such")), &["--legacy", "/no_such", "create it", "--create"]);
    let stranger = format!("{}/postgres", postgres.replace("postgres@", "app:s3cret@"));
    let said = start(&stranger);
    assert_says(&said, &["--legacy", "does not let app in", "check user and password"]);
    assert!(!said.contains("s3cret"), "{said}");
}
