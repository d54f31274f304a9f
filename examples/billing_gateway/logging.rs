//! What the service and crossfade have to say, on stderr.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// Nothing, unless `RUST_LOG` asks for it: `RUST_LOG=info` shows every request.
pub(crate) fn start() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::OFF.into()).from_env_lossy();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
