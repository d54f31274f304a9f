//! What makes two answers the same.

/// Brings answers to a form and compares the forms. Made by [`by_form`], [`by`] or [`by_json`](super::by_json), or
/// your own.
///
/// [`form`](Self::form) runs in the caller's task before the answer is handed on, so it should be cheap; the rest
/// runs beside. The answer itself need be neither `Clone` nor `PartialEq`.
#[diagnostic::on_unimplemented(
    message = "nothing says when two answers of type `{Res}` are the same",
    label = "`{Self}` does not compare answers of type `{Res}`",
    note = "say it with `by`, `by_form` or `by_json`, and give that to `MismatchMetricsLayer::new`; the layer to \
            `MigrationBuilder::compare`, if a builder makes the stack"
)]
pub trait Compare<Res> {
    /// What is kept of an answer until the other store has answered.
    type Form: Send + 'static;

    /// The normal form of an answer: what is not to be compared left out, sorted where order means nothing.
    fn form(&self, answer: &Res) -> Self::Form;

    /// Whether it says that the record is not there.
    fn is_missing(&self, form: &Self::Form) -> bool;

    /// Whether the two say the same. Also asked of two answers of one store.
    fn compare(&self, legacy: &Self::Form, target: &Self::Form) -> Verdict;
}

/// Whether two answers say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They do.
    Same,
    /// They do not; where, as far as it is known.
    Differs(Vec<Difference>),
}

impl Verdict {
    pub(crate) const fn from_same(same: bool) -> Self {
        if same { Self::Same } else { Self::Differs(Vec::new()) }
    }
}

/// One place in which two answers differ.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// Where, as a JSON pointer: `/lines/0/quantity`.
    pub path: String,
    /// The values of legacy and of the target; `None` unless the comparison was told to show values.
    pub values: Option<[String; 2]>,
}

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Both answers say the same.
    Match,
    /// Legacy has the record, the target does not.
    MissingInTarget,
    /// The target has the record, legacy does not.
    MissingInLegacy,
    /// Both have it, with other values.
    Value,
    /// One store failed.
    ErrorOneSide,
    /// They differed, and did not any more when they were looked at again; or a write was on its way.
    Transient,
}

impl Class {
    /// The name in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::MissingInTarget => "missing_in_target",
            Self::MissingInLegacy => "missing_in_legacy",
            Self::Value => "value",
            Self::ErrorOneSide => "error_one_side",
            Self::Transient => "transient",
        }
    }
}

/// The class of two forms, and where they differ.
pub(super) fn classify<Res, C: Compare<Res>>(
    compare: &C,
    legacy: &C::Form,
    target: &C::Form,
) -> (Class, Vec<Difference>) {
    let class = match (compare.is_missing(legacy), compare.is_missing(target)) {
        (true, true) => Class::Match,
        (false, true) => Class::MissingInTarget,
        (true, false) => Class::MissingInLegacy,
        (false, false) => match compare.compare(legacy, target) {
            Verdict::Same => Class::Match,
            Verdict::Differs(places) => return (Class::Value, places),
        },
    };
    (class, Vec::new())
}

/// Compares as the way in says by itself: records by [`DataSet::same`](crate::data::DataSet::same), what functions
/// answer by `==`. Knows no other answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByDefault;

/// Compares what a closure makes of each answer, by `==`.
///
/// ```
/// use crossfade::mismatch_metrics::by_form;
///
/// struct Invoice { id: i64, total_cents: i64, cached_at: u64 } // neither Clone nor PartialEq
///
/// let compare = by_form(|answer: &Option<Invoice>| answer.as_ref().map(|i| (i.id, i.total_cents)))
///     .missing(Option::is_none);
/// # let _ = crossfade::mismatch_metrics::MismatchMetricsLayer::new(compare);
/// ```
#[must_use]
pub fn by_form<Res, Form, F>(form: F) -> ByForm<F, fn(&Form) -> bool>
where
    F: Fn(&Res) -> Form,
{
    ByForm { form, is_missing: |_| false }
}

/// Compares two answers by a closure that says whether they are the same; each answer is cloned for it.
///
/// ```
/// use crossfade::mismatch_metrics::by;
///
/// let cents_apart = by(|a: &Option<i64>, b: &Option<i64>| match (a, b) {
///     (Some(a), Some(b)) => (a - b).abs() <= 1,
///     (a, b) => a == b,
/// });
/// # let _ = crossfade::mismatch_metrics::MismatchMetricsLayer::new(cents_apart.missing(Option::is_none));
/// ```
#[must_use]
pub fn by<Res, F>(is_same: F) -> By<F, fn(&Res) -> bool>
where
    F: Fn(&Res, &Res) -> bool,
{
    By { is_same, is_missing: |_| false }
}

/// Compares by a normal form: see [`by_form`].
#[derive(Clone, Copy, Debug)]
pub struct ByForm<F, M> {
    form: F,
    is_missing: M,
}

impl<F, Form> ByForm<F, fn(&Form) -> bool> {
    /// Which forms say that the record is not there. By default none does.
    #[must_use]
    pub fn missing<M>(self, is_missing: M) -> ByForm<F, M>
    where
        M: Fn(&Form) -> bool,
    {
        ByForm { form: self.form, is_missing }
    }
}

impl<Res, Form, F, M> Compare<Res> for ByForm<F, M>
where
    F: Fn(&Res) -> Form,
    M: Fn(&Form) -> bool,
    Form: PartialEq + Send + 'static,
{
    type Form = Form;

    fn form(&self, answer: &Res) -> Form {
        (self.form)(answer)
    }

    fn is_missing(&self, form: &Form) -> bool {
        (self.is_missing)(form)
    }

    fn compare(&self, legacy: &Form, target: &Form) -> Verdict {
        Verdict::from_same(legacy == target)
    }
}

/// Compares two answers by a closure: see [`by`].
#[derive(Clone, Copy, Debug)]
pub struct By<F, M> {
    is_same: F,
    is_missing: M,
}

impl<F, Res> By<F, fn(&Res) -> bool> {
    /// Which answers say that the record is not there. By default none does.
    #[must_use]
    pub fn missing<M>(self, is_missing: M) -> By<F, M>
    where
        M: Fn(&Res) -> bool,
    {
        By { is_same: self.is_same, is_missing }
    }
}

impl<Res, F, M> Compare<Res> for By<F, M>
where
    F: Fn(&Res, &Res) -> bool,
    M: Fn(&Res) -> bool,
    Res: Clone + Send + 'static,
{
    type Form = Res;

    fn form(&self, answer: &Res) -> Res {
        answer.clone()
    }

    fn is_missing(&self, form: &Res) -> bool {
        (self.is_missing)(form)
    }

    fn compare(&self, legacy: &Res, target: &Res) -> Verdict {
        Verdict::from_same((self.is_same)(legacy, target))
    }
}
