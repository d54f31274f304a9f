//! The comparison sees every column, and the sights are those of either store.

use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::*;
use crate::domain::tests::draft;
use crate::domain::{Idempotency, NewInvoice, key};
use crate::history::{Customer, History};
use crate::legacy::Legacy;
use crate::sqlite::connect_options;
use crate::target::Target;
use crate::test_stores::{Urls, fresh_in};
use crossfade::data::RecordStore;

/// Two files with the same invoice in it; the folder lives as long as it is held.
async fn equal_stores() -> (String, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let urls = fresh_in(&folder).remove(0);
    fill_equal(&urls).await;
    (urls.legacy, urls.target, folder)
}

async fn fill_equal(urls: &Urls) {
    urls.make().await;
    let (legacy, target) =
        (Legacy::open(&urls.legacy).await.unwrap(), Target::open(&urls.target).await.unwrap());
    let customers = vec![Customer { id: 1, name: "A".into(), country: "Norway".into() }];
    History { customers, invoices: Vec::new() }.write_to(&legacy).await.unwrap();

    let mut draft = draft("10.00", 2).checked().unwrap();
    draft.billing.address = "1 Main Street, ref 7".into();
    let idempotency = Some(Idempotency::new("k", &draft).unwrap());
    let invoice = NewInvoice { draft, idempotency }.into_invoice(1, 5).pay("0.05".parse().unwrap()).unwrap();
    let invoice = crate::domain::Invoice { closed: true, ..invoice };
    legacy.replace(&key(1, 5), Some(&invoice), 1).await.unwrap();
    target.replace(&key(1, 5), Some(&invoice), 1).await.unwrap();
}

#[tokio::test]
async fn a_difference_in_any_column_is_found() {
    let (legacy, target, _folder) = equal_stores().await;
    assert!(compare(&legacy, &target).await.unwrap().equal());
    for column in [
        "number = 'x'",
        "issued_at = '2020-01-01 00:00:00'",
        "billing_address = 'x'",
        "billing_city = 'x'",
        "billing_state = 'x'",
        "billing_country = 'x'",
        "billing_postal_code = NULL",
        "total_cents = total_cents + 1",
        "received_cents = received_cents + 1",
        "paid = 1",
        "closed = 0",
        "idempotency_key = 'x'",
        "idempotency_draft = 'x'",
    ] {
        let mut connection = connect_options(&legacy).unwrap().connect().await.unwrap();
        let (name, _) = column.split_once(' ').unwrap();
        let was = format!("CREATE TABLE was AS SELECT {name} AS old FROM invoices");
        let back = format!("UPDATE invoices SET {name} = (SELECT old FROM was)");
        let change = format!("UPDATE invoices SET {column}");
        for statement in [&was, &change] {
            sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut connection).await.unwrap();
        }
        assert_eq!(compare(&legacy, &target).await.unwrap().differing, 1, "{column}");
        for statement in [&back, "DROP TABLE was"] {
            sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    }
    assert!(compare(&legacy, &target).await.unwrap().equal());
}

#[tokio::test]
async fn both_stores_show_what_a_client_sees() {
    let folder = tempfile::tempdir().unwrap();
    for urls in fresh_in(&folder) {
        fill_equal(&urls).await;
        shows_what_a_client_sees(&urls.legacy, &urls.target).await;
        assert!(compare(&urls.legacy, &urls.target).await.unwrap().equal());
    }
}

async fn shows_what_a_client_sees(legacy: &str, target: &str) {
    let version = Version { token: 7, total: "20.00".into() };
    let seen = BTreeMap::from([((1, 5), Sight { version, received: 5, closed: true })]);
    assert_eq!(sights(Store::Legacy, legacy).await.unwrap(), seen);
    assert_eq!(sights(Store::Target, target).await.unwrap(), seen);
}
