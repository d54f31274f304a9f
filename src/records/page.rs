//! Pages of a list, and the token that leads from one to the next.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use super::entity::Entity;
use crate::data::{DataSet, KeyPart, KeyedRecord};
use crate::error::Refused;
use crate::route::Store;

/// How many records one page of a list holds at most; a larger limit is cut to it.
pub const LIST_MAX: usize = 1_000;

/// One page of the records of a group; all of it from one store.
pub struct RecordsPage<D: Entity> {
    /// The records with their keys, in the store's order.
    pub records: Vec<KeyedRecord<D>>,
    /// Leads to the next page; `None` on the last one. A page that is full may be followed by an empty one.
    pub next: Option<PageToken<D>>,
}

/// Names the store that gave a page and the last item on it. As text, `legacy:1001`, it can go to a client and come back.
pub struct PageToken<D> {
    store: Store,
    item: Box<str>,
    data: PhantomData<fn() -> D>,
}

/// Not a page token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a page token: it is written `legacy:ITEM` or `target:ITEM`, as a page gave it")]
pub struct NotAToken;

impl From<NotAToken> for Refused {
    fn from(_: NotAToken) -> Self {
        Self::NotAToken
    }
}

impl<D: DataSet> PageToken<D> {
    pub(super) fn after(store: Store, item: &D::Item) -> Self {
        let mut text = String::new();
        // Writing into a string cannot fail; an error of the part's own ends its text early, and reading it back fails.
        let _ = item.write(&mut text);
        Self { store, item: text.into(), data: PhantomData }
    }

    /// The store that gave the page.
    #[must_use]
    pub const fn store(&self) -> Store {
        self.store
    }

    pub(super) fn item(&self) -> Option<D::Item> {
        D::Item::parse(&self.item)
    }
}

impl<D: DataSet> FromStr for PageToken<D> {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let (store, item) = text.split_once(':').ok_or(NotAToken)?;
        let store =
            [Store::Legacy, Store::Target].into_iter().find(|s| s.as_str() == store).ok_or(NotAToken)?;
        D::Item::parse(item).ok_or(NotAToken)?;
        Ok(Self { store, item: item.into(), data: PhantomData })
    }
}

impl<D> fmt::Display for PageToken<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.store, self.item)
    }
}

/// Without the item, which may be an account number.
impl<D> fmt::Debug for PageToken<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageToken").field("store", &self.store).finish_non_exhaustive()
    }
}

impl<D> Clone for PageToken<D> {
    fn clone(&self) -> Self {
        Self { store: self.store, item: self.item.clone(), data: PhantomData }
    }
}

impl<D: Entity> fmt::Debug for RecordsPage<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordsPage").field("records", &self.records.len()).field("next", &self.next).finish()
    }
}
