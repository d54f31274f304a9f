//! Scripts: each fault, and which calls it comes to.

use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::data::{Outcome, RecordStore, Scope};

#[tokio::test(start_paused = true)]
async fn a_rejected_or_broken_write_does_not_land() {
    let store = MemoryStore::target();
    store.script().next(Call::RequestWrite, Fault::Reject).next(Call::RequestWrite, Fault::Break);
    assert_eq!(ask(&store, put("a")).await.unwrap_err().outcome(), Outcome::Rejected);
    assert_eq!(ask(&store, put("b")).await.unwrap_err().outcome(), Outcome::Unknown);
    assert_eq!(text(&store), None);
    assert_eq!((store.faults(Call::RequestWrite), store.script().left()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_unknown_and_has_landed() {
    let store = MemoryStore::target();
    store.script().next(Call::Replace, Fault::LostAnswer);
    let error = store.replace(&key(), Some(&Number::new(1, "a")), 5).await.unwrap_err();
    assert_eq!(MemoryStore::<Stamped>::outcome(&error), Outcome::Unknown);
    assert_eq!(text(&store).as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn a_late_write_lands_after_its_caller_gave_up_and_over_newer_writes() {
    let store = MemoryStore::legacy();
    store
        .script()
        .next(Call::RequestWrite, Fault::LateWrite(MS(30)))
        .next(Call::RequestWrite, Fault::Pass)
        .next(Call::RequestWrite, Fault::HangLate(MS(50)));
    assert_eq!(ask(&store, put("late")).await.unwrap_err().outcome(), Outcome::Unknown);
    ask(&store, put("newer")).await.unwrap();
    assert!(timeout(MS(10), ask(&store, put("latest"))).await.is_err());
    assert_eq!((text(&store).as_deref(), store.late_writes()), (Some("newer"), 2));
    sleep(MS(21)).await;
    assert_eq!((text(&store).as_deref(), store.late_writes()), (Some("late"), 1));
    sleep(MS(30)).await;
    assert_eq!((text(&store).as_deref(), store.late_writes()), (Some("latest"), 0));
}

#[tokio::test(start_paused = true)]
async fn a_delay_before_and_a_slow_answer_differ_in_what_a_read_sees() {
    let store = MemoryStore::target();
    store.seed(KEY, Number::new(1, "old"));
    let script = store.script();
    script.next(Call::RecordRead, Fault::Delay(MS(10))).next(Call::RecordRead, Fault::SlowAnswer(MS(10)));
    let begun = Instant::now();
    let key = key();
    let write = async {
        sleep(MS(5)).await;
        store.seed(KEY, Number::new(2, "new"));
    };
    let (waits, sees, ()) = tokio::join!(store.read(&key, 0), store.read(&key, 0), write);
    assert_eq!(begun.elapsed(), MS(10));
    let ((early, waits), (_, sees)) = (waits.unwrap(), sees.unwrap());
    assert_eq!((waits.unwrap().text, sees.unwrap().text), ("new".to_owned(), "old".to_owned()));
    assert!(early < store.stamp(KEY).unwrap(), "the stamp is from the begin of the statement");
}

#[tokio::test(start_paused = true)]
async fn a_delayed_call_leaves_with_its_caller_and_a_hanging_one_never_answers() {
    let store = MemoryStore::target();
    let script = store.script();
    script.next(Call::RequestWrite, Fault::Delay(MS(20))).next(Call::RequestWrite, Fault::Hang);
    script.next(Call::RequestWrite, Fault::HangApplied);
    assert!(timeout(MS(10), ask(&store, put("a"))).await.is_err());
    assert!(timeout(MS(86_400_000), ask(&store, put("b"))).await.is_err());
    assert_eq!(text(&store), None);
    assert!(timeout(MS(10), ask(&store, put("c"))).await.is_err());
    assert_eq!(text(&store).as_deref(), Some("c"));
}

#[tokio::test(start_paused = true)]
async fn lines_for_a_key_or_a_scope_leave_other_calls_alone() {
    let store = MemoryStore::target();
    let (group, item) = KEY;
    store.script().always(Call::RequestRead, Fault::Break).always_on(Call::RequestRead, (5, 5), Fault::Pass);
    store.script().when(Call::RequestRead, |scope| *scope == Scope::Everything, Fault::Reject);
    store.script().next_on(Call::RequestWrite, KEY, Fault::Reject);
    let read = |group, item| ask(&store, Request::Get { group, item });
    assert!(read(5, 5).await.is_ok());
    assert_eq!(read(5, 6).await.unwrap_err().outcome(), Outcome::Unknown);
    let lookup = ask(&store, Request::FindByText("x".into())).await.unwrap_err();
    assert_eq!(lookup.outcome(), Outcome::Rejected);
    let other = Request::Delete { group, item: item + 1 };
    assert!(ask(&store, other).await.is_ok());
    assert_eq!(store.script().left(), 1);
    let many = Request::PutMany(vec![((7, 7), Number::default()), (KEY, Number::default())]);
    assert!(ask(&store, many).await.is_err());
    store.script().clear();
    assert!(read(5, 6).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_random_mix_is_the_same_for_the_same_seed_and_keeps_its_rates() {
    let run = async |seed| {
        let store = MemoryStore::target();
        let rates = Rates { reject: 0.2, lost_answer: 0.1, delay: 0.1, ..Rates::default() };
        store.script().random(seed, rates);
        let mut ended = Vec::new();
        for _ in 0..1000 {
            ended.push(ask(&store, put("x")).await.map_err(|error| error.outcome()).err());
        }
        (ended, store.faults(Call::RequestWrite))
    };
    let (first, faults) = run(7).await;
    assert_eq!((first.clone(), faults), run(7).await);
    assert_ne!(first, run(8).await.0);
    let of = |outcome| first.iter().filter(|ended| **ended == Some(outcome)).count();
    assert!((150..250).contains(&of(Outcome::Rejected)) && (60..140).contains(&of(Outcome::Unknown)));
    assert!((330..470).contains(&faults));
}
