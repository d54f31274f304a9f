//! Which country a customer lives in: reference data that does not move. Read from legacy once, and kept.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::history::Customer;
use crate::legacy::Legacy;
use crate::request::StoreError;
use crate::store_error::store_error;
use crossfade::route::Store;

/// How many customers are kept. Those beyond are asked for each time.
const CUSTOMERS_KEPT_MAX: usize = 1_000_000;

/// The customers that the gateway knows, and where it asks for others.
#[derive(Clone, Debug)]
pub(crate) struct Customers {
    countries: Arc<RwLock<HashMap<i64, Arc<str>>>>,
    legacy: Option<Legacy>,
}

impl Customers {
    /// These and no others.
    pub(crate) fn known(customers: &[Customer]) -> Self {
        let countries = customers.iter().map(|customer| (customer.id, customer.country.clone())).collect();
        Self { countries: Arc::new(RwLock::new(countries)), legacy: None }
    }

    /// Those that legacy has, each asked for when it is needed first.
    pub(crate) fn of(legacy: Legacy) -> Self {
        Self { countries: Arc::default(), legacy: Some(legacy) }
    }

    /// The country of a customer; none when there is no such customer.
    pub(crate) async fn country(&self, customer: i64) -> Result<Option<Arc<str>>, StoreError> {
        let kept = self.countries.read().unwrap_or_else(PoisonError::into_inner).get(&customer).cloned();
        match (kept, &self.legacy) {
            (Some(country), _) => Ok(Some(country)),
            (None, Some(legacy)) => self.ask(legacy, customer).await,
            (None, None) => Ok(None),
        }
    }

    /// Adds a customer, or says where one lives now.
    pub(crate) async fn put(&self, customer: &Customer) -> Result<(), StoreError> {
        if let Some(legacy) = &self.legacy {
            legacy.put_customer(customer).await.map_err(|error| store_error(Store::Legacy, &error))?;
        }
        self.keep(customer.id, &customer.country);
        Ok(())
    }

    async fn ask(&self, legacy: &Legacy, customer: i64) -> Result<Option<Arc<str>>, StoreError> {
        let country = legacy.country(customer).await;
        let country = country.map_err(|error| store_error(Store::Legacy, &error))?;
        let country: Option<Arc<str>> = country.map(Into::into);
        if let Some(country) = &country {
            self.keep(customer, country);
        }
        Ok(country)
    }

    fn keep(&self, customer: i64, country: &Arc<str>) {
        let mut countries = self.countries.write().unwrap_or_else(PoisonError::into_inner);
        if countries.len() < CUSTOMERS_KEPT_MAX || countries.contains_key(&customer) {
            countries.insert(customer, country.clone());
        }
    }
}
