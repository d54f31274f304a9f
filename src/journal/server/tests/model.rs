//! The tables answer and hold what the model does, whatever comes in whatever batches, and whatever becomes of the
//! connection.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Runtime;

use super::super::address::Address;
use super::super::execute::Server;
use super::proxy::{Cut, Proxy};
use super::{Place, on_each_server, runtime};
use crate::journal::model::{Command, Mark, MarkId};
use crate::journal::model_run::{Kept, check, too_many_audit_lines};
use crate::journal::sql::{RunningMarks, select};
use crate::journal::writer::Backend;

const CASES: u32 = 24;

on_each_server! {
    the_tables_answer_and_hold_what_the_model_does,
    batches_whose_commit_is_cut_off_are_done_once,
    the_audit_log_forgets_its_oldest_lines,
    marks_of_a_scope_are_told_apart_by_every_byte,
}

/// Tables of their own on the server.
struct InTables<P: Place> {
    url: String,
    proxy: Option<std::sync::Arc<Proxy>>,
    place: std::marker::PhantomData<P>,
}

impl<P: Place> InTables<P> {
    /// A migration that no test has had.
    fn new(url: &str, proxy: Option<std::sync::Arc<Proxy>>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let url = format!("{url}?migration=m{}", NEXT.fetch_add(1, Ordering::SeqCst));
        Self { url, proxy, place: std::marker::PhantomData }
    }
}

impl<P: Place> Kept for InTables<P> {
    type Backend = Server<P::Engine>;

    async fn open(&mut self) -> Self::Backend {
        // Whoever opens a journal is told when that failed.
        self.proxy.iter().for_each(|proxy| proxy.cut(Cut::Nothing));
        Server::open(Address::parse(&self.url).unwrap()).await.unwrap()
    }

    async fn marks(&mut self, server: &mut Self::Backend) -> Vec<(MarkId, Mark)> {
        let link = server.link.as_mut().unwrap();
        let mut marks = select(&mut link.engine, " ORDER BY id", &[]).await.unwrap();
        // As the table has them, not as the server remembers them.
        let mut running = RunningMarks::default();
        running.load(&mut link.engine).await.unwrap();
        marks.extend(running.iter().map(|(id, mark)| (id, mark.clone())));
        marks.sort_unstable_by_key(|(id, _)| *id);
        marks
    }

    fn disturb(&mut self, by: u8) {
        let Some(proxy) = &self.proxy else { return };
        proxy.cut(match by % 3 {
            0 => Cut::Answer,
            1 => Cut::Commit,
            _ => Cut::Nothing,
        });
    }
}

fn the_tables_answer_and_hold_what_the_model_does<P: Place>() {
    let place = P::start();
    check(CASES, &runtime(), || InTables::<P>::new(&place.url(), None));
}

fn batches_whose_commit_is_cut_off_are_done_once<P: Place>() {
    let place = P::start();
    let runtime = runtime();
    let proxy = std::sync::Arc::new(runtime.block_on(Proxy::before(place.control().address())));
    let url = P::url_at(proxy.address);
    check(CASES / 2, &runtime, || InTables::<P>::new(&url, Some(std::sync::Arc::clone(&proxy))));
    assert!(proxy.cuts() > u64::from(CASES), "{} commits were cut off", proxy.cuts());
}

fn in_new_tables<P: Place, T>(work: impl AsyncFnOnce(&mut Server<P::Engine>) -> T) -> T {
    let place = P::start();
    let runtime: Runtime = runtime();
    runtime.block_on(async {
        let mut server = InTables::<P>::new(&place.url(), None).open().await;
        let done = work(&mut server).await;
        server.close().await;
        done
    })
}

fn the_audit_log_forgets_its_oldest_lines<P: Place>() {
    let (lines, expected) = too_many_audit_lines();
    let batch: Vec<&Command> = lines.iter().collect();
    let replies = in_new_tables::<P, _>(async |server| {
        let mut replies = Vec::new();
        // Each as large as those of the writer.
        for part in batch.chunks(1_024) {
            replies.extend(server.execute(part).await.unwrap());
        }
        replies
    });
    assert!(replies == expected);
}

/// To a text column of MariaDB `a` and `a ` are the same.
fn marks_of_a_scope_are_told_apart_by_every_byte<P: Place>() {
    use crate::data::{Key, Scope};
    use crate::journal::model::{Reason, Reply};

    let texts = ["a", "a ", "A", "á", "a\u{301}", "\u{1F600}", "ss", "ß"];
    in_new_tables::<P, _>(async |server| {
        for (id, text) in (1..).zip(texts) {
            let scope = Scope::from(Key::new(&text.to_owned(), &1));
            let left =
                Command::MarkLeft { session: 0, id, scope, not_before: 0, reason: Reason::Asked, now: 0 };
            assert_eq!(server.execute(&[&left]).await.unwrap(), [Reply::Removed(0)], "{text:?}");
            let take = Command::TakeIds { sequence: text.to_owned(), count: 1 };
            assert_eq!(server.execute(&[&take]).await.unwrap(), [Reply::Ids(1)], "{text:?}");
        }
    });
}
