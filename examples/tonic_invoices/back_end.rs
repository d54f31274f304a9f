//! A service of invoices with a table of its own: what crossfade stands in front of in the second form. It knows nothing of
//! a migration; but the new one lets a Put and a Delete carry a stamp.

use crossfade::data::Stamp;
use tonic::metadata::MetadataMap;
use tower::service_fn;

use crate::call::{Ask, Call, Calls, Reply, STAMP};
use crate::invoice::{InvoiceError, checked, create, pay};
use crate::messages::{ClockReply, Invoice, Key, ListReply, ListRequest};
use crate::table::{Table, clock};

/// The service that a team has: a stamp is metadata that it does not know.
pub(crate) fn old(table: Table) -> Calls {
    Calls::new(service_fn(move |call: Call| {
        let table = table.clone();
        async move {
            match call.ask {
                Ask::Clock => Err(InvoiceError::NoMethod.into()),
                ask => Ok(answer(&table, ask, None).await?),
            }
        }
    }))
}

/// The service that it moves to.
pub(crate) fn new(table: Table) -> Calls {
    Calls::new(service_fn(move |call: Call| {
        let table = table.clone();
        async move { Ok(answer(&table, call.ask, stamp_of(&call.metadata)?).await?) }
    }))
}

fn stamp_of(metadata: &MetadataMap) -> Result<Option<Stamp>, InvoiceError> {
    let Some(value) = metadata.get(STAMP) else { return Ok(None) };
    let stamp = value.to_str().ok().and_then(|text| text.parse().ok());
    stamp.map(Some).ok_or(InvoiceError::Invalid("x-stamp is a number of microseconds"))
}

async fn answer(table: &Table, ask: Ask, stamp: Option<Stamp>) -> Result<Reply, InvoiceError> {
    match ask {
        Ask::Get(key) => table.get(key).await?.map(Reply::Invoice).ok_or(InvoiceError::Missing),
        Ask::List(request) => list(table, &request).await.map(Reply::Invoices),
        Ask::Create(invoice) => {
            let new = checked(invoice)?;
            table.change(new.key(), |stored| create(stored, &new)).await?;
            Ok(Reply::Invoice(new))
        }
        Ask::Put(invoice) => put(table, checked(invoice)?, stamp).await.map(|()| Reply::Done),
        Ask::Pay(key) => {
            let paid = |stored: &mut Option<Invoice>| {
                let invoice = stored.as_mut().ok_or(InvoiceError::Missing)?;
                pay(invoice).map(|()| invoice.clone())
            };
            table.change(key, paid).await.map(Reply::Invoice)
        }
        Ask::Delete(key) => delete(table, key, stamp).await.map(|()| Reply::Done),
        Ask::Clock => Ok(Reply::Clock(ClockReply { micros: clock() })),
    }
}

async fn put(table: &Table, invoice: Invoice, stamp: Option<Stamp>) -> Result<(), InvoiceError> {
    let (key, invoice) = (invoice.key(), Some(invoice));
    match stamp {
        Some(stamp) => table.replace(key, invoice, stamp).await,
        None => table.set(key, invoice).await,
    }
}

async fn delete(table: &Table, key: Key, stamp: Option<Stamp>) -> Result<(), InvoiceError> {
    match stamp {
        Some(stamp) => table.replace(key, None, stamp).await,
        None => table.change(key, |stored| stored.take().map(drop).ok_or(InvoiceError::Missing)).await,
    }
}

/// A token is `CUSTOMER/NUMBER` of the last invoice on the page, so a walk can go on after any invoice.
async fn list(table: &Table, request: &ListRequest) -> Result<ListReply, InvoiceError> {
    let after = match &*request.page_token {
        "" => None,
        token => Some(key_in(token).ok_or(InvoiceError::Invalid("the page token is none of this service"))?),
    };
    let invoices = table.page(request.customer, after, request.limit()).await?;
    let last = invoices.last().filter(|_| invoices.len() == request.limit());
    let next_page_token = last.map(|invoice| token_after(invoice.key())).unwrap_or_default();
    Ok(ListReply { invoices, next_page_token })
}

pub(crate) fn token_after(key: Key) -> String {
    format!("{}/{}", key.customer, key.number)
}

fn key_in(token: &str) -> Option<Key> {
    let (customer, number) = token.split_once('/')?;
    Some(Key { customer: customer.parse().ok()?, number: number.parse().ok()? })
}
