//! The reader names what is wrong with a folder; and the Chinook sample data, moved through all stages, arrives whole.

use super::*;
use crate::compare::compare;
use crate::faults::Faults;
use crate::legacy::Legacy;
use crate::mover::Mover;
use crate::target::Target;
use crate::test_stores::{Urls, fresh_in};
use crate::wiring::assemble;
use crossfade::route::Stage;

const CUSTOMERS: &str = "CustomerId,FirstName,LastName,Country\n2,Leonie,Köhler,Germany\n";
const INVOICE_HEADER: &str = "InvoiceId,CustomerId,InvoiceDate,BillingAddress,BillingCity,BillingState,\
                              BillingCountry,BillingPostalCode,Total\n";
const LINES: &str = "InvoiceLineId,InvoiceId,TrackId,UnitPrice,Quantity\n1,7,2,0.99,2\n";

fn read(invoices: &str, lines: &str) -> Result<History, HistoryError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("Customer.csv", CUSTOMERS), ("Invoice.csv", invoices), ("InvoiceLine.csv", lines)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    read_folder(folder.path())
}

#[test]
fn a_folder_is_read_with_its_ids() {
    let history =
        read(&format!("{INVOICE_HEADER}7,2,2021/1/9,Street 1,Bonn,,Germany,53111,1.98\n"), LINES).unwrap();
    let invoice = &history.invoices[0];
    assert_eq!((invoice.id, invoice.number.as_str()), (7, "INV-2021-000007"));
    assert_eq!(invoice.issued_at.to_string(), "2021-01-09T00:00:00Z");
    assert_eq!((invoice.billing.state.as_deref(), invoice.total.to_string().as_str()), (None, "1.98"));
    assert_eq!(invoice.lines[0].item_id, 2);
}

#[test]
fn a_mistake_is_named_with_file_and_line() {
    let date = read(&format!("{INVOICE_HEADER}7,2,yesterday,S,B,,Germany,,1.98\n"), LINES).unwrap_err();
    assert!(date.to_string().contains("Invoice.csv, line 2: InvoiceDate \"yesterday\""), "{date}");
    let number = read(&format!("{INVOICE_HEADER}seven,2,2021/1/9,S,B,,Germany,,1.98\n"), LINES).unwrap_err();
    assert!(number.to_string().contains("Invoice.csv, line 2"), "{number}");
    let stranger = read(&format!("{INVOICE_HEADER}7,3,2021/1/9,S,B,,Germany,,1.98\n"), LINES).unwrap_err();
    assert!(stranger.to_string().contains("no CustomerId 3"), "{stranger}");
    let orphan = read(INVOICE_HEADER, LINES).unwrap_err();
    assert!(
        orphan.to_string().contains("InvoiceLine.csv, line 2: Invoice.csv has no InvoiceId 7"),
        "{orphan}"
    );
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(read_folder(folder.path()).unwrap_err().to_string().contains("Customer.csv"));
}

/// `CROSSFADE_CHINOOK` names the folder with the CSV files; without it the test says so and ends.
#[tokio::test]
async fn chinook_arrives_equal_through_all_stages() {
    let Some(folder) = std::env::var_os("CROSSFADE_CHINOOK") else {
        assert!(std::env::var_os("CI").is_none(), "CI has to set CROSSFADE_CHINOOK");
        println!("skipped: CROSSFADE_CHINOOK does not name the folder of the Chinook CSV files");
        return;
    };
    let pairs = fresh_in(&tempfile::tempdir().unwrap()).len();
    for number in 0..pairs {
        let data = tempfile::tempdir().unwrap();
        arrives_equal(Path::new(&folder), &fresh_in(&data)[number]).await;
    }
}

async fn arrives_equal(folder: &Path, urls: &Urls) {
    urls.make().await;
    let legacy = Legacy::open(&urls.legacy).await.unwrap();
    let target = Target::open(&urls.target).await.unwrap();
    read_folder(folder).unwrap().write_to(&legacy).await.unwrap();

    let (_service, control) = assemble(legacy, target, &urls.journal, &Faults::new(1)).await.unwrap();
    let mover = Mover::by_admin(control).await.unwrap();
    mover.move_to(Stage::DualWrite).await.unwrap();
    mover.fill(|_| {}).await.unwrap();
    for stage in [Stage::Shadow, Stage::Canary, Stage::Live, Stage::RampDown, Stage::Complete] {
        mover.move_to(stage).await.unwrap();
    }
    let found = compare(&urls.legacy, &urls.target).await.unwrap();
    assert!(found.equal(), "{found:?}");
    assert_eq!((found.target_invoices, found.target_total.as_str()), (412, "2328.60"));
}
