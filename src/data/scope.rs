//! What a write, a mark or a read names: keys, a group, or everything.

use std::fmt;

use super::key::{Group, Key};

/// How many scopes one write may name. A write of more keys names their group, or everything.
pub const KEYS_PER_WRITE_MAX: usize = 256;

/// What a write, a mark or a read names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// One key.
    Key(Key),
    /// All keys of a group, those that are not known yet included.
    Group(Group),
    /// Every key of the data set.
    Everything,
}

impl Scope {
    /// The group of a key or a group; `None` for everything.
    #[must_use]
    pub fn group(&self) -> Option<Group> {
        match self {
            Self::Key(key) => Some(key.group()),
            Self::Group(group) => Some(group.clone()),
            Self::Everything => None,
        }
    }

    /// The text of the group of a key or a group.
    pub(crate) fn group_str(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key.group_str()),
            Self::Group(group) => Some(group.as_str()),
            Self::Everything => None,
        }
    }

    /// The next larger scope: key, then group, then everything.
    #[must_use]
    pub fn widened(&self) -> Self {
        match self {
            Self::Key(key) => Self::Group(key.group()),
            Self::Group(_) | Self::Everything => Self::Everything,
        }
    }

    /// Whether `other` lies within this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everything, _) => true,
            (Self::Group(group), Self::Key(key)) => group.as_str() == key.group_str(),
            (this, other) => this == other,
        }
    }

    /// The text of the key or group; empty for everything.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Key(key) => key.as_str(),
            Self::Group(group) => group.as_str(),
            Self::Everything => "",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "key {key}"),
            Self::Group(group) => write!(f, "group {group}"),
            Self::Everything => f.write_str("everything"),
        }
    }
}

impl From<Key> for Scope {
    fn from(key: Key) -> Self {
        Self::Key(key)
    }
}

impl From<Group> for Scope {
    fn from(group: Group) -> Self {
        Self::Group(group)
    }
}

/// The scopes of one request; one scope needs no allocation.
///
/// A write names each key that it may change or delete; a group is for a create, whose key is not known yet. Why a delete
/// must not name its group is said where [requests](crate::route::StorageRequest#a-write-that-deletes-names-its-keys)
/// say what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(List);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum List {
    #[default]
    None,
    One(Scope),
    Many(Box<[Scope]>),
}

impl Scopes {
    /// No scope: what a lookup read names.
    #[must_use]
    pub const fn none() -> Self {
        Self(List::None)
    }

    /// The scopes as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[Scope] {
        match &self.0 {
            List::None => &[],
            List::One(scope) => std::slice::from_ref(scope),
            List::Many(scopes) => scopes,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.0, List::None)
    }

    /// Drops them. That is nothing where there are none, which the compiler does not see: it would be a call at the end of each
    /// request that is not copied.
    #[inline(always)]
    pub(crate) fn end(self) {
        if self.is_empty() {
            std::mem::forget(self);
        }
    }

    /// Whether all of `others` lie within these.
    #[must_use]
    pub fn cover(&self, others: &Self) -> bool {
        others.iter().all(|other| self.iter().any(|scope| scope.covers(other)))
    }

    /// The scopes one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.as_slice().iter()
    }
}

impl<T: Into<Scope>> From<T> for Scopes {
    fn from(scope: T) -> Self {
        Self(List::One(scope.into()))
    }
}

/// Equal scopes are kept once. More than [`KEYS_PER_WRITE_MAX`] become [`Scope::Everything`]: too many to name,
/// never too many to mark.
impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut all: Vec<Scope> = scopes.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        match all.len() {
            0 => Self::none(),
            1 => Self(all.pop().map_or(List::None, List::One)),
            2..=KEYS_PER_WRITE_MAX => Self(List::Many(all.into_boxed_slice())),
            _ => Self(List::One(Scope::Everything)),
        }
    }
}

impl<'a> IntoIterator for &'a Scopes {
    type Item = &'a Scope;
    type IntoIter = std::slice::Iter<'a, Scope>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_widens_to_its_group_and_then_to_everything() {
        let key = Scope::from(Key::new(&42, &1));
        assert_eq!(key.widened(), Scope::from(Group::new(&42)));
        assert_eq!(key.widened().widened(), Scope::Everything);
        assert_eq!(Scope::Everything.widened(), Scope::Everything);
    }

    #[test]
    fn a_scope_covers_what_lies_within_it() {
        let (key, group) = (Scope::from(Key::new(&42, &1)), Scope::from(Group::new(&42)));
        let other = Scope::from(Key::new(&421, &1));
        assert!(group.covers(&key) && key.covers(&key) && Scope::Everything.covers(&group));
        assert!(!key.covers(&group) && !group.covers(&other) && !group.covers(&Scope::Everything));
        let both: Scopes = [group.clone(), other.clone()].into_iter().collect();
        assert!(both.cover(&Scopes::from(key.clone())) && both.cover(&both));
        assert!(!Scopes::from(key).cover(&both));
    }

    #[test]
    fn too_many_keys_become_everything() {
        let keys = |n: i32| (0..n).map(|i| Scope::from(Key::new(&1, &i))).collect::<Scopes>();
        assert_eq!(keys(256).len(), 256);
        assert_eq!(keys(257).as_slice(), [Scope::Everything]);
    }
}
