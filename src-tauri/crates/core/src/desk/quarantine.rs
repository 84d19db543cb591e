//! What was not applied, and the owner's second look at it.

use rusqlite::{Connection, OptionalExtension};

use super::{Desk, auditing::Attempt, history::wanted, view::Quarantined};
use crate::{
    Error, Result,
    access::{self, Denied},
    audit,
    model::{Address, Facts, ItemId, Time},
    replica::{self, Action, Document, DocumentId, DocumentKind, Origin},
    sync::{self, Aside},
    tracking::{self, DECISION, Decision, FACTS, Registers},
    wire::{Reason, Refused},
};

impl Desk {
    /// What was not applied: in the own mailbox, and of one's own work in others'. Oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn quarantine(&self) -> Result<Vec<Quarantined>> {
        self.store.read(|c| {
            let mut all = Vec::new();
            let mut statement = c.prepare(
                "SELECT q.id, q.author, coalesce(i.key, ''), q.reason, q.sound, q.document, q.made
                 FROM quarantine q LEFT JOIN item i ON i.id = q.document AND i.mailbox = q.mailbox
                   LEFT JOIN operation o ON o.id = q.id
                 WHERE q.mailbox = ?1 AND q.discarded = 0 ORDER BY q.at, o.number, q.id",
            )?;
            let mut rows = statement.query([self.person.as_str()])?;
            while let Some(r) = rows.next()? {
                let id: String = r.get(0)?;
                if replica::is_accepted(c, &id)? {
                    continue;
                }
                let reason = Reason::from_code(&r.get::<_, String>(3)?);
                let (author, key): (String, String) = (r.get(1)?, r.get(2)?);
                let told = Told {
                    mailbox: &self.person,
                    author: Address::lenient(&author),
                    document: document(&r.get::<_, String>(5)?),
                    reason: reason.words(false),
                    at: Time(r.get(6)?),
                    id,
                    key,
                };
                let mut one = told.view(c)?;
                one.acceptable = r.get(4)?;
                if reason == Reason::Denied(Denied::SaysOtherwise) {
                    (one.theirs, one.ours) = self.both_texts(c, &one, told.document)?;
                }
                all.push(one);
            }
            for aside in sync::aside(c, &self.person, self.now())? {
                all.push(self.set_aside(c, &aside)?);
            }
            let mut mailboxes = c.prepare("SELECT id FROM mailbox WHERE mine = 0 ORDER BY id")?;
            for mailbox in mailboxes.query_map([], |r| r.get::<_, String>(0))? {
                let mailbox = Address::lenient(&mailbox?);
                let mut refused = c.prepare_cached(
                    "SELECT o.id, r.reason, r.accepted, coalesce(i.key, ''), o.document, o.at
                     FROM refusal r JOIN operation o ON o.id = r.operation AND o.mailbox = r.mailbox
                       LEFT JOIN item i ON i.id = o.document AND i.mailbox = o.mailbox
                     WHERE r.mailbox = ?1 AND o.person = ?2 ORDER BY o.number",
                )?;
                let mut rows = refused.query([mailbox.as_str(), self.person.as_str()])?;
                while let Some(r) = rows.next()? {
                    let id: String = r.get(0)?;
                    if replica::is_accepted(c, &id)? {
                        continue;
                    }
                    let told = Told {
                        mailbox: &mailbox,
                        author: self.person.clone(),
                        document: document(&r.get::<_, String>(4)?),
                        reason: Reason::from_code(&r.get::<_, String>(1)?).words(r.get(2)?),
                        at: Time(r.get(5)?),
                        key: r.get(3)?,
                        id,
                    };
                    all.push(told.view(c)?);
                }
            }
            Ok(all)
        })
    }

    /// What a device has sent that was set aside, as one entry that names the device.
    fn set_aside(&self, c: &Connection, aside: &Aside) -> Result<Quarantined> {
        let person: Option<String> = c
            .prepare_cached("SELECT person FROM device WHERE mailbox = ?1 AND id = ?2")?
            .query_row([aside.mailbox.as_str(), &aside.device], |r| r.get(0))
            .optional()?;
        let author = Address::lenient(person.as_deref().unwrap_or_default());
        let mut reasons = Vec::new();
        if aside.not_listed > 0 {
            reasons.push(format!("{} more changes were not applied", aside.not_listed));
        }
        if aside.failed > 0 {
            reasons.push(format!("{} parcels cannot be merged", aside.failed));
        }
        if aside.late > 0 {
            reasons.push(format!(
                "{} parcels wait until tomorrow, because it has sent more today than anybody does",
                aside.late
            ));
        }
        Ok(Quarantined {
            id: format!("{DEVICE}{}", aside.device),
            mailbox: aside.mailbox.clone(),
            author_name: access::name_of(c, &aside.mailbox, &author)?,
            author,
            key: String::new(),
            reason: format!("Device {}: {}.", aside.device, reasons.join("; ")),
            at: String::new(),
            acceptable: false,
            subject: String::new(),
            wanted: String::new(),
            theirs: String::new(),
            ours: String::new(),
        })
    }

    /// What a refused change says that a mail says, and what the own copy says.
    fn both_texts(
        &self,
        c: &Connection,
        one: &Quarantined,
        document: DocumentId,
    ) -> Result<(String, String)> {
        let found = Document::find(c, &one.mailbox, document)?;
        let Some((found, made)) = found.and_then(|d| d.at(&one.id).map(|made| (d, made))) else {
            return Ok(Default::default());
        };
        let written = found.written::<Facts>(FACTS, Some(&made))?;
        let Some(theirs) = written.into_iter().find(|w| w.by == one.id).map(|w| w.value) else {
            return Ok(Default::default());
        };
        let ours = self.own_copy(c, &one.mailbox, &theirs.key)?;
        Ok((words(&theirs), ours.as_ref().map_or(String::new(), words)))
    }

    /// Applies after all what was not: a new decision of the owner, in the author's name, over whatever stands now.
    /// The refused change itself stays refused, so that this can be undone like any other step.
    ///
    /// # Errors
    /// `Refused` for anybody but the owner, and for a change Behalf would not make; `NotFound` when nothing of that
    /// name waits. Of several, all or none are applied; one undo takes all of them back.
    pub fn accept_quarantined(&self, ids: &[&str]) -> Result<Vec<Quarantined>> {
        let ids: Vec<&str> = ids.iter().map(|id| id.trim()).collect();
        let batch = match ids.as_slice() {
            [first, _, ..] => format!("accept-{}-{first}", self.now().0),
            _ => String::new(),
        };
        let accepted = self
            .store
            .write(|tx| ids.iter().try_for_each(|id| self.try_accept(tx, id, &batch)));
        let first = ids.first().copied().unwrap_or_default();
        self.audited(Attempt::on("Accept", &self.person, first, None), accepted)?;
        self.quarantine()
    }

    /// Leaves something as it is for good: it is listed no more. It stays refused, and in the audit log.
    ///
    /// # Errors
    /// `Refused` for anybody but the owner, `NotFound` when nothing of that name waits.
    pub fn discard_quarantined(&self, id: &str) -> Result<Vec<Quarantined>> {
        let id = id.trim();
        let discarded = self.store.write(|tx| {
            if let Some(device) = id.strip_prefix(DEVICE) {
                let gone = tx.execute(
                    "UPDATE not_listed SET discarded = operations
                     WHERE mailbox = ?1 AND device = ?2 AND discarded < operations",
                    [self.person.as_str(), device],
                )?;
                return match gone {
                    0 => Err(self.not_here(tx, id)?),
                    _ => Ok(()),
                };
            }
            let gone = tx.execute(
                "UPDATE quarantine SET discarded = 1 WHERE id = ?1 AND mailbox = ?2 AND discarded = 0",
                [id, self.person.as_str()],
            )?;
            match gone {
                0 => Err(self.not_here(tx, id)?),
                _ => Ok(()),
            }
        });
        self.audited(Attempt::on("Discard", &self.person, id, None), discarded)?;
        self.quarantine()
    }

    fn try_accept(&self, tx: &Connection, id: &str, batch: &str) -> Result<()> {
        let found: Option<(String, String, bool, String)> = tx
            .prepare_cached("SELECT mailbox, document, sound, reason FROM quarantine WHERE id = ?1")?
            .query_row([id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
            .optional()?;
        let Some((mailbox, document, sound, reason)) = found else {
            return Err(self.not_here(tx, id)?);
        };
        let mailbox = Address::lenient(&mailbox);
        if mailbox != self.person {
            return Err(owner_only(&mailbox));
        }
        if replica::is_accepted(tx, id)? {
            return Err(Error::bad_input("That has been accepted already.", ""));
        }
        let (document, reason) = (self::document(&document), Reason::from_code(&reason));
        if !sound || document.kind(&mailbox) != DocumentKind::Item {
            return Err(Error::refused(
                format!("That can never be applied: {reason}"),
                "It stays in quarantine, and in the audit log.",
            ));
        }
        let (mut document, now) = tracking::open(tx, &mailbox, ItemId(document.0))?;
        let missing = || Error::not_found("What it builds on has not arrived yet.", "Sync, and try again.");
        let made = document.at(id).ok_or_else(missing)?;
        let written = document.written::<Decision>(DECISION, Some(&made))?;
        let wanted = written.into_iter().find(|w| w.by == id).ok_or_else(|| {
            Error::refused(
                "That decided nothing: it asked for another attempt to promote.",
                "Open the item and choose Retry.",
            )
        })?;
        let wanted = wanted.value;
        // The text it gave to a note; a change that gave none leaves what stands.
        let said = document.written::<Facts>(FACTS, Some(&made))?;
        let said = said.into_iter().find(|w| w.by == id).map(|w| w.value);
        // What the own copy says goes before what anybody says it says.
        let facts = match now.filter(|now| !now.by.is_empty()) {
            Some(now) => now.facts,
            None => {
                let theirs = Registers::read_at(&document, Some(&made), &Refused::new())?
                    .ok_or_else(missing)?
                    .facts;
                self.own_copy(tx, &mailbox, &theirs.key)?.unwrap_or(theirs)
            }
        };
        let decision = Decision {
            at: self.now(),
            ..wanted
        };
        let why = (Action::Accept, Origin::because_of(id, batch));
        let facts = (&facts, said.as_ref());
        self.decide_as(tx, &mailbox, &mut document, facts, &decision, why)
    }

    /// Why an id that waits here under no name cannot be accepted.
    fn not_here(&self, tx: &Connection, id: &str) -> Result<Error> {
        Ok(match replica::step(tx, id)? {
            Some(step) if step.mailbox != self.person => owner_only(&step.mailbox),
            _ => Error::not_found(
                format!("Nothing waits in quarantine by the name {id}."),
                "`behalf quarantine` shows the ids.",
            ),
        })
    }
}

/// How the entry of a device is named.
const DEVICE: &str = "device-";

/// What is told of something that was not applied.
struct Told<'a> {
    mailbox: &'a Address,
    id: String,
    author: Address,
    key: String,
    document: DocumentId,
    reason: String,
    at: Time,
}

impl Told<'_> {
    fn view(&self, c: &Connection) -> Result<Quarantined> {
        let wanted = match wanted(c, self.mailbox, self.document, &self.id)? {
            Some(decision) => {
                let json = serde_json::to_string(&decision)?;
                audit::words(DocumentKind::Item, DECISION, Some(&json)).0
            }
            None => String::new(),
        };
        Ok(Quarantined {
            id: self.id.clone(),
            mailbox: self.mailbox.clone(),
            author: self.author.clone(),
            author_name: access::name_of(c, self.mailbox, &self.author)?,
            subject: audit::subject_of(c, self.mailbox, &self.key)?,
            key: self.key.clone(),
            reason: self.reason.clone(),
            at: self.at.rfc3339(),
            acceptable: false,
            wanted,
            theirs: String::new(),
            ours: String::new(),
        })
    }
}

/// What a mail says, so that two people can compare it.
fn words(facts: &Facts) -> String {
    let from = facts.from.as_ref().map_or("", |from| from.address.as_str());
    let to: Vec<_> = facts.to.iter().map(|one| one.address.as_str()).collect();
    format!(
        "From: {from}\nTo: {}\nSent: {}\nSubject: {}\n\n{}",
        to.join(", "),
        facts.sent.rfc3339(),
        facts.subject,
        facts.text
    )
}

fn document(text: &str) -> DocumentId {
    DocumentId(uuid::Uuid::parse_str(text).unwrap_or_default())
}

fn owner_only(owner: &Address) -> Error {
    Error::refused(
        format!("Only {owner} can accept what was not applied in their mailbox."),
        "Ask them.",
    )
}
