//! A Cassandra that is down, stands still and comes back.

use std::time::Duration;

use crossfade::backend::cassandra::{Cassandra, CassandraError};
use crossfade::data::Outcome;
use scylla::errors::ExecutionError;
use tokio::time::{sleep, timeout};

use crate::notes::CASSANDRA_TABLE;
use crate::servers::{alter, keyspace, own};

const BACKGROUND_DEADLINE: Duration = Duration::from_millis(400);

const INSERT: &str = "INSERT INTO notes (customer, id, total, words) VALUES (1, ?, 0, '')";

/// Asks again until it holds.
pub(crate) async fn until(what: impl AsyncFn() -> bool) {
    timeout(Duration::from_secs(60), async {
        while !what().await {
            sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .unwrap();
}

/// The deadline that a statement ran into.
fn given_up_after(error: &CassandraError) -> Option<Duration> {
    match error {
        CassandraError::PreparedTooSlowly(after) => Some(*after),
        CassandraError::Execution { source, .. } => match **source {
            ExecutionError::RequestTimeout(after) => Some(after),
            _ => None,
        },
        _ => None,
    }
}

/// One server for all of it: it takes its seconds to start.
#[tokio::test]
async fn a_cassandra_that_goes_away_says_what_became_of_writes_and_is_found_again() {
    let server = own(test_servers::Cassandra::start).await;
    let url = keyspace(&server.url()).await;
    let builder = Cassandra::builder(&url).deadline(Duration::from_secs(1));
    let store = builder.background_deadline(BACKGROUND_DEADLINE).open().await.unwrap();
    alter(store.session().unwrap(), CASSANDRA_TABLE).await;
    let (once, again, conditional) =
        (store.writes(INSERT), store.replaces(INSERT), store.writes_if(format!("{INSERT} IF NOT EXISTS")));
    once.run((1_i64,)).await.unwrap();
    again.run((2_i64,)).await.unwrap();
    assert!(conditional.applied((3_i64,)).await.unwrap());
    let background = again.background();
    background.run((2_i64,)).await.unwrap();
    let background_new = store.writes(format!("{INSERT} USING TTL 30")).background();

    // It stands still: nobody knows.
    let server = own(move || server.node(1).pause().map(|()| server)).await;
    let (one, two, three, four, five) = tokio::join!(
        once.run((4_i64,)),
        again.run((5_i64,)),
        conditional.applied((6_i64,)),
        background.run((5_i64,)),
        background_new.run((7_i64,))
    );
    let background_error = four.unwrap_err();
    assert_eq!(given_up_after(&background_error), Some(BACKGROUND_DEADLINE), "{background_error:?}");
    for error in [one.unwrap_err(), two.unwrap_err(), three.unwrap_err(), background_error] {
        assert_eq!(Cassandra::outcome(&error), Outcome::Unknown, "{error:?}");
    }
    assert_eq!(given_up_after(&five.unwrap_err()), Some(BACKGROUND_DEADLINE));
    // A statement that is not prepared yet was not sent.
    let new = store.writes(format!("{INSERT} USING TTL 60"));
    let error = new.run((7_i64,)).await.unwrap_err();
    assert_eq!(Cassandra::outcome(&error), Outcome::Rejected, "{error:?}");

    // It goes on, and what had been given up may be there by now.
    let server = own(move || server.node(1).resume().map(|()| server)).await;
    until(async || once.run((1_i64,)).await.is_ok()).await;

    // It is killed with a write in its hands.
    let server = own(move || server.node(1).pause().map(|()| server)).await;
    let killed = async {
        sleep(Duration::from_millis(200)).await; // it is on its way, and a server that stands still shows nothing
        own(move || server.node(1).kill().map(|()| server)).await
    };
    let (error, server) = tokio::join!(once.run((8_i64,)), killed);
    let error = error.unwrap_err();
    assert_eq!(Cassandra::outcome(&error), Outcome::Unknown, "{error:?}");

    // Nothing is sent to a node that is away; a replace may have been sent before.
    until(async || Cassandra::outcome(&once.run((9_i64,)).await.unwrap_err()) == Outcome::Rejected).await;
    let error = again.run((9_i64,)).await.unwrap_err();
    assert_eq!(Cassandra::outcome(&error), Outcome::Unknown, "{error:?}");

    // A store that is opened now fails at once, and connects when the server is up.
    let lazy = Cassandra::builder(&url).open_lazy().unwrap();
    let late = lazy.writes(INSERT);
    until(async || !late.run((10_i64,)).await.unwrap_err().to_string().contains("first try")).await;
    let error = late.run((10_i64,)).await.unwrap_err();
    assert_eq!(Cassandra::outcome(&error), Outcome::Rejected, "{error:?}");
    let server = own(move || server.node(1).restart().map(|()| server)).await;
    until(async || late.run((10_i64,)).await.is_ok()).await;
    // The first store finds it again, too, and prepares again what the server has forgotten.
    until(async || once.run((11_i64,)).await.is_ok()).await;
    let read = store.reads::<(i64,)>("SELECT id FROM notes WHERE customer = 1");
    let there: Vec<i64> = read.all(()).await.unwrap().into_iter().map(|(id,)| id).collect();
    // An acknowledged write of a moment before a kill is there; what was rejected is not.
    assert!([1, 2, 3, 10, 11].iter().all(|id| there.contains(id)), "{there:?}");
    assert!(![7, 9].iter().any(|id| there.contains(id)), "{there:?}");
    drop(server);
}

#[tokio::test]
async fn what_cassandra_refuses_is_rejected() {
    let store = crate::servers::cassandra().await;
    alter(store.session().unwrap(), CASSANDRA_TABLE).await;
    for cql in ["INSRT", "INSERT INTO no_such (id) VALUES (1)", "INSERT INTO notes (no_such) VALUES (1)"] {
        let error = store.writes(cql).run(()).await.unwrap_err();
        assert_eq!(Cassandra::outcome(&error), Outcome::Rejected, "{error:?}");
    }
    // Values that do not fit are found before they are sent, also for a replace.
    let error = store.replaces(INSERT).run(("text",)).await.unwrap_err();
    assert_eq!(Cassandra::outcome(&error), Outcome::Rejected, "{error:?}");
    // The server finds this one: its key column has no value.
    let error = store.writes(INSERT).run((None::<i64>,)).await.unwrap_err();
    assert_eq!(Cassandra::outcome(&error), Outcome::Rejected, "{error:?}");
}
