//! Marks that writes share: the row of a write that has ended stands for a while, and a write that follows takes it
//! over in place of making one. Like the write-intent bitmap of a RAID: fewer durable writes, more repair after a crash.
//!
//! A row that stands is in the journal and not in memory: nothing of it is dirty. It is taken over
//! - by one write at a time: while that runs it is the write's own, as if that had made it;
//! - for the same scopes, by a write of the epoch that it was made in;
//! - until `linger` has passed since it was asked for, also when it was taken over meanwhile. So whoever no longer has
//!   the session finds that out after `linger` at the latest, and the next session waits that long on top of the late
//!   bound. Whoever is told before shares nothing from then on.
//!
//! Why this is as good as a row of its own (R1): it is durable, and the commit that made it found the session open and the
//! epoch to be one of the present authority. The authority has not changed since, because the commit that changes it refuses
//! while any row stands. So a move that waits for marks takes these rows out first, when its writes have ended.

mod mark_by;
mod sharing;
mod standing;
mod sweeper;
#[cfg(test)]
mod tests;

pub use mark_by::MarkBy;
pub use standing::STANDING_ROWS_MAX;
pub(super) use standing::Standing;
