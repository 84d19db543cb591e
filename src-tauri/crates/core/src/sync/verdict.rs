//! What the owner's replica says of what a delegate sends: whether it counts.

use rusqlite::{Connection, OptionalExtension, params};

use super::run::Replica;
use crate::{
    Code, Result,
    access::{self, Act, Denied, Matter, Rights, Wish, authorise},
    mailbox::{contacts, read},
    model::{Address, Facts, Kind, Time},
    replica::{self, Arriving, Document, DocumentId, Link, Logged, Operation, OperationId, Origin},
    rows::{self, resolve::is_user},
    store::Store,
    tracking::{self, DECISION, Decision, FACTS, Regarding},
    wire::{Heard, Reason, Refusals, Seen, chain, refusal},
};

/// So many refused operations of a device wait for the owner's eye at most. What it sends then is refused whole.
pub(super) const OPEN: u32 = 1_000;

/// What this replica says of an envelope's operations.
#[derive(Default)]
pub(super) enum Verdict {
    /// Everything counts: that is not for this replica to say.
    #[default]
    Everything,
    /// Nothing counts.
    Nothing(Reason),
    /// The owner has said so before.
    Said(Refusals),
    /// Judged now, by the author's rights.
    Judge(Rights),
}

/// What an item is, looked up once for all operations of a document.
#[derive(Default)]
pub(super) struct Looked {
    /// What the mailbox's own copy says; within, `None` when it holds none.
    held: Option<Option<Held>>,
    /// What is written in that copy; within, `None` when it cannot be read any more.
    written: Option<Option<Facts>>,
    /// By the document as it stands, or by what came first for it.
    stood: Option<Matter>,
}

/// The mailbox's own copy of an item.
#[derive(Clone)]
struct Held {
    key: String,
    matter: Matter,
}

impl Verdict {
    /// Judges an envelope, and says how many refused operations of its device are listed. Everything counts where that is
    /// not for this replica to say; nothing does where its author may do nothing, or too much is listed.
    pub(super) fn on(
        tx: &Connection,
        by: &Logged<'_>,
        (link, envelope): (Link, &str),
        now: Time,
    ) -> Result<(Self, u32)> {
        let removed = access::is_removed(tx, by.mailbox, by.device)?;
        let theirs = by.person == by.mailbox;
        if (theirs && !removed) || !access::is_mine(tx, by.mailbox)? {
            // Where the owner's last devices have removed each other, nobody is left to say what counts.
            return Ok(
                match theirs && removed && access::living_devices_of(tx, by.mailbox, by.mailbox)?.is_empty() {
                    true => (Self::Nothing(Denied::DeviceRemoved.into()), 0),
                    false => (Self::Everything, 0),
                },
            );
        }
        let open: u32 = tx
            .prepare_cached(
                "SELECT count(*) FROM quarantine WHERE mailbox = ?1 AND device = ?2 AND discarded = 0",
            )?
            .query_row([by.mailbox.as_str(), by.device], |r| r.get(0))?;
        if let Some(said) = said(tx, by, link, envelope)? {
            for run in said.runs.iter().filter(|run| run.device == by.device) {
                if chain::is_in(tx, run, (link.seq, envelope))? {
                    return Ok((Self::Nothing(run.reason), open));
                }
            }
            return Ok((Self::Said(said), open));
        }
        let rights = Rights::read(tx, by.mailbox, by.person, by.device)?;
        // Whoever may track nothing at all is told so of everything at once.
        let verdict = match authorise(Act::Track, by.person, by.mailbox, &rights, now) {
            Err(denied) => Self::Nothing(denied.into()),
            Ok(()) if open >= OPEN => Self::Nothing(Denied::TooMany.into()),
            Ok(()) => Self::Judge(rights),
        };
        Ok((verdict, open))
    }

    /// Why an operation does not count on its document, which stands as it did before; `None` when it does.
    pub(super) fn of(
        &self,
        (tx, store): (&Connection, &Store),
        by: &Logged<'_>,
        (id, operation): (&OperationId, &Operation),
        item: (&mut Arriving, &mut Looked),
        now: Time,
    ) -> Result<Option<Reason>> {
        match self {
            Self::Everything => Ok(None),
            Self::Nothing(reason) => Ok(Some(*reason)),
            Self::Said(said) => {
                let one = said.ones.iter().find(|(refused, _)| refused == id);
                Ok(one.map(|(_, reason)| *reason))
            }
            Self::Judge(rights) => {
                let judged = judge((tx, store), by, operation, (rights, now), item)?;
                Ok(judged.err().map(Reason::from))
            }
        }
    }
}

/// What one of the owner's devices has said of an envelope. It stands, for this disk may be an old copy. `None` when
/// nothing has been said; a tip that is not here proves nothing.
fn said(tx: &Connection, by: &Logged<'_>, link: Link, envelope: &str) -> Result<Option<Refusals>> {
    let mut statement = tx.prepare_cached(
        "SELECT r.seen, r.refused FROM receipt r JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
         WHERE r.mailbox = ?1 AND d.person = ?1 AND d.removed = 0",
    )?;
    let mut said = statement.query([by.mailbox.as_str()])?;
    while let Some(row) = said.next()? {
        let seen: Seen = serde_json::from_str(&row.get::<_, String>(0)?)?;
        for tip in seen.get(by.device).into_iter().flatten() {
            if tip.seq >= link.seq.unsigned_abs() && chain::leads_to(tx, &tip.hash, link.seq, envelope)? {
                return Ok(Some(postcard::from_bytes(&row.get::<_, Vec<u8>>(1)?)?));
            }
        }
    }
    Ok(None)
}

/// May the author do this to this item, by the rules and by what the mailbox's own copy says it is? Only of what the
/// mailbox does not hold the document is believed, which is its author's word, or what has come with this operation or
/// before it.
fn judge(
    (tx, store): (&Connection, &Store),
    by: &Logged<'_>,
    operation: &Operation,
    (rights, now): (&Rights, Time),
    (arriving, looked): (&mut Arriving, &mut Looked),
) -> Result<Result<(), Denied>> {
    let ask = |act| authorise(act, by.person, by.mailbox, rights, now);
    let decision = operation
        .put(DECISION)
        .and_then(|put| serde_json::from_str::<Decision>(&put.json).ok());
    let facts = operation
        .put(FACTS)
        .and_then(|put| serde_json::from_str::<Facts>(&put.json).ok());
    let held = match &looked.held {
        Some(held) => held.clone(),
        None => looked.held.insert(held(tx, by.mailbox, operation)?).clone(),
    };
    let of = |facts: &Facts| -> Result<Matter> {
        let matter = Matter::of(facts, None, by.mailbox, |who| is_user(tx, who))?;
        Ok(Matter {
            // A contact whose facts call it a mail is a contact (G-02): its key says so.
            contact: matter.contact || contacts::holds(tx, by.mailbox, &facts.key)?,
            ..matter
        })
    };
    let matter = match (&held, &facts, &looked.stood) {
        (Some(held), facts, _) => Matter {
            // What says so of itself is one; what does not say so is compared below.
            invitation: facts.as_ref().is_some_and(|facts| !facts.invitation.is_empty()),
            ..held.matter.clone()
        },
        (None, None, Some(stood)) => stood.clone(),
        (None, Some(facts), stood) => {
            let matter = of(facts)?;
            looked.stood = stood.clone().or(Some(matter.clone()));
            matter
        }
        (None, None, None) => {
            let standing = tracking::registers(tx, arriving.document()?)?;
            let facts = standing.map(|standing| standing.facts).unwrap_or_default();
            looked.stood.insert(of(&facts)?).clone()
        }
    };
    let act = match &decision {
        Some(decision) => Act::Decide(matter, decision.wish()),
        None => Act::Decide(matter, Wish::Untracked),
    };
    if let Err(denied) = ask(act) {
        return Ok(Err(denied));
    }
    if let (Some(facts), Some(held)) = (&facts, &held)
        && !is_as_held((tx, store), by.mailbox, (held, &mut looked.written), facts)?
    {
        return Ok(Err(Denied::SaysOtherwise));
    }
    match decision.and_then(|decision| decision.regarding) {
        Some(regarding) if !is_the_owners(tx, &regarding)? => Ok(Err(Denied::NotTheOwners)),
        _ => Ok(Ok(())),
    }
}

/// The mailbox's own copy of an item; `None` when it holds none.
fn held(tx: &Connection, mailbox: &Address, operation: &Operation) -> Result<Option<Held>> {
    let held = tx
        .prepare_cached(
            "SELECT coalesce(m.private, 0), 'email', m.from_address, m.key, f.name
               FROM message m JOIN folder f ON f.id = m.folder WHERE m.item = ?1 AND m.mailbox = ?2
             UNION ALL SELECT private, 'appointment', organizer,
               CASE occurrence WHEN '' THEN key ELSE key || '#' || occurrence END, NULL
               FROM appointment WHERE item = ?1 AND mailbox = ?2
             UNION ALL SELECT private, 'contact', '', key, NULL
               FROM contact_card WHERE item = ?1 AND mailbox = ?2 LIMIT 1",
        )?
        .query_row(params![operation.document.to_string(), mailbox.as_str()], |r| {
            let kind = Kind::from_str_or_email(&r.get::<_, String>(1)?);
            let (from, key): (String, String) = (r.get(2)?, r.get(3)?);
            Ok((r.get(0)?, (kind, r.get(4)?), from, key))
        })
        .optional()?;
    held.map(|(private, lies, from, key)| {
        let matter = Matter::from_somebody(&from, lies, private, mailbox, |who| is_user(tx, who))?;
        Ok(Held { key, matter })
    })
    .transpose()
}

/// Do these facts say what the mailbox's own copy says? A copy that cannot be read any more decides nothing.
fn is_as_held(
    (tx, store): (&Connection, &Store),
    mailbox: &Address,
    (held, written): (&Held, &mut Option<Option<Facts>>),
    facts: &Facts,
) -> Result<bool> {
    let own = match written {
        Some(own) => own,
        None => {
            let own = match read::message(tx, store, &read::LastOpened::default(), mailbox, &held.key) {
                Ok(own) => Some(own.bounded()),
                Err(e) if e.code() == Code::Unavailable => return Err(e),
                Err(error) => {
                    tracing::warn!(%error, key = held.key, "the mailbox's own copy cannot be read");
                    None
                }
            };
            written.insert(own)
        }
    };
    Ok(own.as_ref().is_none_or(|own| own.is_of_the_same(facts)))
}

/// Rights are those of both: what the owner may not append to, nobody does in their name. A row that the owner's
/// replica does not hold decides nothing.
fn is_the_owners(tx: &Connection, regarding: &Regarding) -> Result<bool> {
    Ok(rows::choosable(tx, &regarding.row)?.is_none_or(|row| row.appendable))
}

/// Judges once more what was held back because nobody could say in which folder it lies, now that the owner's mailbox
/// holds it, and what came when too much was refused, now that the owner has looked. How many count since. A cycle in which nothing of the kind has come takes no write lock.
pub(super) fn reconsider(replica: Replica<'_>, mailbox: &Address, now: Time) -> Result<u32> {
    let held_back = replica.store.read(|c| held_back(c, mailbox))?;
    if held_back.is_empty() {
        return Ok(0);
    }
    replica.store.write(|tx| {
        let heard = Heard::read(tx, mailbox)?;
        let mut admitted = 0;
        for id in &held_back {
            let Some(step) = replica::step(tx, id)? else {
                continue;
            };
            let Some(document) = Document::find(tx, mailbox, DocumentId(step.document))? else {
                continue;
            };
            let Some(done) = OperationId::parse(id).and_then(|id| document.done(&id)) else {
                continue;
            };
            let operation = Operation {
                at: step.at,
                action: step.action,
                document: document.id(),
                heads: done.heads,
                puts: done.puts,
                origin: Origin {
                    batch: step.batch,
                    cause: step.cause,
                },
            };
            let by = Logged {
                mailbox,
                device: &done.device,
                person: &step.person,
                link: None,
            };
            let rights = Rights::read(tx, mailbox, by.person, by.device)?;
            let (on, mut looked) = ((tx, replica.store), Looked::default());
            let mut arriving = Arriving::new(document, true);
            // Its envelope is told of one by one from now on.
            refusal::single_out(tx, mailbox, id)?;
            match judge(on, &by, &operation, (&rights, now), (&mut arriving, &mut looked))? {
                Ok(()) => {
                    refusal::admit(tx, mailbox, id)?;
                    tracking::project_heard(tx, mailbox, arriving.document()?, &heard, None, now)?;
                    admitted += 1;
                }
                Err(denied) => {
                    let reason = Reason::from(denied);
                    refusal::refuse(tx, mailbox, id, (reason, false))?;
                    refusal::quarantine(tx, &by, (id, &operation), reason, true, now)?;
                }
            }
        }
        Ok(admitted)
    })
}

fn held_back(connection: &Connection, mailbox: &Address) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT q.id FROM quarantine q WHERE q.mailbox = ?1 AND q.reason = ?2 AND q.discarded = 0
           AND EXISTS (SELECT 1 FROM message m WHERE m.item = q.document AND m.mailbox = q.mailbox)",
    )?;
    let unknown = Reason::from(Denied::FolderUnknown).code();
    let found = statement.query_map([mailbox.as_str(), &unknown], |r| r.get(0))?;
    let mut found = found.collect::<Result<Vec<String>, _>>()?;
    let mut statement = connection.prepare_cached(
        "SELECT r.operation FROM refusal r JOIN operation o ON o.id = r.operation AND o.mailbox = r.mailbox
         WHERE r.mailbox = ?1 AND r.reason = ?2
           AND (SELECT count(*) FROM quarantine q
                WHERE q.mailbox = o.mailbox AND q.device = o.device AND q.discarded = 0) < ?3
         ORDER BY o.number LIMIT ?3",
    )?;
    let many = Reason::from(Denied::TooMany).code();
    let more = statement.query_map(params![mailbox.as_str(), many, OPEN], |r| r.get(0))?;
    found.extend(more.collect::<Result<Vec<String>, _>>()?);
    Ok(found)
}
