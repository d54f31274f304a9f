//! For tests: random batches of commands, done by a durable journal and by the value that is the model of it.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::model::{AuditEntry, Command, FillProgress, Mark, MarkId, Reason, Reply, SessionId};
use super::state::JournalState;
use super::writer::Backend;
use crate::data::{Group, Key, Scope};
use crate::protocol::CommitRequest;
use crate::stage::Stage;

/// A journal that can be closed and opened again, and shows its marks.
pub(crate) trait Kept {
    type Backend: Backend;
    fn open(&mut self) -> impl Future<Output = Self::Backend>;
    /// Every mark, by row.
    fn marks(&mut self, backend: &mut Self::Backend) -> impl Future<Output = Vec<(MarkId, Mark)>>;
    /// Comes before each batch: what is done to it here must not show.
    fn disturb(&mut self, _by: u8) {}
}

/// Random numbers that become a command once it is known which rows and sessions there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    kind: u8,
    numbers: [u8; 5],
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// How it is disturbed, and its commands.
    Batch(u8, Vec<Draw>),
    Reopen,
}

fn draw() -> impl Strategy<Value = Draw> {
    (0..KINDS, any::<[u8; 5]>()).prop_map(|(kind, numbers)| Draw { kind, numbers })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (any::<u8>(), prop::collection::vec(draw(), 1..24)).prop_map(|(by, draws)| Step::Batch(by, draws)),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..40)
}

/// Rows are numbered once, as the journal does; everything else collides.
struct Commands {
    next: MarkId,
    draw: Draw,
}

const KINDS: u8 = 44;

impl Commands {
    fn below(&self, number: usize, below: u64) -> u64 {
        u64::from(self.draw.numbers[number]) % below
    }

    fn time(&self, number: usize) -> i64 {
        self.below(number, 40).cast_signed()
    }

    fn new_rows(&mut self, rows: u64) -> MarkId {
        self.next += rows;
        self.next - rows
    }

    /// One of the newest rows, or one that there is not yet.
    fn row(&self, number: usize) -> MarkId {
        (self.next + 1).saturating_sub(self.below(number, 24))
    }

    fn rows(&self) -> Vec<MarkId> {
        (1..5).map(|number| self.row(number)).collect()
    }

    fn scope(&self, number: usize) -> Scope {
        match self.below(number, 8) {
            0 => Scope::Everything,
            n @ 1..=2 => Group::new(&n).into(),
            n => Key::new(&(n % 2), &["%", "/", "é"][n as usize % 3].to_owned()).into(),
        }
    }

    /// Another one for each row of a write of many.
    fn scope_of_row(&self, row: usize) -> Scope {
        if row < 5 { self.scope(row) } else { Key::new(&2_u64, &(row as u64)).into() }
    }

    /// Mostly the committed one.
    fn epoch(&self, state: &JournalState) -> u64 {
        match self.below(3, 12) {
            0 => state.status().epoch + 1,
            1..=2 => state.status().epoch - 1,
            _ => state.status().epoch,
        }
    }

    fn reason(&self) -> Reason {
        Reason::ALL[self.below(2, 8) as usize]
    }

    fn audit(&self) -> AuditEntry {
        AuditEntry {
            at: self.time(0),
            who: "me".into(),
            what: self.below(1, 9).to_string(),
            why: "'; --".into(),
        }
    }

    fn progress(&self, state: &JournalState) -> FillProgress {
        FillProgress {
            after: Some(self.below(0, 9).to_string()),
            copied: self.below(1, 9),
            voids: state.status().voids + u64::from(self.below(2, 4) == 0),
            ..FillProgress::default()
        }
    }

    fn command(&mut self, state: &JournalState, session: u64) -> Command {
        match self.draw.kind {
            0..=1 => Command::Open {
                now: self.time(0),
                late_bound: self.time(1),
                continues_unrecorded: self.below(2, 2) == 0,
            },
            2 => Command::Close { session },
            3..=11 => self.mark_command(state, session),
            12..=20 => self.end_command(session),
            21..=29 => self.claim_command(state, session),
            30..=33 => self.stage_command(state, session),
            34 => Command::ReserveStamps { upto: self.time(0) },
            35 => Command::TakeIds { sequence: self.below(0, 2).to_string(), count: self.below(1, 5) },
            36 => Command::RaiseIds { sequence: self.below(0, 2).to_string(), above: self.below(1, 50) },
            37 => Command::Audit { entry: self.audit() },
            38 => Command::ListAudit { limit: self.below(0, 5) },
            39 => Command::ListScopes,
            40..=42 => self.inside_command(session),
            _ => Command::Status,
        }
    }

    fn mark_command(&mut self, state: &JournalState, session: u64) -> Command {
        let rows = [1, 1, 1, 2, 3, 70][self.below(2, 6) as usize];
        Command::Mark {
            session,
            epoch: self.epoch(state),
            first: self.new_rows(rows),
            scopes: (0..rows as usize).map(|row| self.scope_of_row(row)).collect(),
            now: self.time(0),
        }
    }

    fn end_command(&mut self, session: u64) -> Command {
        let (first, rows) = (self.row(0), [0, 1, 1, 1, 2, 5][self.below(1, 6) as usize]);
        match self.draw.kind {
            12..=15 => Command::Unmark { first, rows },
            16..=18 => Command::Leave {
                first,
                rows,
                narrowed: (self.below(4, 3) == 0).then(|| self.scope(4)),
                not_before: self.time(3),
                reason: self.reason(),
            },
            _ => Command::MarkLeft {
                session,
                id: self.new_rows(1),
                scope: self.scope(0),
                not_before: self.time(1),
                reason: self.reason(),
                now: self.time(3),
            },
        }
    }

    /// Where no transaction has made what they name.
    fn inside_command(&mut self, session: u64) -> Command {
        match self.draw.kind {
            40 => Command::UnmarkInside { first: self.row(0), rows: self.below(1, 4) },
            41 => Command::AdoptInside { before: self.time(0), now: self.time(1) },
            _ => Command::LeaveInside {
                inside: (self.below(4, 2) == 0).then(|| self.row(0)),
                session,
                id: self.new_rows(1),
                scope: self.scope(1),
                not_before: self.time(2),
                reason: self.reason(),
                now: self.time(3),
            },
        }
    }

    fn claim_command(&mut self, state: &JournalState, session: u64) -> Command {
        let claim = self.below(0, 3);
        let now = self.time(1);
        match self.draw.kind {
            21..=23 => Command::Claim {
                session,
                epoch: self.epoch(state),
                claim,
                now,
                lease_until: now + self.below(2, 20).cast_signed(),
                late_bound: self.below(3, 9).cast_signed(),
                limit: self.below(4, 9),
                everything: self.below(4, 4) == 0,
            },
            24 => Command::Clear { claim, ids: self.rows() },
            25..=26 => {
                Command::GiveBack { claim, ids: self.rows(), not_before: now, failed: self.below(2, 2) == 0 }
            }
            27 => Command::Bury { claim, ids: self.rows(), not_before: now },
            28 => Command::RetryDead { scope: self.scope(2), now },
            _ => Command::ListDead { limit: self.below(2, 4) },
        }
    }

    fn stage_command(&mut self, state: &JournalState, session: u64) -> Command {
        match self.draw.kind {
            30..=31 => Command::Commit {
                from: self.epoch(state),
                request: CommitRequest {
                    to: *Stage::ALL.get(self.below(0, 12) as usize).unwrap_or(&Stage::Canary),
                    needs_no_marks: self.below(1, 2) == 0,
                    marks_everything: self.below(2, 3) == 0,
                },
                everything: self.new_rows(1),
                session,
                audit: self.audit(),
            },
            32 if self.below(4, 2) == 0 => Command::SaveFill { progress: self.progress(state) },
            32 => Command::Certify { now: self.time(0), progress: self.progress(state) },
            _ => Command::Void {
                session,
                everything: self.new_rows(1),
                not_before: self.time(0),
                now: self.time(1),
            },
        }
    }
}

/// The model, and the commands that it has been given so far.
struct Run {
    model: JournalState,
    session: SessionId,
    next: MarkId,
}

impl Run {
    fn batch(&mut self, draws: &[Draw]) -> (Vec<Command>, Vec<Reply>) {
        draws.iter().map(|draw| self.one(*draw)).unzip()
    }

    fn one(&mut self, draw: Draw) -> (Command, Reply) {
        let mut commands = Commands { next: self.next, draw };
        // Now and then a session that has ended.
        let session = self.session - u64::from(commands.below(4, 10) == 0);
        let command = commands.command(&self.model, session);
        self.next = commands.next;
        let reply = self.model.apply(&command);
        if let Reply::Opened(opened) = &reply {
            self.session = opened.session;
        }
        (command, reply)
    }
}

/// A session in a stage that copies, so that most commands have something to do.
fn begun() -> [Command; 2] {
    let open = Command::Open { now: 0, late_bound: 0, continues_unrecorded: false };
    let commit = Command::Commit {
        from: 1,
        request: CommitRequest { to: Stage::DualWrite, needs_no_marks: false, marks_everything: false },
        everything: 0,
        session: 1,
        audit: AuditEntry { at: 0, who: String::new(), what: String::new(), why: String::new() },
    };
    [open, commit]
}

/// Runs random steps on so many new journals.
pub(crate) fn check<K: Kept>(cases: u32, runtime: &tokio::runtime::Runtime, mut new: impl FnMut() -> K) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let new = std::cell::RefCell::new(&mut new);
    let checked = TestRunner::new(config).run(&steps(), |steps| {
        let kept = (*new.borrow_mut())();
        runtime.block_on(does_what_the_model_does(kept, steps))
    });
    if let Err(failed) = checked {
        panic!("{failed}");
    }
}

async fn does_what_the_model_does<K: Kept>(mut kept: K, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut journal = kept.open().await;
    let mut run = Run { model: JournalState::default(), session: 1, next: 1 };
    for command in begun() {
        prop_assert_eq!(journal.execute(&[&command]).await.unwrap(), [run.model.apply(&command)]);
    }
    for step in steps {
        match step {
            Step::Reopen => {
                journal.close().await;
                journal = kept.open().await;
            }
            Step::Batch(by, draws) => {
                let (commands, expected) = run.batch(&draws);
                let batch: Vec<&Command> = commands.iter().collect();
                kept.disturb(by);
                let replies = journal.execute(&batch).await.unwrap();
                for ((command, reply), expected) in commands.iter().zip(replies).zip(expected) {
                    prop_assert_eq!(reply, expected, "{:?}", command);
                }
            }
        }
        let marks: Vec<_> = run.model.marks().clone().into_iter().collect();
        prop_assert_eq!(kept.marks(&mut journal).await, marks);
        let status = journal.execute(&[&Command::Status]).await.unwrap();
        prop_assert_eq!(status, [Reply::Status(Box::new(run.model.status()))]);
    }
    journal.close().await;
    Ok(())
}

/// More lines than the audit log keeps, and what the model has of them in the end.
pub(crate) fn too_many_audit_lines() -> (Vec<Command>, Vec<Reply>) {
    let mut model = JournalState::default();
    let line = |at| AuditEntry { at, who: String::new(), what: String::new(), why: String::new() };
    let lines: Vec<Command> = (0..super::state::AUDIT_LINES_MAX as i64 + 3)
        .map(|at| Command::Audit { entry: line(at) })
        .chain([Command::ListAudit { limit: u64::MAX }])
        .collect();
    let expected = lines.iter().map(|line| model.apply(line)).collect();
    (lines, expected)
}
