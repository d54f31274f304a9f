//! Copies a group or everything: pages of the authority, then the keys that only the secondary has.

use std::fmt::Display;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::run::CopyJob;
use super::unprotected::Unprotected;
use crate::data::{DataSet, Group, Key, KeyedRecord, Page, RecordKey, RecordStore, Stamp};
use crate::journal::Reason;
use crate::protocol::{CopyEnd, Wait};
use crate::route::Store;

/// So many parts of a page follow each other: at its end, few of those that are copied at once wait for the last one.
const PARTS_IN_TURN: usize = 4;

/// A store or the journal failed; the error was logged.
#[derive(Debug)]
pub(crate) struct PageFailed;

/// A page of a walk that is done.
pub(crate) struct PageDone<D: DataSet> {
    /// How many of its keys were copied, or left a mark of their own.
    pub(crate) copied: u64,
    /// Its last key, to go on after.
    pub(crate) last: Option<RecordKey<D>>,
}

impl<A, S> CopyJob<A, S>
where
    A: RecordStore,
    S: RecordStore<Data = A::Data>,
{
    /// Copies every key of the group, or of everything, that either store has.
    pub(crate) async fn walk(&self, group: Option<&Group>) -> CopyEnd {
        let typed = group.map(|group| group.parse::<<A::Data as DataSet>::Group>());
        let Some(group) = typed.map_or(Some(None), |group| group.map(Some)) else {
            tracing::error!(group = ?group, "a marked group is no group of this data set: see DataSet::Group");
            return CopyEnd::Failed(Wait::Backoff);
        };
        match self.walk_both(group.as_ref()).await {
            Ok(()) => CopyEnd::Copied,
            // The page's own copies have ended; those cut off by their deadline may still be inside the secondary.
            Err(PageFailed) => CopyEnd::Failed(self.secondary.after_unknown_copy()),
        }
    }

    async fn walk_both(&self, group: Option<&<A::Data as DataSet>::Group>) -> Result<(), PageFailed> {
        let mut after = None;
        while let Some(page) = self.authority_page(group, after.as_ref()).await? {
            after = self.copy_page(page).await?.last;
        }
        let mut after = None;
        while let Some(page) = self.secondary_page(group, after.as_ref()).await? {
            after = self.copy_extra(page).await?.last;
        }
        Ok(())
    }

    /// The next page of the authority; none when there are no more.
    pub(crate) async fn authority_page(
        &self,
        group: Option<&<A::Data as DataSet>::Group>,
        after: Option<&RecordKey<A::Data>>,
    ) -> Result<Option<Page<A::Data>>, PageFailed> {
        let page = self.authority_page_of(group, after, self.settings.page).await?;
        Ok((!page.records.is_empty()).then_some(page))
    }

    pub(super) async fn authority_page_of(
        &self,
        group: Option<&<A::Data as DataSet>::Group>,
        after: Option<&RecordKey<A::Data>>,
        limit: usize,
    ) -> Result<Page<A::Data>, PageFailed> {
        let now = self.core.journal.stamp().await.map_err(|error| failed(&error, "take a stamp"))?;
        self.in_time(self.authority.page(group, after, limit, now), self.secondary.store.other()).await
    }

    /// A page takes no longer than the copy of a key may: a walk has a place in the drain count.
    pub(super) async fn in_time<T, E: Display>(
        &self,
        page: impl Future<Output = Result<T, E>>,
        store: Store,
    ) -> Result<T, PageFailed> {
        let failed = |error: &dyn Display| {
            self.core.store_failed(store, error, "a page could not be read");
            PageFailed
        };
        match self.settings.deadline().keep(page).await {
            Ok(page) => page.map_err(|error| failed(&error)),
            Err(late) => Err(failed(&late)),
        }
    }

    /// Copies a page of the authority.
    pub(crate) async fn copy_page(&self, page: Page<A::Data>) -> Result<PageDone<A::Data>, PageFailed> {
        let at_once = self.settings.concurrency * PARTS_IN_TURN;
        let (stamp, part) = (page.stamp, page.records.len().div_ceil(at_once).max(1));
        let (copied, mut records) = self
            .in_parts(page.records, part, move |job, records, part| async move {
                job.copy_part(&records[part], stamp).await
            })
            .await?;
        Ok(PageDone { copied: copied.iter().sum(), last: records.pop().map(|(key, _)| key) })
    }

    /// Works at parts of a page of so many items, several at once. Gives what each part gave, and the items.
    pub(super) async fn in_parts<I, O, W, F>(
        &self,
        items: Vec<I>,
        part: usize,
        work: W,
    ) -> Result<(Vec<O>, Vec<I>), PageFailed>
    where
        I: Send + Sync + 'static,
        O: Send + 'static,
        W: Fn(Self, Arc<Vec<I>>, Range<usize>) -> F,
        F: Future<Output = Result<O, PageFailed>> + Send + 'static,
    {
        let (items, mut parts) = (Arc::new(items), JoinSet::new());
        let mut done = Vec::with_capacity(items.len().div_ceil(part));
        for start in (0..items.len()).step_by(part) {
            if parts.len() == self.settings.concurrency {
                done.extend(ended(&mut parts).await?);
            }
            let end = (start + part).min(items.len());
            parts.spawn(work(*self, Arc::clone(&items), start..end));
        }
        while let Some(part) = ended(&mut parts).await? {
            done.push(part);
        }
        // Every part has ended, so nobody else holds the items.
        Ok((done, Arc::into_inner(items).unwrap_or_default()))
    }

    /// One stamped write for the part where stamps are kept; otherwise, or when it fails, key by key.
    async fn copy_part(&self, part: &[KeyedRecord<A::Data>], stamp: Stamp) -> Result<u64, PageFailed> {
        if self.secondary.keeps_stamps {
            let written = self.settings.deadline().keep(self.other.replace_many(part, stamp)).await;
            let error: &dyn Display = match &written {
                Ok(Ok(())) => {
                    self.breaker_succeeded();
                    self.core.stats.keys_copied.add(part.len() as u64);
                    return Ok(part.len() as u64);
                }
                Ok(Err(error)) => error,
                Err(late) => late,
            };
            self.core.store_failed(self.secondary.store, error, "many records could not be written at once");
            self.breaker_failed();
        }
        for (key, _) in part {
            self.copy_or_mark(&key.to_key()).await?;
        }
        Ok(part.len() as u64)
    }

    /// Copies a key of a walk. One that fails gets a mark of its own and the walk goes on: otherwise a large scope, of
    /// which some key fails each time, would never be done. While the breaker is open the walk ends instead.
    pub(super) async fn copy_or_mark(&self, key: &Key) -> Result<(), PageFailed> {
        if Unprotected::is(self.secondary) {
            return self.copy_marked(key).await;
        }
        let CopyEnd::Failed(wait) = self.copy(key).await else {
            return Ok(());
        };
        self.go_on()?;
        let (journal, not_before) = (&self.core.journal, self.core.not_before(wait, 0));
        let marked = journal.mark_left(key.clone().into(), not_before, Reason::CopyFailed).await;
        marked.map_err(|error| failed(&error, "mark a key that failed"))
    }

    /// Copies a key under a mark of its own, which stays unless it is copied.
    async fn copy_marked(&self, key: &Key) -> Result<(), PageFailed> {
        let mark = Unprotected::begin(self.core, self.secondary, key.clone()).await;
        let mark = mark.map_err(|error| failed(&error, "mark a key before its copy"))?;
        let end = self.copy(key).await;
        mark.ended(end);
        if end == CopyEnd::Copied { Ok(()) } else { self.go_on() }
    }

    fn go_on(&self) -> Result<(), PageFailed> {
        if self.core.breaker(self.secondary.store).is_open() { Err(PageFailed) } else { Ok(()) }
    }
}

/// What the next part to end gave; none when all have ended.
async fn ended<O: 'static>(parts: &mut JoinSet<Result<O, PageFailed>>) -> Result<Option<O>, PageFailed> {
    let Some(part) = parts.join_next().await else { return Ok(None) };
    part.map_err(|error| failed(&error, "copy a part of a page"))?.map(Some)
}

pub(super) fn failed(error: &dyn Display, what: &str) -> PageFailed {
    tracing::debug!(%error, "a walk could not {what}");
    PageFailed
}
