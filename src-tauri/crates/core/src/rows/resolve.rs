//! Which row an address means (I-05, I-06). The rules are pure; the SQL only gathers candidates.

use std::cmp::Reverse;

use rusqlite::Connection;

use super::shown::NamedRow;
use crate::{
    Result,
    model::{Address, RowRef},
};

/// More rows than this behind one address tell nothing: it stays unresolved (I-05).
pub const MOST: usize = 100;

/// A row an address may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which row.
    pub row: RowRef,
    /// Its name.
    pub name: String,
    /// The address of the user who owns it; empty when unknown.
    pub owner: String,
    /// False when the CRM has closed it.
    pub active: bool,
    /// Milliseconds since 1970 UTC; 0 while unknown.
    pub created: i64,
}

/// What happens when a recipient's address means several rows (I-06).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Several {
    /// Every matching row is a party.
    #[default]
    All,
    /// One unresolved party: a person chooses later.
    Unresolved,
}

/// Has this address an account in the CRM?
pub fn is_user(connection: &Connection, address: &Address) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM row_address a JOIN crm_row r ON r.table_name = a.table_name AND r.id = a.row_id
               WHERE a.address = ?1 AND a.table_name = 'systemuser' AND r.active AND NOT r.deleted)",
        )?
        .query_row([address.as_str()], |r| r.get(0))?)
}

/// The sender's row (I-05): rows owned by the mailbox owner first; then active before inactive; then by table; then the
/// oldest.
///
/// Inactive users are as if they were not there. `None` when nothing matches, or more than [`MOST`] do.
pub fn choose<'a>(candidates: &'a [Candidate], mailbox_owner: &Address) -> Option<&'a Candidate> {
    usable(candidates)?
        .into_iter()
        .min_by_key(|c| weight(c, mailbox_owner))
}

/// A recipient's rows (I-06), active first, in a fixed order; empty when unresolved.
pub fn choose_all(candidates: &[Candidate], several: Several) -> Vec<&Candidate> {
    let mut all = usable(candidates).unwrap_or_default();
    if several == Several::Unresolved && all.len() > 1 {
        return Vec::new();
    }
    let nobody = Address::lenient("");
    all.sort_by_key(|c| weight(c, &nobody));
    all
}

/// The candidates that count; `None` when they are too many to mean anything.
fn usable(candidates: &[Candidate]) -> Option<Vec<&Candidate>> {
    let usable: Vec<_> = candidates
        .iter()
        .filter(|c| c.active || c.row.table != "systemuser")
        .collect();
    (usable.len() <= MOST).then_some(usable)
}

/// Smaller is better. Total: no two rows weigh the same, so the order they come in never matters.
fn weight<'a>(c: &'a Candidate, mailbox_owner: &Address) -> impl Ord + use<'a> {
    let owned = !c.owner.is_empty() && c.owner == mailbox_owner.as_str();
    let age = if c.created == 0 { i64::MAX } else { c.created };
    (
        Reverse(owned),
        Reverse(c.active),
        rank(&c.row.table),
        &c.row.table,
        age,
        &c.row.id,
    )
}

/// The order of tables in I-05.
fn rank(table: &str) -> u8 {
    const ORDER: [&str; 7] = [
        "systemuser",
        "contact",
        "account",
        "lead",
        "equipment",
        "team",
        "businessunit",
    ];
    let place = ORDER.iter().position(|&name| name == table);
    place.unwrap_or(ORDER.len()) as u8
}

/// The row a sender's address means (I-05); `None` when it stays unresolved.
///
/// # Errors
/// Database errors.
pub fn sender(conn: &Connection, address: &Address, mailbox_owner: &Address) -> Result<Option<NamedRow>> {
    let candidates = candidates(conn, address)?;
    Ok(choose(&candidates, mailbox_owner).map(named))
}

/// The rows a recipient's address means (I-06); empty when it stays unresolved.
///
/// # Errors
/// Database errors.
pub fn recipients(conn: &Connection, address: &Address, several: Several) -> Result<Vec<NamedRow>> {
    let candidates = candidates(conn, address)?;
    Ok(choose_all(&candidates, several).into_iter().map(named).collect())
}

/// Every row an address may mean; one more than [`MOST`] at the most.
///
/// # Errors
/// Database errors.
pub fn candidates(conn: &Connection, address: &Address) -> Result<Vec<Candidate>> {
    if address.as_str().is_empty() {
        return Ok(Vec::new());
    }
    // Inactive users are left out here as well, or a hundred of them would hide the one row that counts.
    let mut statement = conn.prepare_cached(
        "SELECT r.table_name, r.id, r.name, r.owner, r.active, r.created
         FROM row_address a CROSS JOIN crm_row r ON r.table_name = a.table_name AND r.id = a.row_id
         WHERE a.address = ?1 AND r.deleted = 0 AND (r.active = 1 OR r.table_name <> 'systemuser')
         LIMIT ?2",
    )?;
    let found = statement.query_map((address.as_str(), MOST as i64 + 1), |r| {
        Ok(Candidate {
            row: RowRef::new(r.get::<_, String>(0)?, r.get::<_, String>(1)?),
            name: r.get(2)?,
            owner: r.get(3)?,
            active: r.get(4)?,
            created: r.get(5)?,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn named(c: &Candidate) -> NamedRow {
    NamedRow {
        table: c.row.table.clone(),
        id: c.row.id.clone(),
        name: c.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Written `table:id`, then any of `+` owned by the mailbox owner, `-` inactive, `@n` created at n.
    fn candidate(text: &str) -> Candidate {
        let mut words = text.split_whitespace();
        let row: RowRef = words.next().unwrap().parse().unwrap();
        let mut candidate = Candidate {
            name: row.id.clone(),
            row,
            owner: "else@x".to_owned(),
            active: true,
            created: 0,
        };
        for word in words {
            match word.split_at(1) {
                ("+", _) => candidate.owner = "lee@x".to_owned(),
                ("-", _) => candidate.active = false,
                ("@", n) => candidate.created = n.parse().unwrap(),
                other => panic!("{other:?}"),
            }
        }
        candidate
    }

    fn chosen(candidates: &[&str]) -> String {
        let candidates: Vec<_> = candidates.iter().map(|text| candidate(text)).collect();
        choose(&candidates, &Address::lenient("lee@x")).map_or("none".to_owned(), |c| c.row.to_string())
    }

    #[test]
    fn i_05_the_rules_in_their_order() {
        for (candidates, expected) in [
            (&[][..], "none"),
            (&["contact:1", "systemuser:1"], "systemuser:1"),
            (&["lead:1", "account:1", "contact:1"], "contact:1"),
            (&["lead:1", "account:1"], "account:1"),
            (&["equipment:1", "lead:1"], "lead:1"),
            (&["team:1", "equipment:1"], "equipment:1"),
            (&["businessunit:1", "team:1"], "team:1"),
            (&["new_club:1", "businessunit:1"], "businessunit:1"),
            // Owned by the mailbox owner goes before the order of tables.
            (&["systemuser:1", "lead:1 +"], "lead:1"),
            (&["contact:1", "contact:2 +"], "contact:2"),
            // And before active; that goes before the order of tables.
            (&["contact:1 + -", "new_club:1"], "contact:1"),
            (&["contact:1 + -", "new_club:1 +"], "new_club:1"),
            (&["contact:1 -", "new_club:1"], "new_club:1"),
            (&["contact:1 -"], "contact:1"),
            (&["systemuser:1 + -"], "none"),
            (&["systemuser:1 -", "team:1 -"], "team:1"),
            // Among equals the oldest, then the id; an unknown age is no age.
            (&["contact:2 @5", "contact:1 @9"], "contact:2"),
            (&["contact:2 @5", "contact:1 @5"], "contact:1"),
            (&["contact:1", "contact:2 @5"], "contact:2"),
            (&["new_b:1", "new_a:2"], "new_a:2"),
        ] {
            assert_eq!(chosen(candidates), expected, "{candidates:?}");
        }
    }

    #[test]
    fn i_05_over_a_hundred_stay_unresolved() {
        let mut many: Vec<_> = (0..MOST).map(|n| candidate(&format!("contact:{n}"))).collect();
        let lee = Address::lenient("lee@x");
        assert!(choose(&many, &lee).is_some());
        many.push(candidate("systemuser:old -"));
        assert!(choose(&many, &lee).is_some(), "inactive users do not count");
        many.push(candidate("contact:x"));
        assert!(choose(&many, &lee).is_none());
        assert!(choose_all(&many, Several::All).is_empty());
    }

    #[test]
    fn recipients_are_all_or_one_unresolved() {
        let two = [
            candidate("lead:1"),
            candidate("contact:1"),
            candidate("systemuser:1 -"),
        ];
        let all: Vec<_> = choose_all(&two, Several::All)
            .iter()
            .map(|c| c.row.to_string())
            .collect();
        assert_eq!(all, ["contact:1", "lead:1"]);
        assert!(choose_all(&two, Several::Unresolved).is_empty());
        assert_eq!(choose_all(&two[..1], Several::Unresolved).len(), 1);
    }

    fn any_candidate() -> impl Strategy<Value = Candidate> {
        let table = prop::sample::select(vec!["systemuser", "contact", "account", "team", "new_club"]);
        let owner = prop::sample::select(vec!["", "lee@x", "else@x"]);
        (table, 0..6u8, owner, any::<bool>(), 0..3i64).prop_map(|(table, id, owner, active, created)| {
            Candidate {
                row: RowRef::new(table, id.to_string()),
                name: String::new(),
                owner: owner.to_owned(),
                active,
                created,
            }
        })
    }

    proptest! {
        #[test]
        fn the_order_of_candidates_never_matters(
            candidates in prop::collection::vec(any_candidate(), 0..12),
            seed in any::<prop::sample::Index>(),
        ) {
            // A row is there once.
            let mut candidates = candidates;
            candidates.sort_by(|a, b| a.row.cmp(&b.row));
            candidates.dedup_by(|a, b| a.row == b.row);
            let lee = Address::lenient("lee@x");
            let before = choose(&candidates, &lee).cloned();
            let all: Vec<_> = choose_all(&candidates, Several::All).into_iter().cloned().collect();
            let mut turned = candidates.clone();
            turned.reverse();
            if !turned.is_empty() {
                let by = seed.index(turned.len());
                turned.rotate_left(by);
            }
            prop_assert_eq!(before, choose(&turned, &lee).cloned());
            let again: Vec<_> = choose_all(&turned, Several::All).into_iter().cloned().collect();
            prop_assert_eq!(all, again);
        }
    }

    #[test]
    fn addresses_are_found_in_the_database() {
        use crate::rows::testing::*;
        let (folder, store) = store();
        import_text(
            &store,
            folder.path(),
            "contact",
            "id,fullname,emailaddress1,emailaddress2,owner\n\
            1,Kim Abel,kim@x,Kim.Private@Y,else@x\n2,Kim A.,KIM@x,,lee@x\n",
            &[],
        )
        .unwrap();
        import_text(
            &store,
            folder.path(),
            "systemuser",
            "id,fullname,internalemailaddress,isdisabled\n\
            u1,Kim Abel,kim@x,1\nu2,Ann,ann@x,0\n",
            &[],
        )
        .unwrap();
        let resolved = |address: &str| {
            store
                .read(|c| sender(c, &Address::lenient(address), &Address::lenient("lee@x")))
                .unwrap()
                .map(|row| RowRef::from(row).to_string())
        };
        assert_eq!(resolved("kim@x").as_deref(), Some("contact:2"));
        assert_eq!(resolved("kim.private@y").as_deref(), Some("contact:1"));
        assert_eq!(resolved("ann@x").as_deref(), Some("systemuser:u2"));
        assert_eq!(resolved("nobody@x"), None);
        assert_eq!(resolved(""), None);
        let all = store
            .read(|c| recipients(c, &Address::lenient("kim@x"), Several::All))
            .unwrap();
        assert_eq!(all.len(), 2);
    }
}
