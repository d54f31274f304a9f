//! What became of a write on one store.

/// What became of a write on one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The store has it.
    Applied,
    /// The store surely does not have it and never will: a constraint, a syntax error, a refused connection.
    Rejected,
    /// Nobody knows: a timeout, a connection that broke after the request was sent. It may land later, up to the
    /// store's late bound.
    Unknown,
}

/// Says what the answer of a store to a write means.
///
/// A closure `Fn(Result<&Res, &Err>) -> Outcome` is one. When in doubt say [`Outcome::Unknown`]: it costs a
/// repair, while a wrong `Rejected` leaves the stores different.
pub trait ClassifyOutcome<Res, Err> {
    /// The outcome that this answer stands for.
    fn classify(&self, answer: Result<&Res, &Err>) -> Outcome;
}

/// An answer is [`Applied`](Outcome::Applied), every error is [`Unknown`](Outcome::Unknown): safe for any store.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorIsUnknown;

impl<Res, Err> ClassifyOutcome<Res, Err> for ErrorIsUnknown {
    fn classify(&self, answer: Result<&Res, &Err>) -> Outcome {
        if answer.is_ok() { Outcome::Applied } else { Outcome::Unknown }
    }
}

impl<Res, Err, F> ClassifyOutcome<Res, Err> for F
where
    F: Fn(Result<&Res, &Err>) -> Outcome,
{
    fn classify(&self, answer: Result<&Res, &Err>) -> Outcome {
        self(answer)
    }
}
