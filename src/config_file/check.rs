//! What the service itself asks of a config.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::error::ConfigFileError;
use crate::route::RoutingConfig;

type Says = dyn Fn(&RoutingConfig) -> Result<(), String> + Send + Sync;

/// By default it lets everything pass.
#[derive(Clone, Default)]
pub(super) struct Check(Option<Arc<Says>>);

impl Check {
    pub(super) fn new<E: fmt::Display>(
        check: impl Fn(&RoutingConfig) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(move |config| check(config).map_err(|error| format!("{error:#}")))))
    }

    pub(super) fn pass(&self, path: &Path, config: &RoutingConfig) -> Result<(), ConfigFileError> {
        let Some(check) = &self.0 else { return Ok(()) };
        check(config).map_err(|reason| ConfigFileError::Unfit { path: path.to_owned(), reason })
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Check").field(&self.0.is_some()).finish()
    }
}
