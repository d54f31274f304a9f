//! What a write has written, once its answer is there.

use crate::data::Scopes;

/// Says what a write has written, once its answer is there: a create then knows its key.
///
/// A closure `Fn(&Scopes, &Res) -> Scopes` is one. What it gives must lie within what the request had named: only
/// that is marked.
pub trait Written<Res> {
    /// What is to be copied, given what the request named and its answer.
    fn written(&self, named: Scopes, response: &Res) -> Scopes;
}

/// What the request named.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsNamed;

impl<Res> Written<Res> for AsNamed {
    fn written(&self, named: Scopes, _response: &Res) -> Scopes {
        named
    }
}

impl<Res, F> Written<Res> for F
where
    F: Fn(&Scopes, &Res) -> Scopes,
{
    fn written(&self, named: Scopes, response: &Res) -> Scopes {
        self(&named, response)
    }
}
