//! The clocks of the nodes.

use std::sync::Arc;

use scylla::client::session::Session;
use scylla::cluster::Node;
use scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use scylla::statement::unprepared::Statement;

use super::error::CassandraError;
use crate::data::Stamp;

/// In milliseconds; what a node stamps with has more digits, so this is not later.
const NOW: &str = "SELECT toUnixTimestamp(now()) FROM system.local";
const MICROS: i64 = 1_000;

pub(super) async fn earliest(session: &Session) -> Result<Stamp, CassandraError> {
    let cluster = session.get_cluster_state();
    let mut earliest = None;
    for node in cluster.get_nodes_info().iter().filter(|node| node.is_connected()) {
        let clock = clock_of(session, node).await?;
        earliest = Some(earliest.map_or(clock, |before: Stamp| before.min(clock)));
    }
    earliest.ok_or_else(|| CassandraError::Answer("no node is connected that could say its time".to_owned()))
}

async fn clock_of(session: &Session, node: &Arc<Node>) -> Result<Stamp, CassandraError> {
    let mut now = Statement::new(NOW);
    let target = SingleTargetLoadBalancingPolicy::new(NodeIdentifier::Node(Arc::clone(node)), None);
    now.set_load_balancing_policy(Some(target));
    let rows = session.query_unpaged(now, ()).await?.into_rows_result().map_err(CassandraError::answer)?;
    let (millis,) = rows.single_row::<(i64,)>().map_err(CassandraError::answer)?;
    Ok(millis * MICROS)
}
