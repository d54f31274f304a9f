//! The HTTP side: axum routes on any service that answers invoice requests.
//!
//! | | |
//! |---|---|
//! | `PUT /customers/{customer}` | adds a customer, `{"name": "Ada", "country": "Norway"}`, or says where one lives now: 204 |
//! | `POST /customers/{customer}/invoices` | makes an invoice: 201, with `Location` |
//! | `GET /customers/{customer}/invoices?limit=20&page=..` | a page of them, and where the next begins |
//! | `GET`, `PUT`, `DELETE /customers/{customer}/invoices/{invoice}` | one of them |
//! | `POST /customers/{customer}/invoices/{invoice}/payments` | adds `{"amount": "12.50"}` to what was received |
//! | `POST /customers/{customer}/invoices/close` | closes those in `{"invoices": [1, 2]}`, at most 100: all or none |
//! | `GET /invoices?number=INV-2026-000007` | the invoice with that number, and where it is in `Content-Location` |
//! | `GET /healthz` | the process answers |
//!
//! Every request has an id: the caller's `x-request-id`, if it has at most 64 letters, digits and hyphens, or a new one, which comes back in the answer and stands in the
//! trace (`RUST_LOG=info`). It has 5 seconds, and a body of at most 128 KiB.
//!
//! Errors are problems (RFC 9457). A 503 says in `outcome` whether a write was surely not made (`rejected`) or may have
//! been (`unknown`); every 4xx changed nothing.
//!
//! **Retries.** A create with an `Idempotency-Key` (1 to 64 visible ASCII characters, one create of one customer) may be sent
//! again, also while the first try may still land: it makes one invoice, and every try that is answered gets 201 with that
//! invoice as it is now. The same key with another draft is 422. The key lives as long as the invoice: after a delete
//! a create with it makes a new one, and so does a try of unknown outcome that lands only then.
//!
//! **Versions.** One invoice is answered with a strong `ETag`, which names its content and is the same whichever store
//! answers. With it in `If-Match`, a PUT or DELETE is made only of that version, and is 412 otherwise; the store
//! that decides compares inside its transaction. A GET with it in `If-None-Match` is 304 while nothing has changed.
//!
//! **Money.** Amounts are texts with two decimal places and exact. `received` is the sum of the payments, `balance` what is
//! left of the total, `paid` says that nothing is. A payment above the balance is 409, and so is a PUT whose total would
//! lie below what was received; a PUT keeps what was received.
//!
//! **Closing** sets `closed` in all invoices that are named, in one transaction; it forbids nothing, and a PUT keeps it. When some do not exist it is 404,
//! whose `invoices` names them, and nothing was changed.
//!
//! **One store.** When the gateway allows it, `crossfade-read: legacy` or `target` names the store of a GET, for whoever
//! compares both. The routing follows it in `canary` and `live`, and not while what is read is dirty. A page token names
//! its store already. Elsewhere, and when it is not allowed, the header is ignored.

mod answer;
mod around;
mod closing;
mod conditional;
mod customers;
mod find;
mod gateway;
mod headers;
mod invoices;
mod list;
mod payments;
mod problem;
#[cfg(test)]
mod tests;

pub(crate) use answer::ANSWERED_BY;
pub(crate) use gateway::Gateway;
pub(crate) use headers::{CROSSFADE_READ, IDEMPOTENCY_KEY};
