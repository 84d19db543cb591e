//! Is this an operation that Behalf makes, by the one whose signature it bears?
//!
//! The same answer on every replica: it hangs on nothing but the operation and what it had in sight. What an author
//! claims, that it is an undo, that an item is what they say, is compared with what is written. The labels an operation
//! bears are part of its name, so nobody can put other ones on it.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde::de::DeserializeOwned;

use crate::{
    Result,
    access::{self, Act, Grant, Matter, Rights, Where, Wish, authorise},
    model::{Address, Facts, ItemId, Kind, Setting},
    replica::{
        self, Action, Arriving, Document, DocumentKind, Done, Logged, MAX_CHANGE, MAX_PUTS, Operation,
        OperationId, Put,
    },
    tracking::{DECISION, Decision, FACTS, FIRST, First, OUTCOME, Outcome, RETRY, Retry},
    wire::{Reason, Unsound},
};

/// The end of the year 9999, in milliseconds: later than any clock shows.
const LATEST: i64 = 253_402_300_800_000;
/// How long the name of a go is at most, in bytes.
const BATCH: usize = 200;
/// How many heads an operation names at most.
const HEADS: usize = 4_096;
/// Longest name of a person, and how many folders or devices a grant names at most.
const NAME: usize = 500;

/// What can be said of an operation without its document.
///
/// # Errors
/// Why it is none of ours.
pub(super) fn sound(by: &Logged<'_>, operation: &Operation) -> Result<(), Reason> {
    let rights = Rights::default();
    let ask = |act| authorise(act, by.person, by.mailbox, &rights, operation.at);
    bounds(operation)?;
    match operation.document.kind(by.mailbox) {
        DocumentKind::Grants => {
            ask(Act::Grant)?;
            Ok(grant(operation)?)
        }
        DocumentKind::Settings => {
            ask(Act::Configure)?;
            Ok(setting(operation)?)
        }
        DocumentKind::Item => item(by, operation),
    }
}

fn bounds(operation: &Operation) -> Result<(), Unsound> {
    let Operation {
        at,
        heads,
        puts,
        origin,
        ..
    } = operation;
    let size: usize = puts.iter().map(|put| put.register.len() + put.json.len()).sum();
    let fits = (0..LATEST).contains(&at.0)
        && heads.len() <= HEADS
        && (1..=MAX_PUTS).contains(&puts.len())
        && size <= MAX_CHANGE
        && origin.batch.len() <= BATCH
        && !origin.batch.contains(char::is_control);
    if !fits {
        return Err(Unsound::OutOfBounds);
    }
    let registers: BTreeSet<_> = puts.iter().map(|put| put.register.as_str()).collect();
    let named = origin.cause.is_empty() || OperationId::parse(&origin.cause).is_some();
    match heads.is_sorted_by(|a, b| a < b) && registers.len() == puts.len() && named {
        true => Ok(()),
        false => Err(Unsound::NotOurs),
    }
}

fn read<T: DeserializeOwned>(put: &Put) -> Result<T, Unsound> {
    serde_json::from_str(&put.json).map_err(|_| Unsound::NotOurs)
}

/// Of an owner's document: one register, and a label that fits.
fn only<'a>(operation: &'a Operation, labels: &[Action]) -> Result<&'a Put, Unsound> {
    let again = matches!(operation.action, Action::Undo | Action::Redo);
    if !(again || labels.contains(&operation.action)) || again == operation.origin.cause.is_empty() {
        return Err(Unsound::WrongLabel);
    }
    match operation.puts.as_slice() {
        [put] => Ok(put),
        _ => Err(Unsound::NotOurs),
    }
}

fn grant(operation: &Operation) -> Result<(), Unsound> {
    const LABELS: [Action; 4] = [
        Action::Grant,
        Action::ChangeGrant,
        Action::Revoke,
        Action::RemoveDevice,
    ];
    let put = only(operation, &LABELS)?;
    let grant: Grant = read(put)?;
    if Address::lenient(&put.register).as_str() != put.register {
        return Err(Unsound::NotOurs);
    }
    let fits = put.register.len() <= NAME
        && grant.name.len() <= NAME
        && grant.folders.len() <= NAME
        && grant.folders.iter().all(|folder| folder.len() <= NAME)
        && grant.devices.len() <= NAME
        && grant.devices.iter().all(|device| device.card().is_some());
    if !fits {
        return Err(Unsound::OutOfBounds);
    }
    let says = match operation.action {
        Action::Grant => !grant.revoked,
        Action::Revoke => grant.revoked,
        Action::RemoveDevice => grant.removed().next().is_some(),
        _ => true,
    };
    if says { Ok(()) } else { Err(Unsound::WrongLabel) }
}

fn setting(operation: &Operation) -> Result<(), Unsound> {
    let put = only(operation, &[Action::ChangeSetting])?;
    let _: bool = read(put)?;
    match Setting::named(&put.register) {
        Ok(setting) if setting.name() == put.register => Ok(()),
        _ => Err(Unsound::NotOurs),
    }
}

fn item(by: &Logged<'_>, operation: &Operation) -> Result<(), Reason> {
    let (mut facts, mut first, mut decision) = (None, None, None);
    let (mut outcome, mut retry) = (None, None);
    for put in &operation.puts {
        match put.register.as_str() {
            FACTS => facts = Some(read::<Facts>(put)?),
            FIRST => first = Some(read::<First>(put)?),
            DECISION => decision = Some(read::<Decision>(put)?),
            OUTCOME => outcome = Some(read::<Outcome>(put)?),
            RETRY => retry = Some(read::<Retry>(put)?),
            _ => return Err(Unsound::NotOurs.into()),
        }
    }
    let owner = by.person == by.mailbox;
    let cause = operation.origin.cause.as_str();
    match (operation.action, &decision, outcome, retry) {
        (Action::Promote, None, Some(outcome), None) if operation.puts.len() == 1 => {
            return match (owner, outcome.decision == cause) {
                (false, _) => Err(Unsound::OwnersOnly.into()),
                (_, false) => Err(Unsound::WrongLabel.into()),
                _ => Ok(()),
            };
        }
        (Action::Retry, None, None, Some(retry)) if operation.puts.len() == 1 => {
            return match retry.decision == cause && retry.at == operation.at {
                true => Ok(()),
                false => Err(Unsound::WrongLabel.into()),
            };
        }
        (Action::Edit, None, None, None) if operation.puts.len() == 1 => {
            let told = facts.as_ref().filter(|f| f.note.is_none() && f.contact.is_none());
            if !owner {
                return Err(Unsound::OwnersOnly.into());
            }
            if told.is_none() || operation.heads.is_empty() {
                return Err(Unsound::WrongLabel.into());
            }
        }
        (_, Some(decision), None, None) => {
            if !fits_label(operation.action, decision, facts.as_ref(), cause) {
                return Err(Unsound::WrongLabel.into());
            }
            if operation.action == Action::Accept && !owner {
                return Err(Unsound::OwnersOnly.into());
            }
            if decision.at != operation.at {
                return Err(Unsound::WrongLabel.into());
            }
            // What the owner accepts they decide in its author's name.
            if decision.person != *by.person && !(owner && operation.action == Action::Accept) {
                return Err(Unsound::OthersName.into());
            }
            if first.is_some_and(|first| first.person != decision.person || first.at != decision.at) {
                return Err(Unsound::OthersName.into());
            }
        }
        _ => return Err(Unsound::WrongLabel.into()),
    }
    match facts {
        Some(facts) => about(by, operation, &facts),
        // Whoever begins a document says what it is about: so it is proven of which mailbox it is.
        None if operation.heads.is_empty() => Err(Unsound::AboutAnother.into()),
        None => Ok(()),
    }
}

/// Does the decision do what the label says?
fn fits_label(action: Action, decision: &Decision, facts: Option<&Facts>, cause: &str) -> bool {
    let note = facts.is_some_and(|facts| facts.note.is_some());
    let caused = !cause.is_empty();
    match action {
        Action::Track => decision.tracked && !note,
        Action::ChangeRegarding => decision.tracked && !note && !caused,
        Action::Untrack => !decision.tracked && !note && !caused,
        Action::Resolve => !note && !caused,
        Action::AddNote | Action::EditNote => decision.tracked && note && !caused,
        Action::DeleteNote => !decision.tracked && !note && !caused,
        Action::Undo | Action::Redo | Action::Accept => caused,
        Action::Promote
        | Action::Retry
        | Action::Edit
        | Action::Grant
        | Action::Revoke
        | Action::ChangeGrant
        | Action::RemoveDevice
        | Action::ChangeSetting => false,
    }
}

/// Are these facts of the item whose document it is, which its author may give?
fn about(by: &Logged<'_>, operation: &Operation, facts: &Facts) -> Result<(), Reason> {
    if operation.document != ItemId::derive(by.mailbox, facts.kind(), &facts.key).into() {
        return Err(Unsound::AboutAnother.into());
    }
    if !facts.is_bounded() {
        return Err(Unsound::OutOfBounds.into());
    }
    // Contacts are decided about by the mailbox's owner, whatever is granted to others (G-02).
    if facts.kind() == Kind::Contact {
        let contact = Matter {
            contact: true,
            place: Where::Contacts,
            ..Matter::default()
        };
        let act = Act::Decide(contact, Wish::Untracked);
        authorise(act, by.person, by.mailbox, &Rights::default(), operation.at)?;
    }
    let accepts = by.person == by.mailbox && operation.action == Action::Accept;
    match &facts.note {
        Some(note) if note.person != *by.person && !accepts => Err(Unsound::OthersName.into()),
        _ => Ok(()),
    }
}

/// What can be said of it in sight of what its document held when it was made. All of its heads are here, or never will
/// be.
///
/// # Errors
/// The inner one is why it is none of ours.
pub(super) fn fits(
    tx: &Connection,
    arriving: &mut Arriving,
    by: &Logged<'_>,
    operation: &Operation,
) -> Result<Result<(), Reason>> {
    // As most do: what its document holds is not asked then.
    if arriving.follows(operation) && only_decides(by, operation) {
        return Ok(Ok(()));
    }
    let document = &*arriving.document()?;
    let Some(moment) = document.at_heads(&operation.heads)? else {
        return Ok(Err(Unsound::BuildsOnUnsound.into()));
    };
    if operation.document.kind(by.mailbox) == DocumentKind::Grants {
        let removed = access::removed_at(document, &operation.heads)?;
        if removed.is_some_and(|removed| removed.contains(by.device)) {
            return Ok(Err(Unsound::AuthorRemoved.into()));
        }
    }
    let owner = by.person == by.mailbox;
    let is_note = operation
        .put(FACTS)
        .is_some_and(|put| serde_json::from_str::<Facts>(&put.json).is_ok_and(|facts| facts.note.is_some()));
    for register in [FACTS, FIRST] {
        let rewrites = operation.put(register).is_some() && !owner && !(register == FACTS && is_note);
        if rewrites
            && !document
                .written::<serde_json::Value>(register, Some(&moment))?
                .is_empty()
        {
            return Ok(Err(Unsound::Rewrites.into()));
        }
    }
    match goes_by_a_cause(operation.action) {
        true => goes_back(tx, document, by, operation),
        false => Ok(Ok(())),
    }
}

/// Does it hang on the operation it names as its cause?
fn goes_by_a_cause(action: Action) -> bool {
    matches!(
        action,
        Action::Undo | Action::Redo | Action::Promote | Action::Retry | Action::Edit
    )
}

/// Does it say nothing of an item but what its author has decided now?
fn only_decides(by: &Logged<'_>, operation: &Operation) -> bool {
    operation.document.kind(by.mailbox) == DocumentKind::Item
        && !goes_by_a_cause(operation.action)
        && [FACTS, FIRST]
            .iter()
            .all(|register| operation.put(register).is_none())
}

/// Is what it names as its cause in its sight, its author's to move over, and is what stands then what stood?
fn goes_back(
    tx: &Connection,
    document: &Document,
    by: &Logged<'_>,
    operation: &Operation,
) -> Result<Result<(), Reason>> {
    let Some(cause) = OperationId::parse(&operation.origin.cause) else {
        return Ok(Err(Unsound::WrongLabel.into()));
    };
    if !document.in_sight(&operation.heads)?.contains(&cause) {
        return Ok(Err(Unsound::NotTheirs.into()));
    }
    if matches!(operation.action, Action::Promote | Action::Retry | Action::Edit) {
        return Ok(Ok(()));
    }
    let author = replica::step(tx, &operation.origin.cause)?.map(|step| step.person);
    let owner = by.person == by.mailbox;
    if !owner && author.as_ref() != Some(by.person) {
        return Ok(Err(Unsound::NotTheirs.into()));
    }
    let Some(decision) = operation.put(DECISION).and_then(|put| read::<Decision>(put).ok()) else {
        // A grant or a setting: only its owner writes there.
        return Ok(Ok(()));
    };
    let Some(done) = document.done(&cause) else {
        return Ok(Err(Unsound::NotTheirs.into()));
    };
    let agrees = |stood: &Done| {
        let put = stood.puts.iter().find(|put| put.register == DECISION);
        put.and_then(|put| read::<Decision>(put).ok())
            .is_some_and(|stood| stood.agrees(&decision))
    };
    let nothing = !decision.tracked && !decision.keep && decision.regarding.is_none();
    let stood = match operation.action {
        Action::Redo => agrees(&done),
        _ => nothing || document.back(&done.heads)?.any(|stood| agrees(&stood)),
    };
    match stood {
        true => Ok(Ok(())),
        false => Ok(Err(Unsound::WrongLabel.into())),
    }
}
