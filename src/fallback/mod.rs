//! Fallback (being written).
