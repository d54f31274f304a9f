//! What a request says about itself.

use std::borrow::Cow;

use crate::data::Scopes;
use crate::stage::Store;

/// What a request does, with a name of low cardinality for config and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    name: &'static str,
    kind: Kind,
    /// Whether legacy's function marks inside of its transaction.
    has_transaction: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Read,
    Lookup,
    Write,
}

impl Operation {
    /// A read of keys or of a group.
    #[must_use]
    pub const fn read(name: &'static str) -> Self {
        Self { name, kind: Kind::Read, has_transaction: false }
    }

    /// A read that has no key: find by number, by e-mail. It goes to the authority until the config enables it on
    /// the target, and also then while anything is dirty.
    #[must_use]
    pub const fn lookup(name: &'static str) -> Self {
        Self { name, kind: Kind::Lookup, has_transaction: false }
    }

    /// A write.
    #[must_use]
    pub const fn write(name: &'static str) -> Self {
        Self { name, kind: Kind::Write, has_transaction: false }
    }

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Whether it writes.
    #[must_use]
    pub const fn is_write(self) -> bool {
        matches!(self.kind, Kind::Write)
    }

    pub(crate) const fn kind(self) -> Kind {
        self.kind
    }

    /// The same write, whose function for legacy marks inside of its transaction.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) const fn in_transaction(self) -> Self {
        Self { has_transaction: true, ..self }
    }

    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) const fn has_transaction(self) -> bool {
        self.has_transaction
    }
}

/// What a request says about itself. Implement it for your request type, or give a [`Classify`] to
/// [`RouteLayer::classified_by`](super::RouteLayer::classified_by) for a type that is not yours.
///
/// ```
/// use crossfade::data::{Group, Key, Scopes};
/// use crossfade::route::{Operation, StorageRequest};
///
/// enum InvoiceRequest {
///     Get { customer: i64, invoice: i64 },
///     List { customer: i64 },
///     Create { customer: i64 },
///     Delete { customer: i64, invoice: i64 },
///     FindByNumber(String),
/// }
///
/// impl StorageRequest for InvoiceRequest {
///     fn operation(&self) -> Operation {
///         match self {
///             Self::Get { .. } => Operation::read("get"),
///             Self::List { .. } => Operation::read("list"),
///             Self::Create { .. } => Operation::write("create"),
///             Self::Delete { .. } => Operation::write("delete"),
///             Self::FindByNumber(_) => Operation::lookup("find_by_number"),
///         }
///     }
///     fn scopes(&self) -> Scopes {
///         match self {
///             Self::Get { customer, invoice } | Self::Delete { customer, invoice } => Key::new(customer, invoice).into(),
///             // The id of a new invoice is not known yet: the write names the group it will be in.
///             Self::List { customer } | Self::Create { customer } => Group::new(customer).into(),
///             Self::FindByNumber(_) => Scopes::none(),
///         }
///     }
/// }
/// ```
///
/// # A write that deletes names its keys
/// A group is what a create names, since its id is not known yet. What is copied for a group is what a walk finds in
/// either store. A record that was created and deleted while the copy of its create is still on its way is in neither:
/// the walk finds nothing to take away, so it leaves no tombstone, and then the copy lands. The record is back on the
/// other store, no mark is left, and reads that go there see it. The copy of a key has no such gap: it leaves its stamp
/// there, whatever it finds, and the older copy loses.
///
/// ```
/// use crossfade::data::{Group, Key, Scopes};
///
/// struct DeleteInvoices { customer: i64, invoices: Vec<i64> }
///
/// impl DeleteInvoices {
///     // Wrong: an invoice that was created a moment ago comes back.
///     fn wrong(&self) -> Scopes {
///         Group::new(&self.customer).into()
///     }
///     // Right.
///     fn right(&self) -> Scopes {
///         self.invoices.iter().map(|invoice| Key::new(&self.customer, invoice).into()).collect()
///     }
/// }
/// # let delete = DeleteInvoices { customer: 42, invoices: vec![1, 2] };
/// # assert_eq!((delete.wrong().len(), delete.right().len()), (1, 2));
/// ```
///
/// A request that deletes whatever a customer has, and does not know what that is, is better made in two: list, then
/// delete what was listed. Or it names [`Scope::Everything`](crate::data::Scope::Everything), whose repair begins when the
/// copies that ran before have ended, and costs a walk over everything.
#[diagnostic::on_unimplemented(
    message = "nothing says whether `{Self}` reads or writes, and which keys",
    label = "`{Self}` is not classified",
    note = "implement `StorageRequest` for it, or give `RouteLayer::classified_by` a closure"
)]
pub trait StorageRequest {
    /// What the request does. Called once for each request, and again after a hold.
    fn operation(&self) -> Operation;

    /// What it reads or writes. Called only when the plan needs it, and again when the plan is made anew: after a
    /// hold, or when a swap came in between. A write that names too little loses data; one that names too much costs
    /// repair. A write that deletes names [its keys](Self#a-write-that-deletes-names-its-keys), not their group.
    fn scopes(&self) -> Scopes;

    /// What decides whether this read belongs to the cohort; the group of the first scope when there is none (the
    /// default).
    fn cohort_key(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// An attribute that a cohort rule of the config names, such as `country` or `tier`.
    fn attribute(&self, _name: &str) -> Option<Cow<'_, str>> {
        None
    }

    /// The store that the caller wants this read to be answered by. Honoured only when the config says
    /// `cohort.read_override = true`, and never for a dirty key.
    fn read_override(&self) -> Option<Store> {
        None
    }

    /// The store that answered the pages before this one, as a page token names it. Honoured while both stores may
    /// answer, whatever the cohort says by then, and never for a dirty group.
    fn began_on(&self) -> Option<Store> {
        None
    }
}

/// Says of requests that are not your own type what [`StorageRequest`] says of itself.
#[diagnostic::on_unimplemented(
    message = "nothing says whether `{Req}` reads or writes, and which keys",
    label = "`{Req}` is not classified",
    note = "implement `StorageRequest` for it, or give `RouteLayer::classified_by` a closure",
    note = "`Routed<..>` here means that the `RouteLayer` is inside of another layer: put it outermost"
)]
pub trait Classify<Req> {
    /// What the request does; `None` when nobody knows, which is refused outside of `off`.
    fn operation(&self, request: &Req) -> Option<Operation>;
    /// What it reads or writes.
    fn scopes(&self, request: &Req) -> Scopes;
    /// What decides whether a read belongs to the cohort.
    fn cohort_key<'a>(&self, _request: &'a Req) -> Option<Cow<'a, str>> {
        None
    }
    /// An attribute that a cohort rule names.
    fn attribute<'a>(&self, _request: &'a Req, _name: &str) -> Option<Cow<'a, str>> {
        None
    }
    /// The store that the caller wants this read to be answered by.
    fn read_override(&self, _request: &Req) -> Option<Store> {
        None
    }
    /// The store that answered the pages before this one.
    fn began_on(&self, _request: &Req) -> Option<Store> {
        None
    }
}

/// Asks the request itself, by its [`StorageRequest`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ByRequest;

impl<Req: StorageRequest> Classify<Req> for ByRequest {
    fn operation(&self, request: &Req) -> Option<Operation> {
        Some(request.operation())
    }
    fn scopes(&self, request: &Req) -> Scopes {
        request.scopes()
    }
    fn cohort_key<'a>(&self, request: &'a Req) -> Option<Cow<'a, str>> {
        request.cohort_key()
    }
    fn attribute<'a>(&self, request: &'a Req, name: &str) -> Option<Cow<'a, str>> {
        request.attribute(name)
    }
    fn read_override(&self, request: &Req) -> Option<Store> {
        request.read_override()
    }
    fn began_on(&self, request: &Req) -> Option<Store> {
        request.began_on()
    }
}

/// A closure that gives the operation and the scopes: `|request: &Req| Some((Operation::read("get"), key.into()))`.
impl<Req, F> Classify<Req> for F
where
    F: Fn(&Req) -> Option<(Operation, Scopes)>,
{
    fn operation(&self, request: &Req) -> Option<Operation> {
        self(request).map(|(operation, _)| operation)
    }
    fn scopes(&self, request: &Req) -> Scopes {
        self(request).map(|(_, scopes)| scopes).unwrap_or_default()
    }
}
