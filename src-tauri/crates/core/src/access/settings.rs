//! A mailbox's settings: one register each in a document that only the owner writes (L-01).

use rusqlite::{Connection, params};

use super::grant::counting;
use crate::{
    Result,
    model::{Address, Setting, Settings, Time},
    replica::{Action, Document, DocumentId, Made, Origin},
};

/// Writes a setting into the owner's document. Once it is logged, [`project_settings`].
pub fn put_setting(
    connection: &Connection,
    mailbox: &Address,
    setting: Setting,
    on: bool,
    why: (Action, Origin),
    (device, at): (&[u8; 8], Time),
) -> Result<Made> {
    let mut document = Document::open(connection, mailbox, DocumentId::settings(mailbox))?;
    let moment = counting(connection, &document)?;
    document.edit(device, at, why, &moment, |edit| edit.set(setting.name(), &on))
}

/// Makes the `setting` rows of a mailbox anew from its settings document, without what the owner's word has refused.
pub fn project_settings(connection: &Connection, mailbox: &Address) -> Result<()> {
    connection.execute("DELETE FROM setting WHERE mailbox = ?1", [mailbox.as_str()])?;
    let Some(mut document) = Document::find(connection, mailbox, DocumentId::settings(mailbox))? else {
        return Ok(());
    };
    document.pack(connection)?;
    let moment = counting(connection, &document)?;
    for setting in Setting::ALL {
        // Several owner devices may have disagreed: the value every replica shows first counts.
        let values = document.written::<bool>(setting.name(), Some(&moment))?;
        let Some(on) = values.first().map(|w| w.value) else {
            continue;
        };
        connection.execute(
            "INSERT INTO setting (mailbox, name, value) VALUES (?1, ?2, ?3)",
            params![mailbox.as_str(), setting.name(), on],
        )?;
    }
    Ok(())
}

/// A mailbox's settings.
pub fn settings_of(connection: &Connection, mailbox: &Address) -> Result<Settings> {
    let mut statement = connection.prepare_cached("SELECT name, value FROM setting WHERE mailbox = ?1")?;
    let mut rows = statement.query([mailbox.as_str()])?;
    let mut settings = Settings::default();
    while let Some(row) = rows.next()? {
        // A setting of a later release is passed over.
        if let Ok(setting) = Setting::named(&row.get::<_, String>(0)?) {
            settings = settings.with(setting, row.get(1)?);
        }
    }
    Ok(settings)
}
