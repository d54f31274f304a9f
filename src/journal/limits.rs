//! How much a journal holds, and what a mark becomes when it does not fit.

use crate::data::{Scope, Scopes};

/// How much a journal holds.
///
/// At a limit a mark widens - from its key to its group, from the group to everything - and never vanishes: more is
/// repaired and more reads go to the authority, but nothing is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// From this many mark rows on new marks are put on the group; from twice as many on, on everything. Left marks
    /// on the same scope are one row, so the rows then grow by the writes that run at once only. Rows that stand for the
    /// writes that follow are not counted.
    pub marks_max: u64,
    /// The longest text of a key or group, in bytes. A longer one is marked by its group, or by everything.
    pub scope_bytes_max: usize,
    /// How large the file of a durable journal may become, in bytes; none by default, and at least 2 MiB. From
    /// `RESERVE_BYTES` below it on new marks are refused ([`JournalError::Full`](super::JournalError::Full)), until
    /// repairs have made room: what leads to fewer marks may use the rest, and a start or a repair a little more when
    /// there is no other way. The log beside the file takes some MiB, the reserve on the disk `DISK_RESERVE_BYTES`.
    pub file_bytes_max: Option<u64>,
    /// Whether a scope that holds a NUL character is marked wider: PostgreSQL has no such text.
    pub(crate) refuses_nul: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { marks_max: 1_000_000, scope_bytes_max: 512, file_bytes_max: None, refuses_nul: false }
    }
}

impl Limits {
    /// These limits with another `marks_max`.
    #[must_use]
    pub const fn marks_max(self, marks_max: u64) -> Self {
        Self { marks_max, ..self }
    }

    /// These limits with a `file_bytes_max`.
    #[must_use]
    pub const fn file_bytes_max(self, bytes: u64) -> Self {
        Self { file_bytes_max: Some(bytes), ..self }
    }
}

/// The scopes that can be stored in place of these, with `rows` marks standing; and how many of these widened.
pub(crate) fn widened(scopes: Scopes, rows: u64, limits: &Limits) -> (Scopes, u64) {
    let fits = |scope: &Scope| fits(scope, limits);
    if rows < limits.marks_max && scopes.iter().all(fits) {
        return (scopes, 0);
    }
    let wide: Vec<Scope> = scopes.iter().map(|scope| widen(scope, rows, limits)).collect();
    let widened = scopes.iter().zip(&wide).filter(|(named, wide)| named != wide).count() as u64;
    (wide.into_iter().collect(), widened)
}

fn widen(scope: &Scope, rows: u64, limits: &Limits) -> Scope {
    let mut wide = match (rows / limits.marks_max.max(1), scope) {
        (0, scope) => scope.clone(),
        (1, Scope::Key(_)) => scope.widened(),
        (1, scope) => scope.clone(),
        _ => Scope::Everything,
    };
    while !fits(&wide, limits) {
        wide = wide.widened();
    }
    wide
}

/// Whether a mark can name it.
pub(super) fn fits(scope: &Scope, limits: &Limits) -> bool {
    let text = scope.as_str();
    text.len() <= limits.scope_bytes_max && !(limits.refuses_nul && text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Group, Key};

    #[test]
    fn a_mark_that_does_not_fit_widens_and_never_vanishes() {
        let limits = Limits { marks_max: 10, scope_bytes_max: 8, ..Limits::default() };
        let at = |scope: &Scope, rows| widened(scope.clone().into(), rows, &limits).0;
        let key = Scope::from(Key::new(&42, &1));
        let group = Scope::from(Group::new(&42));
        assert_eq!(at(&key, 9), key.clone().into());
        assert_eq!(at(&key, 10), group.clone().into());
        assert_eq!(at(&group, 10), group.clone().into());
        assert_eq!(at(&key, 20), Scope::Everything.into());
        assert_eq!(at(&Key::new(&42, &1_000_000).into(), 0), group.into());
        assert_eq!(at(&Key::new(&1_000_000_000, &1).into(), 0), Scope::Everything.into());
    }

    #[test]
    fn a_character_that_cannot_be_stored_widens_the_mark() {
        let limits = Limits { refuses_nul: true, ..Limits::default() };
        let key = Scope::from(Key::new(&42, &"a\0".to_owned()));
        assert_eq!(widened(key.clone().into(), 0, &limits).0, Scope::from(Group::new(&42)).into());
        assert_eq!(widened(key.clone().into(), 0, &Limits::default()).0, key.into());
    }

    #[test]
    fn keys_of_one_group_widen_to_one_mark() {
        let limits = Limits { marks_max: 10, scope_bytes_max: 8, ..Limits::default() };
        let keys: Scopes = (0..5).map(|item| Scope::from(Key::new(&42, &item))).collect();
        let (wide, widened) = widened(keys, 10, &limits);
        assert_eq!(wide.as_slice(), [Scope::from(Group::new(&42))]);
        assert_eq!(widened, 5, "each key that was named");
    }
}
