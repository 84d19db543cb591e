//! The sample world on disk (L-06): everybody's replica, what they gave each other, and a dozen tracked mails.

use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use behalf_core::{
    Error, Result,
    desk::{Desk, Terms, view::ListEntry},
    model::{Address, Clock, Kind, Level, RowRef, SystemClock},
};
use serde::{Deserialize, Serialize};

use super::sync;
use crate::print::{self, Reply};
use behalf_cli::sample::{Somebody, World};

/// The same world for everybody who looks at it.
const SEED: u64 = 7;

/// Written last: a folder that has it holds a whole world.
const MARKER: &str = "world.json";

/// How many mails are tracked as examples.
const EXAMPLES: usize = 12;

/// What was made.
#[derive(Debug, Serialize, Deserialize)]
struct Made {
    path: PathBuf,
    people: Vec<Person>,
}

/// Somebody in it.
#[derive(Debug, Serialize, Deserialize)]
struct Person {
    person: Address,
    name: String,
    role: Role,
    data: PathBuf,
    mailboxes: Vec<Address>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Owner,
    Delegate,
}

/// Makes the world; where there is one already, says so and changes nothing.
pub fn demo(path: &Path) -> Result<Reply> {
    let path = std::path::absolute(path).map_err(Error::io(path))?;
    let marker = path.join(MARKER);
    if let Ok(text) = fs::read(&marker) {
        let made: Made = serde_json::from_slice(&text)?;
        return reply(
            &made,
            "There is a sample world here already; nothing was changed.",
        );
    }
    if fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::bad_input(
            format!(
                "{} is not empty and holds no finished sample world.",
                path.display()
            ),
            "Delete the folder and run it again, or choose an empty one.",
        ));
    }
    fs::create_dir_all(&path).map_err(Error::io(&path))?;
    let made = make(&path)?;
    fs::write(&marker, serde_json::to_vec_pretty(&made)?).map_err(Error::io(&marker))?;
    reply(&made, "The sample world is ready.")
}

fn reply(made: &Made, sentence: &str) -> Result<Reply> {
    let rows: Vec<_> = made
        .people
        .iter()
        .flat_map(|p| {
            let role = if p.role == Role::Owner {
                "owner"
            } else {
                "delegate"
            };
            p.mailboxes.iter().map(move |m| {
                [
                    p.name.clone(),
                    role.into(),
                    m.to_string(),
                    p.data.display().to_string(),
                ]
            })
        })
        .collect();
    let table = print::table(["Name", "Role", "Mailbox", "Data"], &rows, "");
    Reply::new(
        made,
        format!("{sentence}\n\n{table}\nLook around with: behalf --data DATA list --mailbox MAILBOX"),
    )
}

/// Somebody at their desk.
struct Seat {
    address: Address,
    name: String,
    data: PathBuf,
    desk: Desk,
    /// The owners this person acts for.
    acts_for: Vec<Address>,
}

fn make(path: &Path) -> Result<Made> {
    say("Writing mail, calendars, contacts and rows …");
    let files = path.join("files");
    let world = World::new(SEED, SystemClock.now());
    world.write(&files)?;
    let relay = format!("folder:{}", path.join("relay").display());
    let sit = |who: &Somebody| -> Result<Seat> {
        let data = path.join("people").join(who.address.as_str());
        Ok(Seat {
            desk: Desk::init(&data, &who.address, &who.name, &relay)?,
            address: who.address.clone(),
            name: who.name.clone(),
            data,
            acts_for: Vec::new(),
        })
    };
    let owners = world
        .households
        .iter()
        .map(|h| sit(&h.owner))
        .collect::<Result<Vec<_>>>()?;
    let mut delegates = world.delegates.iter().map(sit).collect::<Result<Vec<_>>>()?;

    say("Giving access …");
    for (number, owner) in owners.iter().enumerate() {
        // The first delegate acts for the first two owners, the second for the third.
        if let Some(delegate) = delegates.get_mut(number / 2) {
            introduce(owner, delegate)?;
        }
    }
    for seat in owners.iter().chain(&delegates) {
        say(&format!("Filling the replica of {} …", seat.name));
        fill(seat, &world, &files)?;
    }
    let everybody: Vec<&Seat> = owners.iter().chain(&delegates).collect();
    settle(&everybody)?;
    say("Tracking some mails …");
    for (number, owner) in owners.iter().enumerate() {
        let delegate = delegates.iter().find(|d| d.acts_for.contains(&owner.address));
        let share = EXAMPLES / owners.len() + usize::from(number < EXAMPLES % owners.len());
        track_some(owner, delegate, share)?;
    }
    settle(&everybody)?;

    let people = owners
        .iter()
        .map(|s| (Role::Owner, s))
        .chain(delegates.iter().map(|s| (Role::Delegate, s)))
        .map(|(role, seat)| {
            let me = seat.desk.me()?;
            Ok(Person {
                person: seat.address.clone(),
                name: seat.name.clone(),
                role,
                data: seat.data.clone(),
                mailboxes: me.mailboxes.into_iter().map(|m| m.id).collect(),
            })
        })
        .collect::<Result<_>>()?;
    Ok(Made {
        path: path.to_owned(),
        people,
    })
}

/// Invite, accept, confirm: both sit at the same table, so the words are compared here.
fn introduce(owner: &Seat, delegate: &mut Seat) -> Result<()> {
    let terms = Terms {
        private: false,
        level: Level::Editor,
        folders: Vec::new(),
        calendar: true,
        from: None,
        until: None,
    };
    let code = owner.desk.invite(&delegate.address, &terms)?.code;
    let accepted = delegate.desk.accept(&code)?;
    sync::cycle(&delegate.desk)?;
    sync::cycle(&owner.desk)?;
    let waiting = owner.desk.accepted_by(&delegate.address)?;
    let same = waiting.iter().find_map(|invitation| {
        let shown = invitation.accepted.as_ref()?;
        (shown.words == accepted.words).then_some((&invitation.id, &shown.compared))
    });
    let Some((invitation, compared)) = same else {
        return Err(Error::refused(
            format!("{} and {} do not see the same words.", owner.name, delegate.name),
            "Delete the folder and run it again.",
        ));
    };
    delegate.desk.words_match(&accepted.invitation)?;
    owner.desk.confirm(invitation, compared)?;
    sync::cycle(&owner.desk)?;
    sync::cycle(&delegate.desk)?;
    delegate.acts_for.push(owner.address.clone());
    Ok(())
}

/// Rows, and the mail, calendars and contacts this person may see: in this release mail reaches each replica by import.
fn fill(seat: &Seat, world: &World, files: &Path) -> Result<()> {
    let go_on = &mut |_: &_| ControlFlow::Continue(());
    for table in &world.tables {
        let file = files.join("rows").join(format!("{}.csv", table.name));
        seat.desk.import_rows(&file, table.name, &[], go_on)?;
    }
    for owner in world.households.iter().map(|h| &h.owner.address) {
        if *owner != seat.address && !seat.acts_for.contains(owner) {
            continue;
        }
        for (folder, file) in World::mail_files(files, owner) {
            seat.desk.import_mail(owner, &[file], Some(folder), go_on)?;
        }
        let home = files.join("owners").join(owner.as_str());
        seat.desk
            .import_calendar(owner, &[home.join("calendar.ics")], go_on)?;
        seat.desk
            .import_contacts(owner, &[home.join("contacts.vcf")], go_on)?;
    }
    Ok(())
}

/// Everybody syncs, turn by turn, until nothing moves.
fn settle(everybody: &[&Seat]) -> Result<()> {
    say("Syncing …");
    for _ in 0..20 {
        let mut moved = 0;
        for seat in everybody {
            let r = sync::cycle(&seat.desk)?;
            moved += r.pushed + r.pulled + r.merged + r.promoted;
        }
        if moved == 0 {
            return Ok(());
        }
    }
    Err(Error::unavailable(
        "The replicas do not fall silent.",
        "Delete the folder and run it again.",
    ))
}

/// Tracks mails spread over the mailbox: in turn by the delegate and by the owner, every third without regarding,
/// the others regarding the row of their sender.
fn track_some(owner: &Seat, delegate: Option<&Seat>, share: usize) -> Result<()> {
    let page = owner.desk.list(&owner.address, None, 200, None)?;
    let mails: Vec<&ListEntry> = page.entries.iter().filter(|e| e.kind == Kind::Email).collect();
    let mut done = 0;
    for entry in &mails {
        if done == share {
            break;
        }
        let by = match delegate {
            Some(delegate) if done % 2 == 0 => delegate,
            _ => owner,
        };
        let row = if done % 3 == 2 {
            None
        } else {
            match sender_row(owner, &entry.key)? {
                Some(row) => Some(row),
                None => continue,
            }
        };
        by.desk.track(&owner.address, &entry.key, row.as_ref())?;
        done += 1;
    }
    Ok(())
}

/// The row of a mail's sender, if it may be set as regarding.
fn sender_row(owner: &Seat, key: &str) -> Result<Option<RowRef>> {
    let shown = owner.desk.show(&owner.address, key)?;
    let mut rows = shown
        .parties
        .into_iter()
        .filter(|p| p.mask == 1)
        .filter_map(|p| p.row);
    Ok(rows
        .find(|r| {
            matches!(
                r.table.as_str(),
                "account" | "contact" | "lead" | "opportunity" | "incident"
            )
        })
        .map(RowRef::from))
}

fn say(text: &str) {
    print::note(text);
}
