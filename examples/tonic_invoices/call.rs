//! A call and its answer as the stack sees them: any method of the service, typed.

use crossfade::data::{Group, Key as KeyText, Scopes};
use crossfade::route::{Operation, StorageRequest};
use tonic::Status;
use tonic::metadata::MetadataMap;
use tower::util::BoxCloneSyncService;

use crate::messages::{ClockReply, Invoice, Key, ListReply, ListRequest};

/// The stamp of a copy, in the metadata of Put and Delete.
pub(crate) const STAMP: &str = "x-stamp";

/// Whatever answers calls: a back end, the service with its stores inside, the gateway.
pub(crate) type Calls = BoxCloneSyncService<Call, Reply, Status>;

/// A call that can be sent again: to the other back end, to compare, or instead.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) ask: Ask,
    /// What the caller sent beside the message, such as its credentials.
    pub(crate) metadata: MetadataMap,
}

#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Get(Key),
    List(ListRequest),
    Create(Invoice),
    Put(Invoice),
    Pay(Key),
    Delete(Key),
    Clock,
}

#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Invoice(Invoice),
    Invoices(ListReply),
    Done,
    Clock(ClockReply),
    /// The service says no, and has changed nothing: there is no such invoice, it is paid already. To a caller this is an
    /// error; to the stack it is an answer, that can be compared and is not fallen back from.
    No(Status),
}

impl Reply {
    pub(crate) fn invoice(self) -> Option<Invoice> {
        if let Self::Invoice(invoice) = self { Some(invoice) } else { None }
    }

    pub(crate) fn invoices(self) -> Option<ListReply> {
        if let Self::Invoices(page) = self { Some(page) } else { None }
    }

    pub(crate) fn done(self) -> Option<()> {
        matches!(self, Self::Done).then_some(())
    }

    pub(crate) fn clock(self) -> Option<ClockReply> {
        if let Self::Clock(clock) = self { Some(clock) } else { None }
    }
}

impl From<Ask> for Call {
    /// A call without a caller's metadata.
    fn from(ask: Ask) -> Self {
        Self { ask, metadata: MetadataMap::new() }
    }
}

impl StorageRequest for Call {
    fn operation(&self) -> Operation {
        match &self.ask {
            Ask::Get(_) => Operation::read("get"),
            Ask::List(ListRequest { customer: Some(_), .. }) => Operation::read("list"),
            Ask::List(_) => Operation::lookup("list_all"),
            Ask::Clock => Operation::lookup("clock"),
            Ask::Create(_) => Operation::write("create"),
            Ask::Put(_) => Operation::write("put"),
            Ask::Pay(_) => Operation::write("pay"),
            Ask::Delete(_) => Operation::write("delete"),
        }
    }

    /// A create names its key too: the caller gives the number.
    fn scopes(&self) -> Scopes {
        match &self.ask {
            Ask::Get(key) | Ask::Pay(key) | Ask::Delete(key) => scope(*key),
            Ask::Create(invoice) | Ask::Put(invoice) => scope(invoice.key()),
            Ask::List(list) => {
                list.customer.map_or_else(Scopes::none, |customer| Group::new(&customer).into())
            }
            Ask::Clock => Scopes::none(),
        }
    }
}

fn scope(key: Key) -> Scopes {
    KeyText::new(&key.customer, &key.number).into()
}
