//! How often the same request allocates: in a process of its own, since counting takes time.

use std::collections::BTreeMap;

use anyhow::Result;
use bench_peers::{cases, runtime};

const TIMES: u64 = 1_000;

/// Writes a JSON object: the name of a case, and the allocations and bytes of one request.
#[allow(clippy::print_stdout, reason = "it is what the program is for")]
fn main() -> Result<()> {
    let runtime = runtime();
    let cases = runtime.block_on(cases())?;
    let mut counted = BTreeMap::new();
    for case in &cases {
        let of = |times| allocation_counter::measure(|| _ = case.run(&runtime, times));
        let (once, more) = (of(1), of(1 + TIMES)); // the first run of `of` also sets up what is set up once
        let each = |more: u64, once: u64| more.saturating_sub(once) as f64 / TIMES as f64;
        counted.insert(
            case.name(),
            (each(more.count_total, once.count_total), each(more.bytes_total, once.bytes_total)),
        );
    }
    println!("{}", serde_json::to_string_pretty(&counted)?);
    Ok(())
}
