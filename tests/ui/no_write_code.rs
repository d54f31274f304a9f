//~ there is no code to write the records of `Documents` for callers
//~ records_before_ramp_down
use crossfade::copy::Copier;
use crossfade::data::{DataSet, KeyedRecord, Outcome, Page, RecordKey, RecordStore, Stamp, StampedRecord};
use crossfade::records::{Change, Entity, Records, WriteRecords};
use crossfade::route::RoutingHandle;
use crossfade::{Migration, Refused};

struct Payments;
impl DataSet for Payments {
    type Group = i64;
    type Item = i64;
    type Record = i64;
    fn same(a: &i64, b: &i64) -> bool {
        a == b
    }
}
impl Entity for Payments {
    type New = i64;
    type Error = Refused;
}

macro_rules! store {
    ($store:ident) => {
        #[derive(Clone)]
        struct $store;
        impl RecordStore for $store {
            type Data = Payments;
            type Error = Refused;
            const KEEPS_STAMPS: bool = true;
            async fn read(
                &self,
                _: &RecordKey<Payments>,
                now: Stamp,
            ) -> Result<StampedRecord<Payments>, Refused> {
                Ok((now, None))
            }
            async fn replace(
                &self,
                _: &RecordKey<Payments>,
                _: Option<&i64>,
                _: Stamp,
            ) -> Result<(), Refused> {
                Ok(())
            }
            async fn page(
                &self,
                _: Option<&i64>,
                _: Option<&RecordKey<Payments>>,
                _: usize,
                now: Stamp,
            ) -> Result<Page<Payments>, Refused> {
                Ok(Page { stamp: now, records: Vec::new() })
            }
            fn outcome(_: &Refused) -> Outcome {
                Outcome::Unknown
            }
        }
    };
}
store!(Table);
store!(Documents);

impl WriteRecords for Table {
    async fn create(&self, group: &i64, new: &i64) -> Result<KeyedRecord<Payments>, Refused> {
        Ok(((*group, 1).into(), *new))
    }
    async fn update(&self, _: &RecordKey<Payments>, _: Change<Payments>) -> Result<Option<i64>, Refused> {
        Ok(None)
    }
}

fn payments(routing: RoutingHandle, copier: Copier<Table, Documents>) -> Records<Payments> {
    Migration::builder(routing, copier).records(Table, Documents)
}

fn main() {
    let _ = payments;
}
