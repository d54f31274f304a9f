//! Why the store that decides does not do what was asked. Nothing was changed then.

use rust_decimal::Decimal;

/// What is wrong with a request, as only the invoices themselves can tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejection {
    #[error("there is no such invoice")]
    NotFound,
    /// Of a write over many invoices: those that do not exist.
    #[error("this customer has no invoices {0:?}")]
    Missing(Vec<i64>),
    #[error("the invoice is no longer the one that If-Match names")]
    Changed,
    #[error("this idempotency key made an invoice of another draft")]
    KeyReused,
    #[error("a payment of {amount} is more than the {balance} that are open")]
    Overpaid { amount: Decimal, balance: Decimal },
    #[error("a total of {total} is less than the {received} that were received")]
    BelowReceived { total: Decimal, received: Decimal },
}
