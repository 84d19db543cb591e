//! Reading a mailbox: its folders, its list, one message.

use super::{
    Desk,
    reach::{covers, matter, outside, sees_private},
    told, view,
};
use crate::{
    Code, Result,
    access::{Act, Matter, Rights, Wish, authorise},
    activity,
    mailbox::{
        contacts,
        read::{self, Sight},
    },
    model::{Address, CALENDAR, Kind, Mention, bare_key, label::label},
};
use view::{Allowed, Column, Folder, ListEntry, ListPage, NamedRow, Party, Shown};

/// How many mails a search looks at, best first.
const FIND: usize = 1000;

impl Desk {
    /// The folders of a mailbox, its calendar and contacts among them (B-01).
    ///
    /// # Errors
    /// `NotFound` for a mailbox that is not here, `Refused` without access to it.
    pub fn folders(&self, mailbox: &Address) -> Result<Vec<Folder>> {
        let grant = self.authorise(Act::Read, mailbox)?.grant;
        let mut folders = read::folders(&self.store, mailbox, sees_private(grant.as_ref()))?;
        folders.retain(|f| covers(grant.as_ref(), &f.folder));
        Ok(folders)
    }

    /// A page of a folder (every mail folder with `None`), newest first, contacts by name. `after` is the key of the
    /// last entry of the page before. What others have tracked and is not held here stands among all mail, or in the
    /// calendar.
    ///
    /// # Errors
    /// As [`Desk::folders`]; `NotFound` for a folder or key that is not there.
    pub fn list(
        &self,
        mailbox: &Address,
        folder: Option<&str>,
        limit: u32,
        after: Option<&str>,
    ) -> Result<ListPage> {
        let grant = self.authorise(Act::Read, mailbox)?.grant;
        if let Some(folder) = folder.filter(|f| !covers(grant.as_ref(), f)) {
            return Err(outside(folder));
        }
        let sight = Sight {
            private: sees_private(grant.as_ref()),
            within: grant.map(|g| g.folders).unwrap_or_default(),
        };
        let kind = match folder {
            None => Kind::Email,
            Some(folder) if folder.eq_ignore_ascii_case(CALENDAR) => Kind::Appointment,
            Some(_) => return read::list(&self.store, mailbox, folder, &sight, limit, after),
        };
        let after = after.map(bare_key);
        let told_of = |key| self.store.read(|c| told::behind(c, mailbox, kind, key));
        let (place, held) = match after.map(told_of).transpose()?.flatten() {
            Some((place, held)) => (place, held),
            None => {
                let date = |key| self.store.read(|c| told::date_of(c, mailbox, kind, key));
                let date = after.map(date).transpose()?.flatten();
                // Copies stand first at their date.
                let place = date.map_or((i64::MAX, i64::MAX), |date| (date, i64::MAX));
                (place, after.map(str::to_owned))
            }
        };
        let mut page = read::list(&self.store, mailbox, folder, &sight, limit, held.as_deref())?;
        let asked = limit.max(1) as usize;
        self.store
            .read(|c| told::put_in(c, mailbox, kind, place, &mut page, asked))?;
        Ok(page)
    }

    /// Mail of any folder (or of one) that holds every word of `text` in its subject, sender or body, newest first;
    /// the last word may be unfinished. Of very many the ones that match best. The preview shows the place in the body.
    ///
    /// # Errors
    /// As [`Desk::folders`]; `Index` when the index can neither be read nor made anew.
    pub fn find_mail(
        &self,
        mailbox: &Address,
        text: &str,
        folder: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ListEntry>> {
        let grant = self.authorise(Act::Read, mailbox)?.grant;
        self.text.catch_up(&self.store)?;
        // Some of them may lie in other folders.
        let found = self.text.search(text, mailbox, FIND)?;
        let ids: Vec<i64> = found.into_iter().map(|(id, _)| id).collect();
        let mut entries = read::entries(&self.store, mailbox, &ids, sees_private(grant.as_ref()))?;
        entries.retain(|e| {
            covers(grant.as_ref(), &e.folder) && folder.is_none_or(|f| f.eq_ignore_ascii_case(&e.folder))
        });
        entries.truncate(limit as usize);
        entries.sort_by(|a, b| b.date.cmp(&a.date));
        for entry in &mut entries {
            // The place is a help to the eye: what cannot be read keeps its first words.
            match read::place(&self.store, mailbox, &entry.key, text) {
                Ok(Some(place)) => entry.preview = place,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, key = entry.key, "the place found is not shown"),
            }
        }
        Ok(entries)
    }

    /// Opens a message, appointment or contact.
    ///
    /// # Errors
    /// As [`Desk::folders`]; `NotFound` for a key that is not there.
    pub fn show(&self, mailbox: &Address, key: &str) -> Result<Shown> {
        let rights = self.reach(Act::Read, mailbox, bare_key(key))?;
        let opened = match read::show_parts(&self.store, &self.last_opened, mailbox, bare_key(key)) {
            Err(missing) if missing.code() == Code::NotFound => self
                .store
                .read(|c| told::open(c, mailbox, bare_key(key)))?
                .ok_or(missing)?,
            found => found?,
        };
        let item = self.status(mailbox, &opened.key)?;
        let matter = self.store.read(|c| matter(c, mailbox, &opened.facts))?;
        let parties = self.parties(mailbox, &opened.parties)?;
        Ok(Shown {
            key: opened.key,
            kind: opened.kind,
            subject: opened.subject,
            date: read::date_of(opened.kind, opened.date),
            date_uncertain: opened.date_uncertain,
            ends: opened.ends.map(|t| t.rfc3339()),
            location: opened.location,
            folder: opened.folder,
            text: opened.text,
            html: opened.html,
            blocked_images: opened.blocked_images > 0,
            attachments: opened.attachments,
            headers: opened.headers,
            parties,
            meeting: opened.meeting,
            warnings: read::doubt(&opened.facts)
                .or_else(|| opened.date_uncertain.then(|| read::NO_SURE_DATE.to_owned()))
                .into_iter()
                .collect(),
            contact: contacts::columns(&opened.facts)
                .into_iter()
                .map(|(name, value)| Column {
                    name: name.to_owned(),
                    label: label(name),
                    value,
                })
                .collect(),
            status: item.status,
            item,
            allowed: self.allowed(mailbox, &rights, matter),
        })
    }

    /// Everybody on an item, each with the row their address means.
    pub(super) fn parties(&self, mailbox: &Address, all: &[(u8, Mention)]) -> Result<Vec<Party>> {
        self.store.read(|c| {
            all.iter()
                .map(|(mask, mention)| {
                    let row = activity::rows_of(c, mailbox, &mention.address, *mask)?
                        .into_iter()
                        .next();
                    Ok(Party {
                        mask: *mask,
                        address: mention.address.clone(),
                        name: mention.name.clone(),
                        row: row.map(|r| NamedRow {
                            table: r.table,
                            id: r.id,
                            name: r.name,
                        }),
                    })
                })
                .collect()
        })
    }

    /// What may be done about an item.
    pub(super) fn allowed(&self, mailbox: &Address, rights: &Rights, matter: Matter) -> Allowed {
        let may = |wish| {
            let act = Act::Decide(matter.clone(), wish);
            authorise(act, &self.person, mailbox, rights, self.now())
        };
        let regarding = may(Wish::Regarding);
        Allowed {
            regarding: regarding.is_ok(),
            without_regarding: may(Wish::WithoutRegarding).is_ok(),
            reason: regarding.err().map_or(String::new(), |denied| denied.to_string()),
        }
    }
}
