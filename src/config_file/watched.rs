//! [`WatchedFile`], and the task behind it.

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval_at};

use super::contents::{Asks, Contents};
use super::error::ConfigFileError;
use super::events::Events;
use super::file::ConfigFile;
use super::reading::Reader;
use crate::per_second::PerSecond;
use crate::route::{Asked, RoutingConfig, RoutingHandle};

/// How many calls of [`WatchedFile::reload`] may wait; the others wait for room.
const RELOADS_WAITING_MAX: usize = 8;
/// How many refusals a second are logged; the counter has all of them.
const LOGGED_PER_SECOND_MAX: u32 = 1;

type Done = Result<(), ConfigFileError>;

/// A file that is watched. Dropping this leaves it watched.
#[derive(Debug)]
pub struct WatchedFile {
    reloads: mpsc::Sender<oneshot::Sender<Done>>,
    task: JoinHandle<()>,
}

impl WatchedFile {
    /// Reads the file now, also when it has not changed since it was refused, and says what became of it: for a signal
    /// handler, or a test.
    ///
    /// # Errors
    /// When its content is not in force; the last good config goes on.
    pub async fn reload(&self) -> Result<(), ConfigFileError> {
        let (told, done) = oneshot::channel();
        self.reloads.send(told).await.map_err(|_| ConfigFileError::Stopped)?;
        done.await.unwrap_or(Err(ConfigFileError::Stopped))
    }

    /// Watches it no longer. The config in force stays.
    pub fn stop(self) {
        self.task.abort();
    }
}

/// The task: what it watches, and what it has read before.
struct Watch {
    file: ConfigFile,
    routing: RoutingHandle,
    reader: Reader,
    contents: Contents,
    events: Events,
    logged: PerSecond,
}

pub(super) async fn watch(file: ConfigFile, routing: RoutingHandle) -> Result<WatchedFile, ConfigFileError> {
    // Armed before the first reading, so that no change in between is missed.
    let events = Events::of(file.folder());
    let mut reader = Reader::new(&file.path);
    let text = reader.read().await?;
    let config = file.parse(&text)?;
    check_wish(&file, &config, routing)?;
    let contents = Contents::new(text, config.stage);
    let logged = PerSecond::new(LOGGED_PER_SECOND_MAX);
    let watch = Watch { file, routing, reader, contents, events, logged };
    watch.begin(config).await?;
    let (reloads, asked) = mpsc::channel(RELOADS_WAITING_MAX);
    Ok(WatchedFile { reloads, task: tokio::spawn(watch.run(asked)) })
}

/// The stage of the file is a wish when the watching begins, as it is when a migration is opened.
fn check_wish(file: &ConfigFile, config: &RoutingConfig, routing: RoutingHandle) -> Done {
    let (committed, asked) = (routing.stage(), config.stage);
    if committed == asked {
        return Ok(());
    }
    if !committed.may_move_to(asked) {
        return Err(ConfigFileError::Illegal { path: file.path.clone(), committed, asked });
    }
    tracing::info!(path = %file.path.display(), %committed, %asked, "the file names another stage; starting never moves it");
    Ok(())
}

impl Watch {
    async fn begin(&self, config: RoutingConfig) -> Done {
        let same = RoutingConfig { stage: self.routing.stage(), ..config.clone() } == self.routing.config();
        if !same {
            self.put_in_force(Asks::Config(config), "the watching of the file begins").await?;
        }
        self.succeeded();
        Ok(())
    }

    async fn run(mut self, mut reloads: mpsc::Receiver<oneshot::Sender<Done>>) {
        let mut polls = polls(&self.file);
        loop {
            let reload = tokio::select! {
                // Nobody can ask any more when the handle is dropped; the rest goes on.
                Some(reload) = reloads.recv() => Some(reload),
                () = self.events.happened() => {
                    self.events.rest().await;
                    None
                }
                _ = polls.tick() => {
                    if !self.events.is_armed() {
                        self.events.arm(self.file.folder());
                    }
                    None
                }
            };
            if reload.is_some() {
                self.contents.forget();
            }
            let done = self.look().await;
            if let Some(reload) = reload {
                // Whoever asked may have gone away.
                drop(reload.send(done));
            }
        }
    }

    /// Reads the file and puts it in force if it has changed.
    async fn look(&mut self) -> Done {
        let read = self.reader.read().await;
        if read.is_err() {
            // The folder may have gone away, and with it the watch of it.
            self.events.arm(self.file.folder());
        }
        let asks = self.contents.next(&self.file.path, read);
        let asks = self.checked(asks);
        let (named, because) = match &asks {
            Asks::Nothing => return Ok(()),
            Asks::Refused(_) => (self.contents.named(), String::new()),
            Asks::Config(config) => (config.stage, "the file has changed".to_owned()),
            Asks::Stage(config) => (
                config.stage,
                format!("the file names {} in place of {}", config.stage, self.contents.named()),
            ),
        };
        let done = self.put_in_force(asks, &because).await;
        match &done {
            Ok(()) => {
                self.contents.in_force(named);
                self.succeeded();
            }
            Err(error) => self.failed(error),
        }
        done
    }

    /// What the service asks of a content is asked of each one that is to be in force.
    fn checked(&self, asks: Asks) -> Asks {
        let (Asks::Config(config) | Asks::Stage(config)) = &asks else { return asks };
        self.file.check.pass(&self.file.path, config).map_or_else(Asks::Refused, |()| asks)
    }

    async fn put_in_force(&self, asks: Asks, because: &str) -> Done {
        let path = &self.file.path;
        let asked = Asked::by(format!("file {}", path.display()), because);
        let swapped = match asks {
            Asks::Nothing => return Ok(()),
            Asks::Refused(error) => return Err(error),
            Asks::Stage(config) if config.stage != self.routing.stage() => {
                self.routing.swap_as(config, asked).await
            }
            Asks::Config(config) | Asks::Stage(config) => self.routing.configure(config, asked).await,
        };
        swapped.map(drop).map_err(|refused| ConfigFileError::Refused { path: path.clone(), refused })
    }

    fn succeeded(&self) {
        let core = self.routing.0;
        core.stats.reloads.one();
        core.reloads.succeeded(core.journal.now());
        let (stage, named) = (core.stage(), self.contents.named());
        tracing::info!(path = %self.file.path.display(), %stage, %named, "the config file is in force");
    }

    fn failed(&self, error: &ConfigFileError) {
        let core = self.routing.0;
        core.stats.reloads_failed.one();
        core.reloads.failed();
        if self.logged.admit() {
            tracing::error!(%error, "the config file is not in force; the last good config goes on");
        }
    }
}

fn polls(file: &ConfigFile) -> Interval {
    let pace = file.poll_every.max(std::time::Duration::from_millis(10));
    let mut polls = interval_at(tokio::time::Instant::now() + pace, pace);
    polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
    polls
}
