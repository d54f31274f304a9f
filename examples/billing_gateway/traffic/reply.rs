//! A reply, and the invoices in it.

use axum::body::Bytes;
use axum::http::StatusCode;
use serde::Deserialize;

use super::done::Trouble;
use super::job::Tagged;
use super::known::Known;
use crate::ledger::{Key, Sight, Version, token_in};
use crossfade::route::Store;

#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) answered_by: Option<Store>,
    pub(super) etag: Option<String>,
    pub(super) body: Bytes,
}

/// As much of an invoice as the clients need.
#[derive(Clone, Debug, Deserialize)]
struct Seen {
    id: i64,
    customer_id: i64,
    number: String,
    billing: SeenBilling,
    total: String,
    received: String,
    balance: String,
    paid: bool,
    closed: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct SeenBilling {
    address: String,
}

#[derive(Deserialize)]
struct SeenList {
    invoices: Vec<Seen>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct SeenMissing {
    invoices: Vec<i64>,
}

/// An invoice in a reply.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) key: Key,
    pub(super) sight: Sight,
    number: String,
    balance: i64,
}

impl Reply {
    /// The store that a read was answered by.
    pub(super) fn read_from(&self) -> Result<Store, Trouble> {
        let unnamed = || Trouble::Broken(format!("{}, and no store is named that answered", self.status));
        self.answered_by.ok_or_else(unnamed)
    }

    /// The invoice in it.
    pub(super) fn invoice(&self) -> Result<Found, Trouble> {
        self.parse::<Seen>()?.found().map_err(Trouble::Broken)
    }

    /// The invoices in it, and whether more follow.
    pub(super) fn list(&self) -> Result<(Vec<Found>, bool), Trouble> {
        let list = self.parse::<SeenList>()?;
        let found: Result<Vec<_>, _> = list.invoices.into_iter().map(Seen::found).collect();
        Ok((found.map_err(Trouble::Broken)?, list.next.is_some()))
    }

    /// The invoices that a problem says are missing.
    pub(super) fn missing(&self) -> Result<Vec<i64>, Trouble> {
        Ok(self.parse::<SeenMissing>()?.invoices)
    }

    /// What a reply with one invoice tells about it.
    pub(super) fn learned(&self, found: &Found) -> (Key, Known) {
        let tag = self.etag.clone().map(|etag| Tagged { etag, sight: found.sight.clone() });
        let known = Known {
            number: found.number.clone(),
            received: found.sight.received,
            balance: found.balance,
            tag,
        };
        (found.key, known)
    }

    /// The complaint about an answer that such a request may not have.
    pub(super) fn strange(&self) -> Trouble {
        Trouble::Broken(format!("{}: {}", self.status, String::from_utf8_lossy(&self.body)))
    }

    fn parse<T: for<'a> Deserialize<'a>>(&self) -> Result<T, Trouble> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Trouble::Broken(format!("{} with a body that cannot be read: {error}", self.status))
        })
    }
}

impl Seen {
    /// Does the sums again: the client is no friend of the service.
    fn found(self) -> Result<Found, String> {
        let amounts = [&self.total, &self.received, &self.balance].map(|text| cents_in(text));
        let [Some(total), Some(received), Some(balance)] = amounts else {
            return Err(format!("invoice {}: an amount that is no money: {self:?}", self.id));
        };
        if received < 0 || balance < 0 || total != received + balance || self.paid != (balance == 0) {
            return Err(format!("invoice {}: the sums are wrong: {self:?}", self.id));
        }
        let version = Version { token: token_in(&self.billing.address), total: self.total };
        Ok(Found {
            key: (self.customer_id, self.id),
            sight: Sight { version, received, closed: self.closed },
            number: self.number,
            balance,
        })
    }
}

/// `12.50` as 1250.
fn cents_in(text: &str) -> Option<i64> {
    let (whole, cents) = text.split_once('.')?;
    let digits = cents.len() == 2 && cents.bytes().all(|digit| digit.is_ascii_digit());
    digits.then(|| format!("{whole}{cents}").parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(total: &str, received: &str, balance: &str, paid: bool) -> Result<Found, String> {
        let seen = json!({"id": 1, "customer_id": 2, "number": "INV-1", "billing": {"address": "a, ref 7"},
            "total": total, "received": received, "balance": balance, "paid": paid, "closed": false});
        serde_json::from_value::<Seen>(seen).unwrap().found()
    }

    #[test]
    fn an_invoice_is_read_with_its_token_and_cents() {
        let found = found("12.50", "2.05", "10.45", false).unwrap();
        assert_eq!((found.key, found.sight.version.token, found.sight.received), ((2, 1), 7, 205));
    }

    #[test]
    fn sums_that_are_wrong_are_a_complaint() {
        assert!(found("12.50", "2.05", "10.46", false).is_err());
        assert!(found("12.50", "12.50", "0.00", false).is_err(), "not marked paid");
        assert!(found("12.50", "2.05", "10.45", true).is_err(), "marked paid");
        assert!(found("12.50", "13.00", "-0.50", false).is_err(), "more than the total");
        assert!(found("12.5", "0.00", "12.50", false).is_err(), "one place");
    }
}
