//! What a reply tells a client, as it is noted in the ledger.

use axum::http::StatusCode;

use super::client::Exchange;
use super::done::{Answered, Trouble};
use super::job::{Job, Tagged};
use super::reply::{Found, Reply};
use crate::ledger::{Closing, Fate, Key, Ledger, ListLook, Look, Payment, Sight, Try, Version, Write};

/// Notes what came of a job.
pub(super) fn note(ledger: &Ledger, job: Job, exchange: &Exchange) -> Noted {
    let noting = Noting { ledger, exchange };
    match job {
        Job::Get { key, seen } => noting.get(key, seen.as_ref(), "get"),
        Job::Find { key, .. } => noting.get(key, None, "lookup"),
        Job::List(customer) => noting.list(customer),
        Job::Create { customer, version, .. } => noting.create(customer, version),
        Job::Put { key, version, seen, .. } => noting.put(key, version, seen.as_ref()),
        Job::Delete { key, seen } => noting.delete(key, seen.as_ref()),
        Job::Pay { key, cents } => noting.pay(key, cents),
        Job::Close { customer, invoices } => noting.close(customer, invoices),
    }
}

struct Noting<'a> {
    ledger: &'a Ledger,
    exchange: &'a Exchange,
}

type Noted = Result<Answered, Trouble>;

impl Noting<'_> {
    fn get(&self, key: Key, known: Option<&Tagged>, kind: &'static str) -> Noted {
        let reply = self.reply()?;
        let read = |answered| Ok(Answered { read: Some(reply.read_from()?), ..answered });
        match reply.status {
            StatusCode::OK => {
                let found = reply.invoice()?;
                if found.key != key {
                    return Err(Trouble::Broken(format!("asked for {key:?}, got {:?}", found.key)));
                }
                self.look(key, Some(found.sight.clone()));
                read(Answered { learned: Some(reply.learned(&found)), ..Answered::new(kind) })
            }
            StatusCode::NOT_FOUND => {
                self.look(key, None);
                read(Answered::new(kind))
            }
            StatusCode::NOT_MODIFIED => {
                let known = known.ok_or_else(|| reply.strange())?;
                self.look(key, Some(known.sight.clone()));
                read(Answered::new("unchanged get"))
            }
            _ => Err(reply.strange()),
        }
    }

    fn list(&self, customer: i64) -> Noted {
        let reply = self.reply()?;
        if reply.status != StatusCode::OK {
            return Err(reply.strange());
        }
        let (invoices, more) = reply.list()?;
        let upto = if more { invoices.last().map(|last| last.key.1) } else { None };
        let seen = invoices.into_iter().map(|found| (found.key.1, found.sight)).collect();
        let Exchange { start, end, .. } = *self.exchange;
        self.ledger.note(|notes| notes.lists.push(ListLook { customer, after: 0, upto, seen, start, end }));
        Ok(Answered { read: Some(reply.read_from()?), ..Answered::new("list") })
    }

    /// A create that was sent several times is acknowledged by any answer, and of unknown fate when none came and one
    /// of its tries is.
    fn create(&self, customer: i64, version: Version) -> Noted {
        let mut write =
            Write { customer, invoice: None, version: Some(version), creates: true, tried: self.tried() };
        let noted = self.reply().and_then(|reply| match reply.status {
            StatusCode::CREATED => {
                write.tried.fate = Fate::Acked;
                let found = self.written(&mut write, reply)?;
                let kind = if self.exchange.unavailable > 0 { "retried create" } else { "create" };
                Ok(Answered { learned: Some(reply.learned(&found)), created: true, ..Answered::new(kind) })
            }
            _ => Err(reply.strange()),
        });
        self.ledger.note(|notes| notes.writes.push(write));
        noted
    }

    fn put(&self, key: Key, version: Version, seen: Option<&Tagged>) -> Noted {
        let (customer, invoice) = (key.0, Some(key.1));
        let mut write =
            Write { customer, invoice, version: Some(version), creates: false, tried: self.tried() };
        let noted = self.reply().and_then(|reply| match reply.status {
            StatusCode::OK => {
                write.tried.fate = Fate::Acked;
                let found = self.written(&mut write, reply)?;
                self.matched(key, seen);
                let kind = if seen.is_some() { "conditional put" } else { "put" };
                Ok(Answered { learned: Some(reply.learned(&found)), ..Answered::new(kind) })
            }
            StatusCode::CONFLICT => Ok(rejected(&mut write.tried, "refused put")),
            _ => self.unmatched(key, seen, &mut write.tried, reply, "put"),
        });
        self.ledger.note(|notes| notes.writes.push(write));
        noted
    }

    fn delete(&self, key: Key, seen: Option<&Tagged>) -> Noted {
        let (customer, invoice) = (key.0, Some(key.1));
        let mut write = Write { customer, invoice, version: None, creates: false, tried: self.tried() };
        let noted = self.reply().and_then(|reply| match reply.status {
            StatusCode::NO_CONTENT => {
                write.tried.fate = Fate::Acked;
                self.matched(key, seen);
                Ok(Answered::new(if seen.is_some() { "conditional delete" } else { "delete" }))
            }
            _ => self.unmatched(key, seen, &mut write.tried, reply, "delete"),
        });
        self.ledger.note(|notes| notes.writes.push(write));
        noted
    }

    fn pay(&self, key: Key, cents: i64) -> Noted {
        let mut tried = self.tried();
        let noted = self.reply().and_then(|reply| match reply.status {
            StatusCode::OK => {
                tried.fate = Fate::Acked;
                let found = reply.invoice()?;
                self.look(found.key, Some(found.sight.clone()));
                Ok(Answered { learned: Some(reply.learned(&found)), ..Answered::new("payment") })
            }
            StatusCode::CONFLICT => Ok(rejected(&mut tried, "refused payment")),
            _ => self.unmatched(key, None, &mut tried, reply, "payment"),
        });
        self.ledger.note(|notes| notes.payments.push(Payment { key, cents, tried }));
        noted
    }

    fn close(&self, customer: i64, invoices: Vec<i64>) -> Noted {
        let mut tried = self.tried();
        let noted = self.reply().and_then(|reply| match reply.status {
            StatusCode::OK => {
                tried.fate = Fate::Acked;
                self.closed(customer, &invoices, reply)
            }
            StatusCode::NOT_FOUND => {
                for missing in reply.missing()? {
                    self.look((customer, missing), None);
                }
                Ok(rejected(&mut tried, "refused closing"))
            }
            _ => Err(reply.strange()),
        });
        self.ledger.note(|notes| notes.closings.push(Closing { customer, invoices, tried }));
        noted
    }

    fn closed(&self, customer: i64, invoices: &[i64], reply: &Reply) -> Noted {
        let (found, _) = reply.list()?;
        for found in &found {
            self.look(found.key, Some(found.sight.clone()));
        }
        let closed = |id: &i64| found.iter().any(|found| found.key == (customer, *id) && found.sight.closed);
        if invoices.iter().all(closed) {
            Ok(Answered::new("closing"))
        } else {
            Err(Trouble::Broken(format!("{invoices:?} were closed and {found:?} came back")))
        }
    }

    /// The answer to a create or a put holds what was written, and all else that is to be seen.
    fn written(&self, write: &mut Write, reply: &Reply) -> Result<Found, Trouble> {
        let found = reply.invoice()?;
        write.invoice = Some(found.key.1);
        if write.version.as_ref() != Some(&found.sight.version) {
            return Err(Trouble::Broken(format!("{:?} was written and {found:?} came back", write.version)));
        }
        self.look(found.key, Some(found.sight.clone()));
        Ok(found)
    }

    /// A conditional write that was made has seen the version that it names.
    fn matched(&self, key: Key, seen: Option<&Tagged>) {
        if let Some(seen) = seen {
            self.look(key, Some(seen.sight.clone()));
        }
    }

    /// Nothing was changed: there is no such invoice, or it is not the one that was named.
    fn unmatched(
        &self,
        key: Key,
        seen: Option<&Tagged>,
        tried: &mut Try,
        reply: &Reply,
        kind: &'static str,
    ) -> Noted {
        match reply.status {
            StatusCode::NOT_FOUND => {
                self.look(key, None);
                Ok(rejected(tried, kind))
            }
            StatusCode::PRECONDITION_FAILED if seen.is_some() => Ok(rejected(tried, "unmatched")),
            _ => Err(reply.strange()),
        }
    }

    fn look(&self, key: Key, seen: Option<Sight>) {
        let Exchange { start, end, .. } = *self.exchange;
        self.ledger.note(|notes| notes.looks.push(Look { key, seen, start, end }));
    }

    fn reply(&self) -> Result<&Reply, Trouble> {
        self.exchange.reply.as_ref().map_err(Clone::clone)
    }

    /// The try as it stands before its answer is looked at.
    fn tried(&self) -> Try {
        let Exchange { start, end, unknown_before, .. } = *self.exchange;
        let surely_not = matches!(self.exchange.reply, Err(Trouble::Unavailable { surely_not: true }));
        let fate = if surely_not && !unknown_before { Fate::Failed } else { Fate::Unknown };
        Try { start, end, fate }
    }
}

/// The answer says that nothing was changed.
fn rejected(tried: &mut Try, kind: &'static str) -> Answered {
    tried.fate = Fate::Failed;
    Answered::new(kind)
}
