//! A gateway in front of two HTTP services: the one that a team has, and the one that it moves to.
//!
//! `cargo run --example http_gateway` starts both services and the gateway on loopback ports, walks a migration of notes
//! from the one to the other while a client goes on, and compares the two. Neither service knows of crossfade: all that it
//! uses of them is GET, PUT and DELETE.
//!
//! `call.rs` says what an HTTP request is, `upstream.rs` sends it, `records.rs` makes a `RecordStore` of GET, PUT and DELETE,
//! and `gateway.rs` puts the stack between an axum server and both.

#![allow(clippy::print_stdout, reason = "a program to look at")]

mod call;
mod gateway;
mod notes;
mod records;
#[cfg(test)]
mod tests;
mod upstream;

use anyhow::{Context, Result, ensure};
use axum::Router;
use crossfade::fill::Fill;
use crossfade::route::{Asked, Stage};
use tokio::net::TcpListener;

use crate::gateway::{Gateway, Upstreams};
use crate::notes::Notes;
use crate::upstream::Upstream;

#[tokio::main]
async fn main() -> Result<()> {
    run().await
}

async fn run() -> Result<()> {
    let (old, new) = (Notes::of("the old service"), Notes::of("the new service"));
    let (old_url, new_url) = (serve(old.clone().router()).await?, serve(new.clone().router()).await?);
    let upstreams = Upstreams { legacy: Upstream::new(&old_url)?, target: Upstream::new(&new_url)? };
    let gateway = Gateway::open("memory:", upstreams).await?; // a service has sqlite:notes.db
    let url = serve(gateway.router()).await?;
    println!("the old service is at {old_url}, the new one at {new_url}, the gateway at {url}");

    let client = Upstream::new(&url)?;
    for note in 1..=20 {
        client.put(1, note, "written before the migration").await?;
    }
    for stage in Stage::ALL {
        if stage != gateway.routing.stage() {
            let asked = Asked::by("http_gateway", "the example walks on");
            gateway.routing.move_to(stage, asked).await?.drained().await;
        }
        if stage == Stage::DualWrite {
            Fill::new(gateway.copier).run().await?;
        }
        let note = 100 + stage as i64;
        let text = format!("written in {stage}");
        client.put(1, note, &text).await?;
        let read = client.get(1, note).await?.context("a note that was written is there")?;
        ensure!(read.contains(&text), "note {note} is {read}");
        println!("{stage:10} note {note}: {read}; old has {}, new has {}", old.len(), new.len());
    }
    gateway.close().await
}

/// Serves on a loopback port; gives the URL.
async fn serve(router: Router) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on 127.0.0.1")?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}
