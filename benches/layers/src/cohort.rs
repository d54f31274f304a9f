//! A cohort of half of the keys, so that the key's hash decides, with the measured key on either side of it.

use crossfade::route::bucket;

/// The measured key, as the cohort sees it.
const KEY: &str = "1";
/// Half of all buckets.
const HALF: u32 = 50_000;

/// The `[cohort]` of a config, 50 % of the keys, with the measured key inside or outside.
#[must_use]
pub fn half_of_the_keys(inside: bool) -> String {
    let salt = (0_u32..).map(|n| format!("bench-{n}")).find(|salt| (bucket(salt, KEY) < HALF) == inside);
    format!("[cohort]\nweight = \"50%\"\nsalt = \"{}\"", salt.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use crossfade::route::Stage;
    use tower::Service;

    use super::super::{Migration, Number, Request};
    use super::*;

    #[tokio::test]
    async fn the_target_answers_the_read_of_a_key_inside_and_of_no_other() {
        for inside in [true, false] {
            let (mut legacy, target) = (Number::new(), Number::new());
            drop(legacy.call(Request::Put(7)));
            let config = format!("shadow = {{ sample = \"0%\" }}\n{}", half_of_the_keys(inside));
            let mut stack = Migration::at(Stage::Canary, &config, legacy, target).await.stack();
            let read = std::pin::pin!(stack.call(Request::Get));
            let answer = read.poll(&mut Context::from_waker(Waker::noop()));
            let wanted = if inside { 0 } else { 7 };
            assert!(matches!(answer, Poll::Ready(Ok(found)) if found == wanted), "{inside}: {answer:?}");
        }
    }
}
