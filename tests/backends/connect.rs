//! Connecting: each error names the store and says what to do.

use std::time::Duration;

use crossfade::backend::cassandra::{self, Cassandra};
use crossfade::backend::sql::{self, MySql, Postgres};
use crossfade::data::Outcome;
use test_servers::MariaDb;

use crate::cassandra_down::until;
use crate::servers::{
    cassandra_url, in_cassandra, in_mysql, in_postgres, mysql_database, mysql_url, own, postgres_url,
};

fn assert_says(error: &impl std::error::Error, words: &[&str]) {
    let shown = error.to_string();
    for word in words {
        assert!(shown.contains(word), "{word:?} is not in {shown:?}");
    }
    assert!(!format!("{shown} {error:?}").contains("s3cret"), "{shown} {error:?}");
}

/// With another login.
fn login(url: &str, login: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{login}@{host}")
}

#[tokio::test]
async fn a_wrong_url_says_what_a_right_one_looks_like() {
    let mysql = MySql::open("postgres://app:s3cret@db/billing").await.unwrap_err();
    assert_says(&mysql, &["MySQL", "mysql://user:password@127.0.0.1:3306/billing"]);
    let postgres = Postgres::open("mysql://app:s3cret@db/billing").await.unwrap_err();
    assert_says(&postgres, &["PostgreSQL", "postgres://user:password@127.0.0.1:5432/billing"]);
    let cassandra = Cassandra::open("cassandra://app:s3cret@db").await.unwrap_err();
    assert_says(&cassandra, &["Cassandra", "no keyspace", "cassandra://user:password@"]);
    for url in ["mysql://app:s3cret@db:port/billing", "mysql://app:s3cret@/:/"] {
        let error = MySql::open(url).await.unwrap_err();
        assert!(matches!(error, sql::OpenError::Url { .. }), "{error}");
        assert_says(&error, &["MySQL", "mysql://user:password@127.0.0.1:3306/billing"]);
    }
}

#[tokio::test]
async fn a_builder_does_not_show_the_password() {
    let mysql = MySql::builder("mysql://app:s3cret@db/billing");
    let cassandra = Cassandra::builder("cassandra://app:s3cret@db/billing");
    let shown = format!("{mysql:?} {cassandra:?} {:?}", mysql.open_lazy().unwrap());
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn a_server_that_is_down_is_named() {
    let mysql = MySql::open("mysql://app:s3cret@127.0.0.1:1/billing").await.unwrap_err();
    assert!(matches!(mysql, sql::OpenError::Unreachable { .. }));
    assert_says(&mysql, &["MySQL", "127.0.0.1:1/billing", "is the server up"]);
    let postgres = Postgres::open("postgres://app:s3cret@127.0.0.1:1/billing").await.unwrap_err();
    assert_says(&postgres, &["PostgreSQL", "127.0.0.1:1/billing", "is the server up"]);
    let cassandra = Cassandra::open("cassandra://app:s3cret@127.0.0.1:1/billing").await.unwrap_err();
    assert!(matches!(cassandra, cassandra::OpenError::Unreachable { .. }));
    assert_says(&cassandra, &["Cassandra", "127.0.0.1:1/billing", "is a node up"]);
}

#[tokio::test]
async fn a_missing_database_is_named() {
    let mysql = MySql::open(&format!("{}/no_such", mysql_url())).await.unwrap_err();
    assert!(matches!(mysql, sql::OpenError::NoDatabase { .. }), "{mysql}");
    assert_says(&mysql, &["MySQL", "/no_such", "create it", "utf8mb4"]);
    let postgres = Postgres::open(&format!("{}/no_such", postgres_url())).await.unwrap_err();
    assert!(matches!(postgres, sql::OpenError::NoDatabase { .. }), "{postgres}");
    assert_says(&postgres, &["PostgreSQL", "/no_such", "create it"]);
    let cassandra = Cassandra::open(&format!("{}/no_such", cassandra_url())).await.unwrap_err();
    assert!(matches!(cassandra, cassandra::OpenError::NoKeyspace { .. }), "{cassandra}");
    assert_says(&cassandra, &["Cassandra", "`no_such`", "create it"]);
}

#[tokio::test]
async fn a_wrong_password_names_the_user() {
    let mysql = format!("{}/mysql", login(&mysql_url(), "app:s3cret"));
    let mysql = MySql::open(&mysql).await.unwrap_err();
    assert!(matches!(mysql, sql::OpenError::NotLetIn { .. }), "{mysql}");
    assert_says(&mysql, &["MySQL", "does not let app in", "check user and password"]);
    let postgres = format!("{}/postgres", login(&postgres_url(), "app:s3cret"));
    let postgres = Postgres::open(&postgres).await.unwrap_err();
    assert!(matches!(postgres, sql::OpenError::NotLetIn { .. }), "{postgres}");
    assert_says(&postgres, &["PostgreSQL", "does not let app in", "check user and password"]);
}

#[tokio::test]
async fn a_user_of_mariadb_with_another_password_is_not_let_in() {
    let url = mysql_database(&mysql_url()).await;
    let (_, name) = url.rsplit_once('/').unwrap();
    let user = format!("CREATE USER {name} IDENTIFIED BY 'right'; GRANT ALL ON {name}.* TO {name}");
    in_mysql(&url, &user).await;
    MySql::open(&login(&url, &format!("{name}:right"))).await.unwrap();
    let error = MySql::open(&login(&url, &format!("{name}:s3cret"))).await.unwrap_err();
    assert!(matches!(error, sql::OpenError::NotLetIn { .. }), "{error}");
    assert_says(&error, &["MySQL", &format!("does not let {name} in"), "check user and password"]);
}

/// The server has the file written, which is read again some time later.
const ASK_APP_FOR_ITS_PASSWORD: &str = "
    DO $$ BEGIN EXECUTE format('COPY (VALUES (''host all app all scram-sha-256''), (''host all all all trust'')) TO %L',
        current_setting('hba_file')); END $$;
    SELECT pg_reload_conf()";

/// A role that is not there is answered otherwise (28000) than one whose password is another (28P01).
#[tokio::test]
async fn a_role_of_postgres_with_another_password_is_not_let_in() {
    let server = own(test_servers::Postgres::start).await;
    let url = server.url();
    in_postgres(&url, "CREATE ROLE app LOGIN PASSWORD 'right'").await;
    in_postgres(&url, ASK_APP_FOR_ITS_PASSWORD).await;
    let (right, wrong) = (login(&url, "app:right"), login(&url, "app:s3cret"));
    until(async || Postgres::open(&wrong).await.is_err()).await;
    Postgres::open(&right).await.unwrap();
    let error = Postgres::open(&wrong).await.unwrap_err();
    assert!(matches!(error, sql::OpenError::NotLetIn { .. }), "{error}");
    assert_says(&error, &["PostgreSQL", "does not let app in", "password authentication failed"]);
}

/// MariaDB does not tell a stranger whether the database is there.
#[tokio::test]
async fn a_user_without_rights_to_the_database_is_not_let_in() {
    let server = own(MariaDb::start).await;
    let url = mysql_database(&server.url()).await;
    in_mysql(&url, "CREATE USER app IDENTIFIED BY 's3cret'").await;
    let error = MySql::open(&login(&url, "app:s3cret")).await.unwrap_err();
    assert!(matches!(error, sql::OpenError::NotLetIn { .. }), "{error}");
    assert_says(&error, &["does not let app in"]);
}

#[tokio::test]
async fn cassandra_lets_in_who_has_the_password_and_names_who_has_not() {
    let guarded = test_servers::Cassandra::builder().setting("authenticator", "PasswordAuthenticator");
    let server = own(move || guarded.start()).await;
    let keyspace = |login_as: &str| format!("{}/system", login(&server.url(), login_as));
    let right = keyspace("cassandra:cassandra");
    let mut opened = Cassandra::open(&right).await;
    for _ in 0..100 {
        if opened.is_ok() {
            break;
        }
        // The first user is made a moment after the server is up.
        tokio::time::sleep(Duration::from_millis(100)).await;
        opened = Cassandra::open(&right).await;
    }
    opened.unwrap();
    let wrong = Cassandra::open(&keyspace("app:s3cret")).await.unwrap_err();
    assert!(matches!(wrong, cassandra::OpenError::NotLetIn { .. }), "{wrong}");
    assert_says(&wrong, &["Cassandra", "does not let app in", "check user and password"]);
    let nobody = Cassandra::open(&format!("{}/system", server.url())).await.unwrap_err();
    assert!(matches!(nobody, cassandra::OpenError::NotLetIn { .. }), "{nobody}");
}

#[tokio::test]
async fn a_lazy_sql_store_connects_when_it_is_used() {
    let mysql = MySql::builder("mysql://app@127.0.0.1:1/billing").open_lazy().unwrap();
    let error = sqlx::query("SELECT 1").execute(mysql.pool()).await.unwrap_err();
    assert_eq!(MySql::outcome(&error), Outcome::Rejected, "{error}");
}

/// Here a keyspace that is made later, as a server that comes up later: `cassandra_down.rs` has that.
#[tokio::test]
async fn a_lazy_cassandra_connects_when_it_can() {
    let url = format!("{}/later_{:x}", cassandra_url(), fastrand::u64(..));
    let store = Cassandra::builder(&url).open_lazy().unwrap();
    let read = store.reads::<(String,)>("SELECT key FROM system.local");
    let error = read.one(()).await.unwrap_err();
    assert_eq!(Cassandra::outcome(&error), Outcome::Rejected);
    assert_says(&error, &["Cassandra", "is not connected"]);
    let (server, name) = url.rsplit_once('/').unwrap();
    let options = "{'class': 'SimpleStrategy', 'replication_factor': 1}";
    in_cassandra(server, &format!("CREATE KEYSPACE {name} WITH replication = {options}")).await;
    tokio::time::timeout(Duration::from_secs(30), async {
        while !store.is_connected() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    assert!(read.one(()).await.unwrap().is_some());
}
