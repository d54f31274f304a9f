//! Invoices move from the one side to the other.

use super::*;
use crate::messages::ListRequest;

#[tokio::test]
async fn invoices_move_between_the_stores_of_a_service() {
    invoices_move(inside().await).await;
}

#[tokio::test]
async fn invoices_move_between_two_services() {
    invoices_move(outside().await).await;
}

async fn invoices_move<L, T>(world: World<L, T>)
where
    L: RecordStore<Data = Invoices>,
    T: RecordStore<Data = Invoices>,
{
    for number in 1..=10 {
        world.ask(Ask::Create(invoice(number))).await.unwrap();
    }
    for stage in Stage::ALL {
        world.migrated.move_to(stage).await.unwrap();
        if stage == Stage::Complete {
            world.assert_equal();
        }
        let (gone, new) = (1 + stage as i64, 100 + stage as i64);
        use_them(&world, gone, new).await;
        world.settle().await;
        if (Stage::DualWrite..=Stage::RampDown).contains(&stage) {
            world.assert_equal();
        }
    }
    assert_eq!(world.new.invoices().len(), 10);
    world.migrated.close().await.unwrap();
}

/// Each method once, and the answers that a caller gets in every stage.
async fn use_them<L, T>(world: &World<L, T>, gone: i64, new: i64)
where
    L: RecordStore<Data = Invoices>,
    T: RecordStore<Data = Invoices>,
{
    world.ask(Ask::Create(invoice(new))).await.unwrap();
    assert_eq!(world.ask(Ask::Create(invoice(new))).await.unwrap_err(), Code::AlreadyExists);
    world.ask(Ask::Put(Invoice { total_cents: 1, ..invoice(new) })).await.unwrap();
    world.ask(Ask::Pay(key(new))).await.unwrap();
    let read = world.ask(Ask::Get(key(new))).await.unwrap().invoice();
    assert_eq!(read, Some(Invoice { total_cents: 1, paid: true, ..invoice(new) }));

    world.ask(Ask::Delete(key(gone))).await.unwrap();
    for ask in [Ask::Get(key(gone)), Ask::Pay(key(gone)), Ask::Delete(key(gone))] {
        assert_eq!(world.ask(ask).await.unwrap_err(), Code::NotFound);
    }
    assert_eq!(listed(world, 3).await.len(), 10);
}

/// All invoices of the customer, page by page.
async fn listed<L, T>(world: &World<L, T>, page_size: u32) -> Vec<Invoice>
where
    L: RecordStore<Data = Invoices>,
    T: RecordStore<Data = Invoices>,
{
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListRequest { customer: Some(1), page_size, page_token };
        let page = world.ask(Ask::List(request)).await.unwrap().invoices().unwrap();
        all.extend(page.invoices);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}
