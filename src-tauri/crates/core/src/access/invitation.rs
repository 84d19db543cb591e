//! Invitations: how a delegate's device and an owner's come to trust each other, or two devices of one person.
//!
//! The owner makes a code. Who accepts it publishes an *acceptance*, sealed for the device that made the code: the card
//! of their device, and a proof that they had the code. Both read each other words derived from the whole code and that
//! card, and the owner confirms: only then is there a grant, and only then does a mailbox key leave the owner's devices.
//! What the one who has accepted knows until then is in [`mod@super::joining`].

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Card, Compared, DeviceKey, Grant, GrantDevice, NewsKind, Signature, Terms, named, news, verified,
};
use crate::{
    Error, Result,
    model::{Address, Time, hex},
};

/// How long a code works.
const VALID: i64 = 7 * 24 * 3600 * 1000;
/// No owner has more devices.
const ROOTS: usize = 100;

/// What the code says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    version: u8,
    id: [u8; 8],
    secret: [u8; 16],
    /// The mailbox: its owner's address.
    pub mailbox: Address,
    /// The owner's name.
    pub owner_name: String,
    /// The owner's devices: the root of trust for this mailbox. The first has made the code.
    pub roots: Vec<Card>,
    /// Whom it is for.
    pub delegate: Address,
    /// When it stops working.
    pub expires: Time,
    /// Of the device that has made it, over everything else: nobody adds a device to somebody else's code.
    signature: Signature,
}

impl Code {
    /// As text to type, paste or save.
    pub fn encode(&self) -> Result<String> {
        Ok(BASE64_URL_SAFE_NO_PAD.encode(postcard::to_stdvec(self)?))
    }

    /// Reads the text.
    ///
    /// # Errors
    /// `BadInput` when it is no code of ours.
    pub fn decode(text: &str) -> Result<Self> {
        let text: String = text.split_whitespace().collect();
        BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| postcard::from_bytes::<Self>(&bytes).ok())
            .filter(|code| code.version == 1 && code.is_genuine())
            .filter(|code| code.roots.len() <= ROOTS && code.roots.iter().all(Card::is_genuine))
            .filter(|code| named(&code.owner_name).is_some())
            .ok_or_else(no_code)
    }

    /// Did the first of its devices make exactly this?
    fn is_genuine(&self) -> bool {
        let made = |maker: &Card| Ok::<_, Error>(verified(&maker.sign, &self.signed()?, &self.signature));
        self.maker().and_then(made).unwrap_or(false)
    }

    fn signed(&self) -> Result<Vec<u8>> {
        let unsigned = Self {
            signature: Signature::default(),
            ..self.clone()
        };
        Ok(postcard::to_stdvec(&("behalf code", unsigned))?)
    }

    /// The device that has made it.
    ///
    /// # Errors
    /// `BadInput` when it names none; no code that was read does that.
    pub fn maker(&self) -> Result<&Card> {
        self.roots.first().ok_or_else(no_code)
    }

    /// The invitation.
    pub fn id(&self) -> [u8; 8] {
        self.id
    }

    /// What its maker says when they take it back.
    pub fn withdrawal(&self) -> [u8; 32] {
        withdrawal(&self.secret, &self.mailbox)
    }

    /// Its hash.
    pub fn hash(&self) -> Result<[u8; 32]> {
        Ok(Sha256::digest(postcard::to_stdvec(self)?).into())
    }
}

fn no_code() -> Error {
    Error::bad_input(
        "This is not an invitation code.",
        "Copy the whole code, from its first to its last character.",
    )
}

/// What its maker says who takes an invitation back. Only who has the code knows which one it is.
pub(super) fn withdrawal(secret: &[u8; 16], mailbox: &Address) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"behalf withdrawal 1")
        .chain_update(secret)
        .chain_update(mailbox.as_str())
        .finalize()
        .into()
}

/// What an acceptance must show: that this very device had the code.
fn proof(secret: &[u8; 16], mailbox: &Address, device: &Card) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"behalf acceptance 1")
        .chain_update(secret)
        .chain_update(device.to_bytes())
        .chain_update(mailbox.as_str())
        .finalize()
        .into()
}

/// What the invited device says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// The invitation.
    pub invitation: [u8; 8],
    /// The delegate.
    pub person: Address,
    /// Their name.
    pub name: String,
    /// That this very device had the code.
    pub proof: [u8; 32],
    /// What nobody could know before: see [`Compared`].
    pub salt: [u8; 16],
}

impl Acceptance {
    /// What this person's device answers to a code, always the same, and what is compared then.
    pub fn new(code: &Code, person: &Address, name: &str, device: &DeviceKey) -> Result<(Self, Compared)> {
        let hash = code.hash()?;
        let mut salt = [0; 16];
        salt.copy_from_slice(&device.own("behalf acceptance 1", &[&hash])[..16]);
        let acceptance = Self {
            invitation: code.id,
            person: person.clone(),
            name: name.to_owned(),
            proof: proof(&code.secret, &code.mailbox, device.card()),
            salt,
        };
        Ok((acceptance, Compared::new(&hash, device.card(), &salt)))
    }
}

/// An acceptance that waits for the owner's confirmation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pending {
    /// The invitation.
    pub id: String,
    /// What it offered.
    pub terms: Terms,
    /// The delegate's name.
    pub name: String,
    /// The delegate's device.
    pub device: GrantDevice,
    /// What the words are made from.
    pub compared: Compared,
}

impl Pending {
    /// Has the device of this id accepted it?
    pub fn is_of(&self, device: &str) -> bool {
        self.device.card().is_some_and(|card| card.id() == device)
    }
}

/// Makes an invitation on this device, which names the owner's `others` in it, and returns its code.
pub fn create(
    connection: &Connection,
    (mailbox, owner_name): (&Address, &str),
    (device, others): (&DeviceKey, Vec<Card>),
    delegate: &Address,
    terms: &Terms,
    now: Time,
) -> Result<Code> {
    let mut random = [0; 24];
    getrandom::fill(&mut random)
        .map_err(|e| Error::unavailable(format!("The system gives no randomness: {e}"), ""))?;
    let mut code = Code {
        version: 1,
        id: [0; 8],
        secret: [0; 16],
        mailbox: mailbox.clone(),
        owner_name: owner_name.to_owned(),
        roots: std::iter::once(device.card().clone()).chain(others).collect(),
        delegate: delegate.clone(),
        expires: Time(now.0 + VALID),
        signature: Signature::default(),
    };
    code.id.copy_from_slice(&random[..8]);
    code.secret.copy_from_slice(&random[8..]);
    code.signature = device.sign(&code.signed()?);
    // Nothing can come of them any more.
    connection.execute(
        "DELETE FROM invitation WHERE mailbox = ?1 AND confirmed = 0 AND expires <= ?2",
        params![mailbox.as_str(), now.0],
    )?;
    news::made_anew(connection, mailbox, delegate)?;
    connection.execute(
        "INSERT INTO invitation (id, mailbox, delegate, terms, proof, expires, code) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            hex(&code.id),
            mailbox.as_str(),
            delegate.as_str(),
            serde_json::to_string(terms)?,
            code.secret,
            code.expires.0,
            code.hash()?,
        ],
    )?;
    Ok(code)
}

/// May somebody who is not known here answer an invitation now, or give it back? Also one that is confirmed: its owner is
/// to hear that somebody else has its code.
pub fn expects_guests(connection: &Connection, mailbox: &Address, now: Time) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM invitation WHERE mailbox = ?1 AND expires > ?2)")?
        .query_row(params![mailbox.as_str(), now.0], |r| r.get(0))?)
}

/// Takes in an acceptance as the owner. True when it answers a living invitation with the right proof; the first one
/// that does is the one whose words are compared; of another the owner is told.
pub fn receive(
    connection: &Connection,
    mailbox: &Address,
    device: &Card,
    acceptance: &Acceptance,
    now: Time,
) -> Result<bool> {
    /// Secret, delegate, terms, the code's hash, who was first.
    type Made = ([u8; 16], String, String, [u8; 32], Option<String>);
    let found: Option<Made> = connection
        .query_row(
            "SELECT proof, delegate, terms, code, acceptance FROM invitation
             WHERE id = ?1 AND mailbox = ?2 AND expires > ?3",
            params![hex(&acceptance.invitation), mailbox.as_str(), now.0],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)),
        )
        .optional()?;
    let Some((secret, delegate, terms, code, first)) = found else {
        return Ok(false);
    };
    if delegate != acceptance.person.as_str()
        || proof(&secret, mailbox, device) != acceptance.proof
        || named(&acceptance.name).is_none()
        || is_anothers(connection, mailbox, device, &acceptance.person)?
    {
        return Ok(false);
    }
    let id = hex(&acceptance.invitation);
    if let Some(first) = first {
        let first: Pending = serde_json::from_str(&first)?;
        if !first.is_of(&device.id()) {
            let of = (&*id, &acceptance.person);
            let what = (NewsKind::AcceptedAgain, &*device.id(), &*acceptance.name);
            news::note(connection, mailbox, of, what, now)?;
        }
        return Ok(false);
    }
    let pending = Pending {
        id: id.clone(),
        terms: serde_json::from_str(&terms)?,
        name: acceptance.name.clone(),
        device: GrantDevice::new(device),
        compared: Compared::new(&code, device, &acceptance.salt),
    };
    connection.execute(
        "UPDATE invitation SET acceptance = ?2 WHERE id = ?1",
        params![id, serde_json::to_string(&pending)?],
    )?;
    Ok(true)
}

/// Is this device known to be somebody else's?
fn is_anothers(connection: &Connection, mailbox: &Address, device: &Card, person: &Address) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM device WHERE mailbox = ?1 AND id = ?2 AND person <> ?3)",
        )?
        .query_row([mailbox.as_str(), &device.id(), person.as_str()], |r| r.get(0))?)
}

/// The acceptance of an invitation, whose words have been compared: for whom it is, and what was offered. `compared`
/// names what has been shown.
///
/// # Errors
/// `NotFound` when the invitation has been withdrawn or confirmed, or nobody has accepted it; `Refused` when it has
/// expired, or what was shown is not what is here.
pub fn compared(
    connection: &Connection,
    mailbox: &Address,
    (id, compared): (&str, &str),
    now: Time,
) -> Result<(Address, Pending)> {
    let found: Option<(String, i64, Option<String>)> = connection
        .query_row(
            "SELECT delegate, expires, acceptance FROM invitation WHERE id = ?1 AND mailbox = ?2 AND confirmed = 0",
            [id, mailbox.as_str()],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
        )
        .optional()?;
    let Some((delegate, expires, acceptance)) = found else {
        return Err(Error::not_found(
            "This invitation does not wait any more.",
            "It has been withdrawn or confirmed. `behalf invite list` shows those that wait.",
        ));
    };
    if expires <= now.0 {
        return Err(Error::refused(
            format!("The invitation for {delegate} has expired."),
            "Make a new one.",
        ));
    }
    let Some(acceptance) = acceptance else {
        return Err(not_accepted(&delegate));
    };
    let pending: Pending = serde_json::from_str(&acceptance)?;
    if pending.compared.name() != compared {
        return Err(Error::refused(
            format!("These are not the words of the device that has accepted the invitation for {delegate}."),
            "Compare the words that are shown now.",
        ));
    }
    Ok((Address::lenient(&delegate), pending))
}

/// Nobody has accepted an invitation yet.
pub fn not_accepted(delegate: impl std::fmt::Display) -> Error {
    Error::not_found(
        format!("{delegate} has not accepted the invitation yet, or the acceptance has not arrived."),
        "Sync both sides and try again.",
    )
}

/// An invitation that may still become a grant.
#[derive(Debug, Clone)]
pub struct OpenInvitation {
    /// Its name.
    pub id: String,
    /// For whom.
    pub delegate: Address,
    /// What it offers.
    pub terms: Terms,
    /// When its code stops working, and it can be confirmed no more.
    pub expires: Time,
    /// The acceptance, once it has arrived.
    pub accepted: Option<Pending>,
}

/// Those that can still be confirmed. The newest first.
pub fn open_invitations(
    connection: &Connection,
    mailbox: &Address,
    now: Time,
) -> Result<Vec<OpenInvitation>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, delegate, terms, expires, acceptance FROM invitation
         WHERE mailbox = ?1 AND confirmed = 0 AND expires > ?2 ORDER BY expires DESC, id",
    )?;
    let mut rows = statement.query(params![mailbox.as_str(), now.0])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let acceptance: Option<String> = row.get(4)?;
        all.push(OpenInvitation {
            id: row.get(0)?,
            delegate: Address::lenient(&row.get::<_, String>(1)?),
            terms: serde_json::from_str(&row.get::<_, String>(2)?)?,
            expires: Time(row.get(3)?),
            accepted: acceptance.map(|json| serde_json::from_str(&json)).transpose()?,
        });
    }
    Ok(all)
}

/// Forgets an invitation that is not confirmed, with its acceptance: its code stops working. What is to be said of it to
/// whoever has accepted it, or will; `None` when there was none.
pub fn withdraw(connection: &Connection, mailbox: &Address, id: &str) -> Result<Option<[u8; 32]>> {
    let secret: Option<[u8; 16]> = connection
        .query_row(
            "DELETE FROM invitation WHERE id = ?1 AND mailbox = ?2 AND confirmed = 0 RETURNING proof",
            [id, mailbox.as_str()],
            |r| r.get(0),
        )
        .optional()?;
    Ok(secret.map(|secret| withdrawal(&secret, mailbox)))
}

/// Turns a confirmed acceptance into the grant it offered, keeping devices the delegate already has.
pub fn settle(
    connection: &Connection,
    pending: &Pending,
    mut devices: Vec<GrantDevice>,
    now: Time,
) -> Result<Grant> {
    // One that was removed and has been invited again counts again.
    devices.retain(|device| device.card() != pending.device.card());
    devices.push(pending.device.clone());
    connection.execute("UPDATE invitation SET confirmed = 1 WHERE id = ?1", [&pending.id])?;
    news::confirmed(connection, &pending.id)?;
    let ends = pending
        .terms
        .until
        .as_deref()
        .map(super::end_of_day_or_time)
        .transpose()?;
    Ok(Grant {
        name: pending.name.clone(),
        level: pending.terms.level,
        folders: pending.terms.folders.clone(),
        calendar: pending.terms.calendar,
        private: pending.terms.private,
        starts: super::starts_of(&pending.terms)?.unwrap_or(now),
        ends,
        revoked: false,
        devices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Level, store::Store};

    fn terms() -> Terms {
        Terms {
            level: Level::Editor,
            folders: vec![],
            calendar: true,
            private: false,
            from: None,
            until: None,
        }
    }

    fn device(secret: u8) -> DeviceKey {
        DeviceKey::from_secret(&[secret; 32])
    }

    fn card(secret: u8) -> Card {
        device(secret).card().clone()
    }

    /// Made by the device of secret 1.
    fn code() -> Code {
        let code = Code {
            version: 1,
            id: [1; 8],
            secret: [2; 16],
            mailbox: Address::lenient("alex@x"),
            owner_name: "Alex".into(),
            roots: vec![card(1)],
            delegate: Address::lenient("kim@x"),
            expires: Time(VALID),
            signature: Signature::default(),
        };
        signed(code, 1)
    }

    fn signed(code: Code, by: u8) -> Code {
        Code {
            signature: device(by).sign(&code.signed().unwrap()),
            ..code
        }
    }

    #[test]
    fn an_invitation_is_accepted_once_by_whom_it_is_for() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (alex, kim) = (Address::lenient("alex@x"), Address::lenient("kim@x"));
        let (root, key, now) = (device(1), device(2), Time(1000));
        store
            .write(|tx| {
                tx.execute("INSERT INTO mailbox (id, mine) VALUES ('alex@x', 1)", [])?;
                assert!(!expects_guests(tx, &alex, now)?);
                let code = create(tx, (&alex, "Alex"), (&root, vec![]), &kim, &terms(), now)?;
                let expires = code.expires;
                assert!(expects_guests(tx, &alex, now)?);
                assert!(!expects_guests(tx, &alex, expires)?);
                let code = Code::decode(&format!(" {} \n", code.encode()?))?;
                assert_eq!(code.maker()?, root.card());
                let id = hex(&code.id());
                let (acceptance, said) = Acceptance::new(&code, &kim, "Kim", &key)?;
                let confirm = |compared: &str, at| compared_(tx, &alex, (&id, compared), at);
                assert_eq!(
                    confirm(&said.name(), now),
                    Err(crate::Code::NotFound),
                    "not accepted"
                );
                let by = |card: &Card, acceptance: &Acceptance, at| receive(tx, &alex, card, acceptance, at);
                assert!(
                    !by(&card(3), &acceptance, now)?,
                    "another device needs another proof"
                );
                assert!(!by(key.card(), &acceptance, expires)?, "expired");
                for name in ["", "Kim\u{202e}", &"k".repeat(200)] {
                    let odd = Acceptance {
                        name: name.into(),
                        ..acceptance.clone()
                    };
                    assert!(!by(key.card(), &odd, now)?, "{name}");
                }
                assert!(by(key.card(), &acceptance, now)?);
                assert!(!by(key.card(), &acceptance, now)?, "used");
                assert!(expects_guests(tx, &alex, now)?, "it may be given back");

                // The same on both sides; another device's words are others, also where it had the code.
                let open = open_invitations(tx, &alex, now)?.remove(0);
                assert_eq!(open.accepted.unwrap().compared, said);
                let (_, others) = Acceptance::new(&code, &kim, "Kim", &device(3))?;
                assert_eq!(confirm(&others.name(), now), Err(crate::Code::Refused));
                assert_eq!(
                    confirm(&said.name(), expires),
                    Err(crate::Code::Refused),
                    "expired"
                );
                let (delegate, pending) = compared(tx, &alex, (&id, &said.name()), now)?;
                assert_eq!(delegate, kim);
                let grant = settle(tx, &pending, vec![], now)?;
                assert_eq!(
                    (grant.level, grant.devices),
                    (Level::Editor, vec![GrantDevice::new(key.card())])
                );
                assert_eq!(confirm(&said.name(), now), Err(crate::Code::NotFound), "once");
                Ok(())
            })
            .unwrap();
        assert!(Code::decode("nonsense").is_err());
    }

    /// [`compared`], of which only the kind of error counts.
    fn compared_(
        tx: &Connection,
        mailbox: &Address,
        said: (&str, &str),
        now: Time,
    ) -> std::result::Result<(), crate::Code> {
        compared(tx, mailbox, said, now).map(drop).map_err(|e| e.code())
    }

    /// What nobody can confirm any more is not kept.
    #[test]
    fn an_expired_invitation_is_gone_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (alex, kim) = (Address::lenient("alex@x"), Address::lenient("kim@x"));
        let count =
            |tx: &Connection| tx.query_row("SELECT count(*) FROM invitation", [], |r| r.get::<_, i64>(0));
        store
            .write(|tx| {
                tx.execute("INSERT INTO mailbox (id, mine) VALUES ('alex@x', 1)", [])?;
                let make = |now| create(tx, (&alex, "Alex"), (&device(1), vec![]), &kim, &terms(), now);
                let expires = make(Time(1000))?.expires;
                make(Time(2000))?;
                assert_eq!(
                    (count(tx)?, open_invitations(tx, &alex, Time(2000))?.len()),
                    (2, 2)
                );
                assert_eq!(open_invitations(tx, &alex, expires)?.len(), 1);
                make(expires)?;
                assert_eq!(count(tx)?, 2);
                Ok(())
            })
            .unwrap();
    }

    /// What is compared binds every key there is: whoever swaps one makes other words.
    #[test]
    fn whoever_stands_between_makes_other_words() {
        let code = code();
        let said = |code: &Code, by: u8| {
            let (_, said) = Acceptance::new(code, &code.delegate, "Kim", &device(by)).unwrap();
            said.words()
        };
        let honest = said(&code, 2);
        assert_eq!(honest, said(&code, 2), "also when it is accepted twice");
        assert_ne!(honest, said(&code, 3));
        let eve = card(3);
        let more = [code.roots.clone(), vec![eve.clone()]].concat();
        for roots in [vec![eve.clone()], more] {
            let swapped = Code {
                roots,
                ..code.clone()
            };
            assert_ne!(honest, said(&swapped, 2));
        }
        // Who knows the code and the card cannot know the words before they are said.
        let (acceptance, _) = Acceptance::new(&code, &code.delegate, "Kim", &device(2)).unwrap();
        let guessed = Compared::new(&code.hash().unwrap(), &card(2), &[0; 16]);
        assert!(acceptance.salt != [0; 16] && guessed.words() != honest);
    }

    /// Nobody puts a device, or another key of a device, into a code that somebody else has made.
    #[test]
    fn a_code_is_its_makers() {
        let (code, eve) = (code(), card(3));
        assert_eq!(Code::decode(&code.encode().unwrap()).unwrap(), code);
        let bytes = postcard::to_stdvec(&code).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut broken = bytes.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            assert!(
                Code::decode(&BASE64_URL_SAFE_NO_PAD.encode(broken)).is_err(),
                "bit {bit}"
            );
        }
        let more = Code {
            roots: vec![card(1), eve.clone()],
            ..code.clone()
        };
        for by in [1, 3] {
            let read = Code::decode(&signed(more.clone(), by).encode().unwrap());
            assert_eq!(read.is_ok(), by == 1, "by {by}");
        }
        // A card with a key that is not its device's is no card, whoever signs the code.
        let mut swapped = card(4).to_bytes();
        swapped[32..64].copy_from_slice(&eve.seal);
        let swapped = Code {
            roots: vec![card(1), postcard::from_bytes(&swapped).unwrap()],
            ..code
        };
        assert!(Code::decode(&signed(swapped, 1).encode().unwrap()).is_err());
    }

    /// A code is written by whoever sends it: what it says of its maker is bounded.
    #[test]
    fn a_code_with_an_odd_name_or_too_many_devices_is_none() {
        let code = code();
        let read = |code: &Code| Code::decode(&code.encode().unwrap());
        assert_eq!(read(&code).unwrap(), code);
        for name in ["", "Alex\nBo", &"a".repeat(10_000)] {
            let odd = Code {
                owner_name: name.into(),
                ..code.clone()
            };
            assert!(read(&signed(odd, 1)).is_err(), "{name}");
        }
        for roots in [vec![], vec![card(1); ROOTS + 1]] {
            let odd = Code {
                roots,
                ..code.clone()
            };
            assert!(read(&signed(odd, 1)).is_err());
        }
    }
}
