//! Customers: reference data outside of the migration.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::gateway::Gateway;
use super::problem::Problem;
use crate::history::Customer;

/// The longest name of a customer or a country, in bytes.
const TEXT_BYTES_MAX: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerBody {
    name: String,
    country: String,
}

pub(super) async fn put_customer(
    State(gateway): State<Gateway>,
    path: Result<Path<i64>, PathRejection>,
    body: Result<Json<CustomerBody>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let (Path(id), Json(CustomerBody { name, country })) = (path?, body?);
    for (member, text) in [("name", &name), ("country", &country)] {
        if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX {
            let problem = format!("`{member}` needs 1 to {TEXT_BYTES_MAX} bytes");
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, problem));
        }
    }
    gateway.customers.put(&Customer { id, name, country: country.into() }).await?;
    Ok(StatusCode::NO_CONTENT)
}
