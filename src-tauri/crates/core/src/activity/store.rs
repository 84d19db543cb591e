//! Activities in SQLite.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::{Activity, Origin, Party, promote, promote::PartyRow};
use crate::{
    Error, Result,
    model::{Address, ItemId},
    rows::resolve::{self, Several},
    tracking::Registers,
};

/// Makes an item's activity anew, with its parties and its place in the timeline.
pub fn put(connection: &Connection, mailbox: &Address, item: ItemId, registers: &Registers) -> Result<()> {
    let origin = Origin {
        mailbox,
        item,
        facts: &registers.facts,
        first: &registers.first,
        decision: &registers.decision,
    };
    let activity = promote(&origin, &mut |address, mask| {
        rows_of(connection, mailbox, address, mask)
    })?;
    remove(connection, item)?;
    let id = item.activity().to_string();
    let text = |name: &str| activity.columns.get(name).and_then(Value::as_str);
    let number = |name: &str| activity.columns.get(name).and_then(Value::as_i64).unwrap_or(0);
    connection
        .prepare_cached(
            "INSERT INTO activity (activityid, item, mailbox, activitytypecode, subject, description, regardingobjectid,
               regardingobjecttypecode, ownerid, statecode, statuscode, sortdate, modifiedon, createdonbehalfby, pending,
               columns)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 1, ?15)",
        )?
        .execute(params![
            id,
            item.to_string(),
            mailbox.as_str(),
            text("activitytypecode"),
            text("subject"),
            registers.facts.text,
            text("regardingobjectid"),
            text("regardingobjecttypecode"),
            text("ownerid"),
            number("statecode"),
            number("statuscode"),
            registers.facts.sent.0,
            registers.decision.at.0,
            text("createdonbehalfby"),
            serde_json::to_string(&activity.columns)?,
        ])?;
    for party in &activity.parties {
        connection
            .prepare_cached(
                "INSERT INTO activityparty (activitypartyid, activityid, participationtypemask, addressused, displayname,
                   party_table, party_id, party_name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                party.activitypartyid,
                id,
                party.mask,
                party.address,
                party.name,
                party.row.as_ref().map(|r| &r.table),
                party.row.as_ref().map(|r| &r.id),
                party.row.as_ref().map(|r| &r.name),
            ])?;
    }
    if let Some(regarding) = &registers.decision.regarding {
        connection
            .prepare_cached(
                "INSERT INTO timeline (row_table, row_id, sortdate, activityid, modifiedon) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                regarding.row.table,
                regarding.row.id,
                registers.facts.sent.0,
                id,
                registers.decision.at.0
            ])?;
    }
    Ok(())
}

/// Takes an item's activity away: untracked and deleted.
pub fn remove(connection: &Connection, item: ItemId) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM activity WHERE activityid = ?1")?
        .execute([item.activity().to_string()])?;
    Ok(())
}

/// The activity by its id.
///
/// # Errors
/// `NotFound` when there is none.
pub fn find(connection: &Connection, id: &str) -> Result<Activity> {
    let columns: Option<String> = connection
        .prepare_cached("SELECT columns FROM activity WHERE activityid = ?1")?
        .query_row([id.trim().to_lowercase()], |r| r.get(0))
        .optional()?;
    let columns = columns.ok_or_else(|| {
        Error::not_found(
            format!("There is no activity {id}."),
            "`behalf status KEY --mailbox M` names an item's activity once it is tracked.",
        )
    })?;
    let mut statement = connection.prepare_cached(
        "SELECT activitypartyid, participationtypemask, addressused, displayname, party_table, party_id, party_name
         FROM activityparty WHERE activityid = ?1 ORDER BY participationtypemask, addressused",
    )?;
    let parties = statement.query_map([id.trim().to_lowercase()], |r| {
        let table: Option<String> = r.get(4)?;
        Ok(Party {
            activitypartyid: r.get(0)?,
            mask: r.get(1)?,
            address: r.get(2)?,
            name: r.get(3)?,
            row: match table {
                Some(table) => Some(PartyRow {
                    table,
                    id: r.get(5)?,
                    name: r.get(6)?,
                }),
                None => None,
            },
        })
    })?;
    Ok(Activity {
        columns: serde_json::from_str(&columns)?,
        parties: parties.collect::<Result<_, _>>()?,
    })
}

/// The rows an address stands for: senders and owners by I-05, everybody else by I-06.
pub fn rows_of(connection: &Connection, mailbox: &Address, address: &str, mask: u8) -> Result<Vec<PartyRow>> {
    let address = Address::lenient(address);
    let found = match mask {
        1 | 7 | 9 => resolve::sender(connection, &address, mailbox)?
            .into_iter()
            .collect(),
        _ => resolve::recipients(connection, &address, Several::default())?,
    };
    Ok(found.into_iter().map(PartyRow::from).collect())
}
