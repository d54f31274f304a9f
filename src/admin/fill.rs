//! `POST /admin/fill/start`, `pause`, `resume` and `stop`.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::api::Api;
use super::ask::{Ask, json as json_body};
use super::problem::{Answer, Kind, Problem};
use crate::data::RecordStore;
use crate::fill::{Fill, FillControl, FillError};
use crate::journal::FillProgress;

type Run = Pin<Box<dyn Future<Output = Result<FillProgress, FillError>> + Send>>;
type Make = dyn Fn() -> (FillControl, Run) + Send + Sync;

/// Starts fills, one at a time.
pub(super) struct Desk {
    make: Box<Make>,
    state: Arc<Mutex<DeskState>>,
}

#[derive(Debug, Default)]
struct DeskState {
    /// Of the fill that runs.
    control: Option<FillControl>,
    paused: bool,
    /// How the last one ended.
    ended: Option<String>,
}

/// Says how a fill has ended, also when it panics.
struct Running {
    state: Arc<Mutex<DeskState>>,
    ended: String,
}

impl Running {
    fn end(mut self, ended: Result<FillProgress, FillError>) {
        self.ended = match ended {
            Ok(_) => "complete: the certificate is issued".into(),
            Err(error) => error.to_string(),
        };
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        (state.control, state.paused) = (None, false);
        state.ended = Some(std::mem::take(&mut self.ended));
    }
}

fn lock(state: &Mutex<DeskState>) -> MutexGuard<'_, DeskState> {
    // A panic elsewhere leaves a state that is whole.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    pub(super) fn new<L, T>(make: impl Fn() -> Fill<L, T> + Send + Sync + 'static) -> Self
    where
        L: RecordStore,
        T: RecordStore<Data = L::Data>,
    {
        let make = Box::new(move || {
            let fill = make();
            (fill.control(), Box::pin(fill.run()) as Run)
        });
        Self { make, state: Arc::default() }
    }

    /// For the status; how far it is, the journal knows.
    pub(super) fn shown(&self) -> Value {
        let state = lock(&self.state);
        json!({ "running": state.control.is_some(), "paused": state.paused, "ended": state.ended })
    }

    fn start(&self) -> Result<(), Problem> {
        let mut state = lock(&self.state);
        if state.control.is_some() {
            return Err(Problem::new(Kind::FILL_RUNS, "a fill is running: pause, resume or stop it"));
        }
        let (control, run) = (self.make)();
        (state.control, state.ended) = (Some(control), None);
        let running = Running { state: Arc::clone(&self.state), ended: "it panicked".into() };
        tokio::spawn(async move { running.end(run.await) });
        Ok(())
    }

    fn change(&self, change: &str) -> Result<(), Problem> {
        let mut state = lock(&self.state);
        let Some(control) = &state.control else {
            return Err(Problem::new(Kind::NO_FILL, "no fill is running: start one"));
        };
        match change {
            "pause" => control.pause(),
            "resume" => control.resume(),
            _ => control.stop(),
        }
        state.paused = change == "pause";
        Ok(())
    }
}

pub(super) async fn change_fill(
    State(api): State<Arc<Api>>,
    Path(change): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Problem> {
    if !["start", "pause", "resume", "stop"].contains(&&*change) {
        return Err(Problem::new(Kind::NOT_FOUND, "a fill can start, pause, resume and stop"));
    }
    let desk = api.fill.as_ref().ok_or_else(|| {
        Problem::new(Kind::NOT_CONNECTED, "the service has not given its fill to `Admin::fill`")
    })?;
    let asked = json_body::<Ask>(&headers, &body)?.asked()?;
    if change == "start" { desk.start() } else { desk.change(&change) }?;
    api.routing.0.audit(asked, format!("fill: {change}")).await;
    Ok(Answer(desk.shown()))
}
