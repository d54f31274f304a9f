//! Names for content: equal content has equal names, on both stores, and different content different ones.

use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Bytes of the hash that are kept: enough that nobody finds two contents with one name.
const BYTES: usize = 16;

/// The name of what `content` looks like as JSON: 32 hexadecimal digits.
pub(crate) fn digest(content: &impl Serialize) -> String {
    let mut hash = Sha256::new();
    // Hashing takes every byte, and JSON has a form for everything in this domain: there is no map with odd keys.
    serde_json::to_writer(&mut hash, content).expect("invoices and drafts have a JSON form");
    hash.finalize()[..BYTES].iter().fold(String::with_capacity(2 * BYTES), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
