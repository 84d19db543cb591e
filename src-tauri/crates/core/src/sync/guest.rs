//! What comes from devices that are not known in a mailbox.
//!
//! Anybody may write to a relay, so nothing of it becomes a link of a chain here, and nobody waits for what is missing
//! before it. Two things count at once, wherever they stand in their chain: to the owner, the acceptance of a living
//! invitation, or that it is given back; to who has accepted one, the owner's answer, or that it was taken back. Once a
//! device is known its chain is read from the beginning like any other.

use rusqlite::Connection;

use super::leaving;
use crate::{
    Result,
    access::{self, Card, DeviceKey},
    model::{Address, Time},
    wire::{self, EntryKind, EntryName, Envelope, Letter},
};

/// No acceptance is longer, in bytes.
const LONGEST: usize = 4 << 10;
/// How many entries are remembered as looked at in a mailbox: a flood of them costs time, and no more room than this.
const REMEMBERED: i64 = 10_000;

/// Whose entries are looked at though they are not known.
#[derive(Debug, Default)]
pub(super) struct Guests {
    /// Anybody's: an invitation of the owner's waits to be accepted.
    anybody: bool,
    /// Those whose answer is waited for.
    makers: Vec<String>,
    /// How many more entries can be remembered.
    room: i64,
}

impl Guests {
    pub(super) fn read(connection: &Connection, mailbox: &Address, now: Time) -> Result<Self> {
        let makers = access::makers(connection, mailbox)?;
        let mut guests = Self {
            anybody: access::expects_guests(connection, mailbox, now)?,
            makers: makers.iter().map(Card::id).collect(),
            room: 0,
        };
        if guests.anybody || !guests.makers.is_empty() {
            let remembered: i64 = connection
                .prepare_cached("SELECT count(*) FROM guest_entry WHERE mailbox = ?1")?
                .query_row([mailbox.as_str()], |r| r.get(0))?;
            guests.room = REMEMBERED - remembered;
        }
        Ok(guests)
    }

    /// Is this one to be looked at?
    pub(super) fn may_send(&self, name: &EntryName) -> bool {
        name.kind == EntryKind::Envelope && (self.anybody || self.makers.contains(&name.device))
    }

    /// Notes that an entry has been looked at: not read twice, as long as its device is not known.
    pub(super) fn pass_over(&mut self, tx: &Connection, mailbox: &Address, name: &EntryName) -> Result<()> {
        if self.room > 0 {
            tx.prepare_cached(
                "INSERT INTO guest_entry (mailbox, device, name) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute([mailbox.as_str(), &name.device, &name.hash])?;
            self.room -= 1;
        }
        Ok(())
    }
}

/// What a guest's envelope was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guest {
    /// The acceptance of a living invitation.
    Acceptance,
    /// The owner's answer: whose devices are whose is known now.
    Answer,
    /// Nothing that counts.
    Nothing,
}

/// Looks at an envelope of a device that is not known. Keeps none of it but what it says.
pub(super) fn look_at(
    tx: &Connection,
    key: &DeviceKey,
    mailbox: &Address,
    (name, bytes): (&EntryName, &[u8]),
    now: Time,
) -> Result<Guest> {
    let maker = access::makers(tx, mailbox)?
        .into_iter()
        .find(|maker| maker.id() == name.device);
    if maker.is_none() && bytes.len() > LONGEST {
        return Ok(Guest::Nothing);
    }
    let envelope = match Envelope::decode(bytes) {
        Ok(envelope) if envelope.mailbox == *mailbox && envelope.device == name.device => envelope,
        _ => return Ok(Guest::Nothing),
    };
    if let Some(maker) = maker {
        // Signatures last: of a long chain only the answer is worth one.
        let answers = envelope
            .wraps()
            .is_some_and(|wraps| access::is_answer(key, &maker, mailbox, wraps))
            && envelope.is_genuine(&maker.sign);
        if answers {
            tracing::info!(%mailbox, device = name.device, "the owner has answered");
            if let Some(acceptance) = access::believe(tx, mailbox, &maker, leaving::begin_again)? {
                wire::post(tx, mailbox, key, Letter::Acceptance(&maker, &acceptance))?;
            }
            return Ok(Guest::Answer);
        }
        if let Some(of) = envelope.withdrawal().filter(|_| envelope.is_genuine(&maker.sign)) {
            access::taken_back(tx, mailbox, &maker.id(), of)?;
            return Ok(Guest::Nothing);
        }
    }
    if let Some(of) = envelope.withdrawal() {
        let card = access::accepted_with(tx, mailbox, &name.device)?;
        let by = card
            .filter(|card| envelope.is_genuine(&card.sign))
            .map(|card| card.id());
        given_back(tx, key, mailbox, (of, by.as_deref()), now)?;
        return Ok(Guest::Nothing);
    }
    let genuine = envelope
        .guest()
        .is_some_and(|card| envelope.is_genuine(&card.sign));
    match genuine && accept(tx, key, &envelope, bytes.len(), now)? {
        true => Ok(Guest::Acceptance),
        false => Ok(Guest::Nothing),
    }
}

/// Somebody who has had the code of an invitation says that the words differ: it ends for everybody who has accepted it,
/// unless it is confirmed. Its maker is told, also which device says so, where that is proven.
pub(super) fn given_back(
    tx: &Connection,
    key: &DeviceKey,
    mailbox: &Address,
    said: (&[u8; 32], Option<&str>),
    now: Time,
) -> Result<()> {
    if let Some(of) = access::comes_back(tx, mailbox, said, now)? {
        wire::post(tx, mailbox, key, Letter::Withdrawal(&of))?;
    }
    Ok(())
}

/// Takes an acceptance out of a genuine envelope, known device or not. True when it answers an invitation made here.
pub(super) fn accept(
    tx: &Connection,
    key: &DeviceKey,
    envelope: &Envelope,
    size: usize,
    now: Time,
) -> Result<bool> {
    let Some(card) = envelope.guest().filter(|_| size <= LONGEST) else {
        return Ok(false);
    };
    let Some(acceptance) = envelope.acceptance(key) else {
        return Ok(false);
    };
    let taken = access::receive(tx, &envelope.mailbox, card, &acceptance, now)?;
    if taken {
        tracing::info!(delegate = %acceptance.person, "an invitation was accepted");
    }
    Ok(taken)
}

/// Has this entry of a device that is not known been looked at? The same bytes under another device's name are another
/// entry.
pub(super) fn is_passed_over(connection: &Connection, mailbox: &Address, name: &EntryName) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM guest_entry WHERE mailbox = ?1 AND device = ?2 AND name = ?3)",
        )?
        .query_row([mailbox.as_str(), &name.device, &name.hash], |r| r.get(0))?)
}
