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
//! # use crossfade::test_util::MemoryStore;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routing = RoutingHandle::open(&Journal::memory(), RoutingConfig::default()).await?;
//! # let (mysql, cassandra) = (MemoryStore::legacy(), MemoryStore::target());
//! # let copier = Copier::new(routing, mysql, cassandra);
//! routing.move_to(Stage::DualWrite, Asked::by("ops", "the migration begins")).await?;
//! let progress = Fill::new(copier).run().await?;
//! assert!(progress.complete && routing.status().await?.certificate.is_some());
//! # Ok(()) }
//! ```
//!
//! It begins when no write planned under `off` is running, and the late bound of legacy has passed: such a write has
//! no mark, so a page that missed it would never learn of it.

mod error;
mod runner;
mod settings;

pub use error::FillError;
pub use settings::{Fill, FillControl};
