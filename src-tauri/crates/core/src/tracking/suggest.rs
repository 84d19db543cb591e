//! Rows an item may belong to, before anybody has typed (D-07). The rules are pure; the SQL only gathers candidates.

use super::HIDDEN;
use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::{
    Result,
    model::{Address, ContactCard, Facts, FolderRole, ItemId, Kind, Mention, RowRef},
    rows::{
        self, Row,
        resolve::{self, Several},
    },
};

/// More suggestions than this are a list to read, not a help.
const SHOWN: usize = 8;
/// Of one kind of reason.
const OF_A_KIND: usize = 3;
/// Whose rows are looked at: the sender, or the first of those it was sent to.
const PEOPLE: usize = 3;

/// Why a row is suggested. Ordered: the reason that tells most comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// Another item of the conversation, with this subject, is regarding it.
    Conversation(String),
    /// This person chose it for this sender's mail before, so many times.
    ChosenBefore(String, u32),
    /// It has the address of whoever wrote the item.
    Sender(String),
    /// It has the address of somebody it goes to.
    Recipient(String),
    /// It is the account of this contact.
    AccountOf(String),
    /// It is an open opportunity of this account or contact.
    OpportunityOf(String),
    /// It has an address of the contact's.
    HasAddress(String),
    /// The contact's card names it as their company.
    CompanyOnCard(String),
}

impl Because {
    /// The reason as a person reads it.
    pub fn words(&self) -> String {
        match self {
            Self::Conversation(subject) if subject.is_empty() => "In this conversation".into(),
            Self::Conversation(subject) => format!("In this conversation: “{subject}”"),
            Self::ChosenBefore(who, 1) => format!("You chose it for {who} before"),
            Self::ChosenBefore(who, times) => format!("You chose it for {who} {times} times"),
            Self::Sender(address) => format!("Sender: {address}"),
            Self::Recipient(address) => format!("Recipient: {address}"),
            Self::AccountOf(contact) => format!("Account of {contact}"),
            Self::OpportunityOf(customer) => format!("Open opportunity of {customer}"),
            Self::HasAddress(address) => format!("It has the address {address}"),
            Self::CompanyOnCard(company) => format!("Company on the card: {company}"),
        }
    }

    fn kind(&self) -> std::mem::Discriminant<Self> {
        std::mem::discriminant(self)
    }
}

/// A row that may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which row.
    pub row: RowRef,
    /// Why.
    pub because: Because,
}

/// The candidates as they are shown: each row once, under its best reason; the better reasons first, and of one kind
/// in the order they came, three at most; eight in all.
pub fn arrange(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut candidates: Vec<_> = candidates.into_iter().enumerate().collect();
    let rank = |because: &Because| match because {
        Because::Conversation(_) => 0,
        Because::ChosenBefore(..) => 1,
        Because::Sender(_) | Because::Recipient(_) => 2,
        Because::AccountOf(_) => 3,
        Because::OpportunityOf(_) => 4,
        Because::HasAddress(_) => 5,
        Because::CompanyOnCard(_) => 6,
    };
    candidates.sort_by_key(|(at, c)| (rank(&c.because), *at));
    let mut seen = BTreeSet::new();
    let mut shown: Vec<Candidate> = Vec::new();
    for (_, candidate) in candidates {
        let same = shown
            .iter()
            .filter(|c| c.because.kind() == candidate.because.kind());
        if shown.len() < SHOWN && same.count() < OF_A_KIND && seen.insert(candidate.row.clone()) {
            shown.push(candidate);
        }
    }
    shown
}

/// The people on the other side: who wrote it, or to whom it goes when the mailbox's owner wrote it.
pub fn others<'a>(facts: &'a Facts, owner: &Address) -> Vec<&'a Mention> {
    let is_owner = |m: &&Mention| Address::lenient(&m.address) == *owner;
    let sent = matches!(facts.role, FolderRole::Sent | FolderRole::Drafts);
    let from = facts.from.iter().filter(|m| !sent && !is_owner(m));
    let meeting = facts.meeting.iter();
    let to = meeting.flat_map(|m| m.required.iter().chain(&m.optional));
    let to = facts.to.iter().chain(&facts.cc).chain(to);
    let mut all: Vec<&Mention> = from.collect();
    if all.is_empty() {
        let mut seen = BTreeSet::new();
        all.extend(to.filter(|m| !is_owner(m) && !m.address.is_empty() && seen.insert(&m.address)));
    }
    all.truncate(PEOPLE);
    all
}

/// Rows for an item that may be chosen, best first, each with its reason. `current` is the row it is regarding now.
///
/// # Errors
/// Database errors.
pub fn suggest(
    connection: &Connection,
    mailbox: &Address,
    me: &Address,
    facts: &Facts,
    current: Option<&RowRef>,
) -> Result<Vec<(Row, Because)>> {
    let tables = rows::tables(connection)?;
    let mut found = Vec::new();
    for candidate in candidates(connection, mailbox, me, facts)? {
        let Some(row) = rows::row(connection, &candidate.row)?.filter(|r| current != Some(&r.row)) else {
            continue;
        };
        let table = tables.iter().find(|t| t.name == row.row.table);
        if table.is_some_and(|t| rows::disabled(t, &row).is_none()) {
            found.push((candidate, row));
        }
    }
    let shown = arrange(found.iter().map(|(c, _)| c.clone()).collect());
    let row_of = |c: &Candidate| {
        found
            .iter()
            .find(|(_, row)| row.row == c.row)
            .map(|(_, row)| row.clone())
    };
    Ok(shown
        .into_iter()
        .filter_map(|c| Some((row_of(&c)?, c.because)))
        .collect())
}

fn candidates(
    connection: &Connection,
    mailbox: &Address,
    me: &Address,
    facts: &Facts,
) -> Result<Vec<Candidate>> {
    if let Some(contact) = &facts.contact {
        let own = ItemId::derive(mailbox, Kind::Contact, &facts.key).row();
        return accounts_for(connection, contact, &own.to_string());
    }
    let mut all = conversation(connection, mailbox, facts)?;
    let mut customers: Vec<(RowRef, String)> = Vec::new();
    for person in others(facts, mailbox) {
        let address = Address::lenient(&person.address);
        all.extend(chosen_before(connection, me, facts, person)?);
        let candidates = resolve::candidates(connection, &address)?;
        for c in resolve::choose_all(&candidates, Several::All)
            .into_iter()
            .take(10)
        {
            let because = match facts.from.as_ref() == Some(person) {
                true => Because::Sender(address.to_string()),
                false => Because::Recipient(address.to_string()),
            };
            all.push(Candidate {
                row: c.row.clone(),
                because,
            });
            if !c.active || !matches!(c.row.table.as_str(), "contact" | "account") {
                continue;
            }
            customers.push((c.row.clone(), c.name.clone()));
            for account in accounts_of(connection, &c.row)? {
                let because = Because::AccountOf(c.name.clone());
                all.push(Candidate {
                    row: account.row.clone(),
                    because,
                });
                customers.push((account.row, account.name));
            }
        }
    }
    for (customer, name) in customers {
        for row in opportunities(connection, &customer, &name)? {
            let because = Because::OpportunityOf(name.clone());
            all.push(Candidate { row, because });
        }
    }
    Ok(all)
}

/// Accounts a contact may be linked to (G-01): those its address belongs to already, and the company on its card. `own`
/// is the row that the contact itself has become, which knows no better.
fn accounts_for(connection: &Connection, contact: &ContactCard, own: &str) -> Result<Vec<Candidate>> {
    let mut all = Vec::new();
    for address in contact.addresses.iter().take(PEOPLE) {
        let candidates = resolve::candidates(connection, &Address::lenient(address))?;
        for c in resolve::choose_all(&candidates, Several::All)
            .into_iter()
            .filter(|c| c.row.id != own)
            .take(10)
        {
            if c.row.table == rows::contact::LINKED_TO {
                all.push(Candidate {
                    row: c.row.clone(),
                    because: Because::HasAddress(address.clone()),
                });
            }
            for account in accounts_of(connection, &c.row)? {
                all.push(Candidate {
                    row: account.row,
                    because: Because::AccountOf(c.name.clone()),
                });
            }
        }
    }
    for account in accounts_named(connection, &contact.company)? {
        all.push(Candidate {
            row: account.row,
            because: Because::CompanyOnCard(contact.company.clone()),
        });
    }
    Ok(all)
}

/// What other items of the conversation are regarding: those this mailbox holds, and those only tracking knows.
fn conversation(connection: &Connection, mailbox: &Address, facts: &Facts) -> Result<Vec<Candidate>> {
    let relatives = || {
        facts
            .references
            .iter()
            .chain([&facts.in_reply_to])
            .filter(|id| !id.is_empty())
    };
    let thread = relatives().next().unwrap_or(&facts.key);
    // CROSS JOIN keeps the order: from the few mails of the thread to their items.
    let mut by_thread = connection.prepare_cached(&format!(
        "SELECT regarding_table, regarding_id, m.subject, item.at FROM message m CROSS JOIN item ON item.id = m.item
         WHERE m.mailbox = ?1 AND m.thread = ?2 AND m.key <> ?3 AND item.tracked AND regarding_table IS NOT NULL
           AND NOT {HIDDEN}
         ORDER BY item.at DESC LIMIT 20"
    ))?;
    let mut by_key = connection.prepare_cached(&format!(
        "SELECT regarding_table, regarding_id, coalesce(m.subject, ''), item.at FROM item
           LEFT JOIN message m ON m.item = item.id
         WHERE item.id = ?1 AND item.key <> ?2 AND item.tracked AND regarding_table IS NOT NULL AND NOT {HIDDEN}"
    ))?;
    let read = |r: &rusqlite::Row<'_>| {
        let row = RowRef::new(r.get::<_, String>(0)?, r.get::<_, String>(1)?);
        Ok((r.get::<_, i64>(3)?, row, r.get::<_, String>(2)?))
    };
    let mut found = by_thread
        .query_map([mailbox.as_str(), thread, &facts.key], read)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for key in relatives() {
        let item = ItemId::derive(mailbox, Kind::Email, key).to_string();
        for row in by_key.query_map([item.as_str(), &facts.key], read)? {
            found.push(row?);
        }
    }
    // What was chosen last comes first.
    found.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    let found = found.into_iter();
    Ok(found
        .map(|(_, row, subject)| Candidate {
            row,
            because: Because::Conversation(subject),
        })
        .collect())
}

/// What this person chose for this sender's mail, the most frequent first.
fn chosen_before(
    connection: &Connection,
    me: &Address,
    facts: &Facts,
    sender: &Mention,
) -> Result<Vec<Candidate>> {
    let mut statement = connection.prepare_cached(
        "SELECT i.regarding_table, i.regarding_id, count(*)
         FROM message m CROSS JOIN item i ON i.id = m.item
         WHERE m.from_address = ?1 AND i.person = ?2 AND i.key <> ?3 AND i.tracked AND i.regarding_table IS NOT NULL
         GROUP BY 1, 2 ORDER BY 3 DESC, max(i.at) DESC LIMIT 10",
    )?;
    let who = if sender.name.is_empty() {
        &sender.address
    } else {
        &sender.name
    };
    let found = statement.query_map([&sender.address, me.as_str(), &facts.key], |r| {
        Ok(Candidate {
            row: RowRef::new(r.get::<_, String>(0)?, r.get::<_, String>(1)?),
            because: Because::ChosenBefore(who.clone(), r.get(2)?),
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// The account a contact belongs to: named by its key, or by its name as people export it.
fn accounts_of(connection: &Connection, contact: &RowRef) -> Result<Vec<Row>> {
    let contact = rows::row(connection, contact)?.filter(|r| r.row.table == "contact");
    let account = contact.as_ref().and_then(|c| {
        let parent = c.value("parentcustomerid").or_else(|| c.value("parentaccountid"));
        parent.map(str::to_owned)
    });
    let Some(account) = account else {
        return Ok(Vec::new());
    };
    if let Some(row) = rows::row(connection, &RowRef::new("account", &account))? {
        return Ok(vec![row]);
    }
    accounts_named(connection, &account)
}

fn accounts_named(connection: &Connection, name: &str) -> Result<Vec<Row>> {
    // INDEXED BY, here and below: without statistics SQLite would rather walk every row of the table.
    let mut statement = connection.prepare_cached(
        "SELECT id FROM crm_row INDEXED BY crm_row_account
         WHERE table_name = 'account' AND name = ?1 COLLATE NOCASE AND deleted = 0 ORDER BY active DESC, id LIMIT 2",
    )?;
    let ids: Vec<String> = statement
        .query_map([name], |r| r.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let rows = ids
        .into_iter()
        .map(|id| rows::row(connection, &RowRef::new("account", id)));
    Ok(rows.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// The open opportunities of a customer, the youngest first.
fn opportunities(connection: &Connection, customer: &RowRef, name: &str) -> Result<Vec<RowRef>> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM crm_row INDEXED BY crm_row_opportunity
         WHERE table_name = 'opportunity' AND json_extract(columns, '$.customerid') COLLATE NOCASE IN (?1, ?2)
           AND deleted = 0 AND active AND appendable
         ORDER BY created DESC, name, id LIMIT 10",
    )?;
    let found = statement.query_map([&customer.id, name], |r| {
        Ok(RowRef::new("opportunity", r.get::<_, String>(0)?))
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{model::Meeting, rows::testing::*};

    fn because(kind: u8) -> Because {
        let who = String::from("Anna");
        match kind {
            0 => Because::Conversation(who),
            1 => Because::ChosenBefore(who, 2),
            2 => Because::Sender(who),
            3 => Because::AccountOf(who),
            _ => Because::OpportunityOf(who),
        }
    }

    proptest! {
        #[test]
        fn d_07_each_row_once_under_its_best_reason(found in prop::collection::vec((0u8..6, 0u8..5), 0..40)) {
            let candidates: Vec<_> = found
                .iter()
                .map(|(row, kind)| Candidate { row: RowRef::new("account", row.to_string()), because: because(*kind) })
                .collect();
            let shown = arrange(candidates.clone());
            let rows: BTreeSet<_> = shown.iter().map(|c| &c.row).collect();
            prop_assert_eq!(rows.len(), shown.len(), "a row stands twice");
            prop_assert!(shown.len() <= SHOWN);
            prop_assert!(shown.is_sorted_by(|a, b| a.because <= b.because), "the better reason comes first");
            let best = candidates.iter().map(|c| &c.because).min();
            prop_assert_eq!(shown.first().map(|c| &c.because), best);
            for kind in 0..5 {
                let shown = shown.iter().filter(|c| c.because == because(kind)).count();
                prop_assert!(shown <= OF_A_KIND);
                // Nothing is left out without need.
                let offered: BTreeSet<_> = candidates.iter().filter(|c| c.because == because(kind)).map(|c| &c.row).collect();
                let elsewhere = offered.iter().filter(|row| rows.contains(**row)).count();
                prop_assert!(shown == OF_A_KIND || elsewhere == offered.len() || rows.len() == SHOWN);
            }
        }
    }

    fn mention(address: &str) -> Mention {
        Mention {
            address: address.into(),
            name: String::new(),
        }
    }

    #[test]
    fn the_other_side_is_the_sender_or_those_it_goes_to() {
        let alex = Address::lenient("alex@x");
        let names = |facts: &Facts| -> Vec<String> {
            others(facts, &alex)
                .into_iter()
                .map(|m| m.address.clone())
                .collect()
        };
        let to = vec![
            mention("alex@x"),
            mention("b@y"),
            mention("b@y"),
            mention("c@y"),
            mention("d@y"),
            mention("e@y"),
        ];
        let received = Facts {
            from: Some(mention("a@y")),
            to,
            ..Facts::default()
        };
        assert_eq!(names(&received), ["a@y"]);
        let sent = Facts {
            role: FolderRole::Sent,
            ..received.clone()
        };
        assert_eq!(names(&sent), ["b@y", "c@y", "d@y"]);
        let own = Facts {
            from: Some(mention("alex@x")),
            ..received
        };
        assert_eq!(
            names(&own),
            ["b@y", "c@y", "d@y"],
            "his own mail, wherever it lies"
        );
        let meeting = Meeting {
            required: vec![mention("r@y")],
            optional: vec![mention("o@y")],
            ..Meeting::default()
        };
        let meeting = Facts {
            from: Some(mention("alex@x")),
            meeting: Some(meeting),
            ..Facts::default()
        };
        assert_eq!(names(&meeting), ["r@y", "o@y"]);
        assert!(names(&Facts::default()).is_empty());
    }

    #[test]
    fn d_07_from_the_sender_to_the_account_and_its_open_opportunities() {
        let (folder, store) = store();
        let put = |table: &str, csv: &str| import_text(&store, folder.path(), table, csv, &[]).unwrap();
        put("account", "accountid,name\nA1,Alpine Ski House\nA2,Fabrikam\n");
        put(
            "contact",
            "contactid,fullname,parentcustomerid,emailaddress1,statecode\n\
             C1,Anna,alpine ski house,anna@y,0\nC2,Old Anna,Fabrikam,anna@y,1\nC3,Bo,A2,bo@y,0\n",
        );
        put(
            "opportunity",
            "opportunityid,name,customerid,statecode,createdon\n\
             O1,Old,Alpine Ski House,0,2020-01-01\nO2,New,A1,0,2024-01-01\nO3,Won,A1,1,2024-01-01\nO4,Fab,A2,0,2024-01-01\n",
        );
        let suggested = |from: &str, current: Option<&RowRef>| -> Vec<(String, String)> {
            let facts = Facts {
                key: "1@y".into(),
                from: Some(mention(from)),
                ..Facts::default()
            };
            let (alex, kim) = (Address::lenient("alex@x"), Address::lenient("kim@x"));
            let found = store.read(|c| suggest(c, &alex, &kim, &facts, current)).unwrap();
            found
                .into_iter()
                .map(|(row, because)| (row.row.to_string(), because.words()))
                .collect()
        };
        let pair = |row: &str, reason: &str| (row.to_owned(), reason.to_owned());
        assert_eq!(
            suggested("anna@y", None),
            [
                pair("contact:C1", "Sender: anna@y"),
                pair("account:A1", "Account of Anna"),
                pair("opportunity:O2", "Open opportunity of Alpine Ski House"),
                pair("opportunity:O1", "Open opportunity of Alpine Ski House"),
            ],
            "the account by its name, the opportunities by name and key, nothing that is closed"
        );
        assert_eq!(
            suggested("bo@y", Some(&RowRef::new("account", "A2"))),
            [
                pair("contact:C3", "Sender: bo@y"),
                pair("opportunity:O4", "Open opportunity of Fabrikam"),
            ],
            "what it is regarding already is no suggestion"
        );
        assert!(suggested("nobody@y", None).is_empty());
    }
}
