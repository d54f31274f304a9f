//! What is checked when a journal is opened, and what its errors say.

use super::{OnMariaDb, OnPostgres, Place, begun, key, on_each_server, runtime, scopes};
use crate::data::Scope;
use crate::journal::error::JournalError;
use crate::journal::handle::Journal;
use crate::journal::limits::Limits;
use crate::journal::model::{Command, Reply};

on_each_server! {
    a_url_without_a_database_or_with_a_strange_name_is_refused,
    a_wrong_password_is_refused_and_not_shown,
    a_server_that_is_not_there_is_named,
    a_database_that_is_not_there_is_refused,
    a_journal_of_a_newer_release_is_refused,
    a_journal_of_version_1_is_taken_over_with_its_running_marks,
    marks_survive_a_restart_and_are_dirty_before_a_session_opens,
    a_scope_that_is_too_long_is_marked_wider,
    a_start_that_was_cut_off_while_it_made_the_tables_is_made_good,
}

async fn refused(url: &str) -> JournalError {
    Journal::open(url).await.unwrap_err()
}

fn a_url_without_a_database_or_with_a_strange_name_is_refused<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let url = place.url();
        let (server, _) = url.rsplit_once('/').unwrap();
        for url in
            [server, &format!("{server}/"), &format!("{url}?migration=Robert'"), &format!("{url}?migration=")]
        {
            let error = refused(url).await;
            assert!(matches!(error, JournalError::BadUrl { .. }), "{url}: {error}");
        }
    });
}

fn a_wrong_password_is_refused_and_not_shown<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let url = place.url();
        let (scheme, rest) = url.split_once("://").unwrap();
        let (_, host) = rest.split_once('@').unwrap();
        let error = refused(&format!("{scheme}://nobody:secret@{host}")).await;
        assert!(matches!(error, JournalError::Denied { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
    });
}

/// Who is there, with the password `right`.
async fn a_wrong_and_the_right_password(url: &str) {
    let with = |login| url.replace("root@", login).replace("postgres@", login);
    let error = refused(&with("app:secret@")).await;
    assert!(matches!(error, JournalError::Denied { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
    begun(&with("app:right@")).await.mark_for_repair(key(1)).await.unwrap();
}

#[test]
fn on_mariadb_another_password_of_a_user_is_refused() {
    let place = OnMariaDb::start();
    runtime().block_on(async {
        place.ask("CREATE USER app IDENTIFIED BY 'right'; GRANT ALL ON data.* TO app").await;
        a_wrong_and_the_right_password(&place.url()).await;
    });
}

/// After a restart the server asks one role for its password.
#[test]
fn on_postgres_another_password_of_a_role_is_refused() {
    let place = OnPostgres::start();
    let script = "CREATE ROLE app SUPERUSER LOGIN PASSWORD 'right';
        DO $$ BEGIN EXECUTE format('COPY (VALUES (''host all app all scram-sha-256''), (''host all all all trust'')) TO %L',
            current_setting('hba_file')); END $$; CHECKPOINT";
    runtime().block_on(place.ask(script));
    place.control().restart().unwrap();
    runtime().block_on(a_wrong_and_the_right_password(&place.url()));
}

fn a_server_that_is_not_there_is_named<P: Place>() {
    let place = P::start();
    let url = place.url();
    place.control().kill().unwrap();
    let error = runtime().block_on(refused(&url));
    assert!(matches!(error, JournalError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&place.control().address().to_string()), "{error}");
}

fn a_database_that_is_not_there_is_refused<P: Place>() {
    let place = P::start();
    let (server, _) = place.url().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let error = runtime().block_on(refused(&format!("{server}/nowhere")));
    assert!(matches!(error, JournalError::Denied { .. }), "{error:?}");
    assert!(error.to_string().contains("nowhere"), "{error}");
}

fn a_journal_of_a_newer_release_is_refused<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        begun(&place.url()).await.close().await.unwrap();
        place.ask("UPDATE crossfade_state SET version = 3").await;
        let error = refused(&place.url()).await;
        assert!(matches!(error, JournalError::NewerSchema { found: 3, known: 2, .. }), "{error}");
    });
}

fn a_journal_of_version_1_is_taken_over_with_its_running_marks<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        begun(&place.url()).await.close().await.unwrap();
        place.ask("DROP TABLE crossfade_mark_running").await;
        place.ask("UPDATE crossfade_state SET version = 1, session_open = 1").await;
        let running = format!(
            "INSERT INTO crossfade_mark (id, kind, scope, session, state, claim, lease_until, not_before,
                attempts, reason, created) VALUES (1, 0, '{}', 1, 0, 0, 0, 0, 0, 0, 0)",
            key(1).as_str()
        );
        place.ask(&running).await;
        let journal = begun(&place.url()).await;
        let _running = journal.mark(key(2).into(), 1).await.unwrap();
        let marks = journal.status().await.unwrap().marks;
        assert_eq!((marks.left, marks.running), (1, 1));
        assert_eq!((scopes(&journal).await, journal.marks()), (vec![key(1), key(2)], 2));
    });
}

fn marks_survive_a_restart_and_are_dirty_before_a_session_opens<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let journal = begun(&place.url()).await;
        journal.mark_for_repair(key(1)).await.unwrap();
        let _running = journal.mark(key(2).into(), 1).await.unwrap();
        journal.close().await.unwrap();
        let journal = Journal::open(&place.url()).await.unwrap();
        assert_eq!(journal.marks(), 2);
        assert!(journal.is_dirty(&[key(1)]) && journal.is_dirty(&[key(2)]) && !journal.is_dirty(&[key(3)]));
    });
}

fn a_scope_that_is_too_long_is_marked_wider<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        let limits = Limits { scope_bytes_max: 1_000_000, ..Limits::default() };
        let journal = Journal::open_with(&place.url(), limits).await.unwrap();
        let fits = crate::data::Key::new(&1, &"ä".repeat(super::super::SCOPE_BYTES_MAX / 2 - 1));
        let long = crate::data::Key::new(&1, &"ä".repeat(super::super::SCOPE_BYTES_MAX / 2));
        journal.mark_for_repair(fits.clone().into()).await.unwrap();
        journal.mark_for_repair(long.into()).await.unwrap();
        journal.mark_for_repair(crate::data::Key::new(&1, &"a\0b".to_owned()).into()).await.unwrap();
        let Reply::Scopes(scopes) = journal.call(Command::ListScopes).await.unwrap() else { panic!() };
        assert!(scopes.iter().any(|(_, scope)| *scope == Scope::from(fits.clone())));
        assert!(scopes.iter().any(|(_, scope)| *scope == Scope::from(crate::data::Group::new(&1))));
    });
}

/// The state row comes last; the tables before it may be there.
fn a_start_that_was_cut_off_while_it_made_the_tables_is_made_good<P: Place>() {
    let place = P::start();
    runtime().block_on(async {
        begun(&place.url()).await.close().await.unwrap();
        place.ask("DELETE FROM crossfade_state").await;
        let again = Journal::open(&place.url()).await;
        assert!(again.is_ok(), "{again:?}");
    });
}

#[test]
fn on_mariadb_what_does_not_survive_a_power_cut_is_refused() {
    let server = test_servers::MariaDb::builder().arg("--innodb-flush-log-at-trx-commit=2").start().unwrap();
    let place = OnMariaDb::with_database(server);
    let error = runtime().block_on(refused(&place.url()));
    let JournalError::Unfit { setting: "innodb_flush_log_at_trx_commit", found, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(found, "2");
}

#[test]
fn on_mariadb_a_binary_log_that_is_not_synced_is_refused() {
    let server = test_servers::MariaDb::builder().arg("--log-bin").arg("--server-id=1").start().unwrap();
    let place = OnMariaDb::with_database(server);
    runtime().block_on(async {
        let error = refused(&place.url()).await;
        assert!(matches!(error, JournalError::Unfit { setting: "sync_binlog", .. }), "{error}");
        place.ask("SET GLOBAL sync_binlog = 1; SET GLOBAL binlog_format = 'STATEMENT'").await;
        let journal = begun(&place.url()).await;
        journal.mark_for_repair(key(1)).await.unwrap();
    });
}

#[test]
fn on_mariadb_a_server_that_takes_no_writes_is_named() {
    let place = OnMariaDb::start();
    runtime().block_on(async {
        begun(&place.url()).await.close().await.unwrap();
        place.ask("CREATE USER app IDENTIFIED BY 'x'; GRANT SELECT, INSERT, UPDATE, DELETE ON data.* TO app; SET GLOBAL read_only = 1").await;
        let url = place.url().replace("root@", "app:x@");
        let error = refused(&url).await;
        assert!(matches!(error, JournalError::ReadOnly { .. }), "{error:?}");
        // These permissions are enough where the tables are there.
        place.ask("SET GLOBAL read_only = 0").await;
        begun(&url).await.mark_for_repair(key(1)).await.unwrap();
    });
}

#[test]
fn on_postgres_a_server_that_takes_no_writes_is_named() {
    let place = OnPostgres::start();
    runtime().block_on(async {
        begun(&place.url()).await.close().await.unwrap();
        place.ask("ALTER ROLE postgres SET default_transaction_read_only = on").await;
        let error = refused(&place.url()).await;
        assert!(matches!(error, JournalError::ReadOnly { .. }), "{error:?}");
    });
}

#[test]
fn on_postgres_a_commit_waits_for_the_disk_whatever_the_role_says() {
    let place = OnPostgres::start();
    runtime().block_on(async {
        place.ask("ALTER ROLE postgres SET synchronous_commit = off").await;
        let address = super::super::address::Address::parse(&place.url()).unwrap();
        let mut server: super::super::execute::Server<super::super::postgres::Postgres> =
            super::super::execute::Server::open(address).await.unwrap();
        use super::super::engine::Engine;
        let engine = &mut server.link.as_mut().unwrap().engine;
        let on = engine
            .script("SELECT 1::bigint WHERE current_setting('synchronous_commit') = 'on'", |row| {
                row.number(0)
            });
        assert_eq!(on.await.unwrap(), [1]);
    });
}
