//! What the data is: keys, groups and scopes, the users' record type, and one [`RecordStore`] a store.
//!
//! Crossfade moves *records*. A record is the whole state of one key - one invoice with its lines - in your own
//! domain type, the common form that both schemas map to. You say three things about it:
//!
//! 1. which types make the key and the record ([`DataSet`]),
//! 2. how a record is read from each store and replaced in it ([`RecordStore`], once a store),
//! 3. what an error of that store means ([`Outcome`]).
//!
//! Copies, repair and fill need nothing else.
//!
//! ```
//! use crossfade::data::{DataSet, Key, RecordKey, Scope};
//!
//! #[derive(Clone, PartialEq)]
//! struct Invoice { total_cents: i64 }
//!
//! struct Invoices;
//! impl DataSet for Invoices {
//!     type Group = i64; // the customer: what a list read covers
//!     type Item = i64;  // the invoice in it
//!     type Record = Invoice;
//!     fn same(a: &Invoice, b: &Invoice) -> bool { a == b }
//! }
//!
//! let key = Key::new(&42, &1001);
//! assert_eq!(key.as_str(), "42/1001");
//! let typed: RecordKey<Invoices> = key.parse::<Invoices>().unwrap();
//! assert_eq!((typed.group, typed.item), (42, 1001));
//! assert_eq!(Scope::from(key).group().unwrap().as_str(), "42");
//! ```

mod key;
mod outcome;
mod record;
mod redact;
mod scope;

pub use key::{Group, Key, KeyPart};
pub use outcome::{ClassifyOutcome, ErrorIsUnknown, Outcome};
pub use record::{DataSet, KeyedRecord, Page, RecordKey, RecordStore, Stamp, StampedRecord};
pub use redact::log_keys;
pub use scope::{KEYS_PER_WRITE_MAX, Scope, Scopes};
