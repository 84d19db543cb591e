//! What people do in a run, and what happens to them.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use behalf_core::{
    Code,
    model::{Clock, RowRef},
};
use behalf_tests::stage::DAY;

use crate::{
    forged::Forged,
    patched, removed,
    run::{OPERATIONS, Simulation},
    weather::Crash,
    world::{KEYS, mailbox},
};

/// What somebody does before it is another's turn, at most.
const BURST: u64 = 12;

impl Simulation {
    /// A few things in a row, as people work; only one, now and then, of whoever has done enough.
    pub fn works(&mut self, n: usize) -> bool {
        let most = if self.done[n] < OPERATIONS { BURST } else { 1 };
        for _ in 0..=self.dice.below(most) {
            self.does(n);
            // Whoever has heard that the disk is full does not go on trying.
            if self.full[n] {
                break;
            }
        }
        false
    }

    /// Track, Change Regarding, Untrack or Retry.
    fn does(&mut self, n: usize) {
        let key = KEYS[self.dice.below(KEYS.len() as u64) as usize];
        let row = |id| Some(RowRef::new("account", id));
        let choice = self.dice.below(7);
        let before = self.people[n].newest();
        let desk = self.people[n].desk();
        let mailbox = mailbox();
        let done = match choice {
            0 | 1 => desk.track(&mailbox, key, row("A-100").as_ref()),
            2 => desk.track(&mailbox, key, row("A-200").as_ref()),
            3 => desk.track(&mailbox, key, None),
            4 => desk.untrack(&mailbox, key, true),
            5 => desk.untrack(&mailbox, key, false),
            _ => desk.retry(&mailbox, key),
        };
        let outcome = match &done {
            Ok(item) => format!("{:?} {:?}", item.status, item.regarding.as_ref().map(|r| &r.id)),
            Err(e) => {
                // Nothing to untrack or to ask for again; the disk is full; access has ended; the row is closed.
                let full = e.code() == Code::Unavailable && self.full[n];
                let ended = e.code() == Code::Refused && self.gone == Some(n);
                let closed = e.code() == Code::Refused && n == 0;
                assert!(e.code() == Code::BadInput || full || ended || closed, "{e}");
                if full {
                    self.census.count("a full disk refused a click");
                }
                // Whoever has no access any more can only try.
                self.done[n] += u32::from(ended);
                e.to_string()
            }
        };
        self.note(n, &format!("{choice} on {key}: {outcome}"));
        let after = self.people[n].newest();
        if let Some(operation) = after.filter(|after| before.as_ref() != Some(after)) {
            assert!(done.is_ok(), "an operation was refused and made: {outcome}");
            self.done[n] += 1;
            if choice == 6 {
                self.census.count("somebody asked for another attempt");
            }
            self.note(n, &format!("  made {operation}"));
            self.oracle.promise(operation);
        }
    }

    pub fn syncs(&mut self, n: usize) -> bool {
        let weather = &self.weather;
        let person = &mut self.people[n];
        let (view, desk) = (weather.seen_by(n), person.desk());
        let cycle = catch_unwind(AssertUnwindSafe(|| {
            let mut line = String::new();
            let report = desk.sync_stepwise(
                &view,
                &mut |action| weather.burn(&format_args!("{action:?}")),
                &mut |state| line.clone_from(&state.text),
            );
            (report, line)
        }));
        weather.tick(None);
        let (what, line) = match cycle {
            Ok((Ok(report), line)) => (format!("syncs, {report:?}, “{line}”"), line),
            Ok((Err(e), line)) => {
                assert_eq!(e.code(), Code::Unavailable, "{e}");
                if e.is_disk_full() {
                    self.census.count("a full disk ended a cycle");
                }
                (format!("syncs, {e} “{line}”"), line)
            }
            Err(panic) => match panic.downcast::<Crash>() {
                Ok(crash) => {
                    person.closes();
                    self.full[n] = false;
                    (crash.0, String::new())
                }
                Err(panic) => resume_unwind(panic),
            },
        };
        self.note(n, &what);
        if n == 0 && self.closed && !self.people[0].failing().is_empty() {
            self.census.count("a promotion failed");
        }
        line == "Up to date"
    }

    pub fn reopens(&mut self, n: usize) -> bool {
        self.people[n].closes();
        self.full[n] = false;
        self.note(n, "starts again");
        false
    }

    /// Full, or as good as, until there is room again.
    pub fn runs_out_of_disk(&mut self, n: usize) -> bool {
        self.full[n] = !self.full[n];
        let pages = self.full[n].then(|| self.dice.below(12) as u32);
        self.people[n].desk().fill_up(pages).unwrap();
        self.note(n, &format!("has this many pages left on the disk: {pages:?}"));
        false
    }

    /// The owner's CRM closes a row that others go on to track on, or opens it again.
    pub fn closes_or_opens(&mut self) -> bool {
        match self.people[0].imports_alpine(!self.closed) {
            Ok(()) => {
                self.closed = !self.closed;
                self.census.count("a row was closed");
                self.note(
                    0,
                    &format!("has a CRM in which the row is closed: {}", self.closed),
                );
            }
            Err(e) => assert!(e.code() == Code::Unavailable && self.full[0], "{e}"),
        }
        false
    }

    /// Asks again for everything that has failed, until nothing has. How much there was.
    pub fn asks_again(&mut self) -> u32 {
        let failing = self.people[0].failing();
        for key in &failing {
            self.census.count("a promotion failed");
            self.people[0].desk().retry(&mailbox(), key).unwrap();
        }
        failing.len() as u32
    }

    /// The owner ends somebody's access.
    pub fn revokes(&mut self) {
        let Some((n, _)) = self.leaving.take() else { return };
        let delegate = self.people[n].address();
        self.weather.tick(None);
        let key = self.people[n].key();
        let desk = self.people[0].desk();
        let ended = match self.device {
            true => desk.remove_device(key.id()).map(|_| "a device was removed"),
            false => desk.revoke(&delegate).map(|_| "an access ended"),
        };
        match ended {
            Ok(what) => {
                self.gone = Some(n);
                self.census.count(what);
                self.note(0, &format!("{what}, of {delegate}"));
                if let Some(operation) = self.people[0].newest() {
                    self.oracle.promise(operation);
                }
            }
            Err(e) => {
                assert!(e.code() == Code::Unavailable && self.full[0], "{e}");
                self.leaving = Some((n, self.done[0] + 1));
            }
        }
    }

    /// What no Behalf does.
    pub fn cheats(&mut self, n: usize) -> bool {
        let trick = self.dice.below(patched::TRICKS);
        let at = self.people[n].clock.now();
        match patched::plays(&mut self.people[n], trick, at) {
            Ok(forged) => {
                self.take_note_of(forged);
                self.census.count(format!("trick {trick}"));
                self.note(n, &format!("cheats, {trick}"));
            }
            Err(e) => {
                assert!(e.code() == Code::Unavailable && self.full[n], "{e}");
            }
        }
        false
    }

    /// A device that was removed writes as the owner, and says that it has not heard.
    pub fn goes_on(&mut self, n: usize) -> bool {
        let trick = self.dice.below(removed::THEFTS);
        let at = self.people[n].clock.now();
        match removed::steals(&mut self.people[n], trick, at) {
            Ok(forged) => {
                self.take_note_of(forged);
                self.census.count("a removed device went on");
                self.note(n, &format!("goes on, {trick}"));
            }
            Err(e) => assert!(e.code() == Code::Unavailable, "{e}"),
        }
        false
    }

    fn take_note_of(&mut self, forged: Forged) {
        self.oracle.forbid(forged.unsound);
        self.oracle.refuse(forged.refused);
        for (name, bytes) in forged.published {
            self.oracle.disbelieve(&bytes);
            self.weather.receives(&mailbox(), &name, &bytes);
        }
    }

    pub fn backs_up(&mut self, n: usize) -> bool {
        self.full[n] = false;
        self.people[n].backs_up();
        self.note(n, "makes a copy of the disk");
        false
    }

    pub fn restores(&mut self, n: usize) -> bool {
        if self.people[n].restores() {
            self.full[n] = false;
            self.oracle.gamble(&mut self.people[n]);
            self.note(n, "gets an old disk back");
            self.census.count("an old disk came back");
        }
        false
    }

    pub fn jumps(&mut self, n: usize) -> bool {
        self.census.count("a clock jumped");
        self.skew[n] = self.dice.below(120 * DAY as u64) as i64 - 60 * DAY;
        let skew = self.skew[n];
        self.note(n, &format!("has a clock that is off by {skew} ms"));
        false
    }
}
