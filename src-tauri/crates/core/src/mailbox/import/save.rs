//! What an import has packed, into its tables.

use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::{
    Result,
    mailbox::parse::Head,
    model::{Address, FolderRole},
};

/// A message parsed and packed, waiting for its transaction.
pub(super) struct Waiting {
    pub(super) id: i64,
    pub(super) item: Uuid,
    pub(super) folder: usize,
    pub(super) head: Head,
    pub(super) unread: bool,
    pub(super) offset: u64,
    pub(super) size: u64,
    /// CRC-32 of the raw bytes.
    pub(super) sum: u32,
    /// False when it takes the place of one that is there, whose number it has.
    pub(super) fresh: bool,
}

pub(super) struct Folder {
    pub(super) name: String,
    pub(super) role: FolderRole,
}

/// Something unusable, packed, waiting for its transaction.
pub(super) struct Bad {
    pub(super) source: String,
    pub(super) position: u64,
    pub(super) reason: String,
    pub(super) offset: u64,
    pub(super) size: u64,
}

pub(super) fn save_folders(tx: &Connection, mailbox: &Address, folders: &[Folder]) -> Result<Vec<i64>> {
    tx.prepare_cached("INSERT INTO mailbox (id) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([mailbox.as_str()])?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO folder (mailbox, name, role) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?;
    let mut select = tx.prepare_cached("SELECT id FROM folder WHERE mailbox = ?1 AND name = ?2")?;
    folders
        .iter()
        .map(|folder| {
            insert.execute(params![mailbox.as_str(), folder.name, folder.role.as_str()])?;
            Ok(select.query_row(params![mailbox.as_str(), folder.name], |r| r.get(0))?)
        })
        .collect()
}

pub(super) fn save(tx: &Connection, mailbox: &Address, folders: &[i64], batch: &[Waiting]) -> Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO message (id, mailbox, folder, item, key, subject, from_name, from_address, sent, in_reply_to,
                              thread, conversation, preview, unread, attachments, pack_offset, size, private, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
         ON CONFLICT (id) DO UPDATE SET folder = excluded.folder, item = excluded.item, key = excluded.key,
             subject = excluded.subject, from_name = excluded.from_name, from_address = excluded.from_address,
             sent = excluded.sent, in_reply_to = excluded.in_reply_to, thread = excluded.thread,
             conversation = excluded.conversation, preview = excluded.preview, unread = excluded.unread,
             attachments = excluded.attachments, pack_offset = excluded.pack_offset, size = excluded.size,
             private = excluded.private, sum = excluded.sum
         ON CONFLICT (mailbox, key) DO NOTHING",
    )?;
    for m in batch {
        let head = &m.head;
        insert.execute(params![
            m.id,
            mailbox.as_str(),
            folders[m.folder],
            m.item.to_string(),
            head.key,
            head.subject,
            head.from.name,
            head.from.address,
            head.sent.0,
            head.in_reply_to,
            head.thread,
            head.conversation,
            head.preview,
            m.unread,
            head.attachments,
            m.offset as i64,
            m.size as i64,
            head.private,
            m.sum,
        ])?;
    }
    Ok(())
}

/// What is tracked already is compared with the owner's own copy in their next cycle: it may say that they sent it (I-04).
pub(super) fn look_at_copies(tx: &Connection, mailbox: &Address, batch: &[Waiting]) -> Result<()> {
    let is_any = tx
        .prepare_cached(
            "SELECT 1 FROM item i JOIN mailbox b ON b.id = i.mailbox WHERE i.mailbox = ?1 AND i.kind = 'email' AND b.mine",
        )?
        .exists([mailbox.as_str()])?;
    let mut note = tx.prepare_cached(
        "INSERT OR IGNORE INTO own_copy (mailbox, item) SELECT mailbox, id FROM item WHERE mailbox = ?1 AND id = ?2",
    )?;
    for message in batch.iter().filter(|_| is_any) {
        note.execute([mailbox.as_str(), &message.item.to_string()])?;
    }
    Ok(())
}

pub(super) fn save_bad(tx: &Connection, mailbox: &Address, bad: &[Bad]) -> Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO rejected_message (mailbox, source, position, reason, pack_offset, size)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    )?;
    for b in bad {
        insert.execute(params![
            mailbox.as_str(),
            b.source,
            b.position as i64,
            b.reason,
            b.offset as i64,
            b.size as i64
        ])?;
    }
    Ok(())
}
