//! The second form: a gateway between two gRPC back ends, which have storage of their own.

use anyhow::Result;
use crossfade::canary_read::CanaryReadLayer;
use crossfade::copy::Copier;
use crossfade::dual_write::DualWriteLayer;
use crossfade::fallback::FallbackLayer;
use crossfade::mismatch_metrics::{MismatchMetricsLayer, by};
use crossfade::route::RouteLayer;
use crossfade::store::TargetLayer;
use tonic::Code;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::call::{Ask, Call, Calls, Reply, STAMP};
use crate::client::Client;
use crate::invoice::InvoiceError;
use crate::migrated::{self, Migrated};
use crate::records::BackEnd;
use crate::status::{ByStatus, CallError};

pub(crate) type Outside = Migrated<BackEnd<false>, BackEnd<true>>;

type Stack = BoxCloneSyncService<Call, Reply, CallError>;

pub(crate) async fn open(config: &str, legacy: Client, target: Client) -> Result<Outside> {
    let routing = migrated::routing(config).await?;
    let copier = Copier::new(routing, BackEnd(legacy.clone()), BackEnd(target.clone()));
    let stack = Stack::new(
        ServiceBuilder::new()
            .layer(RouteLayer::new(routing))
            .layer(CanaryReadLayer::new())
            .layer(FallbackLayer::new().missing(is_missing))
            .layer(MismatchMetricsLayer::new(by(same).missing(is_missing)))
            .layer(DualWriteLayer::new(copier).classified_by(ByStatus))
            .layer(TargetLayer::new(target))
            .service(legacy),
    );
    Ok(Migrated::new(routing, copier, for_callers(stack)))
}

/// What callers may ask: stamps and the clock are for copies.
fn for_callers(stack: Stack) -> Calls {
    Calls::new(service_fn(move |mut call: Call| {
        let stack = stack.clone();
        call.metadata.remove(STAMP);
        async move {
            match call.ask {
                Ask::Clock => Err(InvoiceError::NoMethod.into()),
                _ => Ok(stack.oneshot(call).await?),
            }
        }
    }))
}

/// "There is no such invoice" is an answer of a back end; before a caller hears it from the new one, the old one is asked.
fn is_missing(reply: &Reply) -> bool {
    matches!(reply, Reply::No(status) if status.code() == Code::NotFound)
}

fn same(a: &Reply, b: &Reply) -> bool {
    match (a, b) {
        (Reply::Invoice(a), Reply::Invoice(b)) => a == b,
        (Reply::Invoices(a), Reply::Invoices(b)) => a == b,
        (Reply::No(a), Reply::No(b)) => a.code() == b.code(),
        _ => false,
    }
}
