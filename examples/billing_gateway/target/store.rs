//! Which of the two stores it is.

use std::time::Duration;

use anyhow::Result;

use super::cassandra::InCassandra;
use super::sqlite::InFile;
use crate::request::StoreError;
use crate::store_url::{Scheme, StoreUrl};

/// The document store, for copies.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    File(InFile),
    Cassandra(InCassandra),
}

/// Asks whichever it is.
macro_rules! of_either {
    ($target:expr, $store:ident => $answer:expr) => {
        match $target {
            Target::File($store) => $answer,
            Target::Cassandra($store) => $answer,
        }
    };
}
pub(super) use of_either;

impl Target {
    /// Opens the store behind `url`, and makes its table where it is missing.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let url = StoreUrl::of_target(url)?;
        Ok(match url.scheme {
            Scheme::Cassandra => Self::Cassandra(InCassandra::open(&url).await?),
            _ => Self::File(InFile::open(&url.text).await?),
        })
    }

    /// The same; a Cassandra that cannot be reached is left for later, and everything that asks it is rejected until then.
    pub(crate) async fn open_or_later(url: &str) -> Result<Self> {
        let url = StoreUrl::of_target(url)?;
        Ok(match url.scheme {
            Scheme::Cassandra => Self::Cassandra(InCassandra::open_or_later(&url).await?),
            _ => Self::File(InFile::open(&url.text).await?),
        })
    }

    /// Whether writes land within the late bound of the routing config. A file has one writer, which is here.
    pub(crate) fn check_late_bound(&self, late_bound: Duration) -> Result<()> {
        match self {
            Self::File(_) => Ok(()),
            Self::Cassandra(_) => InCassandra::check_late_bound(late_bound),
        }
    }

    pub(crate) async fn is_empty(&self) -> Result<bool, StoreError> {
        of_either!(self, store => store.is_empty().await)
    }

    pub(crate) async fn largest_id(&self) -> Result<i64, StoreError> {
        of_either!(self, store => store.largest_id().await)
    }

    pub(crate) async fn close(&self) {
        // Sessions of Cassandra end with their last holder.
        if let Self::File(store) = self {
            store.close().await;
        }
    }
}
