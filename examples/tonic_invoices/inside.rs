//! The first form: a gRPC service whose handlers use typed records over two stores of its own.

use anyhow::Result;
use crossfade::copy::Copier;
use crossfade::records::{PageToken, Records};
use crossfade::{Migration, Refused};
use tower::service_fn;

use crate::call::{Ask, Call, Calls, Reply};
use crate::embedded::Embedded;
use crate::invoice::{InvoiceError, Invoices, checked, pay};
use crate::messages::{ListReply, ListRequest};
use crate::migrated::{self, Migrated};
use crate::table::Table;

pub(crate) type Inside = Migrated<Embedded<false>, Embedded<true>>;

pub(crate) async fn open(config: &str, legacy: Table, target: Table) -> Result<Inside> {
    let (legacy, target) = (Embedded(legacy), Embedded(target));
    let routing = migrated::routing(config).await?;
    let copier = Copier::new(routing, legacy.clone(), target.clone());
    let records = Migration::builder(routing, copier).records(legacy, target);
    Ok(Migrated::new(routing, copier, service(records)))
}

/// The handlers.
fn service(records: Records<Invoices>) -> Calls {
    Calls::new(service_fn(move |call: Call| {
        let records = records.clone();
        async move { Ok(answer(&records, call.ask).await?) }
    }))
}

async fn answer(records: &Records<Invoices>, ask: Ask) -> Result<Reply, InvoiceError> {
    match ask {
        Ask::Get(key) => records.get(key).await?.map(Reply::Invoice).ok_or(InvoiceError::Missing),
        Ask::List(request) => list(records, request).await.map(Reply::Invoices),
        Ask::Create(invoice) => {
            let (_, created) = records.create(invoice.customer, checked(invoice)?).await?;
            Ok(Reply::Invoice(created))
        }
        Ask::Put(invoice) => records.put(invoice.key(), checked(invoice)?).await.map(|()| Reply::Done),
        Ask::Pay(key) => records.update(key, pay).await?.map(Reply::Invoice).ok_or(InvoiceError::Missing),
        Ask::Delete(key) => records.delete(key).await?.then_some(Reply::Done).ok_or(InvoiceError::Missing),
        Ask::Clock => Err(InvoiceError::NoMethod),
    }
}

/// A page token names the store that gave the page, so that a list stays with it.
async fn list(records: &Records<Invoices>, request: ListRequest) -> Result<ListReply, InvoiceError> {
    let customer = request.customer.ok_or(InvoiceError::Invalid("name the customer"))?;
    let after = match &*request.page_token {
        "" => None,
        token => Some(token.parse::<PageToken<Invoices>>().map_err(Refused::from)?),
    };
    let page = records.list(customer, after, request.limit()).await?;
    let next_page_token = page.next.map(|token| token.to_string()).unwrap_or_default();
    Ok(ListReply {
        invoices: page.records.into_iter().map(|(_, invoice)| invoice).collect(),
        next_page_token,
    })
}
