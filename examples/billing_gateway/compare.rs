//! Compares the stores by plain SQL and CQL on connections of its own.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use crate::forms::{ADDRESS, CLOSED, Form, RECEIVED, TOTAL, forms};
use crate::ledger::{Key, Sight, Version, token_in};
use crossfade::route::Store;

/// How many keys that differ are shown.
const SAMPLES_MAX: usize = 3;

/// What the comparison found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) legacy_invoices: i64,
    pub(crate) target_invoices: i64,
    pub(crate) legacy_total: String,
    pub(crate) target_total: String,
    pub(crate) differing: u64,
    /// The first keys that differ, with what each store has.
    pub(crate) samples: Vec<String>,
}

impl Comparison {
    pub(crate) fn equal(&self) -> bool {
        self.differing == 0
            && self.legacy_invoices == self.target_invoices
            && self.legacy_total == self.target_total
    }
}

/// Reads both stores whole and compares them. Nothing may be writing.
pub(crate) async fn compare(legacy: &str, target: &str) -> Result<Comparison> {
    let (legacy, target) = (forms(Store::Legacy, legacy).await?, forms(Store::Target, target).await?);
    let mut found = Comparison::default();
    (found.legacy_invoices, found.legacy_total) = count(&legacy)?;
    (found.target_invoices, found.target_total) = count(&target)?;
    let keys: BTreeSet<&Key> = legacy.keys().chain(target.keys()).collect();
    for key in keys.into_iter().filter(|key| legacy.get(key) != target.get(key)) {
        found.differing += 1;
        if found.samples.len() < SAMPLES_MAX {
            let (legacy, target) = (shown(legacy.get(key)), shown(target.get(key)));
            found
                .samples
                .push(format!("customer {}, invoice {}: legacy {legacy} target {target}", key.0, key.1));
        }
    }
    Ok(found)
}

/// Every invoice of one store, as clients see them.
pub(crate) async fn sights(store: Store, url: &str) -> Result<BTreeMap<Key, Sight>> {
    forms(store, url).await?.into_iter().map(|(key, form)| Ok((key, sight(&form)?))).collect()
}

fn sight(form: &Form) -> Result<Sight> {
    let text =
        |index: usize| form[index].as_str().with_context(|| format!("{form:?} has no text at {index}"));
    Ok(Sight {
        version: Version { token: token_in(text(ADDRESS)?), total: text(TOTAL)?.to_owned() },
        received: cents(text(RECEIVED)?)?,
        closed: form[CLOSED] == true,
    })
}

fn count(forms: &BTreeMap<Key, Form>) -> Result<(i64, String)> {
    let mut sum = 0;
    for form in forms.values() {
        sum += cents(form[TOTAL].as_str().context("a total is no text")?)?;
    }
    Ok((i64::try_from(forms.len())?, format!("{}.{:02}", sum / 100, sum % 100)))
}

/// By cutting the point out of the text: no float is near money.
fn cents(amount: &str) -> Result<i64> {
    amount.replace('.', "").parse().with_context(|| format!("{amount:?} is no amount of money"))
}

fn shown(form: Option<&Form>) -> String {
    form.map_or_else(|| "nothing".to_owned(), |form| serde_json::Value::from(form.clone()).to_string())
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
