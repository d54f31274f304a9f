//! Requests that do not say what they are.

use crossfade::Refused;
use crossfade::route::{Stage, Store};
use crossfade::test_util::{self, Request, StoreError};

use super::{Call, Canary};
use crate::support::put;

fn unclassified(request: Request) -> Call {
    Call { classified: false, ..Call::new(request) }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_say_what_it_is_passes_in_off_alone() {
    for stage in Stage::ALL {
        let canary = Canary::at(stage, "").await;
        for request in [Request::Get { group: 1, item: 1 }, put(1, 1, 2)] {
            let answer = canary.call(unclassified(request)).await;
            if stage == Stage::Off {
                assert_eq!(answer.unwrap().from, Store::Legacy);
            } else {
                let refused = answer.unwrap_err();
                assert!(matches!(refused, StoreError::Refused(Refused::NotClassified)), "{stage}: {refused}");
            }
        }
        let version = if stage == Stage::Off { 2 } else { 1 };
        assert_eq!(canary.world.legacy.get((1, 1)).unwrap().version, version, "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_names_nothing_is_refused_by_name_where_it_would_be_copied() {
    for stage in Stage::ALL {
        let canary = Canary::at(stage, "").await;
        let writes = |canary: &Canary| {
            let call = test_util::Call::RequestWrite;
            canary.world.legacy.calls(call) + canary.world.target.calls(call)
        };
        let answer = canary.call(Call::new(Request::PutMany(Vec::new()))).await;
        if stage.copies() {
            let refused = answer.unwrap_err();
            let expected = Refused::NoScope { operation: "put_many" };
            assert!(refused.to_string().contains("put_many"), "{stage}: {refused}");
            assert_eq!(refused.to_string(), expected.to_string());
            assert_eq!(writes(&canary), 0, "{stage}: no store has seen it");
        } else {
            answer.unwrap();
        }
    }
}
