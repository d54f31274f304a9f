//! Pages come from one store, and their tokens name it.

use crossfade::Refused;
use crossfade::data::{Group, Scope};
use crossfade::records::{LIST_MAX, NotAToken, PageToken, Records};
use crossfade::route::{Percent, Stage, Store};
use crossfade::test_util::{Call, Number, Numbers};

use super::records;
use crate::support::World;

async fn world_of(records: i64) -> World {
    let mut world = World::new("[cohort]\nweight = \"100%\"\n[shadow]\nsample = \"0%\"").await;
    (1..=records).for_each(|item| world.legacy.seed((1, item), Number::new(1, "seeded")));
    world.reconcile();
    world.walk_to(Stage::Canary).await;
    world
}

/// Two items of a page, and its token as a client would bring it back.
async fn page(
    numbers: &Records<Numbers>,
    after: Option<PageToken<Numbers>>,
) -> (Vec<i64>, Option<PageToken<Numbers>>) {
    let page = numbers.list(1, after, 2).await.unwrap();
    let token = page.next.map(|token| token.to_string().parse().unwrap());
    (page.records.into_iter().map(|(key, _)| key.item).collect(), token)
}

#[tokio::test(start_paused = true)]
async fn a_list_stays_with_the_store_that_its_token_names() {
    let world = world_of(5).await;
    let numbers = records(&world);
    let (items, token) = page(&numbers, None).await;
    assert_eq!((items, token.as_ref().map(PageToken::store)), (vec![1, 2], Some(Store::Target)));
    assert_eq!(token.as_ref().unwrap().to_string(), "target:2");

    let mut nobody = world.routing.config();
    nobody.cohort.weight = Percent::ZERO;
    world.routing.swap(nobody).await.unwrap().drained().await;
    let (items, token) = page(&numbers, token).await;
    assert_eq!((items, token.as_ref().map(PageToken::store)), (vec![3, 4], Some(Store::Target)));
    assert_eq!(page(&numbers, None).await.1.unwrap().store(), Store::Legacy, "a new list does not");
}

#[tokio::test(start_paused = true)]
async fn a_list_goes_on_in_the_authority_when_its_store_may_not_answer() {
    let mut world = world_of(5).await;
    let numbers = records(&world);
    let (mut all, token) = page(&numbers, None).await;
    world.reconciler = None;
    world.journal.mark_for_repair(Scope::from(Group::new(&1_i64))).await.unwrap();
    let before = world.legacy.calls(Call::Page);
    let (items, token) = page(&numbers, token).await;
    all.extend(items);
    assert_eq!(world.legacy.calls(Call::Page), before + 1, "the group is dirty");
    assert_eq!(token.as_ref().map(PageToken::store), Some(Store::Legacy));
    let (items, token) = page(&numbers, token).await;
    all.extend(items);
    assert_eq!((all, token.is_none()), (vec![1, 2, 3, 4, 5], true), "nothing twice, nothing left out");
}

#[tokio::test(start_paused = true)]
async fn the_last_page_has_no_token_and_the_largest_is_bounded() {
    let world = World::new("").await;
    let numbers = records(&world);
    let many = LIST_MAX as i64 + 1;
    (1..=many).for_each(|item| world.legacy.seed((1, item), Number::new(1, "seeded")));
    let first = numbers.list(1, None, usize::MAX).await.unwrap();
    assert_eq!(first.records.len(), LIST_MAX);
    let last = numbers.list(1, first.next, usize::MAX).await.unwrap();
    assert_eq!((last.records.len(), last.next.is_none()), (1, true));
    assert_eq!(numbers.list(1, None, 0).await.unwrap().records.len(), 1, "a page of none would have no end");
}

#[test]
fn what_is_no_token_is_refused() {
    for text in ["", "7", "legacy", "other:7", "target:seven", "target:"] {
        assert_eq!(text.parse::<PageToken<Numbers>>().unwrap_err(), NotAToken, "{text}");
    }
    assert!(matches!(Refused::from(NotAToken), Refused::NotAToken));
    let token: PageToken<Numbers> = "legacy:-7".parse().unwrap();
    assert_eq!((token.store(), token.to_string().as_str()), (Store::Legacy, "legacy:-7"));
    assert!(!format!("{token:?}").contains('7'), "an item may be an account number");
}

#[test]
fn answers_are_the_same_by_the_data_set_and_pages_by_their_order_too() {
    use crossfade::mismatch_metrics::{ByDefault, Compare, Verdict};
    use crossfade::records::{RecordAnswer, RecordBody};

    let answer = |body| RecordAnswer::<Numbers> { from: Store::Legacy, body };
    let one = |version: u64| answer(RecordBody::Record(Some(Number::new(version, ""))));
    let page = |items: &[i64]| {
        let records = items.iter().map(|item| ((1, *item).into(), Number::new(1, ""))).collect();
        answer(RecordBody::Records(records))
    };
    let form = |answer: &RecordAnswer<Numbers>| ByDefault.form(answer);
    let same = |a: &RecordAnswer<Numbers>, b: &RecordAnswer<Numbers>| {
        Compare::<RecordAnswer<Numbers>>::compare(&ByDefault, &form(a), &form(b)) == Verdict::Same
    };
    let is_missing = |body| Compare::<RecordAnswer<Numbers>>::is_missing(&ByDefault, &form(&answer(body)));
    assert!(same(&one(1), &one(1)) && !same(&one(1), &one(2)));
    assert!(same(&page(&[1, 2]), &page(&[1, 2])));
    assert!(!same(&page(&[1, 2]), &page(&[2, 1])) && !same(&page(&[1, 2]), &page(&[1])));
    assert!(is_missing(RecordBody::Record(None)));
    assert!(!is_missing(RecordBody::Records(Vec::new())), "a list of none is an answer");
}
