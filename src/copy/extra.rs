//! Copies the keys that only the secondary has: pages of its keys, each compared with the authority.

use std::collections::HashSet;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::run::CopyJob;
use super::walk::{PageDone, PageFailed};
use crate::data::{DataSet, Group, Key, RecordKey, RecordStore};

/// How many keys [`RecordStore::existing_keys`] is asked for at once, and how many records of a group are read where it cannot say.
pub const KEYS_ASKED_MAX: usize = 500;
/// How long a walk waits before it asks again what the authority failed to answer; then twice as long, and so on.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

impl<A, S> CopyJob<A, S>
where
    A: RecordStore,
    S: RecordStore<Data = A::Data>,
{
    /// The keys of the next page of the secondary; none when there are no more.
    pub(crate) async fn secondary_page(
        &self,
        group: Option<&<A::Data as DataSet>::Group>,
        after: Option<&RecordKey<A::Data>>,
    ) -> Result<Option<Vec<RecordKey<A::Data>>>, PageFailed> {
        let keys = self.other.page_of_keys(group, after, self.settings.page);
        let keys = self.in_time(keys, self.secondary.store).await?;
        Ok((!keys.is_empty()).then_some(keys))
    }

    /// Copies the keys of a page of the secondary that the authority does not have.
    pub(crate) async fn copy_extra(
        &self,
        keys: Vec<RecordKey<A::Data>>,
    ) -> Result<PageDone<A::Data>, PageFailed> {
        let ask = |job: Self, keys: Arc<Vec<RecordKey<A::Data>>>, part: Range<usize>| async move {
            job.missing(&keys[part]).await
        };
        let (missing, mut keys) = self.in_parts(keys, KEYS_ASKED_MAX, ask).await?;
        let copied = match missing.into_iter().collect::<Option<Vec<_>>>() {
            Some(missing) => self.copy_all(missing.concat()).await?,
            None => self.copy_extra_by_groups(&keys).await?,
        };
        Ok(PageDone { copied, last: keys.pop() })
    }

    /// Which of these keys the authority does not have; `None` when it cannot be asked for many at once.
    async fn missing(&self, keys: &[RecordKey<A::Data>]) -> Result<Option<Vec<Key>>, PageFailed> {
        let authority = self.secondary.store.other();
        let ask = || self.in_time(self.authority.existing_keys(keys), authority);
        let found = self.again(ask).await?.map(|found| found.iter().map(RecordKey::to_key).collect());
        Ok(found.map(|found: HashSet<Key>| {
            keys.iter().map(RecordKey::to_key).filter(|key| !found.contains(key)).collect()
        }))
    }

    async fn copy_all(&self, keys: Vec<Key>) -> Result<u64, PageFailed> {
        let copy = |job: Self, keys: Arc<Vec<Key>>, part: Range<usize>| async move {
            for key in &keys[part] {
                job.copy_or_mark(key).await?;
            }
            Ok(())
        };
        Ok(self.in_parts(keys, 1, copy).await?.0.len() as u64)
    }

    /// One page of each group is read to find most of the keys that the authority has, and the others are asked for one by one:
    /// a group of any size costs no more than its keys.
    async fn copy_extra_by_groups(&self, keys: &[RecordKey<A::Data>]) -> Result<u64, PageFailed> {
        let wanted: Arc<HashSet<Key>> = Arc::new(keys.iter().map(RecordKey::to_key).collect());
        let mut seen = HashSet::new();
        let groups =
            keys.iter().map(RecordKey::to_group).filter(|group| seen.insert(group.clone())).collect();
        let find = |job: Self, groups: Arc<Vec<Group>>, part: Range<usize>| {
            let wanted = Arc::clone(&wanted);
            async move {
                let mut found = Vec::new();
                for group in &groups[part] {
                    found.extend(
                        job.some_keys_of(group).await?.into_iter().filter(|key| wanted.contains(key)),
                    );
                }
                Ok(found)
            }
        };
        let (found, _) = self.in_parts(groups, 1, find).await?;
        let found: HashSet<Key> = found.into_iter().flatten().collect();
        let others = keys.iter().map(RecordKey::to_key).filter(|key| !found.contains(key)).collect();
        self.copy_missing(others).await
    }

    async fn copy_missing(&self, keys: Vec<Key>) -> Result<u64, PageFailed> {
        let copy = |job: Self, keys: Arc<Vec<Key>>, part: Range<usize>| async move {
            let mut copied = 0;
            for key in &keys[part] {
                if !job.authority_has(key).await {
                    job.copy_or_mark(key).await?;
                    copied += 1;
                }
            }
            Ok(copied)
        };
        Ok(self.in_parts(keys, 1, copy).await?.0.iter().sum())
    }

    /// The first keys of a group.
    async fn some_keys_of(&self, group: &Group) -> Result<Vec<Key>, PageFailed> {
        let Some(group) = group.parse::<<A::Data as DataSet>::Group>() else { return Ok(Vec::new()) };
        let limit = self.settings.page.min(KEYS_ASKED_MAX);
        let page = self.again(|| self.authority_page_of(Some(&group), None, limit)).await?;
        Ok(page.records.iter().map(|(key, _)| key.to_key()).collect())
    }

    /// Asks again for what failed, for as long as a page may take: a page asks for as many groups as it has keys at most, and
    /// that one of them fails is no reason to do all of it again.
    async fn again<O, F>(&self, ask: impl Fn() -> F + Send) -> Result<O, PageFailed>
    where
        F: Future<Output = Result<O, PageFailed>> + Send,
        O: Send,
    {
        let give_up = Instant::now() + self.settings.deadline;
        let mut pause = FIRST_PAUSE;
        loop {
            match ask().await {
                Err(_) if Instant::now() + pause <= give_up => sleep(pause).await,
                end => return end,
            }
            pause *= 2;
        }
    }

    /// Whether the authority surely has a record of this key. One that is not known to be there is copied, which is
    /// right in any case.
    async fn authority_has(&self, key: &Key) -> bool {
        let Some(key) = key.parse::<A::Data>() else { return false };
        let Ok(now) = self.core.journal.stamp().await else { return false };
        let read = self.settings.deadline().keep(self.authority.read(&key, now)).await;
        matches!(read, Ok(Ok((_, Some(_)))))
    }
}
