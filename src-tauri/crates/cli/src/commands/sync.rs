//! The sync cycle: once, or again and again until stopped.

use std::{
    io::{self, IsTerminal},
    sync::{Arc, Mutex, PoisonError},
};

use behalf_connect::agent::{self, News};
use behalf_core::{
    Error, Result,
    desk::{
        Desk,
        view::{SyncReport, SyncState},
    },
    sync::Relay,
};
use tokio::sync::Notify;

use super::Session;
use crate::{
    print::{self, Reply},
    relay, stop,
};

/// One full cycle.
pub fn once(s: &Session) -> Result<Reply> {
    let desk = s.open()?;
    let report = cycle(&desk)?;
    let state = desk.sync_state()?;
    Reply::new(&report, format!("{}\n{}.", told(&report), state.text))
}

/// One full cycle; on a terminal each state worth showing is a line on standard error.
pub fn cycle(desk: &Desk) -> Result<SyncReport> {
    let relay = relay::open(desk)?;
    let terminal = io::stderr().is_terminal();
    let mut last = String::new();
    desk.sync(relay.as_ref(), &mut |state: &SyncState| {
        if terminal && state.text != last {
            last.clone_from(&state.text);
            print::note(&state.text);
        }
    })
}

/// A cycle on the side of another command: where it fails, `otherwise` is said and the command goes on.
pub fn quietly(desk: &Desk, otherwise: &str) {
    if let Err(e) = cycle(desk) {
        tracing::warn!(error = %e, "no sync on the side");
        print::note(&format!("No sync now: {e} {otherwise}."));
    }
}

/// Cycle after cycle until Ctrl-C or SIGTERM, by the same loop the window runs. With `lines` each news is a line on
/// standard error for people; the agent only logs.
pub fn watch(s: &Session, lines: bool) -> Result<Reply> {
    let desk = Arc::new(s.open()?);
    let _claim = desk.claim()?;
    let relay: Arc<dyn Relay> = Arc::from(relay::open(&desk)?);
    let said = Mutex::new(String::new());
    let hear = Arc::new(move |news| {
        let line = match news {
            News::State(state) => state.text,
            News::Cycle(report) => {
                tracing::info!(?report, "cycle completed");
                return;
            }
            News::Failed(e) => {
                tracing::warn!(error = %e, "cycle failed");
                format!("{e} Will try again.")
            }
        };
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if lines && *said != line {
            print::note(&line);
            *said = line;
        }
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::io("threads"))?;
    let sum = runtime.block_on(async {
        let stop = stop::signal().map_err(Error::io("signals"))?;
        agent::run(desk, relay, Arc::new(Notify::new()), hear, stop).await
    })?;
    Reply::new(
        &sum,
        if lines {
            format!("Stopped. {}", told(&sum))
        } else {
            String::new()
        },
    )
}

fn told(r: &SyncReport) -> String {
    let mut text = format!(
        "Sent {}, received {}, merged {}, promoted {}.",
        r.pushed, r.pulled, r.merged, r.promoted
    );
    if r.quarantined > 0 {
        text += &format!(" Not applied: {}.", r.quarantined);
    }
    text
}
