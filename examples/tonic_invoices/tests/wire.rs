//! What the codes mean, the limits, and whether the messages are those of the proto.

use std::collections::BTreeSet;

use crossfade::data::Outcome;
use tonic::Status;
use tower::service_fn;

use super::*;
use crate::call::{Call, Calls};
use crate::messages::MESSAGE_BYTES_MAX;
use crate::status::{CallError, outcome_of};

const CODES: [(Code, Outcome); 16] = [
    (Code::Cancelled, Outcome::Unknown),
    (Code::Unknown, Outcome::Unknown),
    (Code::InvalidArgument, Outcome::Rejected),
    (Code::DeadlineExceeded, Outcome::Unknown),
    (Code::NotFound, Outcome::Rejected),
    (Code::AlreadyExists, Outcome::Rejected),
    (Code::PermissionDenied, Outcome::Rejected),
    (Code::ResourceExhausted, Outcome::Unknown),
    (Code::FailedPrecondition, Outcome::Rejected),
    (Code::Aborted, Outcome::Rejected),
    (Code::OutOfRange, Outcome::Unknown),
    (Code::Unimplemented, Outcome::Rejected),
    (Code::Internal, Outcome::Unknown),
    (Code::Unavailable, Outcome::Unknown),
    (Code::DataLoss, Outcome::Unknown),
    (Code::Unauthenticated, Outcome::Rejected),
];

#[tokio::test]
async fn every_code_means_what_the_table_says_after_it_came_over_the_wire() {
    // The number of the invoice is the code that the service answers.
    let service = Calls::new(service_fn(async |call: Call| match call.ask {
        Ask::Pay(key) => Err(Status::new(Code::from(key.number as i32), "no")),
        _ => Ok(Reply::Done),
    }));
    let client = client(&serve(service).await.unwrap());
    for (code, outcome) in CODES {
        let answer = client.ask(Ask::Pay(key(code as i64)), None).await;
        let said = match &answer {
            Ok(Reply::No(status)) | Err(CallError::Failed(status)) => status,
            other => panic!("{other:?}"),
        };
        assert_eq!((said.code(), outcome_of(said)), (code, outcome));
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_says_nothing_of_the_write() {
    let long = Invoice { text: "a".repeat(MESSAGE_BYTES_MAX), ..invoice(1) };
    let service = Calls::new(service_fn(move |_: Call| {
        let long = long.clone();
        async move { Ok(Reply::Invoice(long)) }
    }));
    let client = client(&serve(service).await.unwrap());
    let error = client.ask(Ask::Pay(key(1)), None).await.unwrap_err();
    assert!(matches!(&error, CallError::Failed(status) if status.code() == Code::OutOfRange), "{error}");
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn a_message_that_is_too_long_is_not_passed_on() {
    let world = outside().await;
    let long = Invoice { text: "a".repeat(MESSAGE_BYTES_MAX), ..invoice(1) };
    assert_eq!(world.ask(Ask::Put(long)).await.unwrap_err(), Code::OutOfRange);
    assert!(world.old.invoices().is_empty());
}

/// Message, field and number, in either file.
type Fields = BTreeSet<(String, String, String)>;

#[test]
fn the_messages_are_those_of_the_proto() {
    let (proto, rust) =
        (in_proto(include_str!("../invoices.proto")), in_rust(include_str!("../messages.rs")));
    assert!(proto.len() > 10);
    assert_eq!(proto, rust);
}

fn in_proto(text: &str) -> Fields {
    let mut fields = Fields::new();
    let mut message = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("message ") {
            message = rest.trim_end_matches(" {");
        } else if let Some((field, number)) =
            line.split_once(';').and_then(|(line, _)| line.split_once(" = "))
        {
            let name = field.rsplit(' ').next().unwrap();
            fields.insert((message.into(), name.into(), number.into()));
        }
    }
    fields.retain(|(message, ..)| !message.is_empty()); // `syntax = "proto3"`
    fields
}

fn in_rust(text: &str) -> Fields {
    let mut fields = Fields::new();
    let (mut message, mut number) = ("", "");
    for line in text.lines().map(|line| line.trim().trim_start_matches("pub(crate) ")) {
        if let Some(rest) = line.strip_prefix("struct ") {
            message = rest.trim_end_matches(" {");
        } else if let Some((_, rest)) = line.split_once("tag = \"") {
            number = rest.trim_end_matches("\")]");
        } else if let (false, Some((name, _))) = (number.is_empty(), line.split_once(": ")) {
            fields.insert((message.into(), name.into(), std::mem::take(&mut number).into()));
        }
    }
    fields
}
