//! What a reply tells a client, as it is noted in the ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::client::{Done, Reply, settled};
use crate::ledger::{Fate, Key, Ledger, ListLook, Look, Version, Write, token_in};

/// As much of an invoice as the ledger needs.
#[derive(Deserialize)]
struct Seen {
    id: i64,
    billing: SeenBilling,
    total: String,
}

#[derive(Deserialize)]
struct SeenBilling {
    address: String,
}

#[derive(Deserialize)]
struct SeenList {
    invoices: Vec<Seen>,
    next: Option<String>,
}

pub(crate) fn note_get(
    ledger: &Ledger,
    key: Key,
    start: Duration,
    end: Duration,
    reply: Result<Reply>,
) -> Done {
    let reply = match settled(reply) {
        Ok(reply) => reply,
        Err(done) => return done,
    };
    let version = match reply.status {
        StatusCode::NOT_FOUND => None,
        _ => match serde_json::from_slice::<Seen>(&reply.body) {
            Ok(seen) => Some(seen.into_version()),
            Err(error) => return Done::broken(format!("an invoice that cannot be read: {error}")),
        },
    };
    ledger.note_look(Look { key, version, start, end });
    Done { read: Some(reply.from_target), ..Done::fine() }
}

pub(crate) fn note_list(
    ledger: &Ledger,
    customer: i64,
    start: Duration,
    end: Duration,
    reply: Result<Reply>,
) -> Done {
    let reply = match settled(reply) {
        Ok(reply) => reply,
        Err(done) => return done,
    };
    let list = match serde_json::from_slice::<SeenList>(&reply.body) {
        Ok(list) => list,
        Err(error) => return Done::broken(format!("a list that cannot be read: {error}")),
    };
    let upto = list.next.and_then(|_| list.invoices.last().map(|last| last.id));
    let versions: BTreeMap<_, _> =
        list.invoices.into_iter().map(|seen| (seen.id, seen.into_version())).collect();
    ledger.note_list(ListLook { customer, after: 0, upto, versions, start, end });
    Done { read: Some(reply.from_target), ..Done::fine() }
}

pub(crate) fn note_write(ledger: &Ledger, mut write: Write, reply: Result<Reply>) -> Done {
    let reply = match settled(reply) {
        Ok(reply) => reply,
        Err(done) => {
            write.fate = if done.surely_not { Fate::Failed } else { Fate::Unknown };
            ledger.note_write(write);
            return done;
        }
    };
    let mut done = Done::fine();
    if reply.status == StatusCode::NOT_FOUND {
        // Nothing was changed, and the client has seen that there is no such invoice.
        let key = (write.customer, write.invoice.unwrap_or_default());
        ledger.note_look(Look { key, version: None, start: write.start, end: write.end });
        write.fate = Fate::Failed;
    } else {
        write.fate = Fate::Acked;
        if write.version.is_some() {
            done = note_written(&mut write, &reply);
        }
    }
    ledger.note_write(write);
    done
}

/// The answer to a create or a put holds what was written.
fn note_written(write: &mut Write, reply: &Reply) -> Done {
    let seen: Seen = match serde_json::from_slice(&reply.body) {
        Ok(seen) => seen,
        Err(error) => return Done::broken(format!("a written invoice that cannot be read: {error}")),
    };
    let id = seen.id;
    let created = write.creates.then_some((write.customer, id));
    write.invoice = Some(id);
    let version = seen.into_version();
    if write.version.as_ref() != Some(&version) {
        return Done::broken(format!("{:?} was written and {version:?} came back", write.version));
    }
    Done { created, ..Done::fine() }
}

impl Seen {
    fn into_version(self) -> Version {
        Version { token: token_in(&self.billing.address), total: self.total }
    }
}

impl Write {
    /// A write whose fate is not known yet.
    pub(crate) fn begun(
        customer: i64,
        invoice: Option<i64>,
        version: Option<Version>,
        start: Duration,
        end: Duration,
    ) -> Self {
        Self { customer, invoice, version, creates: false, start, end, fate: Fate::Unknown }
    }
}
