//! Copies a group or everything: pages of the authority, then the keys that only the secondary has.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::run::CopyJob;
use super::unprotected::Unprotected;
use crate::data::{DataSet, Group, Key, KeyedRecord, Page, RecordKey, RecordStore, Stamp};
use crate::journal::Reason;
use crate::protocol::{CopyEnd, Wait};
use crate::route::Store;

/// How long a walk waits before it asks again for a group that the authority failed to read; then twice as long, and so on.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

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
        let now = self.core.journal.stamp().await.map_err(|error| failed(&error, "take a stamp"))?;
        let page = self.authority.page(group, after, self.settings.page, now);
        let page = self.in_time(page, self.secondary.store.other()).await?;
        Ok((!page.records.is_empty()).then_some(page))
    }

    /// The next page of the secondary; none when there are no more.
    pub(crate) async fn secondary_page(
        &self,
        group: Option<&<A::Data as DataSet>::Group>,
        after: Option<&RecordKey<A::Data>>,
    ) -> Result<Option<Page<A::Data>>, PageFailed> {
        let page = self.other.page(group, after, self.settings.page, 0);
        let page = self.in_time(page, self.secondary.store).await?;
        Ok((!page.records.is_empty()).then_some(page))
    }

    /// A page takes no longer than the copy of a key may: a walk has a place in the drain count.
    async fn in_time<T, E: Display>(
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
        let stamp = page.stamp;
        self.in_parts(page.records, move |job, records, part| async move {
            job.copy_part(&records[part], stamp).await
        })
        .await
    }

    /// Copies the keys of a page of the secondary that the authority does not have.
    pub(crate) async fn copy_extra(&self, page: Page<A::Data>) -> Result<PageDone<A::Data>, PageFailed> {
        self.in_parts(
            page.records,
            |job, records, part| async move { job.copy_extra_part(&records[part]).await },
        )
        .await
    }

    /// Works at the parts of a page at once.
    async fn in_parts<W, F>(
        &self,
        records: Vec<KeyedRecord<A::Data>>,
        work: W,
    ) -> Result<PageDone<A::Data>, PageFailed>
    where
        W: Fn(Self, Arc<Vec<KeyedRecord<A::Data>>>, Range<usize>) -> F,
        F: Future<Output = Result<u64, PageFailed>> + Send + 'static,
    {
        let records = Arc::new(records);
        let part = records.len().div_ceil(self.settings.concurrency).max(1);
        let mut parts = JoinSet::new();
        for start in (0..records.len()).step_by(part) {
            let end = (start + part).min(records.len());
            parts.spawn(work(*self, Arc::clone(&records), start..end));
        }
        let mut copied = 0;
        while let Some(part) = parts.join_next().await {
            copied += part.map_err(|error| failed(&error, "copy a part of a page"))??;
        }
        // Every part has ended, so nobody else holds the records.
        let last = Arc::into_inner(records).and_then(|mut records| records.pop()).map(|(key, _)| key);
        Ok(PageDone { copied, last })
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
            self.copy_or_mark(key).await?;
        }
        Ok(part.len() as u64)
    }

    /// Copies the keys that the authority does not have. One page of each group is read to find most of those that
    /// it has, and the others are asked for one by one: a group of any size costs no more than its keys.
    async fn copy_extra_part(&self, part: &[KeyedRecord<A::Data>]) -> Result<u64, PageFailed> {
        let mut known: HashMap<Group, HashSet<Key>> = HashMap::new();
        let mut extra = 0;
        for (key, _) in part {
            let group = key.to_group();
            if !known.contains_key(&group) {
                known.insert(group.clone(), self.some_keys_of(&key.group).await?);
            }
            let known = known.get(&group).is_some_and(|keys| keys.contains(&key.to_key()));
            if !known && !self.authority_has(key).await {
                self.copy_or_mark(key).await?;
                extra += 1;
            }
        }
        Ok(extra)
    }

    /// Copies a key of a walk. One that fails gets a mark of its own and the walk goes on: otherwise a large scope, of
    /// which some key fails each time, would never be done. While the breaker is open the walk ends instead.
    async fn copy_or_mark(&self, key: &RecordKey<A::Data>) -> Result<(), PageFailed> {
        let key = key.to_key();
        if Unprotected::is(self.secondary) {
            return self.copy_marked(&key).await;
        }
        let CopyEnd::Failed(wait) = self.copy(&key).await else {
            return Ok(());
        };
        self.go_on()?;
        let (journal, not_before) = (&self.core.journal, self.core.not_before(wait, 0));
        let marked = journal.mark_left(key.into(), not_before, Reason::CopyFailed).await;
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

    /// The keys of the first page of a group. A page has as many groups as keys at most, so that one of them fails is no
    /// reason to do all of it again: it is asked for again, for as long as a page may take.
    async fn some_keys_of(&self, group: &<A::Data as DataSet>::Group) -> Result<HashSet<Key>, PageFailed> {
        let give_up = Instant::now() + self.settings.deadline;
        let mut pause = FIRST_PAUSE;
        let page = loop {
            match self.authority_page(Some(group), None).await {
                Ok(page) => break page,
                Err(failed) if Instant::now() + pause > give_up => return Err(failed),
                Err(_) => sleep(pause).await,
            }
            pause *= 2;
        };
        Ok(page.into_iter().flat_map(|page| page.records).map(|(key, _)| key.to_key()).collect())
    }

    /// Whether the authority surely has a record of this key. One that is not known to be there is copied, which is
    /// right in any case.
    async fn authority_has(&self, key: &RecordKey<A::Data>) -> bool {
        let Ok(now) = self.core.journal.stamp().await else { return false };
        let read = self.settings.deadline().keep(self.authority.read(key, now)).await;
        matches!(read, Ok(Ok((_, Some(_)))))
    }
}

fn failed(error: &dyn Display, what: &str) -> PageFailed {
    tracing::debug!(%error, "a walk could not {what}");
    PageFailed
}
