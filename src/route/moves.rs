//! Does what the stage move decides: hold, drain, wait, commit, adopt.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::config::RoutingConfig;
use super::core::Core;
use super::handle::{Asked, SwapError};
use super::wanted::Wanted;
use crate::data::Stamp;
use crate::journal::{AuditEntry, Command, JournalError, Refusal, Reply};
use crate::protocol::{CommitRequest, Grounds, MoveEvent, MoveRefused, MoveRun, MoveStep};
use crate::stage::{Stage, Store};

/// How long to wait before asking again, for a clock that has not passed or a journal that does not answer.
const PAUSE: Duration = Duration::from_millis(2);

impl Core {
    /// Puts in force what is wanted, with a stage move when it names another stage.
    pub(super) async fn swap(&'static self, wanted: Wanted, asked: &Asked) -> Result<(), SwapError> {
        let _one_at_a_time = self.moving.lock().await;
        let mut config = wanted.config(&self.snapshot.load().config);
        config.check()?;
        let (from, to) = (self.stage(), config.stage);
        if from == to {
            self.publish(config);
            return Ok(());
        }
        if asked.force && asked.because.trim().is_empty() {
            return Err(SwapError::NoReason { to });
        }
        let status = self.journal.status().await?;
        let grounds = Grounds { certified: status.certificate.is_some(), forced: asked.force };
        let (run, step) = MoveRun::begin(from, to, grounds).map_err(|refused| match refused {
            MoveRefused::Illegal => SwapError::Illegal { from, to },
            MoveRefused::NoCertificate => SwapError::NoCertificate { to },
        })?;
        if from.holds_writes(to) && !run.gives_legacy_up() && status.marks.dead > 0 {
            return Err(SwapError::DeadLetters { to, letters: status.marks.dead });
        }
        if from.switches_authority(to) {
            self.check_ids(to)?;
            if to.authority() == Store::Target {
                self.without_target_writes.check(to)?;
            }
        }
        config.stage = to;
        let hold = self.snapshot.load().config.hold.max;
        let gives_legacy_up = run.gives_legacy_up();
        let start = Instant::now();
        let mut mover = Mover {
            core: self,
            from,
            to,
            asked,
            grounds,
            gives_legacy_up,
            start,
            hold,
            problem: None,
            holding: false,
        };
        mover.walk(run, step, config).await
    }
}

impl Core {
    /// A sequence that nobody hands over begins below the ids that legacy has given out, and would give them out again.
    fn check_ids(&self, to: Stage) -> Result<(), SwapError> {
        if self.ids.get().is_some() || !self.journal.gives_ids() {
            return Ok(());
        }
        let reason = "the journal gives ids, and nobody hands them over: call `RoutingHandle::hand_over_ids`";
        Err(SwapError::Ids { to, reason: reason.into() })
    }
}

/// One move while it runs.
struct Mover<'a> {
    core: &'static Core,
    from: Stage,
    to: Stage,
    asked: &'a Asked,
    grounds: Grounds,
    gives_legacy_up: bool,
    start: Instant,
    hold: Duration,
    problem: Option<SwapError>,
    /// Writes are held, and nobody but this lets them go on.
    holding: bool,
}

/// Stores and ids are asked while writes are held, and their code may panic: the writes then go on in the old stage.
impl Drop for Mover<'_> {
    fn drop(&mut self) {
        if self.holding {
            self.core.hold(false);
            self.core.stats.moves_given_up.one();
        }
    }
}

impl Mover<'_> {
    async fn walk(
        &mut self,
        mut run: MoveRun,
        mut step: MoveStep,
        config: RoutingConfig,
    ) -> Result<(), SwapError> {
        loop {
            let event = match step {
                MoveStep::Hold => self.hold(),
                MoveStep::Drain => self.drain().await,
                MoveStep::WaitForMarks => self.wait_for_marks().await,
                MoveStep::HoldRepairs => self.hold_repairs().await,
                MoveStep::HandOverIds => self.hand_over_ids().await,
                MoveStep::WaitForClock => self.wait_for_clock().await,
                MoveStep::Commit(request) => self.commit(request).await,
                MoveStep::AskCommitted => self.ask_committed().await,
                MoveStep::Adopt => {
                    self.adopt(config);
                    return Ok(());
                }
                MoveStep::KeepOld => return Err(self.keep_old()),
            };
            step = run.next(event);
        }
    }

    fn hold(&mut self) -> MoveEvent {
        let journal = self.core.journal.name();
        tracing::info!(journal, from = %self.from, to = %self.to, "holding writes for a stage move");
        self.core.hold(true);
        self.holding = true;
        MoveEvent::Held
    }

    async fn drain(&mut self) -> MoveEvent {
        match timeout_at(self.deadline(), self.core.gate.drain()).await {
            Ok(()) => MoveEvent::Drained,
            Err(_) => self.ran_out("writes planned before it are still running".into()),
        }
    }

    /// A repair may run on after its marks are gone: holding repairs waits for that.
    async fn wait_for_marks(&mut self) -> MoveEvent {
        let journal = &self.core.journal;
        self.core.gate.set_repairs_held(false);
        loop {
            if Instant::now() >= self.deadline() {
                return self.ran_out(format!("{} marks are left", journal.marks()));
            }
            // Those that stand for writes that follow, of which none is running: the commit comes behind this.
            journal.flush_standing();
            if journal.marks() == 0 {
                return MoveEvent::NoMarks;
            }
            if self.gives_legacy_up && self.only_dead_letters().await {
                return MoveEvent::Failed;
            }
            let progress = async {
                tokio::select! {
                    () = journal.changed() => {}
                    () = sleep(PAUSE) => {}
                }
            };
            if timeout_at(self.deadline(), progress).await.is_err() {
                return self.ran_out(format!("{} marks are left", journal.marks()));
            }
        }
    }

    /// Waiting is in vain: nobody tries the marks that are left.
    async fn only_dead_letters(&self) -> bool {
        let status = self.core.journal.status().await;
        status.is_ok_and(|status| status.marks.dead > 0 && status.marks.dead == status.marks.total())
    }

    async fn hold_repairs(&mut self) -> MoveEvent {
        self.core.gate.set_repairs_held(true);
        match timeout_at(self.deadline(), self.core.gate.drain()).await {
            Ok(()) => MoveEvent::RepairsHeld,
            Err(_) => self.ran_out("repairs are still running".into()),
        }
    }

    async fn hand_over_ids(&mut self) -> MoveEvent {
        let Some(ids) = self.core.ids.get() else {
            return MoveEvent::IdsHandedOver;
        };
        match timeout_at(self.deadline(), ids.to(self.to.authority())).await {
            Ok(Ok(())) => MoveEvent::IdsHandedOver,
            Ok(Err(reason)) => {
                self.problem = Some(SwapError::Ids { to: self.to, reason });
                MoveEvent::Failed
            }
            Err(_) => self.ran_out("the ids are not handed over".into()),
        }
    }

    /// The target's own writes must carry larger stamps than every copy before them; back on legacy, copies must
    /// carry larger ones than every write that the target made.
    async fn wait_for_clock(&mut self) -> MoveEvent {
        let passed = async {
            loop {
                let (last, target) = (self.core.journal.stamps().last(), self.target_clock().await?);
                match self.to.authority() {
                    Store::Legacy => return self.rise_above(target).await,
                    Store::Target if target > last => return Ok(()),
                    Store::Target => sleep(PAUSE).await,
                }
            }
        };
        match timeout_at(self.deadline(), passed).await {
            Ok(Ok(())) => MoveEvent::ClockPassed,
            Ok(Err(problem)) => self.ran_out(problem),
            Err(_) => self.ran_out("the target's clock is behind the stamps of copies".into()),
        }
    }

    async fn target_clock(&self) -> Result<Stamp, String> {
        let own = match self.core.clocks.get() {
            Some(clocks) => clocks.clock(Store::Target).await?,
            None => None,
        };
        Ok(own.unwrap_or_else(|| self.core.journal.now()))
    }

    async fn rise_above(&self, stamp: Stamp) -> Result<(), String> {
        let journal = &self.core.journal;
        journal.done(Command::ReserveStamps { upto: stamp }).await.map_err(|error| error.to_string())?;
        journal.stamps().resume(stamp);
        Ok(())
    }

    async fn commit(&mut self, request: CommitRequest) -> MoveEvent {
        // From here on only the journal knows which stage writes may go on in.
        self.holding = false;
        let journal = &self.core.journal;
        let command = Command::Commit {
            from: self.core.epoch(),
            request,
            everything: journal.next_row(),
            session: journal.session(),
            audit: self.audit(request),
        };
        match journal.call(command).await {
            Ok(Reply::Committed(epoch)) => {
                self.core.adopt_epoch(epoch);
                MoveEvent::Committed
            }
            Ok(Reply::Refused(Refusal::MarksLeft(_))) => {
                self.holding = true;
                // A row that memory has forgotten and the journal could not take out yet.
                sleep(PAUSE).await;
                MoveEvent::MarksLeft
            }
            Ok(Reply::Refused(refusal)) => {
                self.problem = Some(SwapError::Journal(JournalError::Refused(refusal)));
                MoveEvent::Failed
            }
            Ok(_) => MoveEvent::Failed,
            Err(error) => {
                self.problem = Some(SwapError::Journal(error));
                MoveEvent::CommitUnknown
            }
        }
    }

    async fn ask_committed(&mut self) -> MoveEvent {
        match self.core.journal.status().await {
            Ok(status) if status.epoch == self.core.epoch() => MoveEvent::NotCommitted,
            Ok(status) => {
                self.core.adopt_epoch(status.epoch);
                MoveEvent::Committed
            }
            // A closed journal answers nothing any more. Whichever stage was committed, no write goes to the wrong
            // store: in a stage that copies all are refused from here on, since none can be marked, and the only move
            // of a stage that does not, `off` -> `dual_write`, leaves the authority where it is. That stage then has
            // no certificate, and its first fill copies what `off` goes on to write.
            Err(JournalError::Closed) => MoveEvent::NotCommitted,
            Err(error) => {
                tracing::error!(%error, "a stage move waits for the journal to say whether it was committed");
                sleep(PAUSE * 50).await;
                MoveEvent::Failed
            }
        }
    }

    fn adopt(&mut self, config: RoutingConfig) {
        let (journal, epoch) = (self.core.journal.name(), self.core.epoch());
        tracing::info!(journal, from = %self.from, to = %self.to, epoch, "stage committed");
        if self.to == Stage::Off {
            // The commit made a mark on everything; until a fill has cleared it, nothing is clean.
            self.core.journal.dirty_everything();
            self.core.filled.store(false, Ordering::SeqCst);
        }
        let marks = self.core.journal.marks();
        if self.to == Stage::Complete && marks > 0 {
            tracing::warn!(marks, "legacy may differ where marks stand; nothing clears them any more");
        }
        self.core.publish(config);
        self.holding = false;
        self.core.hold(false);
        self.core.stats.moves.one();
    }

    fn keep_old(&mut self) -> SwapError {
        self.holding = false;
        self.core.hold(false);
        self.core.stats.moves_given_up.one();
        let problem = self.problem.take().unwrap_or(SwapError::Closed);
        let journal = self.core.journal.name();
        tracing::warn!(journal, from = %self.from, to = %self.to, %problem, "stage move given up");
        problem
    }

    fn ran_out(&mut self, what: String) -> MoveEvent {
        self.problem = Some(SwapError::HoldRanOut { to: self.to, held: self.start.elapsed(), what });
        MoveEvent::Failed
    }

    fn deadline(&self) -> Instant {
        self.start + self.hold
    }

    fn audit(&self, request: CommitRequest) -> AuditEntry {
        AuditEntry {
            at: self.core.journal.now(),
            who: self.asked.by.clone(),
            what: format!("stage {} -> {}{}", self.from, self.to, self.risk(request)),
            why: self.asked.because.clone(),
        }
    }

    /// What was forced, in words.
    fn risk(&self, request: CommitRequest) -> String {
        let mut risk = String::new();
        if self.grounds.forced && !self.grounds.certified {
            risk.push_str(", forced without the certificate");
        }
        let marks = self.core.journal.marks();
        if self.gives_legacy_up && !request.needs_no_marks && marks > 0 {
            risk.push_str(&format!(", forced with {marks} marks left: legacy may differ there"));
        }
        risk
    }
}

#[cfg(test)]
#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicI32;

    use super::*;
    use crate::journal::{Fate, Journal, scripted};
    use crate::route::RoutingHandle;

    /// A journal that does this with the second commit, and then does not answer so many questions about it.
    async fn journal(fate: Fate, silent: i32) -> Journal {
        let (commits, left) = (AtomicI32::new(0), Arc::new(AtomicI32::new(0)));
        let fate = move |command: &Command| match command {
            Command::Commit { .. } if commits.fetch_add(1, Ordering::SeqCst) == 1 => {
                left.store(silent, Ordering::SeqCst);
                fate
            }
            Command::Status if left.fetch_sub(1, Ordering::SeqCst) > 0 => Fate::NotDone,
            _ => Fate::Done,
        };
        scripted(fate).await
    }

    async fn move_to(routing: RoutingHandle, stage: Stage) -> Result<(), SwapError> {
        routing.move_to(stage, Asked::by("test", "trial")).await.map(drop)
    }

    #[tokio::test]
    async fn a_commit_that_was_made_and_not_heard_of_is_adopted_when_the_journal_answers() {
        let routing =
            RoutingHandle::open(&journal(Fate::Unheard, 2).await, RoutingConfig::default()).await.unwrap();
        move_to(routing, Stage::DualWrite).await.unwrap();
        move_to(routing, Stage::Shadow).await.unwrap();
        assert_eq!(routing.stage(), Stage::Shadow);
        assert_eq!(routing.status().await.unwrap().epoch, routing.0.epoch());
        move_to(routing, Stage::DualWrite).await.unwrap();
    }

    #[tokio::test]
    async fn a_commit_that_was_not_made_keeps_the_old_stage() {
        let routing =
            RoutingHandle::open(&journal(Fate::NotDone, 2).await, RoutingConfig::default()).await.unwrap();
        move_to(routing, Stage::DualWrite).await.unwrap();
        move_to(routing, Stage::Shadow).await.unwrap_err();
        assert_eq!((routing.stage(), routing.stats().moves_given_up), (Stage::DualWrite, 1));
        assert_eq!(routing.status().await.unwrap().epoch, routing.0.epoch());
        move_to(routing, Stage::Shadow).await.unwrap();
    }
}
