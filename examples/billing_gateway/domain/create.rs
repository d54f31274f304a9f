//! Creates, and how one that is sent twice makes one invoice.
//!
//! The key of a create is part of the invoice that it made. So it moves with the invoice, and whichever store decides
//! finds it there, inside the transaction of the create. It also ends with the invoice: once that is deleted the key is
//! free, and a create with it makes a new invoice. A try whose outcome was unknown may still be on its way then and
//! counts as such a create, so whoever retried waits until it can no longer land (the late bound) before deleting.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::digest::digest;
use super::draft::{Draft, whole_seconds};
use super::invoice::{Invoice, invoice_number};
use super::money::{money, total_of};
use super::rejection::Rejection;

/// How many characters the key of a create may have.
pub(crate) const KEY_CHARS_MAX: usize = 64;

/// What an invoice remembers of the create that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Idempotency {
    /// Chosen by the caller, for one create of one customer.
    pub(crate) key: String,
    /// The digest of the draft: a key that comes again with another draft is a mistake of the caller.
    pub(crate) draft: String,
}

/// What is not the key of a create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to {KEY_CHARS_MAX} visible ASCII characters")]
pub(crate) struct InvalidKey;

/// A create: what the caller wants, and the key under which it may be sent again.
#[derive(Clone, Debug)]
pub(crate) struct NewInvoice {
    pub(crate) draft: Draft,
    pub(crate) idempotency: Option<Idempotency>,
}

impl Idempotency {
    pub(crate) fn new(key: &str, draft: &Draft) -> Result<Self, InvalidKey> {
        if !(1..=KEY_CHARS_MAX).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidKey);
        }
        Ok(Self { key: key.to_owned(), draft: digest(draft) })
    }
}

impl NewInvoice {
    /// The invoice that this makes of an id that nobody has.
    pub(crate) fn into_invoice(self, customer_id: i64, id: i64) -> Invoice {
        let draft = self.draft;
        let issued_at = draft.issued_at.unwrap_or_else(|| whole_seconds(Timestamp::now()));
        let invoice = Invoice {
            id,
            customer_id,
            number: invoice_number(id, issued_at),
            issued_at,
            billing: draft.billing,
            total: total_of(&draft.lines),
            lines: draft.lines,
            received: money(Decimal::ZERO),
            paid: false,
            closed: false,
            idempotency: self.idempotency,
        };
        invoice.settled()
    }

    /// The key that an earlier try may have left.
    pub(crate) fn key(&self) -> Option<&str> {
        self.idempotency.as_ref().map(|idempotency| idempotency.key.as_str())
    }

    /// The answer when an earlier create had this key: what that one made, as it is now.
    pub(crate) fn answered_before(&self, made: Invoice) -> Result<Invoice, Rejection> {
        if self.idempotency == made.idempotency { Ok(made) } else { Err(Rejection::KeyReused) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::draft;

    #[test]
    fn a_key_has_visible_characters_and_not_too_many() {
        let (draft, longest) = (draft("1", 1), "~".repeat(KEY_CHARS_MAX));
        for key in ["a", "!", &longest] {
            assert_eq!(Idempotency::new(key, &draft).unwrap().key, key);
        }
        for key in ["", " ", "a b", "\t", "é", "\u{7f}", &format!("{longest}~")] {
            assert_eq!(Idempotency::new(key, &draft), Err(InvalidKey), "{key:?}");
        }
    }

    #[test]
    fn only_the_same_draft_is_a_retry() {
        let new = |price| {
            let draft = draft(price, 1).checked().unwrap();
            NewInvoice { idempotency: Some(Idempotency::new("k", &draft).unwrap()), draft }
        };
        let made = new("1.00").into_invoice(1, 5);
        assert_eq!(new("1").answered_before(made.clone()), Ok(made.clone()), "equal money is equal");
        assert_eq!(new("2.00").answered_before(made), Err(Rejection::KeyReused));
    }
}
