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
//!
//! # A store that keeps stamps
//! The target of a migration is such a store where it can be: each row has a stamp, the larger one wins, and a delete
//! leaves its stamp behind. Here it is a map; in Cassandra it is `USING TIMESTAMP`, in SQL an upsert with a condition and
//! a row without content.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::{Arc, Mutex};
//!
//! use crossfade::data::{DataSet, Outcome, Page, RecordKey, RecordStore, Stamp};
//! # #[derive(Clone, Debug, PartialEq)] struct Invoice { total_cents: i64 }
//! # struct Invoices;
//! # impl DataSet for Invoices {
//! #     type Group = i64;
//! #     type Item = i64;
//! #     type Record = Invoice;
//! #     fn same(a: &Invoice, b: &Invoice) -> bool { a == b }
//! # }
//!
//! /// By customer and invoice: the stamp, and the invoice unless it was deleted.
//! #[derive(Clone, Default)]
//! struct Documents(Arc<Mutex<BTreeMap<(i64, i64), (Stamp, Option<Invoice>)>>>);
//!
//! impl RecordStore for Documents {
//!     type Data = Invoices;
//!     type Error = std::convert::Infallible;
//!     const KEEPS_STAMPS: bool = true;
//!
//!     async fn read(&self, key: &RecordKey<Invoices>, now: Stamp) -> Result<(Stamp, Option<Invoice>), Self::Error> {
//!         let rows = self.0.lock().unwrap();
//!         Ok((now, rows.get(&(key.group, key.item)).and_then(|(_, invoice)| invoice.clone())))
//!     }
//!
//!     async fn replace(&self, key: &RecordKey<Invoices>, record: Option<&Invoice>, stamp: Stamp) -> Result<(), Self::Error> {
//!         let mut rows = self.0.lock().unwrap();
//!         let row = rows.entry((key.group, key.item)).or_insert((0, None));
//!         if stamp >= row.0 {
//!             *row = (stamp, record.cloned());
//!         }
//!         Ok(())
//!     }
//!
//!     async fn page(
//!         &self,
//!         group: Option<&i64>,
//!         after: Option<&RecordKey<Invoices>>,
//!         limit: usize,
//!         now: Stamp,
//!     ) -> Result<Page<Invoices>, Self::Error> {
//!         let after = after.map_or((i64::MIN, i64::MIN), |key| (key.group, key.item));
//!         let rows = self.0.lock().unwrap();
//!         let rows = rows.iter().filter(|(key, _)| **key > after && group.is_none_or(|group| *group == key.0));
//!         let live = rows.filter_map(|(&(group, item), (_, invoice))| Some((RecordKey { group, item }, invoice.clone()?)));
//!         Ok(Page { stamp: now, records: live.take(limit).collect() })
//!     }
//!
//!     fn outcome(error: &Self::Error) -> Outcome {
//!         match *error {}
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let (store, key) = (Documents::default(), RecordKey { group: 42, item: 1001 });
//! let newer = Invoice { total_cents: 500 };
//! store.replace(&key, Some(&newer), 20).await.unwrap();
//! store.replace(&key, None, 10).await.unwrap(); // an older copy that lands late changes nothing
//! assert_eq!(store.read(&key, 30).await.unwrap().1, Some(newer));
//! store.replace(&key, None, 40).await.unwrap();
//! store.replace(&key, Some(&Invoice { total_cents: 1 }), 30).await.unwrap();
//! assert_eq!(store.read(&key, 50).await.unwrap().1, None, "what was deleted does not come back");
//! # }
//! ```
//!
//! # What goes wrong
//!
//! | wrong | right | or else |
//! |---|---|---|
//! | a stamp of `SYSDATE()`, `clock_timestamp()` or `statement_timestamp()` in [`read`](RecordStore::read) | `now`, or the start of the statement (`NOW(6)`, `transaction_timestamp()` outside of a transaction) | a stamp that is younger than its read lets an old copy win |
//! | a read from a replica | the node that takes the writes; `QUORUM` both ways | the copy misses the write that it was made for |
//! | `replace` as delete and insert, or `REPLACE INTO` | an upsert of the columns that the record carries | other columns are lost |
//! | a delete that removes a stamped row | a tombstone: the stamp stays | a late copy brings the record back |
//! | [`outcome`](RecordStore::outcome) `Rejected` for a timeout | `Unknown` | a late copy is not waited for where no stamps are kept |
//! | `same` that is laxer than what you call equal | no more tolerance than one schema's loss | a change that it does not see is not followed where no stamps are kept |

mod key;
mod outcome;
mod record;
mod redact;
mod scope;

pub use key::{Group, Key, KeyPart};
pub use outcome::{ClassifyOutcome, ErrorIsUnknown, Outcome};
pub use record::{
    DataSet, FoundKeys, HoldsRecordsOf, KeyedRecord, Page, RecordKey, RecordStore, Stamp, StampedRecord,
};
pub use redact::log_keys;
pub use scope::{KEYS_PER_WRITE_MAX, Scope, Scopes};
