//! What an item's document says.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{
    copies::{FILED, Filed},
    promotion::Promotion,
};
use crate::{
    Result,
    access::Wish,
    model::{Address, Facts, ItemId, RowRef, Time},
    replica::{Action, Document, Edit, Made, Moment, Origin, Written},
    wire::{Refused, refusals},
};

/// The register of what the mail, the appointment or the note says.
pub const FACTS: &str = "facts";
/// The register of who tracked it first.
pub const FIRST: &str = "first";
/// The register of an item's decision.
pub const DECISION: &str = "decision";

/// The row an item is regarding, with its name, so that it can be shown where the row itself is not held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regarding {
    /// Which row.
    #[serde(flatten)]
    pub row: RowRef,
    /// Its name when it was chosen.
    pub name: String,
}

/// Track or not, regarding what, by whom: one register, so that who decided always goes with what was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Tracked, or taken back.
    #[serde(rename = "t")]
    pub tracked: bool,
    /// The row; kept by an untrack that keeps the activity. For a contact the account it is linked to.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub regarding: Option<Regarding>,
    /// For a contact: the row that was there already under its address. Without one it becomes a row of its own (G-01).
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Regarding>,
    /// For an untrack: the activity stays (D2).
    #[serde(rename = "k", default, skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// Who decided.
    #[serde(rename = "p")]
    pub person: Address,
    /// When.
    #[serde(rename = "a")]
    pub at: Time,
}

impl Decision {
    /// True when both say the same, whoever said it.
    pub fn agrees(&self, other: &Self) -> bool {
        self.tracked == other.tracked
            && (self.tracked || self.keep == other.keep)
            && self.regarding.as_ref().map(|r| &r.row) == other.regarding.as_ref().map(|r| &r.row)
    }

    /// What it makes of the item, as `authorise` asks.
    pub fn wish(&self) -> Wish {
        match (self.tracked, &self.regarding) {
            (false, _) => Wish::Untracked,
            (true, None) => Wish::WithoutRegarding,
            (true, Some(_)) => Wish::Regarding,
        }
    }

    /// True when there is an activity: tracked, or untracked and kept.
    pub fn has_activity(&self) -> bool {
        self.tracked || self.keep
    }
}

/// Who tracked the item first, and when: the activity's CreatedOn and Created By (Delegate).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct First {
    /// When.
    #[serde(rename = "a")]
    pub at: Time,
    /// Who.
    #[serde(rename = "p")]
    pub person: Address,
}

/// An item's document, read.
pub struct Registers {
    /// What the mail, the appointment or the note says.
    pub facts: Facts,
    /// What else it was said to say at the same time: other texts of a note (H-06); of anything else two people's copies
    /// that differ.
    pub texts: Vec<Facts>,
    /// Who tracked it first.
    pub first: First,
    /// What counts now, on every replica alike.
    pub decision: Decision,
    /// Decisions made at the same time that say something else.
    pub others: Vec<Decision>,
    /// The changes that wrote the decisions that stand, the one that counts first.
    pub by: Vec<String>,
    /// How promotion of the one that counts has gone (H-04).
    pub promotion: Promotion,
}

impl Registers {
    /// Reads a document as its changes left it, whether they count or not; `None` while its first change has not
    /// arrived.
    pub fn read(document: &Document) -> Result<Option<Self>> {
        Self::read_at(document, None, &Refused::new())
    }

    /// Reads it as it was at a moment. What was refused gives no facts, not even where somebody has decided in sight of
    /// it.
    pub fn read_at(document: &Document, moment: Option<&Moment>, refused: &Refused) -> Result<Option<Self>> {
        let contents = document.contents(moment)?;
        let mut texts: Vec<_> = contents.written::<Facts>(FACTS).collect();
        let mut firsts: Vec<_> = contents.written::<First>(FIRST).collect();
        if texts.iter().any(|w| !refused.contains_key(&w.by)) {
            texts.retain(|w| !refused.contains_key(&w.by));
        }
        if firsts.iter().any(|w| !refused.contains_key(&w.by)) {
            firsts.retain(|w| !refused.contains_key(&w.by));
        }
        let mut texts = texts.into_iter();
        let Some(Written { value: facts, .. }) = texts.next() else {
            return Ok(None);
        };
        let filed = contents.written::<Filed>(FILED).map(|w| w.value);
        let facts = match Filed::counts(filed) {
            Some(filed) => filed.over(facts),
            None => facts,
        };
        let facts = facts.seen_by(document.mailbox());
        // Two people may both have been first, offline: the earlier was.
        let first = firsts.into_iter().map(|w| w.value).min();
        let mut written: Vec<_> = contents.written::<Decision>(DECISION).collect();
        let is_note = facts.note.is_some();
        if is_note {
            // Where one person edits a note and another one deletes it, what was written stays.
            written.sort_by_key(|w| !w.value.tracked);
        }
        let by: Vec<String> = written.iter().map(|w| w.by.clone()).collect();
        let mut decisions = written.into_iter().map(|w| w.value);
        let (Some(first), Some(decision)) = (first, decisions.next()) else {
            return Ok(None);
        };
        let mut others: Vec<Decision> = Vec::new();
        for other in decisions.filter(|_| !is_note) {
            if !other.agrees(&decision) && !others.iter().any(|o| o.agrees(&other)) {
                others.push(other);
            }
        }
        let promotion = match by.first() {
            Some(by) if decision.tracked => Promotion::read(&contents, by),
            _ => Promotion::default(),
        };
        let mut other_texts: Vec<Facts> = Vec::new();
        for Written { value, .. } in texts {
            let mut known = std::iter::once(&facts).chain(&other_texts);
            let same = |one: &Facts| match is_note {
                true => one.says_the_same(&value),
                false => one.is_of_the_same(&value),
            };
            if !known.any(same) {
                other_texts.push(value);
            }
        }
        Ok(Some(Self {
            facts,
            texts: other_texts,
            first,
            decision,
            others,
            by,
            promotion,
        }))
    }
}

/// A choice that does not count, and that nobody has decided over since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotApplied {
    /// Whose.
    pub person: Address,
    /// Why not, in words.
    pub reason: String,
}

/// What stands in an item's document when the changes that do not count are left out.
pub struct Standing {
    /// What counts.
    pub registers: Registers,
    /// What does not.
    pub not_applied: Option<NotApplied>,
}

impl Standing {
    /// Reads a document; `None` while its first change has not arrived.
    pub fn read(document: &Document, refused: &Refused) -> Result<Option<Self>> {
        let Some(all) = Registers::read(document)? else {
            return Ok(None);
        };
        if refused.is_empty() {
            return Ok(Some(Self {
                registers: all,
                not_applied: None,
            }));
        }
        let moment = document.without(&refused.keys().cloned().collect());
        let counting = Registers::read_at(document, Some(&moment), refused)?;
        // Edits build on what counts only, so what is refused stays beside them: a later decision has answered it.
        let answered = counting.as_ref().map(|registers| registers.decision.at);
        let not_applied = document
            .written::<Decision>(DECISION, None)?
            .into_iter()
            .filter(|w| answered.is_none_or(|at| w.value.at >= at))
            .find_map(|w| {
                refused.get(&w.by).map(|reason| NotApplied {
                    person: w.value.person,
                    reason: reason.clone(),
                })
            });
        let registers = match counting {
            Some(registers) => registers,
            // Nothing that counts was ever done here.
            None => Registers {
                decision: Decision {
                    tracked: false,
                    regarding: None,
                    contact: None,
                    keep: false,
                    ..all.decision
                },
                others: Vec::new(),
                by: Vec::new(),
                promotion: Promotion::default(),
                ..all
            },
        };
        Ok(Some(Self {
            registers,
            not_applied,
        }))
    }
}

/// An item's document, and what stands in it; `None` when nothing does.
pub fn open(
    connection: &Connection,
    mailbox: &Address,
    item: ItemId,
) -> Result<(Document, Option<Registers>)> {
    let document = Document::open(connection, mailbox, item.into())?;
    let registers = registers(connection, &document)?;
    Ok((document, registers))
}

/// What stands in an item's document; `None` when nothing does.
pub fn registers(connection: &Connection, document: &Document) -> Result<Option<Registers>> {
    let refused = refusals(connection, document)?;
    Ok(Standing::read(document, &refused)?.map(|standing| standing.registers))
}

/// Writes a decision into an item's document, in sight of what counts there and of nothing else. `facts` are written by
/// whoever tracks it first.
pub fn decide(
    connection: &Connection,
    document: &mut Document,
    facts: &Facts,
    decision: &Decision,
    why: (Action, Origin),
    device: &[u8; 8],
) -> Result<Made> {
    let facts = facts.clone().bounded();
    write(connection, document, decision, why, device, |edit| {
        edit.set_once(FACTS, &facts)
    })
}

/// Gives a note this text, over whatever stands, and restates its decision: who changed it last, and when.
pub fn write_note(
    connection: &Connection,
    document: &mut Document,
    facts: &Facts,
    decision: &Decision,
    why: (Action, Origin),
    device: &[u8; 8],
) -> Result<Made> {
    write(connection, document, decision, why, device, |edit| {
        edit.set(FACTS, facts)
    })
}

fn write(
    connection: &Connection,
    document: &mut Document,
    decision: &Decision,
    why: (Action, Origin),
    device: &[u8; 8],
    facts: impl FnOnce(&mut Edit<'_>) -> Result<()>,
) -> Result<Made> {
    let first = First {
        at: decision.at,
        person: decision.person.clone(),
    };
    let refused = refusals(connection, document)?;
    let on = document.without(&refused.into_keys().collect());
    document.edit(device, decision.at, why, &on, |edit| {
        facts(edit)?;
        edit.set_once(FIRST, &first)?;
        edit.set(DECISION, decision)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(row: Option<&str>, tracked: bool) -> Decision {
        Decision {
            tracked,
            regarding: row.map(|id| Regarding {
                row: RowRef::new("account", id),
                name: "n".into(),
            }),
            contact: None,
            keep: false,
            person: Address::lenient("kim@x"),
            at: Time(1),
        }
    }

    #[test]
    fn what_is_written_today_is_read_tomorrow() {
        let json = r#"{"t":true,"r":{"table":"account","id":"A","name":"n"},"p":"kim@x","a":1}"#;
        assert_eq!(serde_json::to_string(&decision(Some("A"), true)).unwrap(), json);
        assert_eq!(
            serde_json::from_str::<Decision>(json).unwrap(),
            decision(Some("A"), true)
        );
    }

    #[test]
    fn e_06_the_same_choice_by_two_people_is_no_conflict_and_another_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(folder.path()).unwrap();
        let mailbox = Address::lenient("alex@x");
        let facts = Facts {
            key: "1".into(),
            ..Facts::default()
        };
        let item = ItemId::derive(&mailbox, facts.kind(), &facts.key);
        let genesis = || Document::genesis(&mailbox, item.into()).unwrap();
        for (rows, conflict) in [(["A", "A"], 0), (["A", "B"], 1)] {
            let mut merged = genesis();
            for (device, row) in [b"device-a", b"device-b"].into_iter().zip(rows) {
                let (decision, mut apart) = (decision(Some(row), true), genesis());
                let why = (Action::Track, Origin::default());
                let made = store.read(|c| decide(c, &mut apart, &facts, &decision, why, device));
                merged.apply(made.unwrap().operation, device).unwrap().unwrap();
            }
            assert_eq!(Registers::read(&merged).unwrap().unwrap().others.len(), conflict);
        }
    }
}
