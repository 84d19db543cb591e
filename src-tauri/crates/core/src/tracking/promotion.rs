//! How promotion went, and when it is tried again (H-04). Pure.
//!
//! The owner's replica promotes, against the CRM its owner sees. What it finds is one register of the item's document,
//! so that everybody is told by the same means as of everything else; only the owner's devices write it. An outcome is
//! about one decision: a new one makes it void.

use serde::{Deserialize, Serialize};

use crate::{model::Time, replica::Contents};

/// The register of how promotion went.
pub const OUTCOME: &str = "promotion";
/// The register by which a person asks for another attempt.
pub const RETRY: &str = "retry";

const MINUTE: i64 = 60 * 1000;
/// How long it is waited after each attempt that failed, in milliseconds; after one more it is given up.
const WAITS: [i64; 4] = [MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE];
/// How many attempts are made without being asked.
pub const ATTEMPTS: u32 = WAITS.len() as u32 + 1;

/// How an attempt to promote went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The operation whose decision was to be promoted.
    #[serde(rename = "d")]
    pub decision: String,
    /// Which attempt it was, from one.
    #[serde(rename = "n")]
    pub attempt: u32,
    /// When, by the owner's clock.
    #[serde(rename = "a")]
    pub at: Time,
    /// What stood in the way; `None`: it is promoted.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it is tried again; `None` when only a person can.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Time>,
    /// The operations that had asked for it by then.
    #[serde(rename = "q", default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<String>,
}

/// A person asks for another attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// The operation whose decision is to be promoted.
    #[serde(rename = "d")]
    pub decision: String,
    /// When.
    #[serde(rename = "a")]
    pub at: Time,
}

/// What keeps a decision from being promoted, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What stands in the way.
    pub reason: String,
    /// How many attempts there were since the decision, or since somebody last asked.
    pub attempt: u32,
    /// When the last was.
    pub at: Time,
    /// When the next is; `None` when only a person can.
    pub next: Option<Time>,
    /// Somebody has asked for another, and it has not been made.
    pub asked: bool,
}

impl Failure {
    /// Is it time for another attempt? A clock that was set back since the last one makes nobody wait for longer than
    /// anybody waits anyway.
    pub fn is_due(&self, now: Time) -> bool {
        let set_back = |at: Time| now.0 < at.0.saturating_sub(WAITS[WAITS.len() - 1]);
        self.asked || self.next.is_some_and(|next| now >= next || set_back(self.at))
    }
}

/// How promotion of the decision that stands has gone so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Promotion {
    /// What keeps it from being promoted; `None` when nothing does, as far as is known.
    pub failure: Option<Failure>,
    /// It failed, and was promoted after all.
    pub succeeded: bool,
    /// The operations that ask for another attempt, or asked for the last.
    asked: Vec<String>,
}

impl Promotion {
    /// Reads how promotion of this decision has gone.
    pub fn read(contents: &Contents<'_>, decision: &str) -> Self {
        let about = contents.written::<Outcome>(OUTCOME).map(|w| w.value);
        let retries = contents.written::<Retry>(RETRY);
        let asked = retries.filter(|w| w.value.decision == decision);
        Self::of(
            about.filter(|outcome| outcome.decision == decision),
            asked.map(|w| w.by).collect(),
        )
    }

    /// Two of the owner's devices may have tried at the same time: success counts, then the attempt that came furthest.
    fn of(outcomes: impl Iterator<Item = Outcome>, mut asked: Vec<String>) -> Self {
        asked.sort();
        let last = outcomes.max_by(|a, b| {
            let rank = |o: &Outcome| (o.reason.is_none(), o.asked.clone(), o.attempt, o.at);
            rank(a).cmp(&rank(b)).then_with(|| a.reason.cmp(&b.reason))
        });
        let succeeded = last.as_ref().is_some_and(|last| last.reason.is_none());
        let failure = last.and_then(|last| {
            Some(Failure {
                reason: last.reason?,
                attempt: last.attempt,
                at: last.at,
                next: last.next,
                asked: asked.iter().any(|retry| !last.asked.contains(retry)),
            })
        });
        Self {
            failure,
            succeeded,
            asked,
        }
    }

    /// The outcome of an attempt made now, in which this stood in the way. Who asks begins a new series.
    pub fn attempted(&self, decision: &str, obstacle: Option<String>, now: Time) -> Outcome {
        let attempt = match &self.failure {
            Some(failure) if !failure.asked => failure.attempt.saturating_add(1),
            _ => 1,
        };
        let wait = usize::try_from(attempt - 1).ok().and_then(|n| WAITS.get(n));
        Outcome {
            decision: decision.to_owned(),
            attempt,
            at: now,
            next: wait
                .filter(|_| obstacle.is_some())
                .map(|wait| Time(now.0.saturating_add(*wait))),
            reason: obstacle,
            asked: self.asked.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inactive() -> Option<String> {
        Some("Alpine is inactive.".into())
    }

    fn after(outcomes: &[Outcome], asked: &[&str]) -> Promotion {
        let asked = asked.iter().map(|id| (*id).to_owned()).collect();
        Promotion::of(outcomes.iter().cloned(), asked)
    }

    #[test]
    fn h_04_five_attempts_each_after_a_longer_wait_and_then_only_when_asked() {
        let (mut promotion, mut now, mut waits) = (Promotion::default(), Time(0), Vec::new());
        loop {
            let outcome = promotion.attempted("d", inactive(), now);
            promotion = after(std::slice::from_ref(&outcome), &[]);
            let failure = promotion.failure.clone().unwrap();
            let Some(next) = failure.next else {
                assert!(!failure.is_due(Time(i64::MAX)), "nobody has asked");
                break;
            };
            assert!(!failure.is_due(Time(next.0 - 1)) && failure.is_due(next));
            waits.push((next.0 - now.0) / MINUTE);
            now = next;
        }
        assert_eq!(waits, [1, 5, 15, 60]);
        assert_eq!(promotion.failure.as_ref().unwrap().attempt, ATTEMPTS);

        // Asked for, it is due at once, and five more follow.
        let last = promotion.attempted("d", inactive(), now);
        let asked = after(&[last], &["retry"]);
        assert!(asked.failure.as_ref().unwrap().is_due(now));
        let again = asked.attempted("d", inactive(), now);
        assert_eq!((again.attempt, again.next), (1, Some(Time(now.0 + MINUTE))));
        assert!(!after(&[again], &["retry"]).failure.unwrap().asked, "answered");
        let done = asked.attempted("d", None, now);
        let done = after(&[done], &["retry"]);
        assert_eq!((done.failure, done.succeeded), (None, true));
    }

    #[test]
    fn h_04_a_clock_that_jumps_makes_nobody_wait_for_ever() {
        const YEAR: i64 = 365 * 24 * 60 * MINUTE;
        let failed = |at| {
            let outcome = Promotion::default().attempted("d", inactive(), Time(at));
            after(&[outcome], &[]).failure.unwrap()
        };
        assert!(failed(YEAR).is_due(Time(0)), "set back by a year");
        assert!(
            !failed(YEAR).is_due(Time(YEAR - MINUTE)),
            "another device's clock is a little behind"
        );
        assert!(failed(0).is_due(Time(YEAR)), "set forward");
        assert_eq!(failed(i64::MAX).next, Some(Time(i64::MAX)));
    }

    #[test]
    fn h_04_what_two_devices_found_at_the_same_time_is_read_alike() {
        let first = Promotion::default().attempted("d", inactive(), Time(0));
        let second = after(std::slice::from_ref(&first), &[]).attempted("d", inactive(), Time(9));
        let done = after(std::slice::from_ref(&first), &[]).attempted("d", None, Time(5));
        for (some, attempt) in [
            (vec![first.clone(), second.clone()], Some(2)),
            (vec![second.clone(), done.clone(), first.clone()], None),
        ] {
            let mut turned = some.clone();
            turned.reverse();
            assert_eq!(after(&some, &[]), after(&turned, &[]));
            assert_eq!(after(&some, &[]).failure.map(|f| f.attempt), attempt);
        }
    }

    #[test]
    fn what_is_written_today_is_read_tomorrow() {
        let failed = Promotion::default().attempted("d", inactive(), Time(1));
        let json = r#"{"d":"d","n":1,"a":1,"r":"Alpine is inactive.","t":60001}"#;
        assert_eq!(serde_json::to_string(&failed).unwrap(), json);
        assert_eq!(serde_json::from_str::<Outcome>(json).unwrap(), failed);
        let retry = Retry {
            decision: "d".into(),
            at: Time(1),
        };
        assert_eq!(serde_json::to_string(&retry).unwrap(), r#"{"d":"d","a":1}"#);
    }
}
