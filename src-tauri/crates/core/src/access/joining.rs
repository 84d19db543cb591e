//! Waiting for the owner: what a replica knows of an invitation that this person has accepted and nobody has confirmed.
//!
//! Nobody named in a code is believed yet: it may come from anybody. The mailbox waits, and both people compare the
//! words. The answer is what the owner does when they are equal: the device that has made the code gives this one a key
//! of the mailbox, and from then on the owner's devices are those of the code. In a mailbox that is known already its
//! grants document alone says who the owner's devices are; the answer there is the grant.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    Acceptance, Card, Code, Compared, DeviceKey, Wrap, devices_of, grant_of, is_mine, living_devices_of,
    unwrap,
};
use crate::{
    Error, Result,
    model::{Address, Time, hex},
};

/// An invitation that was accepted and is not confirmed.
#[derive(Debug, Clone)]
pub struct Joining {
    /// The invitation.
    pub id: String,
    /// The mailbox: its owner's address.
    pub mailbox: Address,
    /// What the owner is called here; in a mailbox that is not known yet, by the code.
    pub owner_name: String,
    /// What the words are made from.
    pub compared: Compared,
    /// When it can be confirmed no more.
    pub expires: Time,
    /// This person has said that the owner reads the same words.
    pub matched: bool,
    /// Its maker has taken it back.
    pub withdrawn: bool,
}

/// Takes a code as the one it is for. Nobody is believed by it yet.
///
/// # Errors
/// `Refused` when the code is for somebody else, has expired or was rejected here, when it is for a mailbox that is known
/// and was made by no device of its owner's, or when it would join two replicas of one mailbox that have each gone their
/// own way.
pub fn accept_code(
    tx: &Connection,
    code: &Code,
    (person, name): (&Address, &str),
    device: &DeviceKey,
    now: Time,
) -> Result<(Acceptance, Compared)> {
    if code.delegate != *person {
        return Err(Error::refused(
            format!("This invitation is for {}, not for {person}.", code.delegate),
            format!("Ask {} for an invitation of your own.", code.owner_name),
        ));
    }
    if code.expires <= now {
        return Err(Error::refused(
            format!(
                "This invitation has expired; it worked until {}.",
                code.expires.rfc3339()
            ),
            format!("Ask {} for a new one.", code.owner_name),
        ));
    }
    let rejected: bool = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM rejected_code WHERE id = ?1)")?
        .query_row([hex(&code.id())], |r| r.get(0))?;
    if rejected {
        return Err(Error::refused(
            "You have said that the words of this invitation differ.",
            format!("Ask {} for a new one.", code.owner_name),
        ));
    }
    let mailbox = &code.mailbox;
    let maker = code.maker()?;
    if maker == device.card() {
        return Err(Error::bad_input(
            "This invitation was made on this device.",
            "Accept it on your other device.",
        ));
    }
    let mut roots = &code.roots[..];
    if is_mine(tx, mailbox)? {
        let own_way: bool = tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM mailbox_key WHERE mailbox = ?1)",
            [mailbox.as_str()],
            |r| r.get(0),
        )?;
        if own_way {
            return Err(Error::refused(
                "This data folder has a history of its own already.",
                "Set this device up in a new data folder, and accept the code there before the first sync.",
            ));
        }
    } else if let living = living_devices_of(tx, mailbox, mailbox)?
        // Where none is left to ask, the code is one for a mailbox that begins anew.
        && !living.is_empty()
    {
        if !living.contains(maker) {
            return Err(not_theirs(
                mailbox,
                uncompared(tx)?.iter().any(|u| u.mailbox == *mailbox),
            ));
        }
        roots = &[];
    }
    let (acceptance, compared) = Acceptance::new(code, person, name, device)?;
    // The new one takes the place of those that were taken back.
    tx.execute(
        "DELETE FROM joining WHERE mailbox = ?1 AND withdrawn = 1",
        [mailbox.as_str()],
    )?;
    tx.execute(
        "INSERT INTO mailbox (id, owner_name, mine) VALUES (?1, ?2, 0) ON CONFLICT (id) DO NOTHING",
        params![mailbox.as_str(), code.owner_name],
    )?;
    tx.execute(
        "INSERT INTO joining (id, mailbox, owner_name, maker, roots, compared, before, expires, withdrawal,
           acceptance)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING",
        params![
            hex(&code.id()),
            mailbox.as_str(),
            code.owner_name,
            maker.id(),
            postcard::to_stdvec(roots)?,
            compared.to_bytes(),
            grant_of(tx, mailbox, person)?.map(|grant| grant.starts.0),
            code.expires.0,
            code.withdrawal(),
            postcard::to_stdvec(&acceptance)?,
        ],
    )?;
    Ok((acceptance, compared))
}

/// Either of two is the stranger's: this code, or the one before, whose words were perhaps not compared.
fn not_theirs(mailbox: &Address, uncompared: bool) -> Error {
    let todo = match uncompared {
        true => format!(
            "You have not compared the words of the invitation before this one. Compare them with {mailbox}, best by telephone: \
             if they match, this code is not from {mailbox}; if they differ, the mailbox here is not. \
             Then leave it (They differ, or `behalf invite reject {mailbox}`), and accept this code again."
        ),
        false => format!(
            "Sync, then accept it again. If it is refused again, it is not from {mailbox}: tell them, and do not use it."
        ),
    };
    Error::refused(
        format!("This invitation was not made on a device that is known to be {mailbox}'s."),
        todo,
    )
}

/// Everything that waits for an owner, the newest first; last what was taken back.
pub fn joining(connection: &Connection) -> Result<Vec<Joining>> {
    let mut statement = connection.prepare_cached(
        "SELECT j.id, j.mailbox, j.compared, j.expires, j.matched, j.withdrawn,
                CASE WHEN EXISTS (SELECT 1 FROM device d WHERE d.mailbox = j.mailbox AND d.person = j.mailbox)
                     THEN m.owner_name ELSE j.owner_name END
         FROM joining j JOIN mailbox m ON m.id = j.mailbox ORDER BY j.withdrawn, j.expires DESC, j.id",
    )?;
    let found = statement.query_map([], |r| Ok(read(r)))?;
    found.map(|joining| joining?).collect()
}

fn read(row: &Row<'_>) -> Result<Joining> {
    Ok(Joining {
        id: row.get(0)?,
        mailbox: Address::lenient(&row.get::<_, String>(1)?),
        owner_name: row.get(6)?,
        compared: Compared::from_bytes(row.get(2)?),
        expires: Time(row.get(3)?),
        matched: row.get(4)?,
        withdrawn: row.get(5)?,
    })
}

/// The devices whose answer is waited for in a mailbox; of several, once this person has compared the words of one, only
/// that one's. None in one whose owner's devices are known. Where they were and none is left, only after this person has
/// compared the words: what is known there is given up for the answer.
pub fn makers(connection: &Connection, mailbox: &Address) -> Result<Vec<Card>> {
    let mut statement = connection.prepare_cached(
        "SELECT j.roots FROM joining j JOIN mailbox m ON m.id = j.mailbox
         WHERE j.mailbox = ?1 AND j.withdrawn = 0
           AND (j.matched OR NOT EXISTS (SELECT 1 FROM joining k WHERE k.mailbox = j.mailbox AND k.matched = 1
                                                                 AND k.withdrawn = 0))
           AND (m.mine OR j.matched OR NOT EXISTS (SELECT 1 FROM device d WHERE d.mailbox = m.id AND d.person = m.id))",
    )?;
    let found = statement.query_map([mailbox.as_str()], |r| r.get::<_, Vec<u8>>(0))?;
    let mut makers = Vec::new();
    for roots in found {
        let roots: Vec<Card> = postcard::from_bytes(&roots?)?;
        makers.extend(roots.into_iter().next());
    }
    Ok(makers)
}

/// Is this the owner's answer: a key of the mailbox for this device, from the device that has made the code?
pub fn is_answer(device: &DeviceKey, maker: &Card, mailbox: &Address, wraps: &[Wrap]) -> bool {
    wraps
        .iter()
        .any(|wrap| wrap.device == device.id() && unwrap(device, maker, mailbox, wrap).is_some())
}

/// The owner has answered through the device behind this card: what its code names are the owner's devices from now on.
/// Nothing else waits for this mailbox any more, but the words, if this person has not compared them.
///
/// Where the owner's devices of before have removed each other, the mailbox begins again, which is `begin_again`'s to do;
/// what is returned this device has to say again then, as the beginning of its chain.
pub fn believe(
    tx: &Connection,
    mailbox: &Address,
    maker: &Card,
    begin_again: impl FnOnce(&Connection, &Address) -> Result<()>,
) -> Result<Option<Acceptance>> {
    let (id, owner_name, roots, acceptance): (String, String, Vec<u8>, Vec<u8>) = tx.query_row(
        "SELECT id, owner_name, roots, acceptance FROM joining WHERE mailbox = ?1 AND maker = ?2 AND withdrawn = 0
         ORDER BY matched DESC, expires DESC, id LIMIT 1",
        [mailbox.as_str(), &maker.id()],
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
    )?;
    tx.execute(
        "INSERT INTO uncompared (id, mailbox, compared, withdrawal)
         SELECT id, mailbox, compared, withdrawal FROM joining WHERE id = ?1 AND matched = 0",
        [&id],
    )?;
    let again = !is_mine(tx, mailbox)? && !devices_of(tx, mailbox, mailbox)?.is_empty();
    if again {
        tracing::warn!(%mailbox, "the mailbox begins again with other devices of its owner's");
        begin_again(tx, mailbox)?;
    }
    tx.execute(
        "UPDATE mailbox SET owner_name = ?2 WHERE id = ?1 AND mine = 0",
        [mailbox.as_str(), &owner_name],
    )?;
    for root in postcard::from_bytes::<Vec<Card>>(&roots)? {
        tx.execute(
            "INSERT INTO device (mailbox, id, person, person_name, public_key, card) VALUES (?1, ?2, ?1, ?3, ?4, ?5)
             ON CONFLICT (mailbox, id) DO NOTHING",
            params![mailbox.as_str(), root.id(), owner_name, root.sign, root.to_bytes()],
        )?;
    }
    tx.execute("DELETE FROM joining WHERE mailbox = ?1", [mailbox.as_str()])?;
    Ok(match again {
        true => Some(postcard::from_bytes(&acceptance)?),
        false => None,
    })
}

/// An invitation that was answered before this person had compared the words.
#[derive(Debug, Clone)]
pub struct Uncompared {
    /// The invitation.
    pub id: String,
    /// The mailbox: its owner's address.
    pub mailbox: Address,
    /// What the words are made from.
    pub compared: Compared,
    /// What is said of it when the words differ; empty when it was answered by an older Behalf.
    pub withdrawal: Vec<u8>,
}

/// Those whose words are still to be compared, at most one of a mailbox.
pub fn uncompared(connection: &Connection) -> Result<Vec<Uncompared>> {
    let mut statement = connection
        .prepare_cached("SELECT id, mailbox, compared, withdrawal FROM uncompared ORDER BY mailbox")?;
    let found = statement.query_map([], |r| {
        Ok(Uncompared {
            id: r.get(0)?,
            mailbox: Address::lenient(&r.get::<_, String>(1)?),
            compared: Compared::from_bytes(r.get(2)?),
            withdrawal: r.get(3)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// This person has compared the words of an invitation, and they match: what they are made from, where its maker can be
/// told so and has not been.
pub fn matched(tx: &Connection, id: &str) -> Result<Option<Compared>> {
    let compared = tx
        .prepare_cached(
            "SELECT compared FROM joining WHERE id = ?1 AND matched = 0 AND withdrawn = 0
             UNION ALL SELECT compared FROM uncompared WHERE id = ?1",
        )?
        .query_row([id], |r| r.get(0))
        .optional()?;
    tx.execute("UPDATE joining SET matched = 1 WHERE id = ?1", [id])?;
    // An answer that has come before counts now.
    tx.execute(
        "UPDATE reading SET cursor = '', beginnings = beginnings + 1
         WHERE mailbox IN (SELECT mailbox FROM joining WHERE id = ?1)",
        [id],
    )?;
    tx.execute("DELETE FROM uncompared WHERE id = ?1", [id])?;
    Ok(compared.map(Compared::from_bytes))
}

/// The device of this id has said that it takes an invitation back. Nothing, unless it has made one that waits here.
pub fn taken_back(tx: &Connection, mailbox: &Address, maker: &str, withdrawal: &[u8; 32]) -> Result<bool> {
    let ended = tx
        .prepare_cached(
            "UPDATE joining SET withdrawn = 1 WHERE mailbox = ?1 AND maker = ?2 AND withdrawal = ?3 AND withdrawn = 0",
        )?
        .execute(params![mailbox.as_str(), maker, withdrawal])?;
    if ended > 0 {
        tracing::info!(%mailbox, "an invitation that was accepted here was withdrawn");
    }
    Ok(ended > 0)
}

/// Has the owner of a known mailbox answered, by a grant that began after the code was accepted?
pub fn is_answered(connection: &Connection, mailbox: &Address, person: &Address) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM joining j JOIN access_grant g ON g.mailbox = j.mailbox AND g.delegate = ?2
             WHERE j.mailbox = ?1 AND g.starts IS NOT j.before)",
        )?
        .query_row([mailbox.as_str(), person.as_str()], |r| r.get(0))?)
}

/// Nothing waits for this mailbox any more. What is to be compared from now on are the words of the invitation that was
/// answered, unless they were.
pub fn settle_joining(tx: &Connection, mailbox: &Address) -> Result<()> {
    let of = [mailbox.as_str()];
    tx.execute("DELETE FROM uncompared WHERE mailbox = ?1", of)?;
    tx.execute(
        "INSERT INTO uncompared (id, mailbox, compared, withdrawal)
         SELECT id, mailbox, compared, withdrawal FROM joining
         WHERE mailbox = ?1 AND matched = 0 AND withdrawn = 0 ORDER BY expires DESC, id LIMIT 1",
        of,
    )?;
    tx.execute("DELETE FROM joining WHERE mailbox = ?1", [mailbox.as_str()])?;
    Ok(())
}

/// Notes that the words of an invitation differ: its code is not taken again.
pub fn rejected(tx: &Connection, id: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO rejected_code (id) VALUES (?1) ON CONFLICT DO NOTHING",
        [id],
    )?;
    Ok(())
}

/// Forgets an invitation that was accepted. What is said of it when it is given back; `None` when there was none.
pub fn forget(tx: &Connection, id: &str) -> Result<Option<[u8; 32]>> {
    Ok(tx
        .query_row(
            "DELETE FROM joining WHERE id = ?1 RETURNING withdrawal",
            [id],
            |r| r.get(0),
        )
        .optional()?)
}
