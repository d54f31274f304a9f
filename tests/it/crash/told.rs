//! Starts a child, kills it, and judges the stores by what it had told.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crossfade::route::Stage;
use crossfade::test_util::{Number, NumberKey};

use super::child::{FOLDER, PLAN, Plan};

/// How long a child may take to tell what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that is killed at the latest when its test ends.
struct Mortal(Child);

impl Drop for Mortal {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A child that runs.
pub(super) struct Running {
    child: Mortal,
    lines: Receiver<String>,
    told: Told,
}

/// What a child told before its end.
#[derive(Debug, Default)]
pub(super) struct Told {
    keys: BTreeMap<NumberKey, KeyTold>,
    pub(super) acked: usize,
    pub(super) pages: u64,
    /// The stage of the last move that was told to be over, and of one that was not.
    moved: Option<Stage>,
    moving: Option<Stage>,
}

/// The values that a key may have; 0 stands for none.
#[derive(Debug, Default)]
struct KeyTold {
    acked: Option<u64>,
    begun_since: BTreeSet<u64>,
}

impl Running {
    pub(super) fn start(folder: &Path, plan: Plan, stage: Stage) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child::child", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .env(PLAN, format!("{plan:?} {stage}"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut child = Mortal(child);
        let (sender, lines) = channel();
        let out = BufReader::new(child.0.stdout.take().unwrap());
        std::thread::spawn(move || {
            out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line).map_err(drop))
        });
        Self { child, lines, told: Told::default() }
    }

    /// Waits until the child has told enough.
    pub(super) fn until(mut self, enough: impl Fn(&str, &Told) -> bool) -> Self {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("the child went silent");
            self.told.note(&line);
            if enough(&line, &self.told) {
                return self;
            }
        }
    }

    pub(super) fn until_ready(self) -> Self {
        self.until(|line, _| line.ends_with("@ ready"))
    }

    /// SIGKILL after this long; gives all that the child had told by then.
    pub(super) fn kill_after(mut self, time: Duration) -> Told {
        std::thread::sleep(time);
        assert!(self.child.0.try_wait().unwrap().is_none(), "the child ended by itself");
        drop(self.child);
        self.lines.iter().for_each(|line| self.told.note(&line));
        self.told
    }
}

impl Told {
    fn note(&mut self, line: &str) {
        // The test runner's own words may stand before the first line.
        let Some((_, words)) = line.split_once("@ ") else { return };
        let words: Vec<&str> = words.split(' ').collect();
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        let key = |at: usize| (number(at) as i64, number(at + 1) as i64);
        match words[0] {
            "begun" => drop(self.keys.entry(key(1)).or_default().begun_since.insert(number(3))),
            "acked" => {
                self.acked += 1;
                let key = self.keys.entry(key(1)).or_default();
                (key.acked, key.begun_since) = (Some(number(3)), BTreeSet::new());
            }
            "pages" => self.pages = number(1),
            "moving" => self.moving = words[1].parse().ok(),
            "moved" => (self.moved, self.moving) = (words[1].parse().ok(), None),
            _ => {}
        }
    }

    /// The last acknowledged write of each key is there, or one that began after it.
    pub(super) fn assert_kept(&self, records: &[(NumberKey, Number)], when: &str) {
        for (key, told) in &self.keys {
            let found = records.iter().find(|(of, _)| of == key).map_or(0, |(_, record)| record.version);
            let kept = told.acked.is_none_or(|acked| acked == found) || told.begun_since.contains(&found);
            assert!(kept, "{when}: {key:?} holds {found}, told was {told:?}");
        }
    }

    /// The stage of the last move, or of the one that ran.
    pub(super) fn assert_stage(&self, stage: Stage, before: Stage, when: &str) {
        let last = self.moved.unwrap_or(before);
        assert!(stage == last || Some(stage) == self.moving, "{when}: {stage}, but {last} was committed");
    }

    pub(super) fn last_acked(&self) -> impl Iterator<Item = (NumberKey, Option<u64>)> + '_ {
        let sure = self.keys.iter().filter(|(_, told)| told.begun_since.is_empty());
        sure.filter_map(|(key, told)| told.acked.map(|acked| (*key, (acked > 0).then_some(acked))))
    }
}
