//! Mismatch metrics (being written).
