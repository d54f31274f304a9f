//! [`FallbackPolicy`]: when the target's answer cannot be used.

/// When the answer of the target cannot be used. [`FallbackLayer`](super::FallbackLayer) builds one from closures;
/// implement it yourself to look into errors, and give it to
/// [`FallbackLayer::with_policy`](super::FallbackLayer::with_policy).
pub trait FallbackPolicy<Res, Err> {
    /// Whether legacy is asked after this error of the target. A timeout always asks it.
    ///
    /// An error that legacy would give as well, such as a request that cannot be meant, is better passed on.
    fn on_error(&self, _error: &Err) -> bool {
        true
    }

    /// Whether the answer says that the record is not there.
    fn is_missing(&self, _answer: &Res) -> bool {
        false
    }

    /// Whether both stores are read and compared before the caller is answered.
    fn compares_first(&self) -> bool {
        false
    }

    /// Whether the two answers say the same; asked only when [`compares_first`](Self::compares_first).
    fn is_same(&self, _target: &Res, _legacy: &Res) -> bool {
        true
    }
}

/// Falls back on errors and timeouts only.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnError;

impl<Res, Err> FallbackPolicy<Res, Err> for OnError {}

/// Falls back also when a closure says that the record is missing.
#[derive(Clone, Copy, Debug)]
pub struct Missing<P, F> {
    pub(super) otherwise: P,
    pub(super) is_missing: F,
}

impl<P, F, Res, Err> FallbackPolicy<Res, Err> for Missing<P, F>
where
    P: FallbackPolicy<Res, Err>,
    F: Fn(&Res) -> bool,
{
    fn on_error(&self, error: &Err) -> bool {
        self.otherwise.on_error(error)
    }

    fn is_missing(&self, answer: &Res) -> bool {
        (self.is_missing)(answer)
    }

    fn compares_first(&self) -> bool {
        self.otherwise.compares_first()
    }

    fn is_same(&self, target: &Res, legacy: &Res) -> bool {
        self.otherwise.is_same(target, legacy)
    }
}

/// Reads both stores and falls back also when a closure says that their answers differ.
#[derive(Clone, Copy, Debug)]
pub struct CompareFirst<P, F> {
    pub(super) otherwise: P,
    pub(super) is_same: F,
}

impl<P, F, Res, Err> FallbackPolicy<Res, Err> for CompareFirst<P, F>
where
    P: FallbackPolicy<Res, Err>,
    F: Fn(&Res, &Res) -> bool,
{
    fn on_error(&self, error: &Err) -> bool {
        self.otherwise.on_error(error)
    }

    fn is_missing(&self, answer: &Res) -> bool {
        self.otherwise.is_missing(answer)
    }

    fn compares_first(&self) -> bool {
        true
    }

    fn is_same(&self, target: &Res, legacy: &Res) -> bool {
        (self.is_same)(target, legacy)
    }
}
