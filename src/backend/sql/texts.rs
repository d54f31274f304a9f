//! All statements of a table, made once.

use std::sync::Arc;

use super::text::{PageFrom, PageOf, Text};
use crate::copy::KEYS_ASKED_MAX;

/// How many rows one statement replaces: few sizes, so that the connections' caches of prepared statements hold them.
const BATCHES: [usize; 3] = [64, 8, 1];

/// How many keys one statement asks for. A list is filled up to the next one by its last key again, for the same reason.
const ASKED: [usize; 4] = [8, 32, 128, KEYS_ASKED_MAX];

#[derive(Debug)]
pub(super) struct Texts {
    pub(super) text: Text,
    pub(super) clock: Arc<str>,
    pub(super) read: Arc<str>,
    pub(super) read_stamped: Arc<str>,
    pub(super) pages: [Arc<str>; 4],
    pub(super) stamped_pages: [Arc<str>; 4],
    pub(super) pages_of_keys: [Arc<str>; 4],
    pub(super) existing_keys: [(usize, Arc<str>); 4],
    pub(super) replaces: Vec<(usize, Arc<str>)>,
    pub(super) delete: Arc<str>,
    pub(super) insert: Arc<str>,
    pub(super) revive: Option<Arc<str>>,
    pub(super) change: Arc<str>,
    pub(super) remove: Arc<str>,
}

const PAGES: [PageFrom; 4] =
    [PageFrom::Start, PageFrom::Behind, PageFrom::StartOfGroup, PageFrom::RestOfGroup];

impl Texts {
    pub(super) fn new(text: Text) -> Self {
        let values = 2 + text.table.columns.len() + text.table.stamped.iter().count();
        let fitting =
            BATCHES.into_iter().filter(|rows| *rows == 1 || rows * values <= text.syntax.values_max());
        Self {
            clock: text.clock().into(),
            read: text.read().into(),
            read_stamped: text.read_stamped().into(),
            pages: PAGES.map(|from| text.page(from, PageOf::Records).into()),
            stamped_pages: PAGES.map(|from| text.page(from, PageOf::StampedRecords).into()),
            pages_of_keys: PAGES.map(|from| text.page(from, PageOf::Keys).into()),
            existing_keys: ASKED.map(|keys| (keys, text.existing_keys(keys).into())),
            replaces: fitting.map(|rows| (rows, text.replace(rows).into())).collect(),
            delete: text.delete().into(),
            insert: text.insert().into(),
            revive: text.revive().map(Into::into),
            change: text.change().into(),
            remove: text.remove().into(),
            text,
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<str>> {
        let Self {
            clock,
            read,
            read_stamped,
            pages,
            stamped_pages,
            pages_of_keys,
            existing_keys,
            replaces,
            delete,
            insert,
            revive,
            change,
            remove,
            ..
        } = self;
        let stamped = [read_stamped].into_iter().chain(stamped_pages);
        let stamped = stamped.filter(|_| self.text.syntax.stamps_reads());
        let replaces = replaces.iter().map(|(_, text)| text);
        [clock, read]
            .into_iter()
            .chain(pages)
            .chain(stamped)
            .chain(pages_of_keys)
            .chain(existing_keys.iter().map(|(_, text)| text))
            .chain(replaces)
            .chain([delete, insert])
            .chain(revive)
            .chain([change, remove])
    }

    /// How many keys a statement binds whose types PostgreSQL does not infer: elsewhere a value stands beside its column.
    pub(super) fn keys_bound_by(&self, text: &Arc<str>) -> usize {
        let asks = self.existing_keys.iter().find(|(_, asks)| Arc::ptr_eq(asks, text));
        asks.map_or(0, |(keys, _)| *keys)
    }
}
