//! Three nodes with three copies of everything: one of them may be away.

use std::time::Duration;

use crossfade::backend::cassandra::{Cassandra, CassandraError, Statement};
use crossfade::data::{Outcome, RecordStore};

use crate::cassandra_down::until;
use crate::notes::{CASSANDRA_TABLE, CassandraNotes, Note, key};
use crate::servers::{alter, keyspace_of_copies, own};

const INSERT: &str = "INSERT INTO notes (customer, id, total, words) VALUES (1, ?, 1, 'note 1')";
const ALONE: &str = "Not enough nodes are alive";
const NODES: u8 = 3;

struct Cluster {
    nodes: test_servers::Cassandra,
    notes: CassandraNotes,
    /// Of the request path, and so sent once.
    insert: Statement,
}

impl Cluster {
    async fn start() -> Self {
        let nodes = own(|| test_servers::Cassandra::start_nodes(NODES)).await;
        let store = Cassandra::open(&keyspace_of_copies(&nodes.url(), NODES).await).await.unwrap();
        alter(store.session().unwrap(), CASSANDRA_TABLE).await;
        let notes = CassandraNotes::over(store);
        notes.check().await.unwrap();
        Self { insert: notes.store.writes(INSERT), nodes, notes }
    }

    async fn kill(mut self, node: usize) -> Self {
        self.nodes = own(move || self.nodes.node(node).kill().map(|()| self.nodes)).await;
        self
    }

    /// Both at once, as after a power cut.
    async fn restart(mut self, nodes: [usize; 2]) -> Self {
        self.nodes = own(move || {
            let cluster = &self.nodes;
            std::thread::scope(|scope| {
                let starting = nodes.map(|node| scope.spawn(move || cluster.node(node).restart()));
                starting.into_iter().try_for_each(|node| node.join().unwrap())
            })
            .map(|()| self.nodes)
        })
        .await;
        self
    }

    async fn write(&self, id: i64) -> Result<(), CassandraError> {
        self.insert.run((id,)).await
    }

    /// Writes, copies and reads these keys, and leaves every third one deleted.
    async fn goes_on_with(&self, ids: std::ops::Range<i64>) {
        for id in ids {
            self.write(id).await.unwrap();
            let stamp = self.notes.clock().await.unwrap().unwrap() + 1_000_000;
            let copied = Note::new(id);
            self.notes.replace(&key(1, id), Some(&copied), stamp).await.unwrap();
            // An older one, which loses.
            self.notes.replace(&key(1, id), None, stamp - 1).await.unwrap();
            assert_eq!(self.notes.read(&key(1, id), 0).await.unwrap().1, Some(copied));
            if id % 3 == 0 {
                self.notes.replace(&key(1, id), None, stamp + 1).await.unwrap();
                assert_eq!(self.notes.read(&key(1, id), 0).await.unwrap().1, None);
            }
        }
    }

    async fn ids(&self) -> Vec<i64> {
        let page = self.notes.page(Some(&1), None, 1_000, 0).await.unwrap();
        page.records.into_iter().map(|(key, _)| key.item).collect()
    }
}

fn kept(ids: std::ops::Range<i64>) -> Vec<i64> {
    ids.filter(|id| id % 3 != 0).collect()
}

#[tokio::test]
async fn of_three_nodes_one_may_be_away_and_a_write_without_two_is_rejected() {
    let cluster = Cluster::start().await;
    cluster.goes_on_with(0..20).await;
    let cluster = cluster.kill(3).await;
    // From the first moment on, before any node has noticed.
    cluster.goes_on_with(20..80).await;
    assert_eq!(cluster.ids().await, kept(0..80));

    // What a node wrote into its log since it last set a marker there, every 100 ms, it does not read after kill -9.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let cluster = cluster.kill(2).await;
    let last = until_unavailable(&cluster).await;
    assert!(cluster.notes.read(&key(1, 1), 0).await.is_err());
    let error = cluster.notes.replace(&key(9, 9), Some(&Note::new(9)), 1).await.unwrap_err();
    assert_eq!(Cassandra::outcome(&error), Outcome::Unknown, "it is sent again, to others: {error}");

    let cluster = cluster.restart([2, 3]).await;
    until(async || cluster.write(200).await.is_ok()).await;
    cluster.goes_on_with(80..100).await;
    // What was acknowledged is there; what was rejected is not, and is not brought later either.
    let there = cluster.ids().await;
    let missing: Vec<_> = kept(0..100).into_iter().filter(|id| !there.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?} of {there:?}");
    assert!(there.contains(&200) && !there.contains(&last), "{last} in {there:?}");
}

/// Until the last node has noticed it waits in vain for others, and nobody knows. Answers the key of a rejected write.
async fn until_unavailable(cluster: &Cluster) -> i64 {
    for id in 100..200 {
        let error = cluster.write(id).await.unwrap_err();
        if error.to_string().contains(ALONE) {
            assert_eq!(Cassandra::outcome(&error), Outcome::Rejected, "{error}");
            return id;
        }
        assert_eq!(Cassandra::outcome(&error), Outcome::Unknown, "{error}");
    }
    panic!("the last node never notices that it is alone");
}
