//! Copies a group or everything: pages of the authority, then the keys that only the secondary has.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::run::CopyJob;
use crate::data::{DataSet, Group, Key, KeyedRecord, Page, RecordKey, RecordStore};
use crate::journal::Reason;
use crate::protocol::{CopyEnd, Wait};

/// A store or the journal failed; the error was logged.
#[derive(Debug)]
pub(crate) struct PageFailed;

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
            after = self.copy_page(page).await?;
        }
        let mut after = None;
        while let Some(page) = self.secondary_page(group, after.as_ref()).await? {
            self.copy_extra(&page).await?;
            after = page.records.into_iter().last().map(|(key, _)| key);
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
        let page = self.authority.page(group, after, self.settings.page, now).await;
        let page = page.map_err(|error| failed(&error, "read a page of the authority"))?;
        Ok((!page.records.is_empty()).then_some(page))
    }

    /// The next page of the secondary; none when there are no more.
    pub(crate) async fn secondary_page(
        &self,
        group: Option<&<A::Data as DataSet>::Group>,
        after: Option<&RecordKey<A::Data>>,
    ) -> Result<Option<Page<A::Data>>, PageFailed> {
        let page = self.other.page(group, after, self.settings.page, 0).await;
        let page = page.map_err(|error| failed(&error, "read a page of the secondary"))?;
        Ok((!page.records.is_empty()).then_some(page))
    }

    /// Copies a page in parts; gives its last key.
    pub(crate) async fn copy_page(
        &self,
        page: Page<A::Data>,
    ) -> Result<Option<RecordKey<A::Data>>, PageFailed> {
        let records = Arc::new(page.records);
        let part = records.len().div_ceil(self.settings.concurrency).max(1);
        let mut parts = JoinSet::new();
        for start in (0..records.len()).step_by(part) {
            let (job, records) = (*self, Arc::clone(&records));
            let end = (start + part).min(records.len());
            parts.spawn(async move { job.copy_part(&records[start..end], page.stamp).await });
        }
        while let Some(part) = parts.join_next().await {
            part.map_err(|error| failed(&error, "copy a part of a page"))??;
        }
        // Every part has ended, so nobody else holds the records.
        Ok(Arc::into_inner(records).and_then(|mut records| records.pop()).map(|(key, _)| key))
    }

    /// One stamped write for the part where stamps are kept; otherwise, or when it fails, key by key.
    async fn copy_part(&self, part: &[KeyedRecord<A::Data>], stamp: i64) -> Result<(), PageFailed> {
        if self.secondary.keeps_stamps {
            let written =
                tokio::time::timeout(self.settings.deadline, self.other.replace_many(part, stamp)).await;
            if matches!(written, Ok(Ok(()))) {
                self.breaker_succeeded();
                self.core.stats.keys_copied.add(part.len() as u64);
                return Ok(());
            }
            self.breaker_failed();
        }
        for (key, _) in part {
            self.copy_or_mark(key).await?;
        }
        Ok(())
    }

    /// Copies the keys of a secondary's page that the authority does not have; gives how many.
    pub(crate) async fn copy_extra(&self, page: &Page<A::Data>) -> Result<u64, PageFailed> {
        let mut groups: HashMap<Group, HashSet<Key>> = HashMap::new();
        let mut extra = 0;
        for (key, _) in &page.records {
            let group = key.to_group();
            if !groups.contains_key(&group) {
                groups.insert(group.clone(), self.keys_of(&key.group).await?);
            }
            if !groups.get(&group).is_some_and(|keys| keys.contains(&key.to_key())) {
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
        let CopyEnd::Failed(wait) = self.copy(&key).await else {
            return Ok(());
        };
        if self.core.breaker(self.secondary.store).is_open() {
            return Err(PageFailed);
        }
        let (journal, not_before) = (&self.core.journal, self.core.not_before(wait, 0));
        let marked = journal.mark_left(key.into(), not_before, Reason::CopyFailed).await;
        marked.map_err(|error| failed(&error, "mark a key that failed"))
    }

    async fn keys_of(&self, group: &<A::Data as DataSet>::Group) -> Result<HashSet<Key>, PageFailed> {
        let (mut keys, mut after) = (HashSet::new(), None);
        while let Some(page) = self.authority_page(Some(group), after.as_ref()).await? {
            keys.extend(page.records.iter().map(|(key, _)| key.to_key()));
            after = page.records.into_iter().last().map(|(key, _)| key);
        }
        Ok(keys)
    }
}

fn failed(error: &dyn std::fmt::Display, what: &str) -> PageFailed {
    tracing::debug!(%error, "a walk could not {what}");
    PageFailed
}
