//! Both stores give back what copies put into them, and the larger stamp wins.

use crossfade::data::{RecordKey, RecordStore};

use super::support::{Stores, all_stores, checked, deciding, in_files, invoice, new, new_with_key, request};
use crate::domain::{Invoices, Line, Precondition, key};
use crate::history::History;
use crate::request::{Call, StoreError};
use crate::request_store::RequestStore;

async fn ids_of(
    store: &impl RecordStore<Data = Invoices, Error = StoreError>,
    group: Option<i64>,
) -> Vec<(i64, i64)> {
    let (mut ids, mut after): (Vec<_>, Option<RecordKey<Invoices>>) = (Vec::new(), None);
    loop {
        let page = store.page(group.as_ref(), after.as_ref(), 2, 7).await.unwrap();
        assert_eq!(page.stamp, 7);
        let keys = store.page_of_keys(group.as_ref(), after.as_ref(), 2).await.unwrap();
        assert_eq!(
            pairs(&keys),
            page.records.iter().map(|(key, _)| (key.group, key.item)).collect::<Vec<_>>()
        );
        let Some((last, _)) = page.records.last() else {
            return ids;
        };
        after = Some(key(last.group, last.item));
        ids.extend(page.records.iter().map(|(key, _)| (key.group, key.item)));
    }
}

fn pairs(keys: &[RecordKey<Invoices>]) -> Vec<(i64, i64)> {
    keys.iter().map(|key| (key.group, key.item)).collect()
}

#[tokio::test]
async fn those_of_many_keys_that_have_an_invoice_are_found() {
    for Stores { legacy, target, _folder, .. } in all_stores().await {
        keeps_records(&legacy).await;
        keeps_records(&target).await;
        let asked: Vec<_> = (1..=3).flat_map(|customer| (1..=9).map(move |id| key(customer, id))).collect();
        let legacy = legacy.existing_keys(&asked).await.unwrap();
        // In a file the target is looked through group by group.
        let target = target.existing_keys(&asked).await.unwrap();
        for found in [legacy.as_ref().unwrap(), target.as_ref().or(legacy.as_ref()).unwrap()] {
            let mut found = pairs(found);
            found.sort_unstable();
            assert_eq!(found, [(1, 3), (1, 9), (2, 4)]);
        }
    }
}

async fn keeps_records(store: &impl RecordStore<Data = Invoices, Error = StoreError>) {
    let all = [(1, 5), (2, 4), (1, 3), (1, 9)];
    let records: Vec<_> = all.iter().map(|&(c, i)| (key(c, i), invoice(c, i, "1.10"))).collect();
    store.replace_many(&records, 10).await.unwrap();
    store.replace_many(&records, 10).await.unwrap();
    let mut everything = ids_of(store, None).await;
    everything.sort_unstable(); // the order of the groups is the store's own
    assert_eq!(everything, [(1, 3), (1, 5), (1, 9), (2, 4)]);
    assert_eq!(ids_of(store, Some(1)).await, [(1, 3), (1, 5), (1, 9)]);

    let changed = invoice(1, 5, "7.35");
    store.replace(&key(1, 5), Some(&changed), 20).await.unwrap();
    assert_eq!(store.read(&key(1, 5), 9).await.unwrap(), (9, Some(changed)));
    for _ in 0..2 {
        store.replace(&key(1, 5), None, 30).await.unwrap();
    }
    assert_eq!(store.read(&key(1, 5), 9).await.unwrap(), (9, None));
    assert_eq!(ids_of(store, Some(1)).await, [(1, 3), (1, 9)]);
}

#[tokio::test]
async fn both_stores_give_back_what_was_replaced_in_them() {
    for stores in all_stores().await {
        keeps_records(&stores.legacy).await;
        keeps_records(&stores.target).await;
    }
}

#[tokio::test]
async fn generated_history_is_the_same_in_both_schemas() {
    for stores in all_stores().await {
        let mut history = History::generate(3);
        history.invoices.truncate(300);
        for invoice in &mut history.invoices {
            invoice.customer_id = 1;
            invoice.closed = invoice.id % 3 == 0;
            invoice.idempotency =
                new_with_key("1.00", &invoice.number).idempotency.filter(|_| invoice.id % 2 == 0);
            stores.legacy.replace(&key(1, invoice.id), Some(invoice), 0).await.unwrap();
            stores.target.replace(&key(1, invoice.id), Some(invoice), 0).await.unwrap();
        }
        for invoice in history.invoices {
            let id = key(1, invoice.id);
            let legacy = stores.legacy.read(&id, 0).await.unwrap().1.unwrap();
            let target = stores.target.read(&id, 0).await.unwrap().1.unwrap();
            assert_eq!((&legacy, &target), (&invoice, &invoice));
            assert_eq!((legacy.etag(), target.etag()), (invoice.etag(), invoice.etag()));
        }
    }
}

#[tokio::test]
async fn on_the_target_an_older_copy_changes_nothing_and_cannot_bring_back_what_was_deleted() {
    for Stores { target, _folder, .. } in all_stores().await {
        let (older, newer) = (invoice(1, 5, "1.00"), invoice(1, 5, "2.00"));
        target.replace(&key(1, 5), Some(&newer), 20).await.unwrap();
        target.replace(&key(1, 5), Some(&older), 10).await.unwrap();
        target.replace_many(&[(key(1, 5), older.clone())], 10).await.unwrap();
        assert_eq!(target.read(&key(1, 5), 0).await.unwrap().1, Some(newer));

        target.replace(&key(1, 5), None, 30).await.unwrap();
        target.replace(&key(1, 5), Some(&older), 20).await.unwrap();
        assert_eq!(target.read(&key(1, 5), 0).await.unwrap().1, None);
        target.replace(&key(1, 8), None, 30).await.unwrap();
        target.replace(&key(1, 8), Some(&invoice(1, 8, "1.00")), 20).await.unwrap();
        assert_eq!(
            target.read(&key(1, 8), 0).await.unwrap().1,
            None,
            "a delete leaves its stamp where nothing was"
        );
    }
}

/// More than the service itself takes: history may have them.
#[tokio::test]
async fn an_invoice_without_lines_and_one_with_two_thousand_survive_in_both_stores() {
    for Stores { legacy, target, _folder } in all_stores().await {
        for (id, lines) in [(5, 0), (6, 2_000)] {
            let mut long = invoice(1, id, "1.10");
            let line = long.lines.remove(0);
            long.lines = (0..lines).map(|item_id| Line { item_id, ..line.clone() }).collect();
            legacy.replace(&key(1, id), Some(&long), 10).await.unwrap();
            target.replace(&key(1, id), Some(&long), 10).await.unwrap();
            assert_eq!(legacy.read(&key(1, id), 9).await.unwrap().1.as_ref(), Some(&long));
            assert_eq!(target.read(&key(1, id), 9).await.unwrap().1.as_ref(), Some(&long));
        }
    }
}

/// What a customer's creates with a key leave behind is no invoice.
#[tokio::test]
async fn a_walk_goes_past_a_customer_whose_invoices_are_all_deleted() {
    for Stores { target, _folder, .. } in all_stores().await {
        let deciding = deciding(&target, 1);
        for customer in 1..=3 {
            let made = deciding.create(customer, new_with_key("1.00", "k")).await.unwrap();
            deciding.delete(customer, made.id, Precondition::None).await.unwrap();
        }
        assert_eq!((ids_of(&target, None).await, ids_of(&target, Some(2)).await), (vec![], vec![]));
        // One of them is behind a page of the two others.
        for customer in 1..=3 {
            let left = deciding.create(customer, new("1.00")).await.unwrap();
            assert_eq!(ids_of(&target, None).await, [(customer, left.id)]);
            deciding.delete(customer, left.id, Precondition::None).await.unwrap();
        }
    }
}

/// On a server the clock stamps the store's own writes, and the change of the authority waits until it is ahead of all stamps.
#[tokio::test]
async fn own_writes_of_the_target_win_over_every_stamp_that_they_replace() {
    let Stores { target, _folder, .. } = in_files().await;
    let far_ahead = target.clock().await.unwrap().unwrap() + 3_600_000_000;
    target.replace(&key(1, 5), Some(&invoice(1, 5, "1.00")), far_ahead).await.unwrap();
    let service = deciding(&target, 5);
    service.answer(request(Call::Put(5, checked("2.00"), Precondition::None))).await.unwrap();
    target.replace(&key(1, 5), Some(&invoice(1, 5, "1.00")), far_ahead).await.unwrap();
    let total = target.read(&key(1, 5), 0).await.unwrap().1.unwrap().total.to_string();
    assert_eq!(total, "4.00");
    service.answer(request(Call::Close(vec![5]))).await.unwrap();
    target.replace(&key(1, 5), Some(&invoice(1, 5, "1.00")), far_ahead + 1).await.unwrap();
    assert!(target.read(&key(1, 5), 0).await.unwrap().1.unwrap().closed);
    service.answer(request(Call::Delete(5, Precondition::None))).await.unwrap();
    target.replace(&key(1, 5), Some(&invoice(1, 5, "1.00")), far_ahead + 2).await.unwrap();
    assert_eq!(target.read(&key(1, 5), 0).await.unwrap().1, None);
}
