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
    /// on the same scope are one row, so the rows then grow by the writes that run at once only.
    pub marks_max: u64,
    /// The longest text of a key or group, in bytes. A longer one is marked by its group, or by everything.
    pub scope_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { marks_max: 1_000_000, scope_bytes_max: 512 }
    }
}

impl Limits {
    /// These limits with another `marks_max`.
    #[must_use]
    pub const fn marks_max(self, marks_max: u64) -> Self {
        Self { marks_max, ..self }
    }
}

/// The scopes that can be stored in place of these, with `rows` marks standing.
pub(crate) fn widened(scopes: Scopes, rows: u64, limits: &Limits) -> Scopes {
    let fits = |scope: &Scope| scope.as_str().len() <= limits.scope_bytes_max;
    if rows < limits.marks_max && scopes.iter().all(fits) {
        return scopes;
    }
    scopes.iter().map(|scope| widen(scope, rows, limits)).collect()
}

fn widen(scope: &Scope, rows: u64, limits: &Limits) -> Scope {
    let mut wide = match (rows / limits.marks_max.max(1), scope) {
        (0, scope) => scope.clone(),
        (1, Scope::Key(_)) => scope.widened(),
        (1, scope) => scope.clone(),
        _ => Scope::Everything,
    };
    while wide.as_str().len() > limits.scope_bytes_max {
        wide = wide.widened();
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Group, Key};

    #[test]
    fn a_mark_that_does_not_fit_widens_and_never_vanishes() {
        let limits = Limits { marks_max: 10, scope_bytes_max: 8 };
        let at = |scope: &Scope, rows| widened(scope.clone().into(), rows, &limits);
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
    fn keys_of_one_group_widen_to_one_mark() {
        let limits = Limits { marks_max: 10, scope_bytes_max: 8 };
        let keys: Scopes = (0..5).map(|item| Scope::from(Key::new(&42, &item))).collect();
        assert_eq!(widened(keys, 10, &limits).as_slice(), [Scope::from(Group::new(&42))]);
    }
}
