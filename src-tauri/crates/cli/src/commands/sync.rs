//! The sync cycle: once, or again and again until stopped.

use std::{
    io::{self, IsTerminal},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use behalf_connect::{
    agent::{self, News},
    relay,
};
use behalf_core::{
    Error, Result,
    desk::{
        Desk,
        view::{SyncReport, SyncState},
    },
};

use super::Session;
use crate::{
    print::{self, Reply},
    stop::Stop,
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
    let relay = relay(&desk.relay_address()?)?;
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

/// How often a wish to stop is looked for.
const LOOK: Duration = Duration::from_millis(100);

/// Cycle after cycle until Ctrl-C or SIGTERM: every interval (D5), and soon after something is new here or there.
/// `lines` prints what happens for people; the agent only logs.
pub fn watch(s: &Session, lines: bool) -> Result<Reply> {
    let stop = Stop::listen()?;
    let desk = Arc::new(s.open()?);
    let _claim = desk.claim()?;
    let relay = Arc::from(relay(&desk.relay_address()?)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(Error::io("the async runtime"))?;
    let last = Mutex::new(String::new());
    let hear = move |news| {
        let line = match news {
            News::Cycle(report) if report == SyncReport::default() => return,
            News::Cycle(report) => {
                tracing::info!(?report, "cycle completed");
                told(&report)
            }
            News::Failed(e) => format!("No sync now: {e} Will try again."),
            News::State(state) if state.state == "busy" => return,
            News::State(state) => format!("{}.", state.text.trim_end_matches('.')),
        };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if lines && *last != line {
            print::note(&line);
            *last = line;
        }
    };
    let stopped = async {
        while !stop.asked() {
            tokio::time::sleep(LOOK).await;
        }
    };
    let sum = runtime.block_on(agent::run(desk, relay, Arc::default(), Arc::new(hear), stopped))?;
    let text = if lines {
        format!("Stopped. {}", told(&sum))
    } else {
        String::new()
    };
    Reply::new(&sum, text)
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
