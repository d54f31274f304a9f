//! Where the time of one write goes: each call of a store by itself, beside the whole.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use bench_report::{Output, Section, Table};
use crossfade::data::{Outcome, Page, RecordStore, Stamp, StampedRecord};
use crossfade::route::Stage;
use tokio::time::Instant;
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt, service_fn};

use super::cassandra::InCassandra;
use super::invoices::{InvoiceKey, Invoices, Request, Service};
use super::load::{clients, closed, order};
use super::mariadb::{self, MariaDb};
use super::migrated::{ANSWERS_AT_ONCE, Migrated, WAITS};
use super::servers::Servers;
use super::writes::{AT_ONCE, BY_HAND, MARIADB, WAITED};

const INVOICES: i64 = 20_000;

type OfTimed = Migrated<Timed<MariaDb>, Timed<InCassandra>>;

/// Calls of one kind, and how long they took together.
#[derive(Clone, Default)]
struct Spent(Arc<[AtomicU64; 2]>);

impl Spent {
    async fn on<T>(&self, call: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let answer = call.await;
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        for (sum, more) in self.0.iter().zip([1, nanos]) {
            sum.fetch_add(more, Ordering::Relaxed);
        }
        answer
    }

    /// The mean, in milliseconds; 0 without a call.
    fn mean(&self) -> f64 {
        let [calls, nanos] = [0, 1].map(|at: usize| self.0[at].load(Ordering::Relaxed) as f64);
        if calls == 0.0 { 0.0 } else { nanos / calls / 1e6 }
    }
}

/// What is spent on a write.
#[derive(Clone, Default)]
struct Calls {
    whole: Spent,
    authority: Spent,
    read: Spent,
    replace: Spent,
}

impl Calls {
    fn timed(&self, service: Service, of: impl Fn(&Self) -> &Spent + Send + Sync + 'static) -> Service {
        let spent = of(self).clone();
        BoxCloneSyncService::new(service_fn(move |request| {
            let (spent, service) = (spent.clone(), service.clone());
            async move { spent.on(service.oneshot(request)).await }
        }))
    }
}

/// A store whose calls are timed.
#[derive(Clone)]
struct Timed<S> {
    store: S,
    calls: Calls,
}

impl<S: RecordStore<Data = Invoices>> RecordStore for Timed<S> {
    type Data = Invoices;
    type Error = S::Error;
    const KEEPS_STAMPS: bool = S::KEEPS_STAMPS;

    async fn read(&self, key: &InvoiceKey, now: Stamp) -> Result<StampedRecord<Invoices>, S::Error> {
        self.calls.read.on(self.store.read(key, now)).await
    }

    async fn replace(&self, key: &InvoiceKey, body: Option<&String>, stamp: Stamp) -> Result<(), S::Error> {
        self.calls.replace.on(self.store.replace(key, body, stamp)).await
    }

    async fn page(
        &self,
        group: Option<&i64>,
        after: Option<&InvoiceKey>,
        limit: usize,
        now: Stamp,
    ) -> Result<Page<Invoices>, S::Error> {
        self.store.page(group, after, limit, now).await
    }

    fn outcome(error: &S::Error) -> Outcome {
        S::outcome(error)
    }
}

/// A way to write.
struct Way {
    name: &'static str,
    service: Service,
    calls: Calls,
    migrated: Option<OfTimed>,
}

pub(crate) async fn section(servers: &Servers, output: &Output) -> Result<Section> {
    servers.mariadb.seed(INVOICES).await?;
    let ways = [
        alone(servers),
        by_hand(servers),
        migrated(servers, WAITED, WAITS).await?,
        migrated(servers, AT_ONCE, ANSWERS_AT_ONCE).await?,
    ];
    let (rounds, lasts) = output.or_quick((6, Duration::from_millis(700)), (2, Duration::from_millis(300)));
    for round in 0..rounds {
        for way in order(ways.len(), round).into_iter().map(|at| &ways[at]) {
            let next = || Request::put(fastrand::i64(0..INVOICES));
            closed(clients(&way.service, 1, next), lasts).await;
            if let Some(migrated) = &way.migrated {
                migrated.settled().await?;
            }
        }
    }
    let table = table(&ways);
    for migrated in ways.into_iter().filter_map(|way| way.migrated) {
        migrated.close().await?;
    }
    let section = Section::new("Where the time of a write goes").note(
        "1 client; means, in milliseconds, which add up. The rest is the mark, and what is handed from thread to thread. The same statement takes \
         longer between others than in a loop of its own: both cores and all servers have slept meanwhile. With `wait = 0` the copy is made \
         behind the answer, beside the next write.",
    );
    Ok(Section { tables: vec![table], ..section })
}

fn alone(servers: &Servers) -> Way {
    let calls = Calls::default();
    let service = calls.timed(servers.mariadb.bare(), |calls| &calls.authority);
    Way::new(MARIADB, service, calls, None)
}

fn by_hand(servers: &Servers) -> Way {
    let calls = Calls::default();
    let (pool, cassandra) = (servers.mariadb.store.pool().clone(), servers.cassandra.clone());
    let (cassandra, timed) = (Arc::new(cassandra), calls.clone());
    let service = service_fn(move |request: Request| {
        let (pool, cassandra, timed) = (pool.clone(), Arc::clone(&cassandra), timed.clone());
        async move {
            let (Request::Put { customer, id, .. } | Request::Get { customer, id }) = request;
            let answer = timed.authority.on(mariadb::answer(&pool, request)).await?;
            let read = timed.read.on(mariadb::answer(&pool, Request::Get { customer, id })).await?;
            if let Some(body) = read {
                timed.replace.on(cassandra.put(customer, id, &body)).await?;
            }
            Ok(answer)
        }
    });
    Way::new(BY_HAND, BoxCloneSyncService::new(service), calls, None)
}

async fn migrated(servers: &Servers, name: &'static str, config: &str) -> Result<Way> {
    let calls = Calls::default();
    let legacy = Timed { store: servers.mariadb.clone(), calls: calls.clone() };
    let target = Timed { store: servers.cassandra.clone(), calls: calls.clone() };
    let authority = calls.timed(servers.mariadb.service(), |calls| &calls.authority);
    let (stage, journal) = ((Stage::DualWrite, config), servers.folder.journal());
    let target = (target, servers.cassandra.service());
    let migrated = Migrated::at(stage, &journal, (legacy, authority), target).await?;
    Ok(Way::new(name, migrated.service.clone(), calls, Some(migrated)))
}

impl Way {
    fn new(name: &'static str, service: Service, calls: Calls, migrated: Option<OfTimed>) -> Self {
        let service = calls.timed(service, |calls| &calls.whole);
        Self { name, service, calls, migrated }
    }
}

fn table(ways: &[Way]) -> Table {
    let columns = ["", "whole", "MariaDB writes", "read back", "Cassandra writes", "the rest"];
    let mut table = Table::new("", &columns);
    for Way { name, calls, .. } in ways {
        let [whole, authority, read, replace] =
            [&calls.whole, &calls.authority, &calls.read, &calls.replace].map(Spent::mean);
        // Behind the answer it is no part of the whole.
        let copy = if *name == AT_ONCE { 0.0 } else { read + replace };
        let rest = whole - authority - copy;
        table.row([(*name).into(), whole.into(), authority.into(), read.into(), replace.into(), rest.into()]);
    }
    table
}
