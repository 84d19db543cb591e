//! Notes on a row's timeline (J-06).

use std::{io::Read, path::Path};

use behalf_core::{Error, Result, desk::view, model::MAX_FACTS_TEXT, store::named};

use super::{Session, tracking::reply};
use crate::{
    args::{Note, NoteText},
    print::Reply,
};

pub fn note(s: &Session, step: Note) -> Result<Reply> {
    match step {
        Note::Add {
            row,
            mailbox,
            title,
            text,
        } => {
            let text = given(text)?.unwrap_or_default();
            reply(&s.open()?.add_note(&mailbox.mailbox, &row, &title, &text)?)
        }
        Note::Edit { note, title, text } => {
            let (desk, mailbox) = (s.open()?, &note.mailbox.mailbox);
            let text = given(text)?;
            let now = desk.note(mailbox, &note.key)?.now;
            let (title, text) = (title.unwrap_or(now.title), text.unwrap_or(now.text));
            reply(&desk.edit_note(mailbox, &note.key, &title, &text)?)
        }
        Note::Delete { note } => reply(&s.open()?.delete_note(&note.mailbox.mailbox, &note.key)?),
        Note::Show { note } => {
            let note = s.open()?.note(&note.mailbox.mailbox, &note.key)?;
            Reply::new(&note, told(&note))
        }
    }
}

fn told(note: &view::Note) -> String {
    let of = |text: &view::NoteText| {
        let lines = [text.title.as_str(), &text.text]
            .into_iter()
            .filter(|l| !l.is_empty());
        let lines: Vec<_> = lines.collect();
        format!("{}\nby {} at {}\n", lines.join("\n\n"), text.by, text.at)
    };
    let mut all = of(&note.now);
    for other in &note.others {
        all += &format!("\nTwo values, the other one:\n{}", of(other));
    }
    all
}

fn given(text: NoteText) -> Result<Option<String>> {
    match (text.text, text.file) {
        (Some(text), _) => Ok(Some(text)),
        (None, Some(file)) => read(&file).map(Some),
        (None, None) => Ok(None),
    }
}

/// What a file says, or standard input. Of one that is too long enough is read to be refused.
fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let most = MAX_FACTS_TEXT as u64 * 4;
    let read = match file.as_os_str() == "-" {
        true => std::io::stdin().lock().take(most).read_to_string(&mut text),
        false => named::open(file)?.take(most).read_to_string(&mut text),
    };
    match read {
        Ok(_) => Ok(text),
        Err(e) if e.kind() == std::io::ErrorKind::InvalidData => Err(Error::bad_input(
            format!("{} is no text.", file.display()),
            "A note takes plain text in UTF-8.",
        )),
        Err(e) => Err(Error::io(file)(e)),
    }
}
