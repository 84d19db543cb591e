//! What goes on beside the window: the sync cycle, and noticing that something was written.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::Duration,
};

use behalf_core::{
    Result,
    desk::{Desk, view::SyncState},
};
use serde::{Deserialize, Serialize};
use tauri::AppHandle;
use tauri_specta::Event as _;

/// How often to ask whether anybody has written. One pragma; cheap enough to feel immediate.
const WATCH: Duration = Duration::from_millis(300);

/// The interval when the desk cannot say (D5).
const DEFAULT_INTERVAL: u32 = 60;

/// How the sync goes.
#[derive(Debug, Clone, Serialize, specta::Type, tauri_specta::Event)]
#[tauri_specta(event_name = "sync")]
pub struct Sync(pub SyncState);

/// This process or another has written: read again what is shown.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
#[tauri_specta(event_name = "changed")]
pub struct Changed;

/// Wakes the sync cycle.
#[derive(Debug, Clone)]
pub struct Nudge(SyncSender<()>);

impl Nudge {
    /// Starts a cycle now, or right after the one that runs.
    pub fn now(&self) {
        // Full: one is asked for already. Disconnected: the app is closing.
        let _ = self.0.try_send(());
    }
}

/// Starts both threads. They end with the process: whatever they leave half done is done again (E-03).
///
/// # Errors
/// When the system gives no thread.
pub fn start(app: &AppHandle, desk: &Arc<Desk>) -> std::io::Result<Nudge> {
    let (nudge, nudged) = mpsc::sync_channel(1);
    let (handle, syncing) = (app.clone(), Arc::clone(desk));
    thread::Builder::new().name("sync".into()).spawn(move || {
        sync_for_ever(&syncing, &nudged, &|state| {
            if let Err(error) = Sync(state).emit(&handle) {
                tracing::warn!(%error, "the window did not hear of the sync");
            }
        });
    })?;
    let (handle, watched) = (app.clone(), Arc::clone(desk));
    thread::Builder::new().name("watch".into()).spawn(move || {
        watch_for_ever(&|| watched.data_version(), &|| Changed.emit(&handle).is_ok());
    })?;
    Ok(Nudge(nudge))
}

/// One cycle after the other: at once, then every interval, or sooner when nudged.
fn sync_for_ever(desk: &Desk, nudged: &Receiver<()>, show: &dyn Fn(SyncState)) {
    loop {
        if let Err(error) = cycle(desk, show) {
            tracing::warn!(%error, "a sync cycle did not complete");
        }
        match desk.sync_state() {
            Ok(state) => show(state),
            Err(error) => tracing::warn!(%error, "the state of the sync is not known"),
        }
        let seconds = desk.sync_interval().unwrap_or(DEFAULT_INTERVAL).max(1);
        match nudged.recv_timeout(Duration::from_secs(seconds.into())) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// One full cycle.
fn cycle(_desk: &Desk, _show: &dyn Fn(SyncState)) -> Result<()> {
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
