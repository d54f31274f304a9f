//! The routing config in a TOML file that is watched (feature `watch`).
//!
//! Whoever may edit the file, or the ConfigMap that it comes from, changes weights, cohorts and waits of a running
//! service, and asks for the next stage.
//!
//! ```
//! use crossfade::config_file::ConfigFile;
//! use crossfade::journal::Journal;
//! use crossfade::route::{RoutingHandle, Stage};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("invoices.toml");
//! # let journal = Journal::memory();
//! std::fs::write(&path, "stage = \"off\"\n[cohort]\nweight = \"1%\"\n")?;
//!
//! let file = ConfigFile::new(&path);
//! let routing = RoutingHandle::open(&journal, file.read().await?).await?;
//! let watched = file.watch(routing).await?;
//!
//! std::fs::write(&path, "stage = \"dual_write\"\n[cohort]\nweight = \"2%\"\n")?;
//! watched.reload().await?; // or wait a moment: the change is seen
//! assert_eq!(routing.stage(), Stage::DualWrite);
//! assert_eq!(routing.config().cohort.weight.to_string(), "2%");
//! # Ok(()) }
//! ```
//!
//! # When it is read
//!
//! The *folder* is watched, and any event in it counts: so an edit, a rename over the file and the swap of a ConfigMap's
//! `..data` link are seen alike. When events have rested for 250 ms (at most 2 s are waited) the file is read and compared
//! with what it was; its time does not matter. Besides it is read every 30 s ([`ConfigFile::poll_every`]), for file systems that
//! tell of nothing and for links that lead out of the folder. [`WatchedFile::reload`] reads it now, for a handler of
//! `SIGHUP`: the library installs none.
//!
//! # What happens when
//!
//! | the file | then |
//! |---|---|
//! | names the stage that it named before | the rest is in force with the next request; the stage stays as it is committed |
//! | names another stage than before | it *asks* for it: the move is committed as any other and audited as `file PATH`, then all of the file is in force |
//! | asks for a stage that is illegal or lacks the certificate, or the move is given up | nothing of it is in force, weights included; it is not tried again until the file changes or [`WatchedFile::reload`] is called |
//! | is empty, not TOML, has an unknown field or a value that cannot be meant | the last good config goes on |
//! | is the beginning of what it was and ends in the midst of a line, as after a disk that was full | the same, also where that would be a config; [`WatchedFile::reload`] takes it |
//! | does not pass the service's own [`check`](ConfigFile::check) | the same |
//! | names no stage | the same: an empty file would otherwise ask for `off` |
//! | is gone, or cannot be read | the same |
//!
//! What is refused is counted (`reloads_failed`), logged at most once a second, and makes
//! [`reloads`](crate::route::RoutingHandle::reloads)`().last_successful` false until a content is in force again.
//!
//! A config whose stage cannot be reached is refused as a whole, since its weights were chosen for that stage.
//!
//! **Starting never moves the stage.** When the watching begins, all of the file but its stage is put in force; another
//! stage that would be a legal move is logged, and any other is an error that names both. **A stage is asked for when
//! the file names another one than before**, not whenever it differs from the committed one: else the next edit of a
//! weight would undo a rollback that somebody made over the admin API. To ask again for a stage that was refused, change
//! the file - a comment will do. To ask again after a rollback, let the file name the present stage first.
//!
//! # Write it whole
//!
//! A file that was cut off after a complete line may still be a config, with the defaults for the rest. Where it is the
//! beginning of what it was and ends in the midst of a line, that is seen; else it is not. So write beside it and rename, as editors and the
//! kubelet do:
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("invoices.toml");
//! # let text = "stage = \"off\"\n";
//! // Wrong: a disk that is full leaves half a config.
//! std::fs::write(&path, text)?;
//!
//! // Right.
//! let aside = path.with_extension("new");
//! std::fs::write(&aside, text)?;
//! std::fs::rename(&aside, &path)?;
//! # Ok(()) }
//! ```
//!
//! # A watcher of one's own
//!
//! ```
//! # use crossfade::route::{RoutingConfig, RoutingHandle};
//! # async fn changed(routing: RoutingHandle, text: &str) -> Result<(), Box<dyn std::error::Error>> {
//! // Wrong: an empty file is a config too, of stage `off`, which marks everything and voids the certificate; and a
//! // stage that stands in the file from long ago undoes a rollback.
//! let _drained = routing.swap(RoutingConfig::from_toml(text)?).await?;
//! # Ok(()) }
//! ```
//!
//! # Limits
//!
//! | limit | | at the limit |
//! |---|---|---|
//! | length of the file, [`CONFIG_BYTES_MAX`](crate::route::CONFIG_BYTES_MAX) | 4 MiB | refused |
//! | a reading | 5 s | counts as one that failed; at most one waits for the disk |
//! | calls of [`WatchedFile::reload`] that wait | 8 | the others wait for room |
//! | log lines about refusals | 1 a second | the counter has all of them |

mod check;
mod contents;
mod error;
mod events;
mod file;
mod reading;
mod watched;

pub use error::ConfigFileError;
pub use file::{ConfigFile, POLL_EVERY};
pub use watched::WatchedFile;
