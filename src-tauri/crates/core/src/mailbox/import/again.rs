//! A message whose Message-ID the mailbox holds: another copy of the same mail, or another mail (B-08).

use rusqlite::params;
use uuid::Uuid;

use super::{
    mail::{Held, Run},
    save::Waiting,
};
use crate::{
    Result,
    mailbox::{
        identity::{MARK, UNDATED, derived, is_before, is_same},
        parse::{Head, parse_slim},
    },
    model::{Address, FolderRole, ItemId, Kind, Time},
};

/// A broken sender's mails under one id are compared with so many of the others.
const COMPARED: usize = 32;

/// A message that has arrived, read.
pub(super) struct Arrived<'a> {
    pub(super) raw: &'a [u8],
    pub(super) sum: u32,
    /// Its date is [`UNDATED`] when it names none.
    pub(super) head: Head,
    pub(super) folder: usize,
    pub(super) unread: Option<bool>,
    /// Its date when it names none.
    pub(super) fallback: Time,
}

/// One that is here.
struct Member {
    id: i64,
    key: String,
    sum: Option<u32>,
    folder: usize,
    unread: bool,
    offset: u64,
    size: u64,
    sent: Time,
    /// Where it waits for its transaction; `None` when it has had it.
    waits: Option<usize>,
}

impl Run<'_> {
    /// Takes in a message whose key is taken.
    pub(super) fn again(&mut self, arrived: Arrived<'_>) -> Result<()> {
        let key = &arrived.head.key;
        let keys = [
            key.clone(),
            derived(key, &arrived.head, false),
            derived(key, &arrived.head, true),
        ];
        let members = self.members(&keys)?;
        if let Some(member) = members.iter().find(|m| m.sum == Some(arrived.sum)) {
            return self.another_copy(member, &arrived, false);
        }
        let role = self.folders[arrived.folder].role;
        let mut first = None;
        for member in &members {
            let raw = self.raw(member)?;
            let mut room = Vec::new();
            let Ok(mail) = parse_slim(&raw, &mut room) else {
                continue;
            };
            let head = mail.head(UNDATED);
            if is_same((&head, self.folders[member.folder].role), (&arrived.head, role)) {
                let tells_more = self.tells_more(member, &arrived, (has_bcc(&raw), has_bcc(arrived.raw)));
                return self.another_copy(member, &arrived, tells_more);
            }
            if member.key == arrived.head.key {
                first = Some((member, head));
            }
        }
        self.another_mail(arrived, first)
    }

    /// Some of the mails under a Message-ID: those under these keys, of which it is the first, before all others.
    fn members(&mut self, keys: &[String; 3]) -> Result<Vec<Member>> {
        let key = keys[0].as_str();
        let stored = self.store.read(|c| {
            let mut query = c.prepare_cached(
                "SELECT m.id, m.key, m.sum, f.name, m.unread, m.pack_offset, m.size, m.sent
                 FROM message m JOIN folder f ON f.id = m.folder
                 WHERE m.mailbox = ?1 AND (m.key = ?2 OR (m.key > ?3 AND m.key < ?4))
                 ORDER BY m.key NOT IN (?2, ?5, ?6), m.key LIMIT ?7",
            )?;
            let (from, to) = (format!("{key}{MARK}"), format!("{key}\u{7f}"));
            let of = params![
                self.mailbox.as_str(),
                key,
                from,
                to,
                keys[1],
                keys[2],
                COMPARED as i64
            ];
            let rows = query.query_map(of, |r| {
                let member = Member {
                    id: r.get(0)?,
                    key: r.get(1)?,
                    sum: r.get(2)?,
                    folder: 0,
                    unread: r.get(4)?,
                    offset: r.get::<_, i64>(5)? as u64,
                    size: r.get::<_, i64>(6)? as u64,
                    sent: Time(r.get(7)?),
                    waits: None,
                };
                Ok((member, r.get::<_, String>(3)?))
            })?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        })?;
        let under = |of: &str| {
            of.strip_prefix(key)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(MARK))
        };
        let waiting = self
            .batch
            .iter()
            .enumerate()
            .filter(|(_, waiting)| under(&waiting.head.key));
        let mut all: Vec<Member> = waiting
            .map(|(at, waiting)| Member {
                id: waiting.id,
                key: waiting.head.key.clone(),
                sum: Some(waiting.sum),
                folder: waiting.folder,
                unread: waiting.unread,
                offset: waiting.offset,
                size: waiting.size,
                sent: waiting.head.sent,
                waits: Some(at),
            })
            .collect();
        for (member, folder) in stored {
            // What waits is newer.
            if !all.iter().any(|one| one.id == member.id) {
                let folder = self.folder(&folder);
                all.push(Member { folder, ..member });
            }
        }
        all.sort_by_cached_key(|member| (!keys.contains(&member.key), member.key.clone()));
        all.truncate(COMPARED);
        Ok(all)
    }

    fn raw(&mut self, member: &Member) -> Result<Vec<u8>> {
        if member.waits.is_some() {
            self.pack.flush()?;
        }
        self.store.pack().read(member.offset, member.size)
    }

    /// Is what has arrived to be kept in the place of the copy that is here? `bcc`: which of the two names blind copies.
    /// Only the owner's own copies know, and nobody else can say it of them.
    fn tells_more(&self, member: &Member, arrived: &Arrived<'_>, bcc: (bool, bool)) -> bool {
        let (old, new) = (
            self.folders[member.folder].role,
            self.folders[arrived.folder].role,
        );
        let own = Address::lenient(&arrived.head.from.address) == *self.mailbox;
        match bcc {
            (true, false) => old == FolderRole::Drafts && new.rank() > old.rank(),
            (false, true) if own => old != FolderRole::Drafts || new.rank() > old.rank(),
            _ => new.rank() > old.rank(),
        }
    }

    /// Another copy of a mail: which folder the mail is in, the higher one says.
    fn another_copy(&mut self, member: &Member, arrived: &Arrived<'_>, tells_more: bool) -> Result<()> {
        self.report.duplicates += 1;
        let (old, new) = (
            self.folders[member.folder].role,
            self.folders[arrived.folder].role,
        );
        let moves = new.rank() > old.rank();
        if !moves && !tells_more {
            return Ok(());
        }
        let (raw, sum, head) = if tells_more {
            (arrived.raw.to_vec(), Some(arrived.sum), arrived.head.clone())
        } else {
            let raw = self.raw(member)?;
            let mut room = Vec::new();
            let Ok(head) = parse_slim(&raw, &mut room).map(|mail| mail.head(UNDATED)) else {
                return Ok(());
            };
            (raw, member.sum, head)
        };
        let folder = if moves { arrived.folder } else { member.folder };
        let role = self.folders[folder].role;
        let (offset, size) = match tells_more {
            true => (self.pack.push(&raw)?, raw.len() as u64),
            false => (member.offset, member.size),
        };
        let waiting = Waiting {
            id: member.id,
            item: self.item(&member.key),
            folder,
            unread: member.unread && role != FolderRole::Sent,
            head: named(head, &member.key, member.sent),
            offset,
            size,
            sum: sum.unwrap_or_else(|| crc32fast::hash(&raw)),
            fresh: member.waits.is_some_and(|at| self.batch[at].fresh),
        };
        self.put(member.waits, waiting);
        Ok(())
    }

    /// Another mail under an id that is taken: the earlier keeps it, unless the other is tracked under it.
    fn another_mail(&mut self, arrived: Arrived<'_>, first: Option<(&Member, Head)>) -> Result<()> {
        let key = arrived.head.key.clone();
        let taken = |key: &str| self.known.contains_key(&self.item(key));
        let free = |head: &Head| {
            [false, true]
                .map(|whole| derived(&key, head, whole))
                .into_iter()
                .find(|key| !taken(key))
        };
        if let Some((member, head)) = first.filter(|(_, head)| is_before(&arrived.head, head))
            && let Some(other) = free(&head)
            && !self.is_tracked(&key)?
        {
            let waiting = Waiting {
                id: member.id,
                item: self.item(&other),
                folder: member.folder,
                unread: member.unread,
                head: named(head, &other, member.sent),
                offset: member.offset,
                size: member.size,
                sum: match member.sum {
                    Some(sum) => sum,
                    None => crc32fast::hash(&self.raw(member)?),
                },
                fresh: member.waits.is_some_and(|at| self.batch[at].fresh),
            };
            self.put(member.waits, waiting);
            return self.keep(arrived, &key);
        }
        match free(&arrived.head) {
            Some(key) => self.keep(arrived, &key),
            None => {
                self.report.duplicates += 1;
                Ok(())
            }
        }
    }

    /// Puts a changed message in the place where it waits, or behind the others.
    fn put(&mut self, waits: Option<usize>, waiting: Waiting) {
        let role = self.folders[waiting.folder].role;
        let held = Held {
            sum: Some(waiting.sum),
            rank: role.rank(),
        };
        self.known.insert(waiting.item, held);
        self.text += waiting.head.text.len();
        match waits {
            Some(at) => self.batch[at] = waiting,
            None => self.batch.push(waiting),
        }
    }

    fn is_tracked(&self, key: &str) -> Result<bool> {
        let item = self.item(key);
        self.store.read(|c| {
            Ok(c.prepare_cached("SELECT 1 FROM item WHERE id = ?1")?
                .exists([item.to_string()])?)
        })
    }

    fn item(&self, key: &str) -> Uuid {
        ItemId::derive(self.mailbox, Kind::Email, key).0
    }
}

/// The head of a message under this key. What starts a thread is called by its key.
pub(super) fn named(head: Head, key: &str, sent: Time) -> Head {
    Head {
        thread: match head.thread == head.key {
            true => key.to_owned(),
            false => head.thread,
        },
        key: key.to_owned(),
        sent: if head.sent == UNDATED { sent } else { head.sent },
        ..head
    }
}

/// Do its headers name blind copies?
fn has_bcc(raw: &[u8]) -> bool {
    let headers = memchr::memmem::find(raw, b"\n\n").or_else(|| memchr::memmem::find(raw, b"\n\r\n"));
    let headers = &raw[..headers.unwrap_or(raw.len())];
    headers.split(|b| *b == b'\n').any(|line| {
        line.len() > 4 && line[..4].eq_ignore_ascii_case(b"bcc:") && !line[4..].trim_ascii().is_empty()
    })
}
