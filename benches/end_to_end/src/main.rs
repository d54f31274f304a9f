//! What a migration costs on real stores, and how its cost grows.

mod by_hand;
mod calls;
mod cassandra;
mod clock;
mod fill;
mod gateway;
mod growth;
mod invoices;
mod journals;
mod load;
mod mariadb;
mod memory;
mod migrated;
mod open_loop;
mod reads;
mod repairs;
mod servers;
mod shared_marks;
mod ways;
mod writes;

use anyhow::Result;
use bench_report::{Output, Section};
use clap::{Parser, ValueEnum};

use self::servers::Places;

/// Measures crossfade between MariaDB and Cassandra, its journal in SQLite, MariaDB and PostgreSQL, and how costs grow.
///
/// Its databases and its keyspace are made anew: `crossfade_bench`, `crossfade_bench_journal`, `crossfade_bench_journal_reconciled`.
///
///   ./tests/servers/run cargo run --release -p bench-end-to-end -- --quick
#[derive(Parser, Debug)]
#[command(verbatim_doc_comment)]
struct Options {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    places: Places,
    /// Writes a second of `open-loop`.
    #[arg(long, default_value_t = 1_000)]
    rate: u32,
    /// Of `journal`: this one alone (SQLite, MariaDB or PostgreSQL), and no shared marks.
    #[arg(long, value_name = "JOURNAL")]
    only: Option<String>,
    /// What to measure. Default: all. `growth` needs no server.
    #[arg(value_enum)]
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Writes in a closed loop, each store alone, both by hand, and through crossfade.
    Writes,
    /// Reads in a closed loop: each store alone, and through crossfade.
    Reads,
    /// Writes at a fixed rate.
    OpenLoop,
    /// Everything copied, and marks repaired.
    Fill,
    /// Marks a second, by where the journal is.
    Journal,
    /// A service over HTTP with crossfade in `off`, and without it.
    Gateway,
    /// Marks, keys, rules and clients, from few to many.
    Growth,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let sections = sections(&options).await?;
    options.output.write(&sections)
}

async fn sections(options: &Options) -> Result<Vec<Section>> {
    let Options { output, places, rate, only, parts } = options;
    let wanted = |part: &Part| parts.is_empty() || parts.contains(part);
    let mut sections = Vec::new();
    let on_both = |part: &Part| !matches!(part, Part::Journal | Part::Growth) && wanted(part);
    let servers =
        if Part::value_variants().iter().any(on_both) { Some(places.connect().await?) } else { None };
    for part in Part::value_variants().iter().filter(|part| wanted(part)) {
        match (part, &servers) {
            (Part::Writes, Some(servers)) => {
                sections.push(writes::section(servers, output).await?);
                sections.push(calls::section(servers, output).await?);
            }
            (Part::Reads, Some(servers)) => sections.push(reads::section(servers, output).await?),
            (Part::OpenLoop, Some(servers)) => {
                sections.push(open_loop::section(servers, output, *rate).await?)
            }
            (Part::Fill, Some(servers)) => sections.push(fill::section(servers, output).await?),
            (Part::Gateway, Some(servers)) => sections.push(gateway::section(servers, output).await?),
            (Part::Journal, _) => {
                sections.push(journals::section(places, output, only.as_deref()).await?);
                if only.is_none() {
                    sections.push(shared_marks::section(places, output).await?);
                }
            }
            (Part::Growth, _) => sections.extend(growth::sections(places, output).await?),
            (_, None) => {}
        }
    }
    Ok(sections)
}
