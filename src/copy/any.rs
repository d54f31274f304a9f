//! A copier of any two stores, for those whose type must not name them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::copier::CopyScopes;
use crate::data::Scopes;
use crate::protocol::{CopyEnd, Secondary};
use crate::route::Store;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

trait Copies: Send + Sync {
    fn secondary(&self, authority: Store) -> Secondary;
    fn copy<'a>(&'a self, scopes: &'a Scopes, authority: Store) -> BoxFuture<'a, CopyEnd>;
}

impl<C: CopyScopes> Copies for C {
    fn secondary(&self, authority: Store) -> Secondary {
        CopyScopes::secondary(self, authority)
    }

    fn copy<'a>(&'a self, scopes: &'a Scopes, authority: Store) -> BoxFuture<'a, CopyEnd> {
        Box::pin(CopyScopes::copy(self, scopes, authority))
    }
}

/// Leaked once, as a copier's stores are. Costs one box a copied write.
#[derive(Clone, Copy)]
pub(crate) struct AnyCopier(&'static dyn Copies);

impl AnyCopier {
    pub(crate) fn new(copier: impl CopyScopes) -> Self {
        Self(Box::leak(Box::new(copier)))
    }
}

impl CopyScopes for AnyCopier {
    fn secondary(&self, authority: Store) -> Secondary {
        self.0.secondary(authority)
    }

    fn copy(&self, scopes: &Scopes, authority: Store) -> impl Future<Output = CopyEnd> + Send {
        self.0.copy(scopes, authority)
    }
}

impl fmt::Debug for AnyCopier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyCopier")
    }
}
