//! One thread that writes the journal: whatever waits is one commit.

use std::fmt;
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::error::JournalError;
use super::model::{Command, Reply};
use super::room::{Room, pages_kept};
use super::unknown::Unknown;

/// How many commands may wait for the writer. Beyond that a mark is refused, and a mark that should be removed stays.
pub const QUEUE_COMMANDS_MAX: usize = 65_536;
/// How many commands one commit takes.
pub const BATCH_COMMANDS_MAX: usize = 1_024;
/// How many commands one commit takes while the disk is full.
const PART_COMMANDS: usize = 32;
/// How long marks that should be removed wait for another command, whose commit they then share. Nothing is dirty because
/// of them, so nobody waits; a crash meanwhile leaves them to be repaired.
const UNMARK_WITHIN: Duration = Duration::from_millis(10);
/// How long commands that failed wait before they are tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A durable store of the journal. A batch of commands is one transaction.
pub(crate) trait Backend: Send + 'static {
    /// Whether it speaks to a server: the runtime of the writer then does what sockets need.
    const REMOTE: bool = false;
    /// How long the writer waits for commands before it lets the backend look after itself; for ever without.
    const IDLE: Option<Duration> = None;

    /// Does all commands and makes them durable. After an error nothing of the batch is done or will be; but after
    /// [`JournalError::OutcomeUnknown`] all of it may be done, and [`outcome`](Self::outcome) has to be asked.
    fn execute(
        &mut self,
        batch: &[&Command],
    ) -> impl Future<Output = Result<Vec<Reply>, JournalError>> + Send;
    /// What became of the batch whose outcome was unknown: its replies when it was committed. No other batch is
    /// executed before it is known.
    fn outcome(&mut self) -> impl Future<Output = Result<Option<Vec<Reply>>, JournalError>> + Send {
        std::future::ready(Ok(None))
    }
    /// Nobody has asked for anything for a while.
    fn idle(&mut self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
    /// What room there is, when that is limited.
    fn room(&mut self) -> impl Future<Output = Result<Option<Room>, JournalError>> + Send {
        std::future::ready(Ok(None))
    }
    /// Closes files in order.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// Who is told.
pub(crate) enum ReplyTo {
    /// Somebody who waits.
    Waiting(oneshot::Sender<Result<Reply, JournalError>>),
    /// A callback that runs on the writer's thread.
    Callback(Box<dyn FnOnce(Result<Reply, JournalError>) + Send>),
}

impl ReplyTo {
    pub(super) fn tell(self, reply: Result<Reply, JournalError>) {
        match self {
            // Whoever has gone away no longer wants to know.
            Self::Waiting(waiting) => drop(waiting.send(reply)),
            Self::Callback(callback) => callback(reply),
        }
    }
}

/// A command, and who is told what came of it.
pub(super) type Sent = (Command, ReplyTo);

enum Message {
    Do(Command, ReplyTo),
    Close(oneshot::Sender<()>),
}

/// The queue to the writer's thread. The thread has a runtime of its own, so marks are taken in also when the
/// application's runtime is gone.
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("free", &self.queue.capacity()).finish()
    }
}

impl Writer {
    /// Starts the thread; the backend is opened on it.
    pub(crate) async fn start<B, O, F>(open: O) -> Result<Self, JournalError>
    where
        B: Backend,
        O: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<B, JournalError>>,
    {
        let (queue, waiting) = mpsc::channel(QUEUE_COMMANDS_MAX);
        let (opened, is_open) = oneshot::channel();
        let failed =
            |error: std::io::Error| JournalError::Io { path: "journal".into(), detail: error.to_string() };
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = if B::REMOTE { runtime.enable_all() } else { runtime.enable_time() };
        let runtime = runtime.build().map_err(failed)?;
        let run = move || {
            runtime.block_on(async move {
                match open().await {
                    Ok(backend) => {
                        drop(opened.send(Ok(())));
                        Loop { backend, waiting, again: Vec::new(), unknown: None }.run().await;
                    }
                    Err(error) => drop(opened.send(Err(error))),
                }
            });
        };
        thread::Builder::new().name("crossfade-journal".into()).spawn(run).map_err(failed)?;
        is_open.await.map_err(|_| JournalError::Closed)??;
        Ok(Self { queue })
    }

    /// Hands a command over. Never blocks, works without a runtime. A failure is told and given back.
    pub(crate) fn try_send(&self, command: Command, reply_to: ReplyTo) -> Result<(), JournalError> {
        let (message, error) = match self.queue.try_send(Message::Do(command, reply_to)) {
            Ok(()) => return Ok(()),
            Err(mpsc::error::TrySendError::Full(message)) => {
                (message, JournalError::Busy { limit: QUEUE_COMMANDS_MAX })
            }
            Err(mpsc::error::TrySendError::Closed(message)) => (message, JournalError::Closed),
        };
        if let Message::Do(_, reply_to) = message {
            reply_to.tell(Err(error.clone()));
        }
        Err(error)
    }

    /// Does a command and waits until it is durable.
    pub(crate) async fn call(&self, command: Command) -> Result<Reply, JournalError> {
        let (sender, reply) = oneshot::channel();
        self.try_send(command, ReplyTo::Waiting(sender))?;
        reply.await.unwrap_or(Err(JournalError::Closed))
    }

    /// Does what is queued, closes the files and ends the thread.
    pub(crate) async fn close(&self) {
        let (sender, closed) = oneshot::channel();
        if self.queue.send(Message::Close(sender)).await.is_ok() {
            // An error means that the thread has ended already.
            drop(closed.await);
        }
    }
}

/// The thread's own part.
struct Loop<B> {
    backend: B,
    waiting: mpsc::Receiver<Message>,
    /// Removals that could not be made and have nobody who would ask again. Each belongs to a mark that memory counts, so
    /// there are no more of them than marks.
    again: Vec<Sent>,
    /// The batch whose outcome is unknown.
    unknown: Option<Unknown>,
}

impl<B: Backend> Loop<B> {
    async fn run(mut self) {
        let mut messages = Vec::with_capacity(BATCH_COMMANDS_MAX);
        let mut closing: Vec<oneshot::Sender<()>> = Vec::new();
        loop {
            let more_may_come = self.receive(&mut messages).await;
            let mut batch = std::mem::take(&mut self.again);
            for message in messages.drain(..) {
                match message {
                    Message::Do(command, reply_to) => batch.push((command, reply_to)),
                    Message::Close(sender) => closing.push(sender),
                }
            }
            if !batch.is_empty() {
                self.commit(batch).await;
            } else if more_may_come && closing.is_empty() {
                self.idle().await;
            }
            if !closing.is_empty() {
                // What is queued is still received, nothing more is taken in.
                self.waiting.close();
            }
            if !more_may_come {
                break;
            }
        }
        // What cannot be found out now stays as it is: the next session takes over what stands.
        drop(self.settle().await);
        self.backend.close().await;
        for closed in closing {
            // Whoever closes may have gone away.
            let _ = closed.send(());
        }
    }

    /// Waits for messages, or for the time to try again; whether anybody can still send.
    async fn receive(&mut self, messages: &mut Vec<Message>) -> bool {
        let received = self.waiting.recv_many(messages, BATCH_COMMANDS_MAX);
        let patience =
            if self.again.is_empty() && self.unknown.is_none() { B::IDLE } else { Some(AGAIN_AFTER) };
        let more_may_come = match patience {
            Some(patience) => timeout(patience, received).await.map_or(true, |received| received > 0),
            None => received.await > 0,
        };
        more_may_come && self.receive_beside_unmarks(messages).await
    }

    /// Nobody waits for marks that are removed: alone they wait a little for a command whose commit they can share.
    async fn receive_beside_unmarks(&mut self, messages: &mut Vec<Message>) -> bool {
        if messages.is_empty() || !messages.iter().all(is_unmark) {
            return true;
        }
        let until = Instant::now() + UNMARK_WITHIN;
        while messages.len() < BATCH_COMMANDS_MAX && messages.iter().all(is_unmark) {
            let room = BATCH_COMMANDS_MAX - messages.len();
            match timeout_at(until, self.waiting.recv_many(messages, room)).await {
                Ok(0) => return false,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        true
    }

    async fn idle(&mut self) {
        match self.unknown {
            // Whoever sends the next command is told.
            Some(_) => drop(self.settle().await),
            None => self.backend.idle().await,
        }
    }

    /// Nothing is done before it is known what became of what was done before.
    async fn settle(&mut self) -> Result<(), JournalError> {
        let Some(unknown) = self.unknown.take() else { return Ok(()) };
        match self.backend.outcome().await {
            Ok(replies) => self.again.extend(unknown.settle(replies)),
            Err(error) => {
                self.unknown = Some(unknown);
                return Err(error);
            }
        }
        Ok(())
    }

    async fn commit(&mut self, batch: Vec<Sent>) {
        if let Err(error) = self.settle().await {
            return self.all_failed(batch, &error);
        }
        let batch = self.admit(batch).await;
        match self.execute(&batch).await {
            Ok(replies) => tell_all(batch, replies),
            Err(JournalError::Full { .. }) => self.commit_in_parts(batch).await,
            // One command must not fail the others.
            Err(error) if batch.len() > 1 && !error.concerns_all() => {
                for one in batch {
                    self.commit_one(one).await;
                }
            }
            Err(error) => self.not_done(batch, &error),
        }
    }

    /// Fails what there is no room for; gives the rest.
    async fn admit(&mut self, batch: Vec<Sent>) -> Vec<Sent> {
        let mut room = match self.backend.room().await {
            Ok(Some(room)) => room,
            Ok(None) => return batch,
            Err(error) => {
                self.all_failed(batch, &error);
                return Vec::new();
            }
        };
        let (admitted, refused) = batch.into_iter().partition(|(command, _)| room.take(command));
        self.all_failed(refused, &room.full());
        admitted
    }

    /// On a full disk a small transaction may still find the room that a large one does not. What leads to fewer
    /// marks goes first.
    async fn commit_in_parts(&mut self, batch: Vec<Sent>) {
        let mut batch = self.admit(batch).await;
        batch.sort_by_key(|(command, _)| pages_kept(command));
        let mut left = batch.into_iter();
        loop {
            let part: Vec<Sent> = left.by_ref().take(PART_COMMANDS).collect();
            match self.execute(&part).await {
                Ok(_) if part.is_empty() => return,
                Ok(replies) => tell_all(part, replies),
                Err(error) => {
                    self.not_done(part, &error);
                    return self.all_failed(left, &error);
                }
            }
        }
    }

    async fn execute(&mut self, batch: &[Sent]) -> Result<Vec<Reply>, JournalError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let commands: Vec<&Command> = batch.iter().map(|(command, _)| command).collect();
        self.backend.execute(&commands).await
    }

    async fn commit_one(&mut self, one: Sent) {
        let batch = vec![one];
        if let Err(error) = self.settle().await {
            return self.all_failed(batch, &error);
        }
        match self.execute(&batch).await {
            Ok(replies) => tell_all(batch, replies),
            Err(error) => self.not_done(batch, &error),
        }
    }

    /// The batch failed, or nobody knows.
    fn not_done(&mut self, batch: Vec<Sent>, error: &JournalError) {
        match error {
            JournalError::OutcomeUnknown { .. } => self.unknown = Some(Unknown::new(batch, error)),
            _ => self.all_failed(batch, error),
        }
    }

    fn all_failed(&mut self, batch: impl IntoIterator<Item = Sent>, error: &JournalError) {
        batch.into_iter().for_each(|one| self.failed(one, error.clone()));
    }

    fn failed(&mut self, (command, reply_to): Sent, error: JournalError) {
        if is_removal(&command) && !error.is_final() && matches!(reply_to, ReplyTo::Callback(_)) {
            tracing::debug!(%error, "a mark could not be removed from the journal; tried again");
            self.again.push((command, reply_to));
        } else {
            reply_to.tell(Err(error));
        }
    }
}

fn tell_all(batch: Vec<Sent>, replies: Vec<Reply>) {
    batch.into_iter().zip(replies).for_each(|((_, to), reply)| to.tell(Ok(reply)));
}

const fn is_unmark(message: &Message) -> bool {
    matches!(message, Message::Do(Command::Unmark { .. } | Command::UnmarkInside { .. }, _))
}

/// A row that should go and stays would block every change of the authority.
const fn is_removal(command: &Command) -> bool {
    matches!(
        command,
        Command::Unmark { .. }
            | Command::Leave { .. }
            | Command::UnmarkInside { .. }
            | Command::LeaveInside { .. }
            | Command::Clear { .. }
            | Command::GiveBack { .. }
            | Command::Bury { .. }
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::mpsc as channel;

    use tokio_test::task;

    use super::*;

    /// Does nothing but wait, before each commit, until it may go on; or fails.
    struct Slow {
        may_go_on: channel::Receiver<Result<(), JournalError>>,
    }

    impl Backend for Slow {
        async fn execute(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
            // The writer's thread: nothing else waits on it.
            self.may_go_on.recv().unwrap()?;
            Ok(batch.iter().map(|_| Reply::Done).collect())
        }

        async fn close(self) {}
    }

    type GoOn = channel::Sender<Result<(), JournalError>>;

    async fn slow() -> (Writer, GoOn) {
        let (go_on, may_go_on) = channel::channel();
        (Writer::start(|| async { Ok(Slow { may_go_on }) }).await.unwrap(), go_on)
    }

    /// Sends it, and gives what will be told.
    fn send(writer: &Writer, command: Command) -> channel::Receiver<Result<Reply, JournalError>> {
        let (tell, told) = channel::channel();
        writer
            .try_send(command, ReplyTo::Callback(Box::new(move |reply| tell.send(reply).unwrap())))
            .unwrap();
        told
    }

    #[tokio::test]
    async fn what_comes_after_the_wish_to_close_and_before_the_end_is_done() {
        let (writer, go_on) = slow().await;
        let first = send(&writer, Command::Status);
        let mut closing = task::spawn(writer.close());
        tokio_test::assert_pending!(closing.poll());
        let last = send(&writer, Command::Status);
        // Once a batch, and how many of them there are is the writer's choice: the rest is not received.
        (0..3).for_each(|_| drop(go_on.send(Ok(()))));
        for told in [first, last] {
            assert_eq!(told.recv().unwrap().unwrap(), Reply::Done);
        }
        closing.await;
    }

    /// Notes how many commands each commit has.
    struct Counting(channel::Sender<usize>);

    impl Backend for Counting {
        async fn execute(&mut self, batch: &[&Command]) -> Result<Vec<Reply>, JournalError> {
            self.0.send(batch.len()).unwrap();
            Ok(batch.iter().map(|_| Reply::Done).collect())
        }

        async fn close(self) {}
    }

    #[tokio::test]
    async fn a_mark_that_is_removed_waits_a_little_to_share_the_commit_of_the_next_command() {
        let (note, noted) = channel::channel();
        let writer = Writer::start(|| async { Ok(Counting(note)) }).await.unwrap();
        let unmark = || send(&writer, Command::Unmark { first: 1, rows: 1 });
        unmark().recv().unwrap().unwrap();
        assert_eq!(noted.recv().unwrap(), 1, "alone it is not kept waiting for ever");
        // What the writer has taken in already, and not by chance once.
        let shared = (0..1_000).any(|_| {
            let _told = unmark();
            while writer.queue.capacity() < QUEUE_COMMANDS_MAX {
                thread::yield_now();
            }
            send(&writer, Command::Status).recv().unwrap().unwrap();
            noted.recv().unwrap() == 2 || noted.recv().unwrap() == 2
        });
        assert!(shared);
    }

    #[tokio::test]
    async fn a_removal_from_a_damaged_file_is_given_up_and_told() {
        let (writer, go_on) = slow().await;
        let told = send(&writer, Command::Unmark { first: 1, rows: 1 });
        let damaged = JournalError::Corrupt { path: PathBuf::new(), detail: String::new() };
        go_on.send(Err(damaged)).unwrap();
        assert!(matches!(told.recv().unwrap(), Err(JournalError::Corrupt { .. })));
    }
}
