//! Taking in: what a relay has that is not here yet, checked and stored, not merged.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension};

use super::{
    SyncReport,
    guest::{self, Guest, Guests},
    run::{Known, Replica, device},
};
use crate::{
    Result,
    access::{self, Card, DeviceKey},
    model::{Address, Time, unhex},
    wire::{
        EntryKind, EntryName, Envelope, Receipt, Relay, Said, content_name,
        frame::{self, Form},
        keep,
        reading::Reading,
    },
};

/// How many entries of no use are remembered for each mailbox: whoever plants more does not fill the disk, they are
/// only read again.
const USELESS: usize = 100_000;

/// How many bytes of envelopes of one device wait to be merged at most.
const WAITING: usize = 512 << 20;

/// How many bytes of each device wait to be merged.
#[derive(Default)]
struct Waiting(HashMap<String, usize>);

impl Waiting {
    /// Is there room for another envelope of this device among those that wait to be merged? Whoever sends without end
    /// what continues nothing fills no disk; it is read again once some have been merged.
    fn has_room(
        &mut self,
        connection: &Connection,
        mailbox: &Address,
        name: &EntryName,
        size: usize,
    ) -> Result<bool> {
        let waiting = match self.0.get_mut(&name.device) {
            Some(waiting) => waiting,
            None => {
                let bytes: i64 = connection
                    .prepare_cached(
                        "SELECT coalesce(sum(length(bytes)), 0) FROM envelope
                         WHERE mailbox = ?1 AND device = ?2 AND merged = 0",
                    )?
                    .query_row([mailbox.as_str(), &name.device], |r| r.get(0))?;
                let bytes = usize::try_from(bytes).unwrap_or_default();
                self.0.entry(name.device.clone()).or_insert(bytes)
            }
        };
        *waiting = waiting.saturating_add(size);
        Ok(*waiting <= WAITING)
    }
}

/// What a cycle remembers of its pulls.
#[derive(Default)]
pub(super) struct Look {
    /// How many bytes of each device wait to be merged.
    waiting: Waiting,
    /// What needs no reading, for a relay that asks about everything it has each time.
    here: Option<Here>,
    /// What could not be used is asked for again in the next cycle, not in this one: it must not keep later entries
    /// out.
    looked_at: HashSet<EntryName>,
    /// The relay has been seen to have the very receipt that this device has written last.
    pub(super) own_receipt: bool,
    /// Where this cycle goes on reading, once it has begun.
    reading: Option<Reading>,
    /// Something came that may be of use another time: the next cycle reads from before it.
    unused: bool,
}

impl Look {
    /// A device became known: what was of no use before may be now.
    pub(super) fn again_from_the_start(&mut self) {
        self.waiting = Waiting::default();
        self.here = None;
        self.looked_at.clear();
        self.reading = None;
        self.unused = false;
    }
}

/// Names, device by device.
#[derive(Default)]
struct Here(HashMap<String, HashSet<(EntryKind, [u8; 32])>>);

impl Here {
    /// All that is here, or known to be of no use.
    fn read(connection: &Connection, mailbox: &Address) -> Result<Self> {
        let mut here = Self::default();
        let mut statement = connection.prepare_cached(
            "SELECT device, 'envelope', hash FROM envelope WHERE mailbox = ?1
             UNION ALL SELECT device, kind, hash FROM relay_seen WHERE mailbox = ?1",
        )?;
        let mut names = statement.query([mailbox.as_str()])?;
        while let Some(row) = names.next()? {
            let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
            if let (Some(kind), Some(hash)) = (EntryKind::of(text(1)?), unhex(text(2)?)) {
                here.put(text(0)?, kind, hash);
            }
        }
        let mut statement =
            connection.prepare_cached("SELECT device, bytes FROM receipt WHERE mailbox = ?1")?;
        let mut receipts = statement.query([mailbox.as_str()])?;
        while let Some(row) = receipts.next()? {
            let bytes = row.get_ref(1)?.as_blob().unwrap_or_default();
            here.add(&EntryName {
                device: row.get(0)?,
                kind: EntryKind::Receipt,
                hash: content_name(bytes),
            });
        }
        Ok(here)
    }

    fn put(&mut self, device: &str, kind: EntryKind, hash: [u8; 32]) {
        match self.0.get_mut(device) {
            Some(names) => names.insert((kind, hash)),
            None => self.0.entry(device.to_owned()).or_default().insert((kind, hash)),
        };
    }

    fn add(&mut self, name: &EntryName) {
        if let Some(hash) = unhex(&name.hash) {
            self.put(&name.device, name.kind, hash);
        }
    }

    fn forget(&mut self, name: &EntryName) {
        if let (Some(names), Some(hash)) = (self.0.get_mut(&name.device), unhex(&name.hash)) {
            names.remove(&(name.kind, hash));
        }
    }

    fn holds(&self, name: &EntryName) -> bool {
        let names = self.0.get(&name.device);
        names.is_some_and(|names| unhex(&name.hash).is_some_and(|hash| names.contains(&(name.kind, hash))))
    }
}

/// Reads some entries that are not here yet and that this cycle has not looked at. How many were new.
pub(super) fn pull(
    replica: Replica<'_>,
    relay: &dyn Relay,
    mailbox: &Address,
    now: Time,
    look: &mut Look,
    report: &mut SyncReport,
) -> Result<u32> {
    let me = replica.key.id();
    let (mut guests, devices, own) = replica.store.read(|connection| {
        if look.here.is_none() && relay.lists_everything() {
            look.here = Some(Here::read(connection, mailbox)?);
        }
        if look.reading.is_none() {
            look.reading = Some(Reading::load(connection, mailbox)?);
        }
        let guests = Guests::read(connection, mailbox, now)?;
        let mut statement = connection.prepare_cached("SELECT id FROM device WHERE mailbox = ?1")?;
        let devices = statement.query_map([mailbox.as_str()], |r| r.get(0))?;
        let devices = devices.collect::<Result<HashSet<String>, _>>()?;
        Ok((guests, devices, receipt_of(connection, mailbox, me)?))
    })?;
    let reading = look.reading.get_or_insert_default();
    let from = reading.cursor.clone();
    let (here, looked_at) = (&look.here, &look.looked_at);
    // What the relay has last as the receipt of this device.
    let mut on_the_relay = None;
    let own_receipt = &mut look.own_receipt;
    let entries = relay.pull_after(mailbox, &mut reading.cursor, &mut |name| {
        if name.kind == EntryKind::Receipt && name.device == me {
            *own_receipt |= own.as_ref() == Some(&name.hash);
            on_the_relay = Some(name.hash.clone());
        }
        if looked_at.contains(name) {
            return false;
        }
        if !devices.contains(&name.device) {
            let passed_over = |c: &Connection| guest::is_passed_over(c, mailbox, name);
            return guests.may_send(name) && !replica.store.read(passed_over).unwrap_or(false);
        }
        match here {
            Some(here) => !here.holds(name),
            // What cannot be told is read once more, which is harmless.
            None => !replica.store.read(|c| is_here(c, mailbox, name)).unwrap_or(false),
        }
    })?;
    // A relay that lists everything has others beside it; any other one has only the last.
    let replaced = on_the_relay.filter(|there| !relay.lists_everything() && own.as_ref() != Some(there));
    let moved = reading.cursor != from;
    if entries.is_empty() && !moved && replaced.is_none() {
        return Ok(0);
    }
    // A relay that gives the same again and again must not keep us here.
    let new = entries
        .iter()
        .filter(|(name, _)| look.looked_at.insert(name.clone()))
        .count();
    let mut answered = false;
    replica.store.write(|tx| {
        let mut remembered = count_useless(tx, mailbox)?;
        for (name, bytes) in &entries {
            let taken = match name.kind {
                // Half a file, a flipped bit: the relay may have the whole one another time.
                _ if content_name(bytes) != name.hash => Taken::NotYet,
                EntryKind::Envelope if !look.waiting.has_room(tx, mailbox, name, bytes.len())? => {
                    Taken::NotYet
                }
                EntryKind::Envelope => take_envelope(tx, replica.key, mailbox, (name, bytes), now)?,
                EntryKind::Receipt => take_receipt(tx, replica.key, mailbox, name, bytes)?,
            };
            match &taken {
                Taken::Kept => report.pulled += 1,
                Taken::Heard(said) => {
                    report.receipts += 1;
                    look.own_receipt |= name.device == me;
                    if remembered > 0 {
                        let forgotten = forget(tx, mailbox, said)?;
                        remembered = remembered.saturating_sub(forgotten.len());
                        if let Some(here) = &mut look.here {
                            forgotten.iter().for_each(|name| here.forget(name));
                        }
                    }
                }
                Taken::Useless | Taken::Outdated => {
                    if matches!(taken, Taken::Useless) {
                        tracing::warn!(
                            device = name.device,
                            hash = name.hash,
                            "an entry on the relay is not genuine"
                        );
                    }
                    if remembered < USELESS {
                        remembered += 1;
                        useless(tx, mailbox, name)?;
                    }
                }
                Taken::FromGuest(Guest::Answer) => answered = true,
                Taken::FromGuest(what) => {
                    report.pulled += u32::from(*what == Guest::Acceptance);
                    guests.pass_over(tx, mailbox, name)?;
                }
                Taken::NotYet => look.unused = true,
                Taken::Known | Taken::Newer => {}
            }
            if !matches!(taken, Taken::NotYet | Taken::Newer | Taken::FromGuest(_))
                && let Some(here) = &mut look.here
            {
                here.add(name);
            }
        }
        if let Some(there) = &replaced {
            publish_again(tx, mailbox, me, there)?;
        }
        if moved && !look.unused {
            reading.save(tx, mailbox)?;
        }
        Ok(())
    })?;
    // Whose devices are whose is known now, and what they have sent was passed over until now.
    if answered {
        look.again_from_the_start();
        look.here = None;
    }
    Ok(u32::try_from(new).unwrap_or(u32::MAX))
}

/// The name of a device's newest receipt here.
fn receipt_of(connection: &Connection, mailbox: &Address, device: &str) -> Result<Option<String>> {
    let receipt: Option<Vec<u8>> = connection
        .prepare_cached("SELECT bytes FROM receipt WHERE mailbox = ?1 AND device = ?2")?
        .query_row([mailbox.as_str(), device], |r| r.get(0))
        .optional()?;
    Ok(receipt.map(|bytes| content_name(&bytes)))
}

/// Somebody has put something else where this device's receipt was: others cannot read it any more, so it goes out
/// again. Written down with the place that was read to, which moves past it.
fn publish_again(tx: &Connection, mailbox: &Address, me: &str, there: &str) -> Result<()> {
    // Unless it is a newer one of an old copy of this disk, which was taken in just now.
    if receipt_of(tx, mailbox, me)?.is_some_and(|own| own != there) {
        tracing::warn!("this device's receipt was replaced on the relay: it is published again");
        tx.prepare_cached("UPDATE receipt SET sent = 0 WHERE mailbox = ?1 AND device = ?2")?
            .execute([mailbox.as_str(), me])?;
    }
    Ok(())
}

/// Is this one entry here, or known to be of no use?
fn is_here(connection: &Connection, mailbox: &Address, name: &EntryName) -> Result<bool> {
    if name.kind == EntryKind::Receipt
        && receipt_of(connection, mailbox, &name.device)?.as_ref() == Some(&name.hash)
    {
        return Ok(true);
    }
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM envelope WHERE hash = ?4 AND mailbox = ?1 AND device = ?2 AND ?3 = 'envelope')
                 OR EXISTS (SELECT 1 FROM relay_seen WHERE mailbox = ?1 AND device = ?2 AND kind = ?3 AND hash = ?4)",
        )?
        .query_row([mailbox.as_str(), &name.device, name.kind.word(), &name.hash], |r| r.get(0))?)
}

/// Notes that nothing will ever come of an entry under this name: it is not read again. Only of what is false by its own
/// content, and only as this device's, of this kind: whoever holds the relay may put a genuine entry anywhere.
pub(super) fn useless(tx: &Connection, mailbox: &Address, name: &EntryName) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO relay_seen (mailbox, device, kind, hash) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?
    .execute([mailbox.as_str(), &name.device, name.kind.word(), &name.hash])?;
    Ok(())
}

fn count_useless(tx: &Connection, mailbox: &Address) -> Result<usize> {
    let count: i64 = tx
        .prepare_cached("SELECT count(*) FROM relay_seen WHERE mailbox = ?1")?
        .query_row([mailbox.as_str()], |r| r.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Somebody holds these envelopes or waits for them: what was of no use here is looked at again. Those it was so of.
fn forget(tx: &Connection, mailbox: &Address, said: &Said) -> Result<Vec<EntryName>> {
    let mut statement = tx.prepare_cached(
        "DELETE FROM relay_seen WHERE mailbox = ?1 AND device = ?2 AND kind = 'envelope' AND hash = ?3",
    )?;
    let tips = said.seen.iter();
    let tips = tips.flat_map(|(device, tips)| tips.iter().map(move |tip| (device, &tip.hash)));
    let mut forgotten = Vec::new();
    for (device, hash) in tips.chain(said.missing.iter().map(|(device, hash)| (device, hash))) {
        if statement.execute([mailbox.as_str(), device, hash])? > 0 {
            forgotten.push(EntryName {
                device: device.clone(),
                kind: EntryKind::Envelope,
                hash: hash.clone(),
            });
        }
    }
    Ok(forgotten)
}

enum Taken {
    /// An envelope that was not here.
    Kept,
    /// A receipt that is the newest of its device, and what it says.
    Heard(Said),
    /// It was here.
    Known,
    /// False by its own content: nothing will ever come of it under this name.
    Useless,
    /// Nor of this, which is as it should be: a newer receipt is here.
    Outdated,
    /// Its device has written it with a newer release: this one reads it again when it has become newer itself.
    Newer,
    /// Not understood now; may be later.
    NotYet,
    /// Of a device that is not known here: looked at, and kept nowhere.
    FromGuest(Guest),
}

/// What becomes of an entry that says it is of a version which this release does not know; `None` of any other.
fn newer(form: &Form, bytes: &[u8], known: Option<&Known>) -> Option<Taken> {
    if !form.claims_newer(bytes) {
        return None;
    }
    Some(match known {
        Some(known) if form.is_newer(bytes, &known.key) => {
            tracing::warn!(
                person = known.person.as_str(),
                "uses a newer Behalf. Update this one; nothing is lost, it waits on the relay"
            );
            Taken::Newer
        }
        Some(_) => Taken::Useless,
        None => Taken::NotYet,
    })
}

fn take_envelope(
    tx: &Connection,
    key: &DeviceKey,
    mailbox: &Address,
    (name, bytes): (&EntryName, &[u8]),
    now: Time,
) -> Result<Taken> {
    let Some(known) = device(tx, mailbox, &name.device)? else {
        return guest::look_at(tx, key, mailbox, (name, bytes), now).map(Taken::FromGuest);
    };
    if let Some(taken) = newer(&frame::ENVELOPE, bytes, Some(&known)) {
        return Ok(taken);
    }
    let Ok(envelope) = Envelope::decode(bytes) else {
        return Ok(Taken::Useless);
    };
    // It says itself that it is another mailbox's or another device's. That is nothing against it in its own place.
    if envelope.mailbox != *mailbox || envelope.device != name.device || envelope.seq == 0 {
        return Ok(Taken::Useless);
    }
    if !envelope.is_genuine(&known.key) || i64::try_from(envelope.seq).is_err() {
        return Ok(Taken::Useless);
    }
    // Keys are taken at once, wherever they stand in their chain: what comes before them may be sealed with them.
    if let Some(wraps) = envelope.wraps()
        && known.person == *mailbox
        && let Some(card) = Card::from_bytes(&known.card)
    {
        access::take_keys(tx, key, mailbox, &card, wraps)?;
    }
    if let Some(of) = envelope.withdrawal() {
        access::taken_back(tx, mailbox, &name.device, of)?;
        guest::given_back(tx, key, mailbox, (of, Some(&name.device)), now)?;
    }
    if let Some(said) = envelope.matched() {
        access::matches(tx, mailbox, (&name.device, said))?;
    }
    // So is an acceptance: the one before it may have been for another of the owner's devices, or withdrawn.
    guest::accept(tx, key, &envelope, bytes.len(), now)?;
    Ok(match keep(tx, &envelope, &name.hash, bytes, true)? {
        true => Taken::Kept,
        false => Taken::Known,
    })
}

fn take_receipt(
    tx: &Connection,
    key: &DeviceKey,
    mailbox: &Address,
    name: &EntryName,
    bytes: &[u8],
) -> Result<Taken> {
    // Nothing against it: once its device is known, everything is read again from the beginning.
    let Some(known) = device(tx, mailbox, &name.device)? else {
        return Ok(Taken::Known);
    };
    if let Some(taken) = newer(&frame::RECEIPT, bytes, Some(&known)) {
        return Ok(taken);
    }
    let Ok(receipt) = Receipt::decode(bytes) else {
        return Ok(Taken::Useless);
    };
    if receipt.mailbox != *mailbox || receipt.device != name.device {
        return Ok(Taken::Useless);
    }
    // Whoever was away finds many of them and needs the last: an older one is not worth a signature.
    if receipt.is_outdated(tx)? {
        return Ok(Taken::Outdated);
    }
    if !receipt.is_genuine(&known.key) {
        return Ok(Taken::Useless);
    }
    let Some(with) = access::key_of(tx, key, mailbox, &receipt.epoch)? else {
        return Ok(Taken::NotYet);
    };
    let Ok(word) = receipt.open(&with) else {
        return Ok(Taken::Useless);
    };
    Ok(match receipt.keep(tx, &word, true)? {
        true => Taken::Heard(word),
        false => Taken::Outdated,
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::*;
    use crate::{
        access::{MailboxKey, Secret},
        store::Store,
        wire::{Cursor, Letter, Spot, Tip},
    };

    /// A relay that asks about everything, or goes on from a cursor.
    struct Shelf {
        entries: Vec<(EntryName, Vec<u8>)>,
        lists: bool,
    }

    impl Relay for Shelf {
        fn publish(&self, _: &Address, _: &EntryName, _: &[u8]) -> Result<()> {
            Ok(())
        }

        fn pull(
            &self,
            _: &Address,
            wanted: &mut dyn FnMut(&EntryName) -> bool,
        ) -> Result<Vec<(EntryName, Vec<u8>)>> {
            let entries = self.entries.iter();
            Ok(entries.filter(|(name, _)| wanted(name)).cloned().collect())
        }

        fn pull_after(
            &self,
            mailbox: &Address,
            cursor: &mut Cursor,
            wanted: &mut dyn FnMut(&EntryName) -> bool,
        ) -> Result<Vec<(EntryName, Vec<u8>)>> {
            if self.lists {
                return self.pull(mailbox, wanted);
            }
            let from = cursor.0.parse().unwrap_or(0);
            *cursor = Cursor(self.entries.len().to_string());
            let entries = self.entries[from..].iter();
            Ok(entries.filter(|(name, _)| wanted(name)).cloned().collect())
        }

        fn lists_everything(&self) -> bool {
            self.lists
        }

        fn pulse(&self) -> Result<u64> {
            Ok(0)
        }
    }

    /// Alex's replica, which knows Kim's device and has the mailbox's key, and a relay.
    struct Ground {
        _folder: tempfile::TempDir,
        store: Store,
        alex: DeviceKey,
        kim: DeviceKey,
        with: MailboxKey,
        mailbox: Address,
        relay: Shelf,
    }

    impl Ground {
        fn new(lists: bool) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path()).unwrap();
            let mailbox = Address::lenient("alex@x");
            let [alex, kim] = [[1; 32], [2; 32]].map(|secret| DeviceKey::from_secret(&secret));
            let with = MailboxKey::new(&mailbox, 1, Secret::new([5; 32]));
            let ground = Self {
                _folder: folder,
                store,
                alex,
                kim,
                with,
                mailbox,
                relay: Shelf {
                    entries: Vec::new(),
                    lists,
                },
            };
            ground.writes("INSERT INTO mailbox (id, mine) VALUES ('alex@x', 1)", &[]);
            ground.knows(&ground.alex, "alex@x");
            ground.knows(&ground.kim, "kim@x");
            let card = ground.alex.card();
            let wrap = access::wrap(&ground.alex, card, &ground.mailbox, &ground.with);
            let wraps = [wrap.unwrap().unwrap()];
            let taken = ground
                .store
                .write(|tx| access::take_keys(tx, &ground.alex, &ground.mailbox, card, &wraps));
            taken.unwrap();
            ground
        }

        fn knows(&self, device: &DeviceKey, person: &str) {
            let add = |tx: &Connection| {
                tx.execute(
                    "INSERT INTO device (mailbox, id, person, public_key) VALUES ('alex@x', ?1, ?2, ?3)",
                    params![device.id(), person, device.public()],
                )?;
                Ok(())
            };
            self.store.write(add).unwrap();
        }

        fn writes(&self, sql: &str, values: &[&str]) {
            let write = |tx: &Connection| Ok(tx.execute(sql, rusqlite::params_from_iter(values))?);
            self.store.write(write).unwrap();
        }

        fn count(&self, sql: &str) -> i64 {
            let read = |c: &Connection| Ok(c.query_row(sql, [], |r| r.get(0))?);
            self.store.read(read).unwrap()
        }

        /// An envelope of Kim's, as the first of her chain.
        fn letter(&self) -> Vec<u8> {
            let spot = Spot {
                seq: 1,
                prev: [0; 32],
                epoch: 0,
            };
            let envelope = Envelope::write(&self.mailbox, &self.kim, spot, Letter::Keys(&[])).unwrap();
            envelope.encode().unwrap()
        }

        fn receipt(&self, by: &DeviceKey, number: u64, said: &Said) -> Vec<u8> {
            let receipt = Receipt::write(&self.mailbox, by, &self.with, number, said).unwrap();
            receipt.encode().unwrap()
        }

        fn lies(&mut self, device: &DeviceKey, kind: EntryKind, bytes: &[u8]) -> String {
            let name = EntryName {
                device: device.id().to_owned(),
                kind,
                hash: content_name(bytes),
            };
            let hash = name.hash.clone();
            self.relay.entries.push((name, bytes.to_vec()));
            hash
        }

        /// The pulls of one cycle.
        fn cycle(&self) -> (SyncReport, Look) {
            let (mut look, mut report) = (Look::default(), SyncReport::default());
            let replica = Replica {
                store: &self.store,
                key: &self.alex,
                person: &self.mailbox,
            };
            while pull(
                replica,
                &self.relay,
                &self.mailbox,
                Time(0),
                &mut look,
                &mut report,
            )
            .unwrap()
                > 0
            {}
            (report, look)
        }
    }

    /// H-07: whoever holds the relay puts a genuine envelope where it does not belong, and back.
    #[test]
    fn h_07_where_an_entry_lay_is_never_held_against_it() {
        type Elsewhere = fn(&Ground) -> (DeviceKey, EntryKind);
        let ways: [(&str, Elsewhere); 3] = [
            ("as the reader's own", |_| {
                (DeviceKey::from_secret(&[1; 32]), EntryKind::Envelope)
            }),
            ("as a stranger's", |_| {
                (DeviceKey::from_secret(&[9; 32]), EntryKind::Envelope)
            }),
            ("as a receipt", |_| {
                (DeviceKey::from_secret(&[2; 32]), EntryKind::Receipt)
            }),
        ];
        for (lists, (what, elsewhere)) in [true, false].into_iter().flat_map(|l| ways.map(|way| (l, way))) {
            let mut ground = Ground::new(lists);
            let letter = ground.letter();
            let (device, kind) = elsewhere(&ground);
            ground.lies(&device, kind, &letter);
            assert_eq!(ground.cycle().0.pulled, 0, "{what}");
            let kim = DeviceKey::from_secret(&[2; 32]);
            ground.lies(&kim, EntryKind::Envelope, &letter);
            assert_eq!(
                ground.cycle().0.pulled,
                1,
                "{what}, on a relay that lists: {lists}"
            );
            // In one cycle, beside each other.
            let mut ground = Ground::new(lists);
            ground.lies(&device, kind, &letter);
            ground.lies(&kim, EntryKind::Envelope, &letter);
            assert_eq!(ground.cycle().0.pulled, 1, "{what}");
        }
    }

    /// H-07: what bytes claim that nobody has signed is false, and what a device has signed in a newer form is waited for.
    #[test]
    fn h_07_a_newer_behalf_is_believed_of_its_device_alone() {
        let stranger = DeviceKey::from_secret(&[9; 32]);
        for (form, kind) in [
            (&frame::ENVELOPE, EntryKind::Envelope),
            (&frame::RECEIPT, EntryKind::Receipt),
        ] {
            for (by, believed) in [(2, true), (1, false), (9, false)] {
                let mut ground = Ground::new(false);
                let author = DeviceKey::from_secret(&[by; 32]);
                let bytes = frame::from_the_future(form, 2, &author, b"what nobody reads yet");
                let kim = DeviceKey::from_secret(&[2; 32]);
                ground.lies(&kim, kind, &bytes);
                ground.cycle();
                let useless = ground.count("SELECT count(*) FROM relay_seen");
                assert_eq!(useless, i64::from(!believed), "{kind:?} signed by {by}");
                // It holds nobody up: what has come behind it is not read from here again.
                let read = |c: &Connection| Reading::load(c, &ground.mailbox);
                assert_eq!(ground.store.read(read).unwrap().cursor.0, "1");
                // And a release that understands it reads it.
                ground.writes("UPDATE reading SET readable = readable - 1", &[]);
                let read = |c: &Connection| Reading::load(c, &ground.mailbox);
                assert_eq!(ground.store.read(read).unwrap().cursor.0, "");
            }
            // Nobody can tell yet what a stranger's is.
            let mut ground = Ground::new(true);
            ground.writes(
                "INSERT INTO invitation (id, mailbox, delegate, terms, proof, code, expires)
                 VALUES ('i', 'alex@x', 'robin@x', '{}', x'', x'', 0)",
                &[],
            );
            let bytes = frame::from_the_future(form, 2, &stranger, b"what nobody reads yet");
            ground.lies(&stranger, kind, &bytes);
            ground.cycle();
            assert_eq!(ground.count("SELECT count(*) FROM relay_seen"), 0);
        }
    }

    /// Whatever an entry was thought to be: when somebody holds it or asks for it, or its device becomes known, it is
    /// looked at again.
    #[test]
    fn h_07_what_was_of_no_use_is_looked_at_again() {
        let tip = |hash: &str| Tip {
            seq: 1,
            hash: hash.into(),
        };
        let seen = |device: &str, hash: &str| Said {
            seen: [(device.to_owned(), vec![tip(hash)])].into(),
            ..Said::default()
        };
        let missing = |device: &str, hash: &str| Said {
            missing: [(device.to_owned(), hash.to_owned())].into(),
            ..Said::default()
        };
        type Word<'a> = &'a dyn Fn(&str, &str) -> Said;
        let words: [Option<Word<'_>>; 3] = [Some(&seen), Some(&missing), None];
        for (n, word) in words.into_iter().enumerate() {
            let mut ground = Ground::new(true);
            let kim = DeviceKey::from_secret(&[2; 32]);
            let hash = ground.lies(&kim, EntryKind::Envelope, &ground.letter());
            let poison = |kind: &str| {
                ground.writes(
                    "INSERT INTO relay_seen (mailbox, device, kind, hash) VALUES ('alex@x', ?1, ?2, ?3)",
                    &[kim.id(), kind, &hash],
                );
            };
            poison("envelope");
            poison("receipt");
            assert_eq!(ground.cycle().0.pulled, 0, "{n}");
            match word {
                Some(word) => {
                    let receipt = ground.receipt(&kim, 1, &word(kim.id(), &hash));
                    ground.lies(&kim, EntryKind::Receipt, &receipt);
                }
                None => {
                    ground.writes("DELETE FROM device WHERE id = ?1", &[kim.id()]);
                    ground.knows(&kim, "kim@x");
                }
            }
            assert_eq!(ground.cycle().0.pulled, 1, "{n}");
        }
    }

    /// Design §5: others read no receipt of this device any more, and it goes out again.
    #[test]
    fn h_07_a_replaced_receipt_of_our_own_is_noticed() {
        let alex = DeviceKey::from_secret(&[1; 32]);
        for lists in [true, false] {
            let mut ground = Ground::new(lists);
            let said = Said::default();
            let [older, own, newer] = [1, 2, 3].map(|number| ground.receipt(&alex, number, &said));
            let keep = |tx: &Connection| Receipt::decode(&own)?.keep(tx, &said, true);
            ground.store.write(keep).unwrap();
            let sent = "SELECT sent FROM receipt";

            ground.lies(&alex, EntryKind::Receipt, &own);
            assert!(ground.cycle().1.own_receipt);
            assert_eq!(ground.count(sent), 1);
            for replacement in [&b"junk"[..], &older] {
                ground.writes("UPDATE receipt SET sent = 1", &[]);
                if lists {
                    ground.relay.entries.clear();
                }
                ground.lies(&alex, EntryKind::Receipt, replacement);
                let (_, look) = ground.cycle();
                assert!(!look.own_receipt, "a relay that lists shows it by this");
                assert_eq!(ground.count(sent), i64::from(lists));
            }
            // An old copy of this disk has written a newer one: that is taken over.
            ground.writes("UPDATE receipt SET sent = 1", &[]);
            ground.lies(&alex, EntryKind::Receipt, &newer);
            assert!(ground.cycle().1.own_receipt);
            assert_eq!(
                (ground.count(sent), ground.count("SELECT number FROM receipt")),
                (1, 3)
            );
        }
    }
}
