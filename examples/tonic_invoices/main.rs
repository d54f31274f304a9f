//! A gRPC service of invoices that moves to another store, in the two places where crossfade can be.
//!
//! `cargo run --example tonic_invoices` walks both through all stages on loopback ports, while a client creates, pays and
//! reads invoices, and compares the two sides:
//!
//! - *inside*: the handlers use typed [`Records`](crossfade::records::Records) over the two stores of the service
//!   (`inside.rs`, `embedded.rs`);
//! - *outside*: a gateway stands between two gRPC back ends of one proto, the old service and the new one (`outside.rs`), and
//!   copies by their Get, Put, Delete and List (`records.rs`). What each gRPC status means for a write is in `status.rs`.
//!
//! `messages.rs`, `server.rs` and `client.rs` are what `invoices.proto` would be made into, by hand: no `protoc` is needed.

#![allow(clippy::print_stdout, reason = "a program to look at")]

mod back_end;
mod call;
mod client;
mod embedded;
mod inside;
mod invoice;
mod messages;
mod migrated;
mod outside;
mod records;
mod server;
mod status;
mod table;
#[cfg(test)]
mod tests;

use anyhow::{Context as _, Result, ensure};
use crossfade::data::RecordStore;
use crossfade::route::Stage;

use crate::call::Ask;
use crate::client::Client;
use crate::invoice::Invoices;
use crate::messages::{Invoice, Key};
use crate::migrated::Migrated;
use crate::server::serve;
use crate::table::Table;

/// The late bounds lie above the two seconds that a back end may take (`client::ANSWER_MAX`).
const CONFIG: &str = r#"
    writes = { wait = "100ms" }
    shadow = { sample = "100%" }
    late_bound = { legacy = "5s", target = "5s" }
    cohort = { weight = "50%" }
"#;

#[tokio::main]
async fn main() -> Result<()> {
    run().await
}

async fn run() -> Result<()> {
    let (old, new) = (Table::default(), Table::default());
    let inside = inside::open(CONFIG, old.clone(), new.clone()).await?;
    println!("inside: a gRPC service whose handlers use two stores");
    walk(inside, &old, &new).await?;

    let (old, new) = (Table::default(), Table::default());
    let legacy = Client::new(&serve(back_end::old(old.clone())).await?)?;
    let target = Client::new(&serve(back_end::new(new.clone())).await?)?;
    let outside = outside::open(CONFIG, legacy, target).await?;
    println!("outside: a gateway between two gRPC services");
    walk(outside, &old, &new).await
}

/// Moves invoices through all stages, while a client goes on.
async fn walk<L, T>(migrated: Migrated<L, T>, old: &Table, new: &Table) -> Result<()>
where
    L: RecordStore<Data = Invoices>,
    T: RecordStore<Data = Invoices>,
{
    let client = Client::new(&serve(migrated.calls.clone()).await?)?;
    for number in 1..=20 {
        create_and_pay(&client, Key { customer: number % 4, number }).await?;
    }
    for stage in Stage::ALL {
        migrated.move_to(stage).await?;
        if stage == Stage::Complete {
            ensure!(old.invoices() == new.invoices(), "the two sides differ");
            println!("  both sides hold the same {} invoices", new.invoices().len());
        }
        let key = Key { customer: 1, number: 100 + stage as i64 };
        let invoice = create_and_pay(&client, key).await?;
        let (old, new, stage) = (old.invoices().len(), new.invoices().len(), stage.to_string());
        println!("  {stage:10} {} is paid: {}; old has {old}, new has {new}", key.number, invoice.paid);
    }
    migrated.close().await
}

/// What a client does; gives what it then reads.
async fn create_and_pay(client: &Client, Key { customer, number }: Key) -> Result<Invoice> {
    let text = "one hour of support".to_owned();
    let invoice = Invoice { customer, number, total_cents: 9_900, paid: false, text };
    for ask in [Ask::Create(invoice.clone()), Ask::Pay(invoice.key())] {
        done(client, ask).await?;
    }
    done(client, Ask::Get(invoice.key())).await
}

async fn done(client: &Client, ask: Ask) -> Result<Invoice> {
    let reply = client.ask(ask, None).await?;
    reply.clone().invoice().with_context(|| format!("the service answered {reply:?}"))
}
