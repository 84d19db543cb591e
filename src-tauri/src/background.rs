//! What goes on beside the window: the agent that keeps the replica in touch, and noticing that something was written.

use std::{
    future,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use behalf_connect::agent::{self, News};
use behalf_core::{
    Result,
    desk::{Desk, view::SyncState},
};
use serde::{Deserialize, Serialize};
use tauri::{
    AppHandle,
    async_runtime::{spawn, spawn_blocking},
};
use tauri_specta::Event as _;
use tokio::{sync::Notify, time::timeout};

/// How often to ask whether anybody has written. One pragma; cheap enough to feel immediate.
const WATCH: Duration = Duration::from_millis(300);

/// How long until the agent is started again, when it could not run or another process runs it.
const AGAIN: Duration = Duration::from_secs(10);

/// How the sync goes.
#[derive(Debug, Clone, Serialize, specta::Type, tauri_specta::Event)]
#[tauri_specta(event_name = "sync")]
pub struct Sync(pub SyncState);

/// This process or another has written: read again what is shown.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
#[tauri_specta(event_name = "changed")]
pub struct Changed;

/// The agent as the commands see it.
#[derive(Clone, Default)]
pub struct Agent {
    nudge: Arc<Notify>,
    /// What it said last.
    last: Arc<Mutex<Option<SyncState>>>,
}

impl Agent {
    /// Starts a cycle now, or right after the one that runs.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// The state of the sync; only the agent knows when the next cycle starts.
    pub fn complete(&self, state: SyncState) -> SyncState {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let next = last.as_ref().and_then(|last| last.next.clone());
        SyncState {
            next: state.next.or(next),
            ..state
        }
    }

    fn remember(&self, state: &SyncState) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(state.clone());
    }
}

/// Starts the agent and the watch. They end with the process: whatever they leave half done is done again (E-03).
///
/// # Errors
/// When the system gives no thread.
pub fn start(app: &AppHandle, desk: &Arc<Desk>) -> std::io::Result<Agent> {
    let agent = Agent::default();
    spawn(keep_in_touch(app.clone(), Arc::clone(desk), agent.clone()));
    let (app, desk) = (app.clone(), Arc::clone(desk));
    thread::Builder::new().name("watch".into()).spawn(move || {
        watch_for_ever(&|| desk.data_version(), &|| Changed.emit(&app).is_ok());
    })?;
    Ok(agent)
}

/// Runs the agent, and runs it again when it had to give up. Where another process keeps this replica in touch
/// (`behalf agent`), the window leaves it to that one and takes over when it ends.
async fn keep_in_touch(app: AppHandle, desk: Arc<Desk>, agent: Agent) {
    let (heard, teller) = (agent.clone(), app.clone());
    let tell = move |state: SyncState| {
        heard.remember(&state);
        if let Err(error) = Sync(state).emit(&teller) {
            tracing::warn!(%error, "the window did not hear of the sync");
        }
    };
    let tell = Arc::new(tell);
    loop {
        let hearer = Arc::clone(&tell);
        let hear = Arc::new(move |news| match news {
            News::State(state) => hearer(state),
            News::Cycle(report) => tracing::debug!(?report, "a sync cycle completed"),
            News::Failed(error) => tracing::warn!(%error, "a sync cycle did not complete"),
        });
        if let Err(error) = run_agent(&desk, &agent, hear).await {
            tracing::warn!(%error, "the agent does not run here");
            if error.code() == behalf_core::Code::Internal {
                tell(SyncState {
                    text: error.to_string(),
                    state: "blocked".into(),
                    waiting: 0,
                    last: None,
                    next: None,
                });
            }
        }
        // A nudge tries again at once.
        let _ = timeout(AGAIN, agent.nudge.notified()).await;
    }
}

/// Claims the background work of this replica and does it; returns only when it cannot go on.
async fn run_agent(
    desk: &Arc<Desk>,
    agent: &Agent,
    hear: Arc<dyn Fn(News) + Send + std::marker::Sync>,
) -> Result<()> {
    let asked = Arc::clone(desk);
    let prepared = spawn_blocking(move || {
        let claim = asked.claim()?;
        let relay = behalf_connect::relay(&asked.relay_address()?)?;
        Ok((claim, relay))
    });
    let (_claim, relay) = prepared.await.unwrap_or_else(|error| {
        Err(behalf_core::Error::unavailable(
            format!("The agent was cut off: {error}"),
            "",
        ))
    })?;
    let nudge = Arc::clone(&agent.nudge);
    agent::run(Arc::clone(desk), Arc::from(relay), nudge, hear, future::pending()).await?;
    Ok(())
}

/// Calls `tell` whenever `version` differs from what it was; ends when nobody listens any more.
fn watch_for_ever(version: &dyn Fn() -> Result<i64>, tell: &dyn Fn() -> bool) {
    let mut last = None;
    loop {
        match version() {
            Ok(now) => {
                if last.replace(now).is_some_and(|before| before != now) && !tell() {
                    return;
                }
            }
            Err(error) => tracing::warn!(%error, "whether anything changed is not known"),
        }
        thread::sleep(WATCH);
    }
}
