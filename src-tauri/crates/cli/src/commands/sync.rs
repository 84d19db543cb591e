//! The sync cycle: once, or again and again until stopped.

use std::{
    io::{self, IsTerminal},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
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

use super::{Session, people};
use crate::{
    print::{self, Reply},
    stop::Stop,
};

/// One full cycle.
pub fn once(s: &Session) -> Result<Reply> {
    let desk = s.open()?;
    let report = cycle(&desk)?;
    let state = desk.sync_state()?;
    let mut text = told(&report);
    let mailboxes = desk.me()?.mailboxes;
    let ended = mailboxes.iter().filter_map(|m| Some((&m.id, m.ended.as_ref()?)));
    let ended: Vec<_> = ended
        .map(|(of, at)| format!("\nYour access to the mailbox of {of} ended at {at}."))
        .collect();
    // Where there is nothing else to say, that is what matters.
    if ended.is_empty() || state.text != "Up to date" {
        text += &format!("\n{}.", state.text.trim_end_matches('.'));
    }
    text += &ended.concat();
    for mailbox in mailboxes {
        if let Some(uncompared) = mailbox.uncompared {
            let of = mailbox.id;
            let (with, differ) = match mailbox.mine {
                true => (
                    "on your other device".to_owned(),
                    "delete this data folder, and set this device up in a new one".to_owned(),
                ),
                false => (
                    format!("with {of}, best by telephone"),
                    format!("behalf invite reject {of}"),
                ),
            };
            text += &format!(
                "\nCompare the words {with}: {}\nIf they match:  behalf invite match {of}\nIf they differ: {differ}",
                uncompared.words
            );
        }
    }
    Reply::new(&report, text + &people::news(&desk)?)
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

/// How often a replica is tried whose key cannot be had.
const UNLOCKED: Duration = Duration::from_secs(5);

/// How often the agent says how it is, when nothing changes.
const HEALTH: Duration = Duration::from_secs(600);

/// Cycle after cycle until Ctrl-C or SIGTERM: every interval (D5), and soon after something is new here or there.
/// `lines` prints every cycle that did something; the agent says how it is, on change and now and then.
pub fn watch(s: &Session, lines: bool) -> Result<Reply> {
    let stop = Stop::listen()?;
    let Some(desk) = open_in_time(s, &stop)? else {
        return Reply::new(&SyncReport::default(), String::new());
    };
    let desk = Arc::new(desk);
    let _claim = desk.claim()?;
    let relay = Arc::from(relay(&desk.relay_address()?)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(Error::io("the async runtime"))?;
    let health = Mutex::new(Health::default());
    let hear = move |news| {
        let mut health = health.lock().unwrap_or_else(PoisonError::into_inner);
        match news {
            News::Cycle(report) => {
                health.sum += report;
                health.reason.clear();
                if lines && report != SyncReport::default() {
                    print::note(&told(&report));
                }
            }
            News::Failed(e) => health.reason = e.to_string(),
            News::State(state) if state.state == "busy" => {}
            News::State(state) => {
                let line = health.line(&state);
                if health.is_news(&line, (!lines).then_some(HEALTH)) {
                    let since = if lines {
                        String::new()
                    } else {
                        format!(" Since the start: {}", told(&health.sum))
                    };
                    print::note(&format!("{line}{since}"));
                }
            }
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

/// Opens the replica, and waits while its key cannot be had: a keychain is unlocked when somebody logs in. `None` when
/// it was stopped before.
fn open_in_time(s: &Session, stop: &Stop) -> Result<Option<Desk>> {
    let mut said = String::new();
    while !stop.asked() {
        match s.open() {
            Err(e) if e.to_string().starts_with("Blocked") => {
                if said != e.to_string() {
                    said = e.to_string();
                    print::note(&format!("{said} {} Will try again.", e.hint()));
                }
                let until = Instant::now() + UNLOCKED;
                while Instant::now() < until && !stop.asked() {
                    std::thread::sleep(LOOK);
                }
            }
            opened => return opened.map(Some),
        }
    }
    Ok(None)
}

/// How a replica that runs in the background is.
#[derive(Default)]
struct Health {
    sum: SyncReport,
    /// Why the last cycle did not complete.
    reason: String,
    said: Option<(String, Instant)>,
}

impl Health {
    /// How it is, in a line.
    fn line(&self, state: &SyncState) -> String {
        let text = state.text.trim_end_matches('.');
        match self.reason.trim_end_matches('.') {
            "" => format!("{text}."),
            reason if text.contains(reason) => format!("{text}."),
            reason => format!("{text}: {reason}. Will try again."),
        }
    }

    /// True when the line was not said last, or `again` ago.
    fn is_news(&mut self, line: &str, again: Option<Duration>) -> bool {
        let known = self
            .said
            .as_ref()
            .is_some_and(|(said, at)| said == line && again.is_none_or(|again| at.elapsed() < again));
        if !known {
            self.said = Some((line.to_owned(), Instant::now()));
        }
        !known
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_health_line_is_said_on_change_and_now_and_then() {
        let mut health = Health::default();
        let state = |text: &str| SyncState {
            text: text.into(),
            state: "idle".into(),
            waiting: 0,
            last: None,
            next: None,
        };
        let line = health.line(&state("Up to date"));
        assert_eq!(line, "Up to date.");
        assert!(health.is_news(&line, Some(HEALTH)));
        assert!(!health.is_news(&line, Some(HEALTH)) && !health.is_news(&line, None));
        assert!(health.is_news(&line, Some(Duration::ZERO)));
        health.reason = "nats://a does not answer.".into();
        let offline = health.line(&state("Offline, 2 saved on this computer"));
        assert_eq!(
            offline,
            "Offline, 2 saved on this computer: nats://a does not answer. Will try again."
        );
        assert!(health.is_news(&offline, Some(HEALTH)));
        health.reason = "Blocked: folder missing. /x is not there.".into();
        let blocked = state("Blocked: folder missing. /x is not there.");
        assert_eq!(health.line(&blocked), blocked.text, "said once");
    }
}
