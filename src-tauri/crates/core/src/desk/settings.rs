//! Settings: those of a mailbox, which its owner changes for everybody, and this computer's own (L-01).

use rusqlite::{Connection, params};

use super::{
    Desk,
    auditing::Attempt,
    view::{SettingValue, Settings},
};
use crate::{
    Error, Result,
    access::{self, Act},
    model::{Address, Setting},
    replica::{Action, Origin},
};

/// Seconds between sync cycles: shorter wears disks and servers, longer is not at work any more (D5).
const INTERVALS: std::ops::RangeInclusive<u32> = 5..=86_400;

impl Desk {
    /// The settings of a mailbox, of the own one when `None`.
    ///
    /// # Errors
    /// `NotFound` and `Refused` as for reading the mailbox.
    pub fn settings(&self, mailbox: Option<&Address>) -> Result<Settings> {
        let mailbox = mailbox.unwrap_or(&self.person);
        self.authorise(Act::Read, mailbox)?;
        let settings = self.store.read(|c| access::settings_of(c, mailbox))?;
        let reason = match self.authorise(Act::Configure, mailbox) {
            Ok(_) => String::new(),
            Err(e) => e.to_string(),
        };
        let told = Setting::ALL.map(|name| SettingValue {
            name,
            value: settings.is_on(name),
            default: name.default(),
        });
        Ok(Settings {
            mailbox: mailbox.clone(),
            changeable: reason.is_empty(),
            reason,
            settings: told.into(),
            sync_interval: self.sync_interval()?,
        })
    }

    /// Sets a setting of a mailbox. It goes to everybody who works there with the next cycle. To set what is set
    /// already changes nothing.
    ///
    /// # Errors
    /// `Refused` for anybody but the owner.
    pub fn change_setting(&self, mailbox: &Address, setting: Setting, on: bool) -> Result<Settings> {
        let attempt = Attempt::on("Change setting", mailbox, setting.name(), None);
        let changed = self.store.write(|tx| {
            self.authorise_in(tx, Act::Configure, mailbox)?;
            if access::settings_of(tx, mailbox)?.is_on(setting) == on {
                return Ok(());
            }
            let why = (Action::ChangeSetting, Origin::default());
            self.put_setting(tx, mailbox, setting, on, why)
        });
        self.audited(attempt, changed)?;
        self.settings(Some(mailbox))
    }

    /// Sets how many seconds lie between sync cycles on this computer (D5, H-03).
    ///
    /// # Errors
    /// `BadInput` outside 5 seconds to a day.
    pub fn change_sync_interval(&self, seconds: u32) -> Result<()> {
        if !INTERVALS.contains(&seconds) {
            return Err(Error::bad_input(
                format!("{seconds} seconds cannot be the time between two syncs."),
                "Give 5 seconds to 86400, which is a day.",
            ));
        }
        self.store.write(|tx| {
            tx.execute(
                "INSERT INTO replica (name, value) VALUES ('sync_interval', ?1)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                params![seconds.to_string()],
            )?;
            Ok(())
        })
    }

    /// Writes a setting and logs who did, in the caller's transaction.
    pub(super) fn put_setting(
        &self,
        tx: &Connection,
        mailbox: &Address,
        setting: Setting,
        on: bool,
        why: (Action, Origin),
    ) -> Result<()> {
        let when = (self.key.prefix(), self.now());
        let made = access::put_setting(tx, mailbox, setting, on, why, when)?;
        self.log(tx, mailbox, &made)?;
        access::project_settings(tx, mailbox)
    }
}
