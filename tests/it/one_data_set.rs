//! One routing moves one data set.

use crossfade::copy::Copier;
use crossfade::data::{DataSet, Outcome, Page, RecordKey, RecordStore, Stamp};
use crossfade::route::Stage;
use crossfade::test_util::{Number, StoreError};

use crate::support::World;

/// Another data set over the same kind of store.
#[derive(Clone)]
struct Others;

struct OtherNumbers;

impl DataSet for OtherNumbers {
    type Group = i64;
    type Item = i64;
    type Record = Number;

    fn same(a: &Number, b: &Number) -> bool {
        a == b
    }
}

impl RecordStore for Others {
    type Data = OtherNumbers;
    type Error = StoreError;
    const KEEPS_STAMPS: bool = true;

    async fn read(
        &self,
        _: &RecordKey<OtherNumbers>,
        now: Stamp,
    ) -> Result<(Stamp, Option<Number>), StoreError> {
        Ok((now, None))
    }

    async fn replace(
        &self,
        _: &RecordKey<OtherNumbers>,
        _: Option<&Number>,
        _: Stamp,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn page(
        &self,
        _: Option<&i64>,
        _: Option<&RecordKey<OtherNumbers>>,
        _: usize,
        now: Stamp,
    ) -> Result<Page<OtherNumbers>, StoreError> {
        Ok(Page { stamp: now, records: Vec::new() })
    }

    fn outcome(_: &StoreError) -> Outcome {
        Outcome::Unknown
    }
}

/// A repair of one would clear the marks of the other.
#[tokio::test(start_paused = true)]
#[should_panic(expected = "a routing moves one data set")]
async fn a_copier_of_another_data_set_is_no_copier_of_this_routing() {
    let world = World::at(Stage::DualWrite, "").await;
    let _second = Copier::new(world.routing, world.legacy.clone(), world.target.clone());
    let _other = Copier::new(world.routing, Others, Others);
}
