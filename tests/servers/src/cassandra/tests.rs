use std::time::Duration;

use super::cql::{ALL, query};
use super::*;

/// Consistency: more than half of the copies.
const QUORUM: u16 = 4;

/// More than a node takes that does not hang.
const PATIENCE: Duration = Duration::from_secs(3);

fn make_table(node: &Server, copies: u8) {
    let replication = format!("{{'class': 'SimpleStrategy', 'replication_factor': {copies}}}");
    execute(node, &format!("CREATE KEYSPACE trial WITH replication = {replication}"));
    execute(node, "CREATE TABLE trial.numbers (id int PRIMARY KEY, word text)");
    execute(node, "INSERT INTO trial.numbers (id, word) VALUES (1, 'kept')");
}

/// Again until all nodes know the table, for which a driver would wait.
fn execute(node: &Server, statement: &str) {
    let started = Instant::now();
    while let Err(error) = query(node.address(), statement, ALL) {
        assert!(started.elapsed() < Duration::from_secs(20), "{statement}: {error}");
        thread::sleep(Duration::from_millis(100));
    }
}

fn word(node: &Server, consistency: u16) -> String {
    let rows = query(node.address(), "SELECT word FROM trial.numbers WHERE id = 1", consistency).unwrap();
    String::from_utf8_lossy(&rows[rows.len() - 4..]).into_owned()
}

#[test]
fn a_node_that_was_paused_and_killed_comes_back_with_its_data() {
    let cassandra = Cassandra::builder().setting("write_request_timeout", "1900ms").start().unwrap();
    let node = cassandra.node(1);
    make_table(node, 1);

    node.pause().unwrap();
    assert!(!node.answers_within(PATIENCE));
    node.resume().unwrap();
    assert!(node.answers_within(PATIENCE));
    assert_eq!(word(node, ALL), "kept");

    node.kill().unwrap();
    assert!(!node.answers_within(PATIENCE));
    node.restart().unwrap();
    assert_eq!(word(node, ALL), "kept");
}

#[test]
fn of_three_nodes_one_is_paused_and_the_others_go_on() {
    let cassandra = Cassandra::start_nodes(3).unwrap();
    make_table(cassandra.node(1), 3);
    cassandra.node(2).pause().unwrap();
    for number in [1, 3] {
        assert_eq!(word(cassandra.node(number), QUORUM), "kept");
    }
    cassandra.node(2).resume().unwrap();
    cassandra.wait_until_whole().unwrap();
    assert_eq!(word(cassandra.node(2), ALL), "kept");
}

#[test]
fn a_setting_that_cassandra_does_not_know_is_shown_from_its_log() {
    let error = Cassandra::builder().setting("no_such_setting", "1").start().unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}
