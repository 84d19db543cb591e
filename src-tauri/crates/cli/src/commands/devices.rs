//! Which devices work in a mailbox, and removing one that was lost.

use behalf_core::{Result, desk::view::Device};

use super::{Session, sync};
use crate::print::{self, Reply};

/// Those of the own mailbox, and this person's own in others.
pub fn list(s: &Session) -> Result<Reply> {
    told(&s.open()?.devices()?)
}

/// Removes one. What it has sent by now is taken in first: it was done in time.
pub fn remove(s: &Session, id: &str) -> Result<Reply> {
    let desk = s.open()?;
    sync::quietly(
        &desk,
        "What is already here counts, later changes wait in quarantine",
    );
    let devices = desk.remove_device(id)?;
    sync::quietly(&desk, "It goes out with the next sync");
    told(&devices)
}

fn told(devices: &Vec<Device>) -> Result<Reply> {
    let rows: Vec<_> = devices
        .iter()
        .map(|d| {
            let state = match (d.this, d.removed) {
                (_, true) => "removed",
                (true, false) => "this one",
                (false, false) => "",
            };
            [
                d.id.clone(),
                d.person.to_string(),
                d.mailbox.to_string(),
                d.heard.clone().unwrap_or_else(|| "never".into()),
                state.into(),
            ]
        })
        .collect();
    let head = ["Device", "Person", "Mailbox", "Last heard from", ""];
    Reply::new(devices, print::table(head, &rows, "There is no device."))
}
