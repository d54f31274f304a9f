//~ no method named `write_legacy` found for struct `Functions<
//~ Functions<L, T, E, BeforeRampDown>
use crossfade::Refused;
use crossfade::data::Key;
use crossfade::functions::Functions;

#[derive(Clone)]
struct Pool;

async fn pay(payments: Functions<Pool, Pool, Refused>) -> Result<(), Refused> {
    payments.write_legacy("pay", Key::new(&1, &1), |_: Pool| async { Ok(()) }).await
}

fn main() {
    let _ = pay;
}
