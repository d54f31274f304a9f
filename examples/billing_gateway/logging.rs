//! What the service and crossfade have to say, on stderr.

use tracing_subscriber::EnvFilter;

/// What `RUST_LOG` asks for, or else `usual`. `RUST_LOG=info` shows every request.
pub(crate) fn start(usual: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
