//! Invitations: how a delegate's device and an owner's come to trust each other.
//!
//! The owner makes a code. Who accepts it publishes an *acceptance*: their key, and a proof that they had the code.
//! Owner and delegate compare words derived from both keys, and the owner confirms: only then is there a grant.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Grant, GrantDevice, PublicKey, device_id};
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
    /// The owner's device: the root of trust for this mailbox.
    pub root: PublicKey,
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
            .filter(|code| code.version == 1)
            .ok_or_else(|| {
                Error::bad_input(
                    "This is not an invitation code.",
                    "Copy the whole code, from its first to its last character.",
                )
            })
    }

    fn proof(&self, device: &PublicKey) -> [u8; 32] {
        proof(&self.secret, &self.mailbox, device)
    }
}

fn proof(secret: &[u8; 16], mailbox: &Address, device: &PublicKey) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"behalf acceptance 1")
        .chain_update(secret)
        .chain_update(device)
        .chain_update(mailbox.as_str())
        .finalize()
        .into()
}

/// What the delegate's device publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// The invitation.
    pub invitation: [u8; 8],
    /// The delegate.
    pub person: Address,
    /// Their name.
    pub name: String,
    /// Their device's key.
    pub key: PublicKey,
    /// That they had the code.
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
}

/// Makes an invitation and returns its code.
pub fn create(
    connection: &Connection,
    mailbox: &Address,
    owner_name: &str,
    root: &PublicKey,
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
        root: *root,
        delegate: delegate.clone(),
    };
    code.id.copy_from_slice(&random[..8]);
    code.secret.copy_from_slice(&random[8..]);
    let expires = Time(now.0 + VALID);
    connection.execute(
        "INSERT INTO invitation (id, mailbox, delegate, terms, proof, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            hex(&code.id),
            mailbox.as_str(),
            delegate.as_str(),
            serde_json::to_string(terms)?,
            code.secret,
            expires.0,
        ],
    )?;
    Ok((code, expires))
}

/// Takes a code as the delegate: from now on this replica knows the mailbox and whom to trust in it.
///
/// # Errors
/// `Refused` when the code is for somebody else.
pub fn accept_code(
    connection: &Connection,
    code: &Code,
    person: &Address,
    name: &str,
    key: &PublicKey,
) -> Result<Acceptance> {
    if code.delegate != *person {
        return Err(Error::refused(
            format!("This invitation is for {}, not for {person}.", code.delegate),
            format!("Ask {} for an invitation of your own.", code.owner_name),
        ));
    }
    connection.execute(
        "INSERT INTO mailbox (id, owner_name, mine) VALUES (?1, ?2, 0)
         ON CONFLICT (id) DO UPDATE SET owner_name = excluded.owner_name WHERE mine = 0",
        params![code.mailbox.as_str(), code.owner_name],
    )?;
    connection.execute(
        "INSERT INTO device (mailbox, id, person, person_name, public_key) VALUES (?1, ?2, ?1, ?3, ?4)
         ON CONFLICT (mailbox, id) DO NOTHING",
        params![
            code.mailbox.as_str(),
            device_id(&code.root),
            code.owner_name,
            code.root
        ],
    )?;
    Ok(Acceptance {
        invitation: code.id,
        person: person.clone(),
        name: name.to_owned(),
        key: *key,
        proof: code.proof(key),
    })
}

/// Takes in an acceptance as the owner. True when it answers an open invitation with the right proof.
pub fn receive(
    connection: &Connection,
    mailbox: &Address,
    acceptance: &Acceptance,
    now: Time,
) -> Result<bool> {
    let found: Option<([u8; 16], String, String)> = connection
        .query_row(
            "SELECT proof, delegate, terms FROM invitation
             WHERE id = ?1 AND mailbox = ?2 AND expires > ?3 AND confirmed = 0 AND acceptance IS NULL",
            params![hex(&acceptance.invitation), mailbox.as_str(), now.0],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
        )
        .optional()?;
    let Some((secret, delegate, terms)) = found else {
        return Ok(false);
    };
    if delegate != acceptance.person.as_str() || proof(&secret, mailbox, &acceptance.key) != acceptance.proof
    {
        return Ok(false);
    }
    let id = hex(&acceptance.invitation);
    let pending = Pending {
        id: id.clone(),
        terms: serde_json::from_str(&terms)?,
        name: acceptance.name.clone(),
        device: GrantDevice::new(&acceptance.key),
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
    if !devices.contains(&pending.device) {
        devices.push(pending.device.clone());
    }
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
        starts: now,
        ends,
        revoked: false,
        devices,
    })
}

/// Four words both people read to each other: whoever stands between them with another key gets others.
pub fn words(mailbox: &Address, root: &PublicKey, delegate: &PublicKey) -> String {
    // 4 words of 12 bits.
    const HEAD: [&str; 16] = [
        "ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "zu", "ma",
    ];
    const TAIL: [&str; 16] = [
        "bel", "dor", "fen", "gan", "kus", "lom", "mar", "nel", "pin", "ros", "sil", "tan", "vik", "wen",
        "zar", "lip",
    ];
    let digest = Sha256::new()
        .chain_update(b"behalf words 1")
        .chain_update(root)
        .chain_update(delegate)
        .chain_update(mailbox.as_str())
        .finalize();
    digest
        .chunks(2)
        .take(4)
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
    use crate::{model::Level, store::Store};

    #[test]
    fn an_invitation_is_accepted_once_by_whom_it_is_for() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (alex, kim) = (Address::lenient("alex@x"), Address::lenient("kim@x"));
        let terms = Terms {
            level: Level::Editor,
            folders: vec![],
            calendar: true,
            until: None,
        };
        let (root, key, now) = ([1; 32], [2; 32], Time(1000));
        store
            .write(|tx| {
                tx.execute("INSERT INTO mailbox (id, mine) VALUES ('alex@x', 1)", [])?;
                let (code, _) = create(tx, &alex, "Alex", &root, &kim, &terms, now)?;
                let code = Code::decode(&format!(" {} \n", code.encode()?))?;
                assert!(accept_code(tx, &code, &Address::lenient("eve@x"), "Eve", &[3; 32]).is_err());
                let acceptance = accept_code(tx, &code, &kim, "Kim", &key)?;
                assert!(find_acceptance(tx, &alex, &kim).is_err());
                let forged = Acceptance {
                    key: [3; 32],
                    ..acceptance.clone()
                };
                assert!(
                    !receive(tx, &alex, &forged, now)?,
                    "another key needs another proof"
                );
                assert!(!receive(tx, &alex, &acceptance, Time(now.0 + VALID))?, "expired");
                assert!(receive(tx, &alex, &acceptance, now)?);
                assert!(!receive(tx, &alex, &acceptance, now)?, "used");
                let grant = settle(tx, &find_acceptance(tx, &alex, &kim)?, vec![], now)?;
                assert_eq!(
                    (grant.level, grant.devices),
                    (Level::Editor, vec![GrantDevice::new(&key)])
                );
                assert!(find_acceptance(tx, &alex, &kim).is_err());
                Ok(())
            })
            .unwrap();
        assert!(Code::decode("nonsense").is_err());
        assert_ne!(words(&alex, &root, &key), words(&alex, &root, &[3; 32]));
    }
}
