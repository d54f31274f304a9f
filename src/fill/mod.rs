//! The [`Fill`]: copies everything, page by page, and issues the certificate.
//!
//! A fill walks the authority and copies each page with the stamp that was taken before it was read, so it can
//! overwrite no live write and bring back no deleted record. Then it walks the secondary and removes the keys that
//! the authority does not have. Its checkpoint is durable: after a crash it goes on where it was. When it has ended
//! with no dead letter standing, the journal has the certificate that `canary` asks for.
//!
//! ```
//! use crossfade::copy::Copier;
//! use crossfade::fill::Fill;
//! use crossfade::route::{Asked, Stage};
//! # use crossfade::{journal::Journal, route::{RoutingConfig, RoutingHandle}};
//! # use crossfade::test_util::{MemoryStore, Number};
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! mysql.seed((42, 1001), Number::new(1, "paid"));
//! cassandra.seed((42, 1000), Number::new(1, "of an earlier trial"));
//! # let copier = Copier::new(routing, mysql.clone(), cassandra.clone());
//!
//! let _drained = routing.move_to(Stage::DualWrite, Asked::by("ops", "the migration begins")).await?;
//! let progress = Fill::new(copier).run().await?;
//! assert_eq!((progress.copied, progress.extra), (1, 1));
//! assert_eq!(mysql.records(), cassandra.records());
//! assert!(routing.status().await?.certificate.is_some());
//! # Ok(()) }
//! ```
//!
//! It runs in `dual_write`, `shadow`, `canary` or `live`; in the other stages it ends with [`FillError::Stage`]. It begins
//! when no write planned under `off` is running, and the late bound of legacy (30 s by default) has passed: such a write
//! has no mark, so a page that missed it would never learn of it.
//!
//! # Settings
//!
//! | setting | default |
//! |---|---|
//! | [`records_per_second_max`](Fill::records_per_second_max) | as fast as the stores take them |
//! | page size, parts at once, deadline of a key or a page | those of the [`Copier`](crate::copy::Copier); its [`concurrency`](crate::copy::Copier::concurrency), 64, is that of a fill alone, and should fit the `background_connections` of a `SqlStore` |
//!
//! While a page is copied the next one is read, so two of them are in memory, however many records there are. A rate makes
//! pages no larger than what it lets through in a second, and reads none ahead.
//!
//! The second walk reads keys alone where the secondary gives them ([`RecordStore::page_of_keys`]), and asks the authority for
//! many at once where it can answer ([`RecordStore::existing_keys`]); otherwise it reads a page of each group that it meets,
//! which costs about as much as the copy. Both are a line each in your stores, with what [`backend::sql`](crate::backend::sql) and
//! [`backend::cassandra`](crate::backend::cassandra) have for them.
//!
//! [`RecordStore::page_of_keys`]: crate::data::RecordStore::page_of_keys
//! [`RecordStore::existing_keys`]: crate::data::RecordStore::existing_keys
//!
//! [`Fill::progress`] tells after each page how far it is, [`Fill::control`] pauses and stops it.
//!
//! To a target that keeps no stamps each key of a page is copied by itself, under a mark of its own: reads of it go to legacy
//! meanwhile, and it costs a commit of the journal beside a second read.
//!
//! # What happens when
//!
//! | | the fill |
//! |---|---|
//! | a page cannot be read or copied | does it again, after a pause that grows up to 5 s, for as long as it takes |
//! | a row of the authority cannot be read as a record | waits at its page, with the store's error in the log, until the row is mended or deleted |
//! | writes are held for a stage move | waits at the next page |
//! | the stage stops copying to the target | ends with [`FillError::Stage`]; the checkpoint stays |
//! | it is stopped, dropped, or the process dies | goes on from the checkpoint when it is run again; from the start when a mark on everything stands |
//! | a write goes unrecorded meanwhile, or `off` is entered | cannot keep its checkpoint any more, or gets no certificate: fill anew |
//! | a dead letter stands at its end | [`FillError::NotCertified`]: retry the dead letters, then run it again |
//!
//! The certificate says that everything was copied, not that both stores were compared: this release has no verify. What
//! speaks for equality is the share of reads that `shadow` compares.
//!
//! # A fill of one's own
//! A script that inserts the rows it has read from legacy is what this replaces:
//!
//! ```
//! # use crossfade::test_util::{MemoryStore, Number};
//! # async fn select_all() -> Vec<((i64, i64), Number)> { Vec::new() }
//! # async fn fill(cassandra: MemoryStore) {
//! // Wrong: between the SELECT and this line the invoice may have been paid, or deleted, and copied.
//! for (key, record) in select_all().await {
//!     cassandra.seed(key, record);
//! }
//! # }
//! ```

mod error;
mod everything;
mod pages;
mod runner;
mod settings;

pub use error::FillError;
pub use settings::{Fill, FillControl};
