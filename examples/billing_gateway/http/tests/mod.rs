//! What callers get for good and for bad requests, mostly over the legacy store alone.

mod customers;
mod failures;
mod invoices;
mod read_override;
mod support;
mod writes;
