//! Reading a mailbox: folders, list, show.

use behalf_core::{
    Result,
    desk::{
        Desk,
        view::{ListEntry, Party, Shown},
    },
    model::{Address, Kind},
};

use super::Session;
use crate::{
    args::ItemName,
    print::{self, Reply},
};

pub fn folders(s: &Session, mailbox: &Address) -> Result<Reply> {
    let folders = s.open()?.folders(mailbox)?;
    let rows: Vec<_> = folders
        .iter()
        .map(|f| [f.folder.clone(), f.messages.to_string(), f.unread.to_string()])
        .collect();
    let text = print::table(
        ["Folder", "Messages", "Unread"],
        &rows,
        "No folders yet. Import some mail.",
    );
    Reply::new(&folders, text)
}

pub fn list(
    s: &Session,
    mailbox: &Address,
    folder: Option<&str>,
    limit: u32,
    after: Option<&str>,
) -> Result<Reply> {
    let (entries, more) = read(&s.open()?, mailbox, folder, limit, after)?;
    let mut text = listed(&entries);
    if let (true, Some(last)) = (more, entries.last()) {
        text += &format!("More: --after {}\n", last.key);
    }
    Reply::new(&entries, text)
}

/// As many entries as asked for, however many the desk gives at a time; true when there are older ones.
fn read(
    desk: &Desk,
    mailbox: &Address,
    folder: Option<&str>,
    limit: u32,
    after: Option<&str>,
) -> Result<(Vec<ListEntry>, bool)> {
    let mut entries: Vec<ListEntry> = Vec::new();
    loop {
        let missing = limit.saturating_sub(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        let last = entries.last().map(|e| e.key.clone());
        let page = desk.list(mailbox, folder, missing, last.as_deref().or(after))?;
        let end = page.entries.is_empty() || !page.more;
        entries.extend(page.entries);
        if end || entries.len() >= limit as usize {
            return Ok((entries, page.more));
        }
    }
}

/// Mail that holds these words, newest first.
pub fn find(s: &Session, mailbox: &Address, words: &str, folder: Option<&str>, limit: u32) -> Result<Reply> {
    let entries = s.open()?.find_mail(mailbox, words, folder, limit)?;
    Reply::new(&entries, listed(&entries))
}

fn listed(entries: &[ListEntry]) -> String {
    let rows: Vec<_> = entries
        .iter()
        .map(|e| {
            let status = match &e.regarding_name {
                Some(name) => format!("{}: {name}", e.status.as_str()),
                None => e.status.as_str().into(),
            };
            [
                e.date.clone(),
                e.from_name.clone(),
                e.subject.clone(),
                status,
                e.key.clone(),
            ]
        })
        .collect();
    print::table(
        ["Date", "From", "Subject", "Status", "Key"],
        &rows,
        "No messages.",
    )
}

pub fn show(s: &Session, item: &ItemName) -> Result<Reply> {
    let shown = s.open()?.show(&item.mailbox.mailbox, &item.key)?;
    let text = opened(&shown);
    Reply::new(&shown, text)
}

fn opened(shown: &Shown) -> String {
    let mut text = String::new();
    for (name, value) in &shown.headers {
        text += &format!(
            "{name}: {}\n",
            value.split_whitespace().collect::<Vec<_>>().join(" ")
        );
    }
    text += &format!("Folder: {}\n", shown.folder);
    text += &format!("Status: {}\n", shown.status.as_str());
    if let Some(row) = &shown.item.regarding {
        text += &format!("Regarding: {} ({}:{})\n", row.name, row.table, row.id);
    }
    if let Some(meeting) = &shown.meeting {
        text += &format!("Appointment: {meeting}\n");
    }
    for warning in &shown.warnings {
        text += &format!("Not sure: {warning}\n");
    }
    for a in &shown.attachments {
        text += &format!("Attachment: {} ({}, {} bytes)\n", a.name, a.content_type, a.size);
    }
    text += "\n";
    if shown.kind != Kind::Contact {
        text += &parties(&shown.parties);
        text += "\n";
    }
    text += &shown.text;
    text
}

/// Everybody on an item, with the row each address means.
pub fn parties(parties: &[Party]) -> String {
    let rows: Vec<_> = parties
        .iter()
        .map(|p| {
            let row = p.row.as_ref().map_or("unresolved".into(), |r| {
                format!("{} ({}:{})", r.name, r.table, r.id)
            });
            [part(p.mask).into(), p.name.clone(), p.address.clone(), row]
        })
        .collect();
    print::table(["Part", "Name", "Address", "Row"], &rows, "Nobody is on it.")
}

/// The participation type masks (I-02), in words.
pub fn part(mask: u8) -> &'static str {
    match mask {
        1 => "Sender",
        2 => "To",
        3 => "CC",
        4 => "BCC",
        5 => "Required",
        6 => "Optional",
        7 => "Organizer",
        8 => "Regarding",
        9 => "Owner",
        _ => "Other",
    }
}
