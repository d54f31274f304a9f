//! The service as it migrates: handlers, and functions with their SQL.

pub(crate) mod app;
pub(crate) mod error;
pub(crate) mod invoices;
