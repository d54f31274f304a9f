//! All statements of a table, made once.

use std::sync::Arc;

use super::text::{PageFrom, Text};

/// How many rows one statement replaces: few sizes, so that the connections' caches of prepared statements hold them.
const BATCHES: [usize; 3] = [64, 8, 1];

#[derive(Debug)]
pub(super) struct Texts {
    pub(super) text: Text,
    pub(super) clock: Arc<str>,
    pub(super) read: Arc<str>,
    pub(super) read_stamped: Arc<str>,
    pub(super) pages: [Arc<str>; 4],
    pub(super) stamped_pages: [Arc<str>; 4],
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
            pages: PAGES.map(|from| text.page(from, false).into()),
            stamped_pages: PAGES.map(|from| text.page(from, true).into()),
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
            .chain(replaces)
            .chain([delete, insert])
            .chain(revive)
            .chain([change, remove])
    }
}
