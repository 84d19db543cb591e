//! The façade: what a person can do. The shell and the command line call nothing else.
//!
//! Every method blocks (SQLite, index, files): call it off the UI thread. All take `&self` and may be called
//! from several threads.

mod auditing;
mod delegates;
mod devices;
mod doctor;
mod files;
mod history;
mod joining;
mod looking;
mod mail;
mod notes;
mod quarantine;
mod reach;
mod replies;
mod request;
mod rows;
mod settings;
mod status;
mod syncing;
#[cfg(test)]
mod tests;
mod timeline;
mod told;
mod track;
mod triage;
mod undo;
pub mod view;
mod waiting;

use std::{
    fs::File,
    path::Path,
    sync::{Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension};

pub use auditing::AuditQuery;
pub use delegates::invitation_in;
pub use request::{Accepted, Check, Diagnosis, Invitation};
pub use triage::{Pair, pairs, pairs_from};

pub use crate::{
    access::Terms,
    activity::TimelineQuery,
    model::{ImportProgress, Progress},
};

use crate::{
    Error, Result,
    access::{self, Act, Denied, DeviceKey, Grant, Keychain, NoKeychain, Place, Rights, authorise},
    mailbox::{read::LastOpened, text::TextIndex},
    model::{Address, Clock, SystemClock, Time},
    rows::search::RowIndex,
    store::{Store, private},
    wire::FolderRelay,
};
use view::{Mailbox, Me, Uncompared, Waiting};

/// One person's replica, opened.
pub struct Desk {
    store: Store,
    key: DeviceKey,
    person: Address,
    name: String,
    rows: RowIndex,
    text: TextIndex,
    clock: Box<dyn Clock>,
    /// Stays on one snapshot of nothing: its `data_version` moves whenever any other connection commits.
    watcher: Mutex<Connection>,
    last_cycle: Mutex<syncing::LastCycle>,
    last_opened: LastOpened,
}

/// The right to run this data folder's cycle in the background; one process at a time. Given back when dropped.
pub struct Claim(#[allow(dead_code)] File);

impl Desk {
    /// Makes the replica of `person` in `folder`, with their own mailbox; its key lies in a file of the folder.
    ///
    /// # Errors
    /// As [`Desk::init_with`].
    pub fn init(folder: &Path, person: &Address, name: &str, relay: &str) -> Result<Self> {
        Self::init_with(folder, person, name, relay, &NoKeychain)
    }

    /// The same; its key goes into the keychain, when there is one.
    ///
    /// # Errors
    /// `BadInput` when there is one already, or the relay cannot be understood.
    pub fn init_with(
        folder: &Path,
        person: &Address,
        name: &str,
        relay: &str,
        keychain: &dyn Keychain,
    ) -> Result<Self> {
        if Store::exists(folder) {
            return Err(Error::bad_input(
                format!("{} already holds a replica.", folder.display()),
                "Choose another folder with --data, or go on with the one that is there.",
            ));
        }
        let name = match name.trim() {
            "" => person.as_str(),
            name => access::own_name(name)?,
        };
        let relay = prepare_relay(relay)?;
        let store = Store::open(folder)?;
        let key = access::make(folder, keychain)?;
        let made = store.write(|tx| {
            let settings = [
                ("person", person.as_str()),
                ("name", name),
                ("relay", &relay),
                ("device", key.id()),
            ];
            for (setting, value) in settings {
                tx.execute("INSERT INTO replica (name, value) VALUES (?1, ?2)", [setting, value])?;
            }
            tx.execute(
                "INSERT INTO mailbox (id, owner_name, mine) VALUES (?1, ?2, 1)",
                [person.as_str(), name],
            )?;
            tx.execute(
                "INSERT INTO device (mailbox, id, person, person_name, public_key, card) VALUES (?1, ?2, ?1, ?3, ?4, ?5)",
                rusqlite::params![person.as_str(), key.id(), name, key.public(), key.card().to_bytes()],
            )?;
            Ok(())
        });
        made?;
        tracing::info!(%person, device = key.id(), "replica made");
        drop(store);
        Self::open_with(folder, Box::new(SystemClock), keychain)
    }

    /// Is there a replica in this folder?
    pub fn is_in(folder: &Path) -> bool {
        Store::exists(folder)
    }

    /// Opens the replica in `folder`, whose key lies in a file of it.
    ///
    /// # Errors
    /// As [`Desk::open_with`].
    pub fn open(folder: &Path) -> Result<Self> {
        Self::open_at(folder, Box::new(SystemClock))
    }

    /// The same, with another clock.
    ///
    /// # Errors
    /// As [`Desk::open_with`].
    pub fn open_at(folder: &Path, clock: Box<dyn Clock>) -> Result<Self> {
        Self::open_with(folder, clock, &NoKeychain)
    }

    /// Opens the replica in `folder`, whose key is in a keychain or in a file of the folder.
    ///
    /// # Errors
    /// `NotFound` when there is none, `Unavailable` when its key cannot be had now.
    pub fn open_with(folder: &Path, clock: Box<dyn Clock>, keychain: &dyn Keychain) -> Result<Self> {
        let missing = || {
            Error::not_found(
                format!("There is no replica in {}.", folder.display()),
                "Make one with `behalf --data DIR init --person EMAIL --name NAME --relay folder:PATH`.",
            )
        };
        if !Store::exists(folder) {
            return Err(missing());
        }
        let store = Store::open(folder)?;
        let person = setting(&store, "person")?.ok_or_else(missing)?;
        let device = setting(&store, "device")?.ok_or_else(missing)?;
        looking::look(&store)?;
        let index = folder.join("index");
        Ok(Self {
            key: access::load(folder, &device, keychain)?,
            person: Address::lenient(&person),
            name: setting(&store, "name")?.unwrap_or(person),
            rows: RowIndex::open(&index.join("rows"))?,
            text: TextIndex::open(&index.join("text"))?,
            clock,
            watcher: Mutex::new(store.watcher()?),
            last_cycle: Mutex::default(),
            last_opened: LastOpened::default(),
            store,
        })
    }

    /// Claims the background work of this data folder.
    ///
    /// # Errors
    /// `Unavailable` when another process has it.
    pub fn claim(&self) -> Result<Claim> {
        let path = self.store.folder().join("background.lock");
        let file = private::create(&path).map_err(Error::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Claim(file)),
            Err(_) => Err(Error::unavailable(
                format!(
                    "Behalf is already running for {} in this data folder.",
                    self.person
                ),
                "Use the window that is open, or stop the other process first.",
            )),
        }
    }

    /// Whose replica this is, and its mailboxes.
    ///
    /// # Errors
    /// Database errors.
    pub fn me(&self) -> Result<Me> {
        let mailboxes = self.store.read(|c| {
            let waiting = self.waiting_in(c)?;
            let uncompared = access::uncompared(c)?;
            let mut statement = c.prepare_cached(
                "SELECT id, owner_name, mine FROM mailbox m
                 WHERE mine OR EXISTS (SELECT 1 FROM device d WHERE d.mailbox = m.id AND d.person = m.id)
                   OR EXISTS (SELECT 1 FROM joining j WHERE j.mailbox = m.id)
                 ORDER BY mine DESC, owner_name, id",
            )?;
            let found = statement
                .query_map([], |r| {
                    Ok((
                        r.get::<_, String>(0)?,
                        r.get::<_, String>(1)?,
                        r.get::<_, bool>(2)?,
                    ))
                })?
                .collect::<Result<Vec<_>, _>>()?;
            found
                .into_iter()
                .map(|(id, owner_name, mine)| {
                    let id = Address::lenient(&id);
                    let rights = Rights::read(c, &id, &self.person, self.key.id())?;
                    let may = |act| authorise(act, &self.person, &id, &rights, self.now());
                    let denied = may(Act::Track).err();
                    Ok(Mailbox {
                        level: rights
                            .grant
                            .as_ref()
                            .filter(|_| may(Act::Read).is_ok())
                            .map(|g| g.level),
                        waiting: waiting.iter().filter(|w| w.mailbox == id).cloned().collect(),
                        uncompared: uncompared.iter().find(|u| u.mailbox == id).map(|u| Uncompared {
                            id: u.id.clone(),
                            words: u.compared.words(),
                        }),
                        id,
                        owner_name,
                        mine,
                        can_track: denied.is_none(),
                        reason: denied.map_or(String::new(), |d| d.to_string()),
                    })
                })
                .collect::<Result<Vec<_>>>()
        })?;
        Ok(Me {
            person: self.person.clone(),
            name: self.name.clone(),
            device: self.key.id().to_owned(),
            key_warning: self.key_warning().into(),
            mailboxes,
        })
    }

    /// What a person should know about where this device's key lies; empty when it is safe.
    pub(super) fn key_warning(&self) -> &'static str {
        match access::place(self.store.folder()) {
            Place::PlainFile => access::IN_A_FILE,
            Place::Keychain | Place::EncryptedFile => "",
        }
    }

    /// Moves this device's key from its file into the keychain, or encrypts the file where there is none and a
    /// passphrase was given. Asked for by a person and never done aside: a replica that is also opened without a
    /// desktop, by an agent or over a network, would be locked out.
    ///
    /// # Errors
    /// `Unavailable` when there is neither; the key stays where it is.
    pub fn protect_key(&self, keychain: &dyn Keychain) -> Result<()> {
        access::protect(self.store.folder(), self.key.id(), keychain)?;
        Ok(())
    }

    /// Where replicas meet, as given to `init`: `folder:PATH` or `nats://...`.
    ///
    /// # Errors
    /// Database errors.
    pub fn relay_address(&self) -> Result<String> {
        Ok(setting(&self.store, "relay")?.unwrap_or_default())
    }

    /// Counts up whenever anybody, this process or another, has written: when it differs, read again.
    ///
    /// # Errors
    /// Database errors.
    pub fn data_version(&self) -> Result<i64> {
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(watcher.query_row("PRAGMA data_version", [], |r| r.get(0))?)
    }

    fn now(&self) -> Time {
        self.clock.now()
    }

    /// May this person do this in the mailbox? Returns what the owner's documents say of them; a grant of `None` is the
    /// owner, who sees everything.
    ///
    /// # Errors
    /// `NotFound` for a mailbox this replica does not hold, `Refused` with the reason.
    fn authorise(&self, act: Act, mailbox: &Address) -> Result<Rights> {
        self.store.read(|c| self.authorise_in(c, act, mailbox))
    }

    /// The same, in the caller's transaction.
    fn authorise_in(&self, c: &Connection, act: Act, mailbox: &Address) -> Result<Rights> {
        let held: bool = c
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM mailbox WHERE id = ?1)")?
            .query_row([mailbox.as_str()], |r| r.get(0))?;
        if !held {
            return Err(Error::not_found(
                format!("There is no mailbox {mailbox} here."),
                "Accept an invitation from its owner, or check the address.",
            ));
        }
        if act == Act::Grant && *mailbox == self.person && !access::removed_each_other(c, mailbox)?.is_empty()
        {
            let (what, todo) = devices::removed_each_other("", true);
            return Err(Error::refused(what, todo));
        }
        let rights = Rights::read(c, mailbox, &self.person, self.key.id())?;
        match authorise(act.clone(), &self.person, mailbox, &rights, self.now()) {
            Ok(()) => Ok(rights),
            Err(denied @ (Denied::NotSetUp | Denied::Ended)) => {
                let waiting = self.waiting_in(c)?.into_iter().find(|w| w.mailbox == *mailbox);
                Err(match waiting {
                    Some(waiting) => still_waiting(&waiting, &act, &denied),
                    None => refusal(&denied, mailbox, rights.grant.as_ref()),
                })
            }
            Err(denied) => Err(refusal(&denied, mailbox, rights.grant.as_ref())),
        }
    }

    /// The same by rights that were read already.
    fn judge(&self, act: Act, mailbox: &Address, rights: &Rights) -> Result<()> {
        authorise(act, &self.person, mailbox, rights, self.now())
            .map_err(|d| refusal(&d, mailbox, rights.grant.as_ref()))
    }
}

/// Why somebody whom the owner has not confirmed yet cannot do this: they wait, and there are words to compare.
fn still_waiting(waiting: &Waiting, act: &Act, denied: &Denied) -> Error {
    let Waiting {
        mailbox,
        owner_name,
        words,
        expires,
        expired,
        withdrawn,
        ..
    } = waiting;
    let (waits, compare) = match expired {
        _ if *withdrawn => joining::was_withdrawn(owner_name),
        false => (
            format!("Waiting for {owner_name} to confirm your invitation."),
            format!(
                "Compare these words with {owner_name}, best by telephone: {words}. If they differ, run `behalf invite reject {mailbox}`."
            ),
        ),
        true => (
            format!("The invitation of {owner_name} was not confirmed in time; it worked until {expires}."),
            format!("Ask {owner_name} for a new one. The words were: {words}."),
        ),
    };
    match (act, denied) {
        (Act::Track | Act::Decide(..), Denied::NotSetUp) => {
            Error::refused(denied.to_string(), format!("{waits} {compare}"))
        }
        _ => Error::refused(waits, compare),
    }
}

fn refusal(denied: &Denied, owner: &Address, grant: Option<&Grant>) -> Error {
    let hint = match denied {
        Denied::NeedsEditor => format!("Ask {owner} for the Editor level."),
        Denied::OwnerOnly | Denied::OwnersSettings => "Ask the owner.".into(),
        Denied::OwnersContacts => {
            format!("Ask {owner}. You can set mail and meetings regarding any contact.")
        }
        Denied::DelegatesOff | Denied::NotTheOrganizer | Denied::TheSendersOwn => {
            format!("What is tracked already stays. {owner} can turn it on in the settings.")
        }
        Denied::NeedsRow => "What was tracked without one before stays as it is.".into(),
        Denied::Private => format!("Ask {owner} to include private items in your access."),
        Denied::DeviceRemoved => devices::was_removed(owner).1,
        Denied::OutsideFolders | Denied::NoCalendar => "Ask the owner to add it to your access.".into(),
        Denied::FolderUnknown => "Import the mail first.".into(),
        Denied::NotTheOwners => "Choose another row.".into(),
        Denied::MeetingMessage => {
            "`behalf show KEY` names the appointment of the mail as its meeting: track that one.".into()
        }
        Denied::SaysOtherwise | Denied::TooMany => format!("Ask {owner} to look at what was not applied."),
        Denied::NotSetUp => format!("{owner} has to confirm your invitation; then sync."),
        Denied::Ended => format!("Ask {owner} for a new invitation."),
        Denied::NotYet => grant.map_or(String::new(), |g| format!("It begins at {}.", g.starts.rfc3339())),
    };
    Error::refused(denied.to_string(), hint)
}

fn setting(store: &Store, name: &str) -> Result<Option<String>> {
    store.read(|c| {
        Ok(c.prepare_cached("SELECT value FROM replica WHERE name = ?1")?
            .query_row([name], |r| r.get(0))
            .optional()?)
    })
}

/// Understands a relay's address and, for a folder, makes it ready.
fn prepare_relay(relay: &str) -> Result<String> {
    if let Some(path) = relay.strip_prefix("folder:").filter(|p| !p.is_empty()) {
        let path = std::path::absolute(path).map_err(Error::io(path))?;
        FolderRelay::new(&path).prepare()?;
        return Ok(format!("folder:{}", path.display()));
    }
    // What the address means is for `connect` to say.
    let server = ["nats://", "tls://", "ws://", "wss://"];
    match server.iter().any(|scheme| relay.starts_with(scheme)) {
        true => Ok(relay.to_owned()),
        false => Err(Error::bad_input(
            // It may hold a password: it is never repeated.
            "The relay's address does not name a place where replicas meet.",
            "Give a shared folder as folder:PATH, or a server as nats://HOST.",
        )),
    }
}
