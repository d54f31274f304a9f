//! The HTTP side: axum routes on any service that answers invoice requests.

mod answer;
mod gateway;
mod invoices;
mod list;
mod problem;
#[cfg(test)]
mod tests;

pub(crate) use answer::ANSWERED_BY;
pub(crate) use gateway::Gateway;
