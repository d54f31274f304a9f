//! Does what the fill decides.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower::retry::backoff::{Backoff, ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff};
use tower::util::rng::HasherRng;

use super::error::FillError;
use super::everything::Everything;
use super::pages::{Ahead, SidePage};
use super::settings::Fill;
use crate::copy::{CopyJob, PageFailed};
use crate::data::{Key, RecordKey, RecordStore};
use crate::journal::{ClaimRequest, Command, FillProgress, JournalError};
use crate::protocol::{FillEvent, FillStep, Side};
use crate::route::{Core, Entrant, Pass, Stage, Store};

/// The longest pause before a page is done again.
const RETRY_MAX: Duration = Duration::from_secs(5);
/// How long a fill may hold the marks on everything: longer than any fill takes. A crash gives them back.
const LEASE: Duration = Duration::from_secs(30 * 24 * 3_600);

impl<L, T> Fill<L, T>
where
    L: RecordStore,
    T: RecordStore<Data = L::Data>,
{
    /// Fills, from the checkpoint when there is one, and gives how far it came. Page failures are tried again until
    /// they pass.
    ///
    /// Call it once at a time. Dropping the future ends the fill; the checkpoint stays.
    ///
    /// # Errors
    /// When the stage does not copy to the target, the journal cannot keep the checkpoint, or the certificate is
    /// refused.
    pub async fn run(self) -> Result<FillProgress, FillError> {
        let mut run = Run::begin(&self).await?;
        let side = if run.progress.authority_done { Side::Secondary } else { Side::Authority };
        let (mut fill, mut step) = crate::protocol::Fill::begin(side);
        loop {
            let event = match step {
                FillStep::CheckStage => run.check_stage().await?,
                FillStep::Drain => run.drain().await,
                FillStep::WaitLateBound => run.wait_late_bound().await?,
                FillStep::EnterGate(_) => run.enter().await,
                FillStep::ReadPage(side) => run.read_page(side).await,
                FillStep::CopyPage(side) => run.copy_page(side).await,
                FillStep::Retry(side) => {
                    run.pause_before_retry().await;
                    step = crate::protocol::Fill::retried(side);
                    continue;
                }
                FillStep::SavePage(_) => run.save_page().await?,
                FillStep::SaveSide => run.save_side().await?,
                FillStep::Certify => run.certify().await?,
                FillStep::Stop => return Err(run.stopped()),
                FillStep::End => return Ok(run.progress.clone()),
            };
            step = fill.next(event);
        }
    }
}

/// A fill while it runs.
struct Run<'a, L: RecordStore, T: RecordStore<Data = L::Data>> {
    fill: &'a Fill<L, T>,
    core: &'static Core,
    job: CopyJob<L, T>,
    progress: FillProgress,
    after: Option<RecordKey<L::Data>>,
    page: Option<SidePage<L::Data>>,
    pass: Option<Pass>,
    /// The page behind that one, which is read while that one is copied.
    ahead: Option<Ahead<L::Data>>,
    /// The same once it is this page's turn.
    read: Option<Result<Option<SidePage<L::Data>>, PageFailed>>,
    everything: Everything,
    retry: Option<ExponentialBackoff>,
    page_began: Instant,
}

impl<'a, L, T> Run<'a, L, T>
where
    L: RecordStore,
    T: RecordStore<Data = L::Data>,
{
    async fn begin(fill: &'a Fill<L, T>) -> Result<Self, FillError> {
        let core = fill.copier.core();
        let status = core.journal.status().await?;
        let fresh = FillProgress { voids: status.voids, ..FillProgress::default() };
        // A mark on everything may be younger than the checkpoint, and then the pages before it do not make it good.
        let progress = match status.fill {
            Some(progress) if !progress.complete && !core.journal.everything_is_dirty() => progress,
            _ => fresh,
        };
        let after = progress.after.as_deref().and_then(Key::from_text).and_then(|key| key.parse::<L::Data>());
        Ok(Self {
            fill,
            core,
            job: fill.copier.page_size_max(fill.records_per_second_max).to_target(),
            progress,
            after,
            page: None,
            pass: None,
            ahead: None,
            read: None,
            everything: Everything::new(core),
            retry: None,
            page_began: Instant::now(),
        })
    }

    /// Both stages are looked at after the voids were: `off` in between raises those.
    async fn check_stage(&self) -> Result<FillEvent, FillError> {
        let committed = self.core.journal.status().await?.stage;
        let copies = |stage: Stage| stage.copies() && stage.authority() == Store::Legacy;
        let both = copies(committed) && copies(self.core.stage());
        Ok(if both { FillEvent::StageCopies } else { FillEvent::GateClosed })
    }

    async fn drain(&self) -> FillEvent {
        self.core.gate.drain().await;
        FillEvent::Drained
    }

    async fn wait_late_bound(&mut self) -> Result<FillEvent, FillError> {
        let late_bound = self.core.snapshot.load().config.late_bound;
        sleep(late_bound.of(Store::Legacy)).await;
        let request = ClaimRequest {
            epoch: self.core.epoch(),
            lease: LEASE,
            late_bound: late_bound.longest(),
            limit: 1_000,
            everything: true,
        };
        match self.core.journal.claim(request).await {
            Ok(claim) => self.everything.claim = claim,
            // The stage has changed; the gate says so next.
            Err(JournalError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(FillEvent::Waited)
    }

    async fn enter(&mut self) -> FillEvent {
        let mut ahead = self.ahead.take();
        self.read = None;
        self.pace().await;
        loop {
            self.fill.control.resumed(&mut ahead).await;
            let word = self.core.gate.word();
            let copies = word.stage().copies() && word.stage().authority() == Store::Legacy;
            if self.fill.control.is_stopped() || !copies || word.closed() {
                return FillEvent::GateClosed;
            }
            // Of any other word, a hold or a drain included, it is left, and so is the gate.
            if let Some(ahead) = ahead.take().filter(|ahead| ahead.word == word) {
                (self.pass, self.read) = (Some(ahead.pass), Some(ahead.page));
            } else if word.held() {
                self.core.release().await;
                continue;
            } else {
                self.pass = self.core.gate.enter(word, Entrant::Held);
            }
            if self.pass.is_some() {
                self.page_began = Instant::now();
                return FillEvent::Entered;
            }
        }
    }

    async fn read_page(&mut self, side: Side) -> FillEvent {
        let page = match self.read.take() {
            Some(page) => page,
            None => SidePage::read(&self.job, side, self.after.as_ref()).await,
        };
        match page {
            Ok(Some(page)) => {
                self.page = Some(page);
                FillEvent::PageRead
            }
            Ok(None) => FillEvent::PageEmpty,
            Err(_) => FillEvent::PageFailed,
        }
    }

    async fn copy_page(&mut self, side: Side) -> FillEvent {
        let Some(page) = self.page.take() else {
            return FillEvent::PageFailed;
        };
        let ahead = self.read_ahead(side, page.last());
        let (done, ahead) = tokio::join!(page.copy(&self.job), ahead);
        let Ok(done) = done else {
            return FillEvent::PageFailed;
        };
        self.ahead = ahead;
        self.retry = None;
        match side {
            Side::Authority => self.progress.copied += done.copied,
            Side::Secondary => self.progress.extra += done.copied,
        }
        self.progress.pages += 1;
        self.progress.after = done.last.as_ref().map(|key| key.to_key().as_str().to_owned());
        self.after = done.last;
        self.core.stats.fill_pages.one();
        FillEvent::PageCopied
    }

    /// Reads the next page within a pass of its own, unless the gate keeps it out. Not for a fill that keeps to a rate: its
    /// page would stay in the gate until its turn comes.
    async fn read_ahead(&self, side: Side, after: Option<RecordKey<L::Data>>) -> Option<Ahead<L::Data>> {
        if self.fill.records_per_second_max < u32::MAX {
            return None;
        }
        let (after, word) = (after?, self.core.gate.word());
        let pass = self.core.gate.enter(word, Entrant::Held)?;
        let page = SidePage::read(&self.job, side, Some(&after)).await;
        Some(Ahead { word, pass, page })
    }

    async fn pause_before_retry(&mut self) {
        self.pass = None;
        self.core.stats.fill_retries.one();
        tracing::warn!(pages = self.progress.pages, "a page of the fill failed and is done again");
        if self.retry.is_none() {
            // The bounds are in order and the jitter is below 100, which is all that is checked.
            let maker =
                ExponentialBackoffMaker::new(Duration::from_millis(20), RETRY_MAX, 0.5, HasherRng::default());
            self.retry = maker.ok().map(|mut maker| maker.make_backoff());
        }
        if let Some(retry) = &mut self.retry {
            retry.next_backoff().await;
        }
    }

    async fn save_page(&mut self) -> Result<FillEvent, FillError> {
        self.core.journal.done(Command::SaveFill { progress: self.progress.clone() }).await?;
        self.pass = None;
        self.fill.progress.send_replace(self.progress.clone());
        Ok(FillEvent::Saved)
    }

    async fn save_side(&mut self) -> Result<FillEvent, FillError> {
        (self.progress.authority_done, self.progress.after, self.after) = (true, None, None);
        self.save_page().await
    }

    async fn certify(&mut self) -> Result<FillEvent, FillError> {
        self.pass = None;
        let command = Command::Certify { now: self.core.journal.now(), progress: self.progress.clone() };
        match self.core.journal.done(command).await {
            Ok(()) => {}
            Err(JournalError::Refused(refusal)) => return Err(FillError::NotCertified(refusal)),
            Err(error) => return Err(error.into()),
        }
        self.progress.complete = true;
        self.everything.clear();
        self.core.filled.store(true, Ordering::SeqCst);
        self.fill.progress.send_replace(self.progress.clone());
        tracing::info!(records = self.progress.copied, extra = self.progress.extra, "the fill is complete");
        Ok(FillEvent::Certified)
    }

    fn stopped(&self) -> FillError {
        if self.fill.control.is_stopped() {
            FillError::Stopped
        } else {
            FillError::Stage { stage: self.core.stage() }
        }
    }

    /// Keeps to the rate that was asked for.
    async fn pace(&self) {
        let (rate, began) = (self.fill.records_per_second_max, self.page_began);
        if rate < u32::MAX && self.progress.pages > 0 {
            let records = u32::try_from(self.progress.copied / self.progress.pages).unwrap_or(u32::MAX);
            let due = Duration::from_secs(1).mul_f64(f64::from(records) / f64::from(rate));
            sleep(due.saturating_sub(began.elapsed())).await;
        }
    }
}
