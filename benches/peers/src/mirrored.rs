//! The crate `request-shadow`: reads alone, with the number as the body of a response.

use std::hint::black_box;
use std::sync::Arc;

use async_trait::async_trait;
use bench_layers::{Number, Request};
use request_shadow::{Backend, ResponseRecord, ShadowConfig, ShadowError, Shadower};
use tower::Service;

use super::case::{Case, Peer, Work};

const KEY: [u8; 8] = [1; 8];

pub(crate) fn cases() -> [Case; 2] {
    [case(Work::IdleRead, 0), case(Work::ShadowRead, 100)]
}

/// Mirrors so many percent of the reads.
fn case(work: Work, percent: u32) -> Case {
    let store = || Arc::new(OfNumber(Number::new()));
    let shadower = Shadower::new(store(), store(), ShadowConfig::full_sample().sample_rate(percent));
    Case::new(Peer::RequestShadow, work, move |times| {
        let shadower = shadower.clone();
        async move {
            for _ in 0..times {
                let outcome = shadower.call(black_box(&KEY)).await.expect("an answer");
                assert_eq!(
                    outcome.shadow.is_some(),
                    work == Work::ShadowRead,
                    "mirrored as it was configured"
                );
                black_box(outcome);
            }
        }
    })
}

struct OfNumber(Number);

#[async_trait]
impl Backend for OfNumber {
    async fn call(&self, _: &[u8]) -> Result<ResponseRecord, ShadowError> {
        let mut store = self.0;
        let number = store.call(Request::Get).await.map_err(|_| ShadowError::Backend("failed".to_owned()))?;
        Ok(ResponseRecord::ok(number.to_be_bytes().to_vec()))
    }
}
