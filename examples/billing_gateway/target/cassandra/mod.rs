//! Documents in Cassandra.
//!
//! Copies bring their own stamps, so the larger one wins, and a delete leaves a tombstone: Cassandra does both by itself. The
//! gateway's own writes, once this store decides, are conditional on the document that they were made of: what Cassandra
//! agrees on by one round of Paxos in the customer's partition. So they never overwrite each other, and one that is in doubt
//! is ended by whoever writes or reads serially there next.

mod open;
mod records;
mod requests;
mod statements;
mod writes;

pub(super) use open::InCassandra;
