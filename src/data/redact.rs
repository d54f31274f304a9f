//! Keys may be customer data, so they are shown as a salted hash unless the operator asks for them.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static SHOWN: AtomicBool = AtomicBool::new(false);
static SALT: OnceLock<[u8; 16]> = OnceLock::new();

/// Shows keys and groups as they are in logs, errors and samples of this process, in place of a salted hash.
///
/// Off by default: a key is often an account or invoice number. The salt is new for each process, so hashes
/// can be matched within one log but not across restarts.
pub fn log_keys(shown: bool) {
    SHOWN.store(shown, Ordering::Relaxed);
}

/// The text of a key, shown only when [`log_keys`] is on.
pub(crate) struct Redacted<'a>(pub(crate) &'a str);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if SHOWN.load(Ordering::Relaxed) {
            f.write_str(self.0)
        } else {
            write!(f, "#{:016x}", salted(self.0))
        }
    }
}

fn salted(text: &str) -> u64 {
    let salt = SALT.get_or_init(|| {
        let clock =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
        let place = std::ptr::from_ref(&SALT) as usize as u128; // differs between processes by address randomisation
        (clock ^ (place << 64) ^ u128::from(std::process::id()) << 32).to_le_bytes()
    });
    let bytes = [salt.as_slice(), text.as_bytes()].concat();
    // Reading from a slice cannot fail.
    murmur3::murmur3_x64_128(&mut bytes.as_slice(), 0).map_or(0, |hash| hash as u64)
}
