//~ `Refunds` does not hold records of `Payments`
//~ both stores of a migration are `RecordStore`s of one data set
use crossfade::copy::Copier;
use crossfade::data::{DataSet, Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
use crossfade::route::RoutingHandle;
use std::convert::Infallible;

macro_rules! store {
    ($data:ident, $store:ident) => {
        struct $data;
        impl DataSet for $data {
            type Group = i64;
            type Item = i64;
            type Record = i64;
            fn same(a: &i64, b: &i64) -> bool {
                a == b
            }
        }
        #[derive(Clone)]
        struct $store;
        impl RecordStore for $store {
            type Data = $data;
            type Error = Infallible;
            const KEEPS_STAMPS: bool = true;
            async fn read(
                &self,
                _: &RecordKey<$data>,
                now: Stamp,
            ) -> Result<StampedRecord<$data>, Infallible> {
                Ok((now, None))
            }
            async fn replace(
                &self,
                _: &RecordKey<$data>,
                _: Option<&i64>,
                _: Stamp,
            ) -> Result<(), Infallible> {
                Ok(())
            }
            async fn page(
                &self,
                _: Option<&i64>,
                _: Option<&RecordKey<$data>>,
                _: usize,
                now: Stamp,
            ) -> Result<Page<$data>, Infallible> {
                Ok(Page { stamp: now, records: Vec::new() })
            }
            fn outcome(_: &Infallible) -> Outcome {
                Outcome::Unknown
            }
        }
    };
}
store!(Payments, Ledger);
store!(AllRefunds, Refunds);

fn copier(routing: RoutingHandle) -> Copier<Ledger, Refunds> {
    Copier::new(routing, Ledger, Refunds)
}

fn main() {
    let _ = copier;
}
