//! The sync cycle: once, or again and again until stopped.

use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use behalf_core::{
    Code, Result,
    desk::{
        Desk,
        view::{SyncReport, SyncState},
    },
};

use super::Session;
use crate::{
    print::{self, Reply},
    relay,
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

/// How often a change of this replica is looked for between cycles.
const LOOK: Duration = Duration::from_millis(500);

/// Cycle after cycle until Ctrl-C or SIGTERM: every interval (D5), and soon after something was done here.
/// `lines` prints one line a cycle for people; the agent only logs.
pub fn watch(s: &Session, lines: bool) -> Result<Reply> {
    let stop = Stop::listen()?;
    let desk = s.open()?;
    let mut sum = SyncReport {
        pushed: 0,
        pulled: 0,
        merged: 0,
        quarantined: 0,
        promoted: 0,
        receipts: 0,
    };
    let mut last_line = String::new();
    while !stop.asked() {
        let line = match cycle(&desk) {
            Ok(report) => {
                add(&mut sum, &report);
                tracing::info!(?report, "cycle completed");
                format!("{} {}.", told(&report), desk.sync_state()?.text)
            }
            // Away for now, or not allowed: the next cycle tries again. A fault of ours is not waited out.
            Err(e) if e.code() != Code::Internal => {
                tracing::warn!(error = %e, "cycle failed");
                format!("No sync now: {e} Will try again.")
            }
            Err(e) => return Err(e),
        };
        if lines && line != last_line {
            print::note(&line);
            last_line = line;
        }
        // Own work was counted in this cycle: only what comes later is news.
        let before = desk.data_version()?;
        let interval = Duration::from_secs(u64::from(desk.sync_interval()?.max(1)));
        let started = Instant::now();
        while !stop.wait(LOOK.min(interval)) && started.elapsed() < interval {
            if desk.data_version()? != before {
                break;
            }
        }
    }
    Reply::new(
        &sum,
        if lines {
            format!("Stopped. {}", told(&sum))
        } else {
            String::new()
        },
    )
}

fn add(sum: &mut SyncReport, one: &SyncReport) {
    sum.pushed += one.pushed;
    sum.pulled += one.pulled;
    sum.merged += one.merged;
    sum.quarantined += one.quarantined;
    sum.promoted += one.promoted;
    sum.receipts += one.receipts;
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
