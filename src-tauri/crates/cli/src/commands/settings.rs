//! The settings of a mailbox, and of this computer (L-01).

use behalf_core::{
    Error, Result,
    desk::view::Settings,
    model::{Address, Setting},
};

use super::{Session, sync};
use crate::print::{self, Reply};

/// What this computer alone has.
const INTERVAL: &str = "SyncInterval";

/// What is set.
pub fn list(s: &Session, mailbox: Option<&Address>) -> Result<Reply> {
    told(&s.open()?.settings(mailbox)?)
}

/// Sets one of them.
pub fn set(s: &Session, mailbox: Option<&Address>, name: &str, value: &str) -> Result<Reply> {
    let desk = s.open()?;
    let me = desk.me()?.person;
    let mailbox = mailbox.unwrap_or(&me);
    if name.trim().eq_ignore_ascii_case(INTERVAL) {
        desk.change_sync_interval(seconds(value)?)?;
        return told(&desk.settings(Some(mailbox))?);
    }
    let settings = desk.change_setting(mailbox, Setting::named(name)?, on(value)?)?;
    sync::quietly(&desk, "It goes out with the next sync");
    told(&settings)
}

fn told(settings: &Settings) -> Result<Reply> {
    let word = |on| if on { "on" } else { "off" }.to_owned();
    let mut rows: Vec<_> = settings
        .settings
        .iter()
        .map(|s| [word(s.value), word(s.default), s.name.name().to_owned()])
        .collect();
    rows.push([
        format!("{} s", settings.sync_interval),
        "60 s".into(),
        format!("{INTERVAL}, on this computer"),
    ]);
    let mut text = format!("The mailbox of {}:\n\n", settings.mailbox);
    text += &print::table(["Value", "Default", "Setting"], &rows, "");
    if !settings.changeable {
        text += &format!("\n{}", settings.reason);
    }
    Reply::new(settings, text)
}

fn on(value: &str) -> Result<bool> {
    match value.trim().to_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err(Error::bad_input(
            format!("“{value}” is neither on nor off."),
            "Give on or off.",
        )),
    }
}

fn seconds(value: &str) -> Result<u32> {
    value.trim().parse().map_err(|_| {
        Error::bad_input(
            format!("“{value}” is no number of seconds."),
            "Give a whole number, as in 120.",
        )
    })
}
