//! What is attached to a message: the list, and saving one of it.

use std::path::{Path, PathBuf};

use behalf_core::{
    Result,
    desk::{saving, view::Attachment},
    mailbox::file_name::Risk,
};
use serde::Serialize;

use super::Session;
use crate::{
    args::ItemName,
    print::{self, Reply},
};

/// An attachment, with the number `attachment KEY INDEX` knows it by.
#[derive(Serialize)]
struct Numbered<'a> {
    index: String,
    #[serde(flatten)]
    attachment: &'a Attachment,
}

/// A file that was saved.
#[derive(Serialize)]
struct Saved {
    file: PathBuf,
    content_type: String,
    size: usize,
    risk: Risk,
}

/// What is attached to a message, or to the one attached to it in a place.
pub fn list(s: &Session, item: &ItemName, place: &[u32]) -> Result<Reply> {
    let (desk, mailbox) = (s.open()?, &item.mailbox.mailbox);
    let all = match place {
        [] => desk.show(mailbox, &item.key)?.attachments,
        place => desk.attached_mail(mailbox, &item.key, place)?.attachments,
    };
    let around: String = place.iter().map(|number| format!("{}.", number + 1)).collect();
    let all: Vec<_> = all
        .iter()
        .zip(1..)
        .map(|(attachment, number)| Numbered {
            index: format!("{around}{number}"),
            attachment,
        })
        .collect();
    let rows: Vec<_> = all
        .iter()
        .map(|one| {
            let Attachment {
                name,
                content_type,
                size,
                ..
            } = one.attachment;
            [
                one.index.clone(),
                content_type.clone(),
                size.to_string(),
                name.clone(),
            ]
        })
        .collect();
    let text = print::table(["Index", "Type", "Bytes", "Name"], &rows, "Nothing is attached.");
    Reply::new(&all, text)
}

/// Saves one attachment: in a folder under a free name, or as a file that is not there yet.
pub fn save(s: &Session, item: &ItemName, place: &[u32], out: Option<&Path>) -> Result<Reply> {
    let taken = s.open()?.attachment(&item.mailbox.mailbox, &item.key, place)?;
    let file = match out {
        Some(file) if !file.is_dir() => {
            saving::create(file, &taken.bytes)?;
            file.to_owned()
        }
        folder => saving::create_in(folder.unwrap_or(Path::new(".")), &taken.file, &taken.bytes)?,
    };
    let text = format!("Saved as {} ({} bytes).", file.display(), taken.bytes.len());
    let saved = Saved {
        file,
        content_type: taken.content_type,
        size: taken.bytes.len(),
        risk: taken.risk,
    };
    Reply::new(&saved, text)
}
