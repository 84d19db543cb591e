//! Invitations: how a delegate's device and an owner's come to trust each other, or two devices of one person.
//!
//! The owner makes a code. Who accepts it publishes an *acceptance*, sealed for the device that made the code: the card
//! of their device, and a proof that they had the code. Both read each other words derived from the whole code and that
//! card, and the owner confirms: only then is there a grant, and only then does a mailbox key leave the owner's devices.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Card, Grant, GrantDevice};
use crate::{
    Error, Result,
    desk::Terms,
    model::{Address, Time, hex},
};

/// How long a code works.
const VALID: i64 = 7 * 24 * 3600 * 1000;

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
            .filter(|code| code.version == 1 && !code.roots.is_empty())
            .filter(|code| code.roots.iter().all(Card::is_genuine))
            .ok_or_else(no_code)
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
    /// The hash of the code.
    pub code: [u8; 32],
}

/// Makes an invitation and returns its code.
pub fn create(
    connection: &Connection,
    mailbox: &Address,
    owner_name: &str,
    roots: Vec<Card>,
    delegate: &Address,
    terms: &Terms,
    now: Time,
) -> Result<(Code, Time)> {
    let mut random = [0; 24];
    getrandom::fill(&mut random)
        .map_err(|e| Error::unavailable(format!("The system gives no randomness: {e}"), ""))?;
    let mut code = Code {
        version: 1,
        id: [0; 8],
        secret: [0; 16],
        mailbox: mailbox.clone(),
        owner_name: owner_name.to_owned(),
        roots,
        delegate: delegate.clone(),
    };
    code.id.copy_from_slice(&random[..8]);
    code.secret.copy_from_slice(&random[8..]);
    let expires = Time(now.0 + VALID);
    connection.execute(
        "INSERT INTO invitation (id, mailbox, delegate, terms, proof, expires, code) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            hex(&code.id),
            mailbox.as_str(),
            delegate.as_str(),
            serde_json::to_string(terms)?,
            code.secret,
            expires.0,
            code.hash()?,
        ],
    )?;
    Ok((code, expires))
}

/// Takes a code as the one it is for: from now on this replica knows the mailbox and whom to trust in it.
///
/// # Errors
/// `Refused` when the code is for somebody else, or when it would join two replicas of one mailbox that have each gone
/// their own way.
pub fn accept_code(
    connection: &Connection,
    code: &Code,
    person: &Address,
    name: &str,
    device: &Card,
) -> Result<Acceptance> {
    if code.delegate != *person {
        return Err(Error::refused(
            format!("This invitation is for {}, not for {person}.", code.delegate),
            format!("Ask {} for an invitation of your own.", code.owner_name),
        ));
    }
    if code.mailbox == *person {
        let own_way: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM mailbox_key WHERE mailbox = ?1)",
            [person.as_str()],
            |r| r.get(0),
        )?;
        if own_way {
            return Err(Error::refused(
                "This data folder has a history of its own already.",
                "Set this device up in a new data folder, and accept the code there before the first sync.",
            ));
        }
    }
    connection.execute(
        "INSERT INTO mailbox (id, owner_name, mine) VALUES (?1, ?2, 0)
         ON CONFLICT (id) DO UPDATE SET owner_name = excluded.owner_name WHERE mine = 0",
        params![code.mailbox.as_str(), code.owner_name],
    )?;
    for root in &code.roots {
        connection.execute(
            "INSERT INTO device (mailbox, id, person, person_name, public_key, card) VALUES (?1, ?2, ?1, ?3, ?4, ?5)
             ON CONFLICT (mailbox, id) DO NOTHING",
            params![
                code.mailbox.as_str(),
                root.id(),
                code.owner_name,
                root.sign,
                root.to_bytes()
            ],
        )?;
    }
    Ok(Acceptance {
        invitation: code.id,
        person: person.clone(),
        name: name.to_owned(),
        proof: proof(&code.secret, &code.mailbox, device),
    })
}

/// Takes in an acceptance as the owner. True when it answers an open invitation with the right proof.
pub fn receive(
    connection: &Connection,
    mailbox: &Address,
    device: &Card,
    acceptance: &Acceptance,
    now: Time,
) -> Result<bool> {
    let found: Option<([u8; 16], String, String, [u8; 32])> = connection
        .query_row(
            "SELECT proof, delegate, terms, code FROM invitation
             WHERE id = ?1 AND mailbox = ?2 AND expires > ?3 AND confirmed = 0 AND acceptance IS NULL",
            params![hex(&acceptance.invitation), mailbox.as_str(), now.0],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
        )
        .optional()?;
    let Some((secret, delegate, terms, code)) = found else {
        return Ok(false);
    };
    if delegate != acceptance.person.as_str() || proof(&secret, mailbox, device) != acceptance.proof {
        return Ok(false);
    }
    let id = hex(&acceptance.invitation);
    let pending = Pending {
        id: id.clone(),
        terms: serde_json::from_str(&terms)?,
        name: acceptance.name.clone(),
        device: GrantDevice::new(device),
        code,
    };
    connection.execute(
        "UPDATE invitation SET acceptance = ?2 WHERE id = ?1",
        params![id, serde_json::to_string(&pending)?],
    )?;
    Ok(true)
}

/// The newest acceptance of `delegate` that waits for confirmation.
///
/// # Errors
/// `NotFound` when there is none: not invited, or not accepted yet.
pub fn find_acceptance(connection: &Connection, mailbox: &Address, delegate: &Address) -> Result<Pending> {
    let found: Option<Option<String>> = connection
        .query_row(
            "SELECT acceptance FROM invitation WHERE mailbox = ?1 AND delegate = ?2 AND confirmed = 0
             ORDER BY acceptance IS NULL, expires DESC LIMIT 1",
            [mailbox.as_str(), delegate.as_str()],
            |r| r.get(0),
        )
        .optional()?;
    match found {
        None => Err(Error::not_found(
            format!("There is no open invitation for {delegate}."),
            "Make one with `behalf invite create --for …`.",
        )),
        Some(None) => Err(Error::not_found(
            format!("{delegate} has not accepted the invitation yet, or the acceptance has not arrived."),
            "Sync both sides and try again.",
        )),
        Some(Some(json)) => Ok(serde_json::from_str(&json)?),
    }
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
    /// When its code stops working.
    pub expires: Time,
    /// The acceptance, once it has arrived.
    pub accepted: Option<Pending>,
}

/// Those that are not confirmed: accepted, or with a code that still works. The newest first.
pub fn open_invitations(
    connection: &Connection,
    mailbox: &Address,
    now: Time,
) -> Result<Vec<OpenInvitation>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, delegate, terms, expires, acceptance FROM invitation
         WHERE mailbox = ?1 AND confirmed = 0 AND (expires > ?2 OR acceptance IS NOT NULL)
         ORDER BY expires DESC, id",
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

/// Forgets an invitation that is not confirmed: its code stops working. True when there was one.
pub fn withdraw(connection: &Connection, mailbox: &Address, id: &str) -> Result<bool> {
    let gone = connection.execute(
        "DELETE FROM invitation WHERE id = ?1 AND mailbox = ?2 AND confirmed = 0",
        [id, mailbox.as_str()],
    )?;
    Ok(gone > 0)
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

/// Six words both people read to each other. They are made from the whole code and the keys of the device that accepts
/// it: whoever stands between the two with another code or other keys gets others, and 72 bits are too many to try.
pub fn words(code: &[u8; 32], device: &Card) -> String {
    // Words of 12 bits.
    const HEAD: [&str; 16] = [
        "ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "zu", "ma",
    ];
    const TAIL: [&str; 16] = [
        "bel", "dor", "fen", "gan", "kus", "lom", "mar", "nel", "pin", "ros", "sil", "tan", "vik", "wen",
        "zar", "lip",
    ];
    let digest = Sha256::new()
        .chain_update(b"behalf words 1")
        .chain_update(code)
        .chain_update(device.to_bytes())
        .finalize();
    digest
        .chunks(2)
        .take(6)
        .map(|pair| {
            let (a, b) = (usize::from(pair[0]), usize::from(pair[1]));
            format!("{}{}{}", HEAD[a >> 4], HEAD[a & 15], TAIL[b & 15])
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{access::DeviceKey, model::Level, store::Store};

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

    fn card(secret: u8) -> Card {
        DeviceKey::from_secret(&[secret; 32]).card().clone()
    }

    #[test]
    fn an_invitation_is_accepted_once_by_whom_it_is_for() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (alex, kim) = (Address::lenient("alex@x"), Address::lenient("kim@x"));
        let (root, key, now) = (card(1), card(2), Time(1000));
        store
            .write(|tx| {
                tx.execute("INSERT INTO mailbox (id, mine) VALUES ('alex@x', 1)", [])?;
                let (code, _) = create(tx, &alex, "Alex", vec![root.clone()], &kim, &terms(), now)?;
                let code = Code::decode(&format!(" {} \n", code.encode()?))?;
                assert_eq!(code.maker()?, &root);
                assert!(accept_code(tx, &code, &Address::lenient("eve@x"), "Eve", &card(3)).is_err());
                let acceptance = accept_code(tx, &code, &kim, "Kim", &key)?;
                assert!(find_acceptance(tx, &alex, &kim).is_err());
                assert!(
                    !receive(tx, &alex, &card(3), &acceptance, now)?,
                    "another device needs another proof"
                );
                let late = Time(now.0 + VALID);
                assert!(!receive(tx, &alex, &key, &acceptance, late)?, "expired");
                assert!(receive(tx, &alex, &key, &acceptance, now)?);
                assert!(!receive(tx, &alex, &key, &acceptance, now)?, "used");
                let pending = find_acceptance(tx, &alex, &kim)?;
                assert_eq!(words(&pending.code, &key), words(&code.hash()?, &key));
                let grant = settle(tx, &pending, vec![], now)?;
                assert_eq!(
                    (grant.level, grant.devices),
                    (Level::Editor, vec![GrantDevice::new(&key)])
                );
                assert!(find_acceptance(tx, &alex, &kim).is_err());
                Ok(())
            })
            .unwrap();
        assert!(Code::decode("nonsense").is_err());
    }

    /// The words bind every key there is: whoever swaps one makes others.
    #[test]
    fn whoever_stands_between_makes_other_words() {
        let code = Code {
            version: 1,
            id: [1; 8],
            secret: [2; 16],
            mailbox: Address::lenient("alex@x"),
            owner_name: "Alex".into(),
            roots: vec![card(1)],
            delegate: Address::lenient("kim@x"),
        };
        let (eve, kim) = (card(3), card(2));
        let honest = words(&code.hash().unwrap(), &kim);
        assert_eq!(honest.split(' ').count(), 6);
        assert_ne!(honest, words(&code.hash().unwrap(), &eve));
        let more = [code.roots.clone(), vec![eve.clone()]].concat();
        for roots in [vec![eve.clone()], more] {
            let swapped = Code {
                roots,
                ..code.clone()
            };
            assert_ne!(honest, words(&swapped.hash().unwrap(), &kim));
        }
        // And a card with a key that is not its device's is no card.
        let mut text = postcard::to_stdvec(&code).unwrap();
        let at = text.windows(32).position(|w| w == code.roots[0].seal).unwrap();
        text[at..at + 32].copy_from_slice(&eve.seal);
        assert!(Code::decode(&BASE64_URL_SAFE_NO_PAD.encode(text)).is_err());
    }
}
