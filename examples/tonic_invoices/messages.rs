//! The messages of `invoices.proto`. prost derives how they are encoded, so that no `protoc` is needed.

use prost::Message;

/// The longest message, in bytes, that a service and its clients take: what is longer is `OUT_OF_RANGE`. A page of
/// [`PAGE_MAX`] of the longest invoices has room.
pub(crate) const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// The invoices of one page; a larger `page_size` is cut to it.
pub(crate) const PAGE_MAX: usize = 500;

/// The longest text of an invoice, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 1_000;

/// Which invoice.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Key {
    #[prost(int64, tag = "1")]
    pub(crate) customer: i64,
    #[prost(int64, tag = "2")]
    pub(crate) number: i64,
}

/// The record that moves. A field that this program does not know is lost when it is copied, so a new one is added here first.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Invoice {
    #[prost(int64, tag = "1")]
    pub(crate) customer: i64,
    #[prost(int64, tag = "2")]
    pub(crate) number: i64,
    #[prost(int64, tag = "3")]
    pub(crate) total_cents: i64,
    #[prost(bool, tag = "4")]
    pub(crate) paid: bool,
    #[prost(string, tag = "5")]
    pub(crate) text: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ListRequest {
    #[prost(int64, optional, tag = "1")]
    pub(crate) customer: Option<i64>,
    #[prost(uint32, tag = "2")]
    pub(crate) page_size: u32,
    #[prost(string, tag = "3")]
    pub(crate) page_token: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ListReply {
    #[prost(message, repeated, tag = "1")]
    pub(crate) invoices: Vec<Invoice>,
    #[prost(string, tag = "2")]
    pub(crate) next_page_token: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct ClockReply {
    #[prost(int64, tag = "1")]
    pub(crate) micros: i64,
}

impl Invoice {
    pub(crate) const fn key(&self) -> Key {
        Key { customer: self.customer, number: self.number }
    }
}

impl ListRequest {
    /// How many invoices are asked for: all that a page may hold when the request names none.
    pub(crate) fn limit(&self) -> usize {
        match self.page_size as usize {
            0 => PAGE_MAX,
            size => size.min(PAGE_MAX),
        }
    }
}
