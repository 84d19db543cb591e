//! The chains of devices, which may fork.
//!
//! A device writes one chain. But its disk may be replaced by an old copy that goes on from where it was: then two
//! envelopes follow the same one. Both are genuine and neither may be lost, so every *branch* is merged. A number alone
//! does not name a link then; what a replica holds is told by the *tips* of the branches, by hash.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::{envelope::content_hash, reason::Run, receipt::Missing};
use crate::{
    Result,
    model::{Address, Time, hex},
    replica::Link,
};

/// How many missing envelopes a receipt names at most; the others are named when these have come.
const NAMED: u32 = 512;
/// How many of them one delegate's device may fill, and one of the owner's.
const SHARE: usize = 16;
const OWNERS_SHARE: usize = 128;
/// How many tips of a device a receipt names at most, the longest branches first.
const TIPS: usize = 256;

/// The last link of a branch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tip {
    /// Its number in the chain.
    pub seq: u64,
    /// Its envelope.
    pub hash: String,
}

/// Device -> the tips up to which everything is held.
pub type Seen = BTreeMap<String, Vec<Tip>>;

/// The same in local terms: (device, branch) -> the highest number held. How branches are counted is a replica's own
/// affair: it depends on what arrived first.
pub type Held = BTreeMap<(String, i64), i64>;

/// True when `held` covers every link. An operation that is not sealed yet is held by nobody else.
pub fn covers(held: &Held, links: &[(String, Option<Link>)]) -> bool {
    links.iter().all(|(device, link)| {
        link.is_some_and(|link| {
            held.get(&(device.clone(), link.branch))
                .is_some_and(|seq| *seq >= link.seq)
        })
    })
}

/// What this replica holds of a mailbox.
pub fn seen(connection: &Connection, mailbox: &Address) -> Result<Seen> {
    let mut statement = connection.prepare_cached(
        "SELECT device, max(seq), hash FROM envelope WHERE mailbox = ?1 AND merged = 1 GROUP BY device, branch",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    let mut seen = Seen::new();
    while let Some(row) = rows.next()? {
        let tip = Tip {
            seq: row.get::<_, i64>(1)?.unsigned_abs(),
            hash: row.get(2)?,
        };
        seen.entry(row.get(0)?).or_default().push(tip);
    }
    // Two replicas that hold the same say the same.
    for tips in seen.values_mut() {
        tips.sort();
        let surplus = tips.len().saturating_sub(TIPS);
        tips.drain(..surplus);
    }
    Ok(seen)
}

/// What another replica's word means here. A tip that has not arrived here says nothing yet: it may stand on a branch
/// nobody here has heard of.
pub fn held(connection: &Connection, mailbox: &Address, seen: &Seen) -> Result<Held> {
    let mut held = Held::new();
    for (device, tips) in seen {
        for tip in tips {
            let mut below = merged(connection, mailbox, device, &tip.hash)?;
            while let Some(link) = below {
                let highest = held.entry((device.clone(), link.branch)).or_default();
                if *highest >= link.seq {
                    break;
                }
                *highest = link.seq;
                below = fork(connection, mailbox, device, link.branch)?;
            }
        }
    }
    Ok(held)
}

/// Is everything here that a device had sent when it wrote its receipt? What cannot be read for want of a key is none of
/// this replica's business.
pub fn is_told(connection: &Connection, mailbox: &Address, device: &str, seen: &Seen) -> Result<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM envelope e WHERE e.hash = ?3 AND e.mailbox = ?1 AND e.device = ?2
           AND (e.merged = 1 OR e.key IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM mailbox_key k WHERE k.mailbox = e.mailbox AND k.id = e.key))",
    )?;
    for tip in seen.get(device).into_iter().flatten() {
        if !statement.exists([mailbox.as_str(), device, &tip.hash])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where an envelope that follows `prev` belongs; `None` while `prev` is not merged.
pub fn place(connection: &Connection, mailbox: &Address, device: &str, prev: &str) -> Result<Option<Link>> {
    let before = match is_none(prev) {
        true => Link { branch: 0, seq: 0 },
        false => match merged(connection, mailbox, device, prev)? {
            Some(link) => link,
            None => return Ok(None),
        },
    };
    let seq = before.seq + 1;
    let (taken, newest): (bool, Option<i64>) = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM envelope
                            WHERE mailbox = ?1 AND device = ?2 AND branch = ?3 AND seq = ?4 AND merged = 1),
                    (SELECT max(branch) FROM envelope WHERE mailbox = ?1 AND device = ?2 AND merged = 1)",
        )?
        .query_row(params![mailbox.as_str(), device, before.branch, seq], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })?;
    let branch = match taken {
        true => newest.unwrap_or_default() + 1,
        false => before.branch,
    };
    Ok(Some(Link { branch, seq }))
}

/// Does a branch begin with this link, which is not merged yet?
pub(crate) fn begins(connection: &Connection, mailbox: &Address, device: &str, link: Link) -> Result<bool> {
    let goes_on: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM envelope WHERE mailbox = ?1 AND device = ?2 AND branch = ?3 AND merged = 1)",
        )?
        .query_row(params![mailbox.as_str(), device, link.branch], |r| r.get(0))?;
    Ok(link.branch > 0 && !goes_on)
}

/// The envelope a device's next one follows: the last of the longest branch. Its number and hash.
pub fn head(connection: &Connection, mailbox: &Address, device: &str) -> Result<(u64, [u8; 32])> {
    let last: Option<(i64, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT seq, bytes FROM envelope WHERE mailbox = ?1 AND device = ?2 AND merged = 1
             ORDER BY seq DESC, hash DESC LIMIT 1",
        )?
        .query_row([mailbox.as_str(), device], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    Ok(last.map_or((0, [0; 32]), |(seq, bytes)| {
        (seq.unsigned_abs(), content_hash(&bytes))
    }))
}

/// Does the chain run from a tip back to this envelope? Not from a tip that is not here: it proves nothing.
pub fn leads_to(connection: &Connection, tip: &str, seq: i64, envelope: &str) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "WITH RECURSIVE back (hash, prev, seq) AS (
               SELECT hash, prev, seq FROM envelope WHERE hash = ?1
               UNION ALL SELECT e.hash, e.prev, e.seq FROM envelope e JOIN back b ON e.hash = b.prev WHERE b.seq > ?2)
             SELECT EXISTS (SELECT 1 FROM back WHERE hash = ?3)",
        )?
        .query_row(params![tip, seq, envelope], |r| r.get(0))?)
}

/// Is this envelope one of a run?
pub(crate) fn is_in(connection: &Connection, run: &Run, (seq, envelope): (i64, &str)) -> Result<bool> {
    let (first, last) = (hex(&run.first), hex(&run.last));
    let begins: Option<i64> = connection
        .prepare_cached("SELECT seq FROM envelope WHERE hash = ?1")?
        .query_row([&first], |r| r.get(0))
        .optional()?;
    Ok(match begins {
        Some(begins) if begins <= seq => {
            leads_to(connection, envelope, begins, &first)? && leads_to(connection, &last, seq, envelope)?
        }
        _ => false,
    })
}

/// The links of a run in this replica's own terms: of each branch the first, and the number of the last. While its last
/// envelope is not here, everything behind the first is taken to belong to it: what is not proven does not count.
pub(crate) fn links_of(connection: &Connection, mailbox: &Address, run: &Run) -> Result<Vec<(Link, i64)>> {
    let (first, last) = (hex(&run.first), hex(&run.last));
    let walk = match is_here(connection, &last)? {
        true => {
            "WITH RECURSIVE run (hash, prev, branch, seq, merged) AS (
               SELECT hash, prev, branch, seq, merged FROM envelope
                 WHERE hash = ?4 AND mailbox = ?1 AND device = ?2
               UNION ALL SELECT e.hash, e.prev, e.branch, e.seq, e.merged
                 FROM envelope e JOIN run r ON e.hash = r.prev WHERE r.hash <> ?3)
             SELECT branch, min(seq), max(seq) FROM run WHERE merged = 1 GROUP BY branch"
        }
        false => {
            "WITH RECURSIVE run (hash, prev, branch, seq, merged) AS (
               SELECT hash, prev, branch, seq, merged FROM envelope
                 WHERE hash = ?3 AND mailbox = ?1 AND device = ?2 AND ?4 <> ''
               UNION ALL SELECT e.hash, e.prev, e.branch, e.seq, e.merged
                 FROM run r JOIN envelope e ON e.mailbox = ?1 AND e.device = ?2 AND e.seq = r.seq + 1
                                            AND e.prev = r.hash)
             SELECT branch, min(seq), max(seq) FROM run WHERE merged = 1 GROUP BY branch"
        }
    };
    let mut statement = connection.prepare_cached(walk)?;
    let found = statement.query_map(params![mailbox.as_str(), run.device, first, last], |r| {
        Ok((link(r)?, r.get(2)?))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// What somebody says that this replica has not got, and who they are.
struct Claim {
    device: String,
    tip: Tip,
    /// Told by the device itself, or by one of the owner's.
    is_trusted: bool,
}

/// How far beyond the last link here anybody believes that a chain goes on.
const NEAR: u64 = 100_000;

/// What is said of links that are not merged here. Only known devices are spoken of, only near what is here, and nobody
/// believes whose access has ended: what they sent in time shows by what follows it. Each has a share of the places.
fn claims(connection: &Connection, mailbox: &Address, now: Time) -> Result<Vec<Claim>> {
    let mut statement = connection.prepare_cached(
        "SELECT r.device, r.seen, d.person = ?1 FROM receipt r
           JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
           LEFT JOIN access_grant g ON g.mailbox = d.mailbox AND g.delegate = d.person
         WHERE r.mailbox = ?1 AND d.removed = 0
           AND (d.person = ?1 OR g.revoked = 0 AND (g.ends IS NULL OR g.ends > ?2))
         ORDER BY d.person <> ?1, r.device",
    )?;
    let mut rows = statement.query(params![mailbox.as_str(), now.0])?;
    let mut is_known =
        connection.prepare_cached("SELECT 1 FROM device WHERE mailbox = ?1 AND id = ?2 AND removed = 0")?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (asker, owners): (String, bool) = (row.get(0)?, row.get(2)?);
        let seen: Seen = serde_json::from_str(&row.get::<_, String>(1)?)?;
        let mut share = if owners { OWNERS_SHARE } else { SHARE };
        for (device, tips) in seen {
            if !is_known.exists([mailbox.as_str(), &device])? {
                continue;
            }
            let near = head(connection, mailbox, &device)?.0.saturating_add(NEAR);
            for tip in tips {
                if share > 0 && tip.seq <= near && merged(connection, mailbox, &device, &tip.hash)?.is_none()
                {
                    share -= 1;
                    all.push(Claim {
                        is_trusted: owners || asker == device,
                        device: device.clone(),
                        tip,
                    });
                }
            }
        }
    }
    Ok(all)
}

/// The holes: devices that have sent more than is here, by anybody's word, or of which something has arrived that follows
/// what has not. How many envelopes are missing, at least. Whose device it is comes as the person's
/// name.
pub fn waiting_for(connection: &Connection, mailbox: &Address, now: Time) -> Result<Vec<(String, u64)>> {
    let mut beyond: BTreeMap<String, u64> = BTreeMap::new();
    for claim in claims(connection, mailbox, now)? {
        // Of somebody else's device nobody is believed how many there are.
        let told = if claim.is_trusted { claim.tip.seq } else { 1 };
        let most = beyond.entry(claim.device).or_default();
        *most = told.max(*most);
    }
    let mut statement = connection.prepare_cached(
        "SELECT e.device, e.seq, e.hash FROM envelope e JOIN device d ON d.mailbox = e.mailbox AND d.id = e.device
         WHERE e.mailbox = ?1 AND e.merged = 0 AND e.aside IS NULL",
    )?;
    let behind = left_behind(connection, mailbox)?;
    let mut rows = statement.query([mailbox.as_str()])?;
    while let Some(row) = rows.next()? {
        let (device, seq): (String, i64) = (row.get(0)?, row.get(1)?);
        if behind.contains(&row.get::<_, String>(2)?) {
            continue;
        }
        let near = head(connection, mailbox, &device)?.0.saturating_add(NEAR);
        let most = beyond.entry(device).or_default();
        *most = seq.unsigned_abs().min(near).max(*most);
    }
    let mut holes = Vec::new();
    for (device, most) in beyond {
        let (held, _) = head(connection, mailbox, &device)?;
        let name: Option<String> = connection
            .prepare_cached("SELECT person_name FROM device WHERE mailbox = ?1 AND id = ?2")?
            .query_row([mailbox.as_str(), &device], |r| r.get(0))
            .optional()?;
        // On a branch that is not the longest, the numbers do not show it: at least its tip is missing.
        holes.push((name.unwrap_or(device), most.saturating_sub(held).max(1)));
    }
    Ok(holes)
}

/// Envelopes whose key is not here and that their own device has left behind: it has gone on elsewhere, on another branch
/// that is read here. So it is where somebody has left a mailbox that was not what it said it was, and come back to the
/// genuine one: nobody will ever have that key. After an old copy of a disk the key comes by itself; nobody has to be
/// asked for it.
pub fn left_behind(connection: &Connection, mailbox: &Address) -> Result<BTreeSet<String>> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE behind (hash, device, seq) AS (
           SELECT e.hash, e.device, e.seq FROM envelope e JOIN envelope b ON b.hash = e.prev AND b.merged = 1
             WHERE e.mailbox = ?1 AND e.merged = 0 AND e.key IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM mailbox_key k WHERE k.mailbox = e.mailbox AND k.id = e.key)
               AND EXISTS (SELECT 1 FROM envelope o WHERE o.mailbox = e.mailbox AND o.device = e.device
                             AND o.merged = 1 AND o.seq >= b.seq AND o.hash <> b.hash)
           UNION SELECT e.hash, e.device, e.seq FROM behind b JOIN envelope e
             ON e.mailbox = ?1 AND e.device = b.device AND e.seq = b.seq + 1 AND e.prev = b.hash AND e.merged = 0)
         SELECT hash FROM behind",
    )?;
    let found = statement.query_map([mailbox.as_str()], |r| r.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Who must give this device a key before it can read what has arrived, or anything at all; `None` when it needs none.
pub fn lacks_key(connection: &Connection, mailbox: &Address, device: &str) -> Result<Option<Address>> {
    let (keys, others): (bool, bool) = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM mailbox_key WHERE mailbox = ?1),
                    EXISTS (SELECT 1 FROM device WHERE mailbox = ?1 AND person = ?1 AND id <> ?2)
                      OR EXISTS (SELECT 1 FROM joining WHERE mailbox = ?1)",
        )?
        .query_row([mailbox.as_str(), device], |r| Ok((r.get(0)?, r.get(1)?)))?;
    if !keys && others {
        return Ok(Some(mailbox.clone()));
    }
    let mut unread = connection.prepare_cached(
        "SELECT e.hash, coalesce(d.person, e.mailbox) FROM envelope e
               LEFT JOIN device d ON d.mailbox = e.mailbox AND d.id = e.device
             WHERE e.mailbox = ?1 AND e.merged = 0 AND e.key IS NOT NULL AND coalesce(d.removed, 0) = 0
               AND NOT EXISTS (SELECT 1 FROM mailbox_key k WHERE k.mailbox = e.mailbox AND k.id = e.key)",
    )?;
    let unread = unread.query_map([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let unread = unread.collect::<Result<Vec<(String, String)>, _>>()?;
    // Mostly everything is read, and nothing need be looked for.
    if unread.is_empty() {
        return Ok(None);
    }
    let behind = left_behind(connection, mailbox)?;
    let author = unread
        .into_iter()
        .find_map(|(hash, author)| (!behind.contains(&hash)).then_some(author));
    // Keys come from the owner, unless it is the owner who waits: then somebody uses one that none of theirs has made.
    Ok(author.map(|author| match others {
        true => mailbox.clone(),
        false => Address::lenient(&author),
    }))
}

/// The envelopes this replica knows must exist and does not hold, as far as it can name them: tips that others hold,
/// and what the envelopes that wait here follow.
pub fn missing(connection: &Connection, mailbox: &Address, now: Time) -> Result<Missing> {
    let mut missing = Missing::new();
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT e.device, e.prev FROM envelope e JOIN device d ON d.mailbox = e.mailbox AND d.id = e.device
           LEFT JOIN envelope p ON p.hash = e.prev
         WHERE e.mailbox = ?1 AND e.merged = 0 AND e.aside IS NULL AND e.seq > 1 AND p.hash IS NULL LIMIT ?2",
    )?;
    let mut rows = statement.query(params![mailbox.as_str(), NAMED])?;
    while let Some(row) = rows.next()? {
        missing.insert((row.get(0)?, row.get(1)?));
    }
    for claim in claims(connection, mailbox, now)? {
        if missing.len() < NAMED as usize && !is_here(connection, &claim.tip.hash)? {
            missing.insert((claim.device, claim.tip.hash));
        }
    }
    Ok(missing)
}

fn is_here(connection: &Connection, hash: &str) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM envelope WHERE hash = ?1)")?
        .query_row([hash], |r| r.get(0))?)
}

fn is_none(prev: &str) -> bool {
    prev.bytes().all(|b| b == b'0')
}

fn link(row: &Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link {
        branch: row.get(0)?,
        seq: row.get(1)?,
    })
}

/// Where a merged envelope stands.
fn merged(connection: &Connection, mailbox: &Address, device: &str, hash: &str) -> Result<Option<Link>> {
    Ok(connection
        .prepare_cached(
            "SELECT branch, seq FROM envelope WHERE hash = ?3 AND mailbox = ?1 AND device = ?2 AND merged = 1",
        )?
        .query_row([mailbox.as_str(), device, hash], link)
        .optional()?)
}

/// Where a branch leaves another; `None` when it begins the chain.
fn fork(connection: &Connection, mailbox: &Address, device: &str, branch: i64) -> Result<Option<Link>> {
    Ok(connection
        .prepare_cached(
            "SELECT p.branch, p.seq FROM envelope p WHERE p.merged = 1 AND p.hash =
               (SELECT prev FROM envelope WHERE mailbox = ?1 AND device = ?2 AND branch = ?3 AND merged = 1
                ORDER BY seq LIMIT 1)",
        )?
        .query_row(params![mailbox.as_str(), device, branch], link)
        .optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    const DEVICE: &str = "d";

    /// Merges an envelope named `name` that follows `prev`; its number is its distance from the beginning.
    fn merge(c: &Connection, mailbox: &Address, name: &str, prev: &str) -> Link {
        let link = place(c, mailbox, DEVICE, prev).unwrap().unwrap();
        c.execute(
            "INSERT INTO envelope (hash, mailbox, device, seq, prev, branch, bytes, sent, merged)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, x'', 1, 1)",
            params![name, mailbox.as_str(), DEVICE, link.seq, prev, link.branch],
        )
        .unwrap();
        link
    }

    fn tips(names: &[(&str, u64)]) -> Seen {
        let tip = |(hash, seq): &(&str, u64)| Tip {
            seq: *seq,
            hash: (*hash).into(),
        };
        Seen::from([(DEVICE.into(), names.iter().map(tip).collect())])
    }

    #[test]
    fn h_01_a_fork_is_told_apart_from_what_it_left() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let m = Address::lenient("a@x");
        store
            .write(|c| {
                // 1 - a2 - a3 - a4, and after an old disk came back: 1 - b2 - b3, and once more: 1 - b2 - c3.
                let one = merge(c, &m, "1", "0");
                let a2 = merge(c, &m, "a2", "1");
                let b2 = merge(c, &m, "b2", "1");
                let a3 = merge(c, &m, "a3", "a2");
                let b3 = merge(c, &m, "b3", "b2");
                let c3 = merge(c, &m, "c3", "b2");
                merge(c, &m, "a4", "a3");
                assert_eq!([one, a2, a3].map(|l| (l.branch, l.seq)), [(0, 1), (0, 2), (0, 3)]);
                assert_eq!([b2, b3, c3].map(|l| (l.branch, l.seq)), [(1, 2), (1, 3), (2, 3)]);
                assert_eq!(seen(c, &m)?, tips(&[("b3", 3), ("c3", 3), ("a4", 4)]));
                assert_eq!(head(c, &m, DEVICE)?.0, 4);
                assert_eq!(place(c, &m, DEVICE, "never came")?, None);

                let has = |names: &[(&str, u64)], link| {
                    covers(
                        &held(c, &m, &tips(names)).unwrap(),
                        &[(DEVICE.into(), Some(link))],
                    )
                };
                // The same number, and not the same link.
                assert!(has(&[("a3", 3)], a2) && !has(&[("a3", 3)], b2));
                assert!(has(&[("b3", 3)], one) && has(&[("b3", 3)], b2) && !has(&[("b3", 3)], a2));
                assert!(has(&[("c3", 3)], b2) && !has(&[("c3", 3)], b3));
                assert!(has(&[("a4", 4), ("c3", 3)], a3) && has(&[("a4", 4), ("c3", 3)], c3));
                // Who holds what has never come here may stand anywhere.
                assert!(!has(&[("z9", 9)], one));
                assert!(!covers(
                    &held(c, &m, &tips(&[("a4", 4)]))?,
                    &[(DEVICE.into(), None)]
                ));
                assert!(covers(&Held::new(), &[]));
                Ok(())
            })
            .unwrap();
    }
}
