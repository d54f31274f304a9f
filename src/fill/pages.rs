//! The pages of a fill.

use crate::copy::{CopyJob, PageDone, PageFailed};
use crate::data::{DataSet, Page, RecordKey, RecordStore};
use crate::protocol::Side;
use crate::route::{Pass, Word};

/// A page of one of both walks.
pub(super) enum SidePage<D: DataSet> {
    /// Records of the authority, with their stamp.
    Authority(Page<D>),
    /// Keys of the secondary.
    Secondary(Vec<RecordKey<D>>),
}

/// A page that was read while the one before it was copied. It holds its place in the gate from before it was read, so that it is
/// as if it had waited for its turn there: no page runs across a change of the authority (R9).
pub(super) struct Ahead<D: DataSet> {
    /// The word that it entered on; on another one it is not copied.
    pub(super) word: Word,
    pub(super) pass: Pass,
    pub(super) page: Result<Option<SidePage<D>>, PageFailed>,
}

impl<D: DataSet> SidePage<D> {
    /// The next page of this side; none when there are no more.
    pub(super) async fn read<A, S>(
        job: &CopyJob<A, S>,
        side: Side,
        after: Option<&RecordKey<D>>,
    ) -> Result<Option<Self>, PageFailed>
    where
        A: RecordStore<Data = D>,
        S: RecordStore<Data = D>,
    {
        Ok(match side {
            Side::Authority => job.authority_page(None, after).await?.map(Self::Authority),
            Side::Secondary => job.secondary_page(None, after).await?.map(Self::Secondary),
        })
    }

    /// Copies what has to be copied of it.
    pub(super) async fn copy<A, S>(self, job: &CopyJob<A, S>) -> Result<PageDone<D>, PageFailed>
    where
        A: RecordStore<Data = D>,
        S: RecordStore<Data = D>,
    {
        match self {
            Self::Authority(page) => job.copy_page(page).await,
            Self::Secondary(keys) => job.copy_extra(keys).await,
        }
    }

    /// Its last key.
    pub(super) fn last(&self) -> Option<RecordKey<D>> {
        let last = match self {
            Self::Authority(page) => page.records.last().map(|(key, _)| key),
            Self::Secondary(keys) => keys.last(),
        };
        last.and_then(|key| key.to_key().parse::<D>())
    }
}
