//! `doctor`: what was checked, what was wrong, what to do.

use std::path::Path;

use rusqlite::Connection;

use super::{Check, Desk, Diagnosis, syncing::Missing};
use crate::{
    Result,
    access::{self, NewsKind, Place},
    model::Address,
    replica::Document,
    store::logs,
    tracking,
};

impl Desk {
    /// Checks the database, the documents, the projections and the index; with `rebuild` makes the derived ones anew.
    ///
    /// # Errors
    /// Database errors that keep it from looking at all.
    pub fn doctor(&self, rebuild: bool) -> Result<Diagnosis> {
        let mut checks = vec![self.database()?, self.documents()?];
        if rebuild {
            checks.push(self.rebuild()?);
        }
        checks.push(self.row_search()?);
        checks.push(self.device_key());
        let missing = self.missing()?;
        checks.push(self.invitations_accepted(&missing)?);
        checks.push(self.invitations_made()?);
        checks.push(removed_devices(&missing));
        checks.push(holes(&missing));
        Ok(Diagnosis {
            ok: checks.iter().all(|c| c.ok),
            checks,
        })
    }

    /// Throws away what only makes things quick, the search indexes, and makes it anew. Nothing that anybody has said,
    /// done or been sent lies there (H-08).
    ///
    /// # Errors
    /// Database errors, and what the disk says.
    pub fn clear_cache(&self) -> Result<Check> {
        let (rows, messages) = self.indexes()?;
        let found = format!("made anew with {rows} rows and {messages} messages");
        Ok(check("The search index", true, &found, ""))
    }

    /// Writes a text file for whoever helps: what [`Desk::doctor`] finds, and what happened here. It tells addresses and
    /// names of files; no message, no password and no key (H-08).
    ///
    /// # Errors
    /// As [`Desk::doctor`]; what the disk says.
    pub fn export_logs(&self, to: &Path) -> Result<()> {
        let lines = self.doctor(false)?.checks.into_iter().map(|check| {
            let sign = if check.ok { "ok" } else { "WRONG" };
            format!("{sign}  {}: {}\n", check.what, check.found)
        });
        logs::export(self.store.folder(), &lines.collect::<String>(), to)
    }

    fn database(&self) -> Result<Check> {
        let found: String = self
            .store
            .read(|c| Ok(c.query_row("PRAGMA integrity_check(1)", [], |r| r.get(0))?))?;
        Ok(check(
            "The database file",
            found == "ok",
            &found,
            "Restore the newest backup; keep this folder as it is.",
        ))
    }

    /// Every document is loaded the careful way, each hash checked.
    fn documents(&self) -> Result<Check> {
        let (total, damaged) = self.store.read(|c| {
            let all = Document::all(c)?;
            let mut damaged = Vec::new();
            for (mailbox, id) in &all {
                if let Err(e) = Document::verify(c, mailbox, *id) {
                    tracing::error!(document = %id, "{e}");
                    damaged.push(id.to_string());
                }
            }
            Ok((all.len(), damaged))
        })?;
        let found = match damaged.is_empty() {
            true => format!("{total} documents, all whole"),
            false => format!("{} of {total} damaged: {}", damaged.len(), damaged.join(", ")),
        };
        Ok(check(
            "The documents",
            damaged.is_empty(),
            &found,
            "Restore the newest backup; the other person's replica holds them too.",
        ))
    }

    /// Projections from the documents, the search indexes from the database.
    fn rebuild(&self) -> Result<Check> {
        let items = self.store.write(|tx| {
            for mailbox in mailboxes(tx)? {
                access::project_grants(tx, &mailbox)?;
                access::project_settings(tx, &mailbox)?;
            }
            tracking::rebuild(tx, self.now())
        })?;
        let (rows, messages) = self.indexes()?;
        let found = format!(
            "made anew: {items} tracked items, {rows} rows and {messages} messages in the search index"
        );
        Ok(check("Projections and search index", true, &found, ""))
    }

    /// Both search indexes, from the database: how many rows and messages.
    fn indexes(&self) -> Result<(u64, usize)> {
        let rows = self.rows.rebuild(&self.store, &mut |_, _| ())?.rows;
        self.text.clear()?;
        Ok((rows, self.text.catch_up(&self.store)?))
    }

    /// Every byte of the index of rows is read, and it must know every row.
    fn row_search(&self) -> Result<Check> {
        self.rows.catch_up(&self.store, &mut |_, _| ())?;
        let sound = self.rows.is_sound(&self.store)?;
        let found = if sound { "ok" } else { "damaged" };
        Ok(check(
            "The search index of rows",
            sound,
            found,
            "Run `behalf doctor --rebuild`: it is made anew from the database.",
        ))
    }

    /// A key in a file is in order, and a person should know.
    fn device_key(&self) -> Check {
        let found = match access::place(self.store.folder()) {
            Place::Keychain => "in the keychain",
            Place::EncryptedFile => "in a file, encrypted under a passphrase",
            Place::PlainFile => {
                "in a file that only you can read, not in a keychain; `behalf doctor --protect-key` moves it"
            }
        };
        check("This computer's key", true, found, "")
    }

    /// Who waits has to do something, but nothing is wrong.
    fn invitations_accepted(&self, missing: &Missing) -> Result<Check> {
        let ended = missing.ended.iter().map(|(what, todo)| format!("{what} {todo}"));
        let waiting = missing.confirmations.iter().map(|owner| {
            format!("waiting for {owner} to confirm: compare the words (`behalf invite list` shows yours), then sync")
        });
        let uncompared = self.me()?.mailboxes.into_iter().filter_map(|mailbox| {
            let (of, words) = (mailbox.id, mailbox.uncompared?.words);
            let (with, differ) = match mailbox.mine {
                true => (
                    "on your other device".to_owned(),
                    "delete this data folder and set this device up in a new one".to_owned(),
                ),
                false => (
                    format!("with {of}, best by telephone"),
                    format!("run `behalf invite reject {of}`"),
                ),
            };
            Some(format!(
                "you have not compared the words {with}: {words}. \
                 If they match, run `behalf invite match {of}`; if they differ, {differ}"
            ))
        });
        let parts: Vec<_> = waiting.chain(ended).chain(uncompared).collect();
        let found = match parts.as_slice() {
            [] => "nothing is to be done".to_owned(),
            parts => parts.join("; "),
        };
        Ok(check("Invitations you have accepted", true, &found, ""))
    }

    /// That somebody may have access whom the owner does not know is wrong.
    fn invitations_made(&self) -> Result<Check> {
        let news = self.invitation_news()?;
        let wrong = news.iter().find(|one| one.kind == NewsKind::Differs);
        let told: Vec<_> = news
            .iter()
            .map(|one| format!("{} {}", one.what, one.todo))
            .collect();
        let found = match (wrong, told.as_slice()) {
            (Some(one), _) => one.what.clone(),
            (None, []) => "nothing is to be done".to_owned(),
            (None, told) => told.join("; "),
        };
        let todo = wrong.map_or("", |one| &one.todo);
        Ok(check("Invitations you have made", wrong.is_none(), &found, todo))
    }
}

fn removed_devices(missing: &Missing) -> Check {
    let (found, todo) = match missing.removed.first() {
        Some((what, todo)) => (what.as_str(), todo.as_str()),
        None => ("ok", ""),
    };
    check("The owners' devices", missing.removed.is_empty(), found, todo)
}

fn holes(missing: &Missing) -> Check {
    let keys = missing.keys.iter().map(|owner| format!("the key from {owner}"));
    let holes = missing
        .holes
        .iter()
        .map(|(device, n)| format!("{n} from {device}"));
    let parts: Vec<_> = keys.chain(holes).collect();
    let found = match parts.as_slice() {
        [] => "nothing is missing".to_owned(),
        parts => format!("waiting for {}", parts.join(", ")),
    };
    let todo = "Sync the device that is named.";
    check("What others have sent", parts.is_empty(), &found, todo)
}

fn check(what: &str, ok: bool, found: &str, todo: &str) -> Check {
    Check {
        what: what.into(),
        ok,
        found: found.into(),
        todo: if ok { String::new() } else { todo.into() },
    }
}

fn mailboxes(connection: &Connection) -> Result<Vec<Address>> {
    let mut statement = connection.prepare("SELECT id FROM mailbox ORDER BY id")?;
    let found = statement.query_map([], |r| r.get::<_, String>(0))?;
    found.map(|id| Ok(Address::lenient(&id?))).collect()
}
