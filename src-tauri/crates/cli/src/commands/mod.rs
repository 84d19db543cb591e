//! What each command does: one file for each family.

pub mod demo;
mod doctor;
mod import;
mod mailbox;
mod people;
mod rows;
mod sync;
mod tracking;

use std::path::PathBuf;

use behalf_core::{Error, Result, desk::Desk};

use crate::{
    args::{self, Cli, Command},
    place,
    print::Reply,
};

/// What every command has: where the replica is.
pub struct Session {
    data: PathBuf,
}

impl Session {
    /// Opens the person's replica.
    fn open(&self) -> Result<Desk> {
        Desk::open(&self.data)
    }
}

/// Runs what the line asks for.
pub fn run(cli: Cli) -> Result<Reply> {
    let session = Session {
        data: place::data_folder(cli.data)?,
    };
    let s = &session;
    match cli.command {
        Command::Init { person, name, relay } => people::init(s, &person, &name, &relay),
        Command::Invite(step) => people::invite(s, step),
        Command::Grants { mailbox } => people::grants(s, mailbox.as_ref()),
        Command::Import(args::Import::Mail { from, folder }) => import::mail(s, &from, folder.as_deref()),
        Command::Import(args::Import::Calendar { from }) => import::calendar(s, &from),
        Command::Import(args::Import::Rows { file, table, map }) => import::rows(s, &file, &table, &map),
        Command::Folders { mailbox } => mailbox::folders(s, &mailbox.mailbox),
        Command::List {
            mailbox,
            folder,
            limit,
            after,
        } => mailbox::list(s, &mailbox.mailbox, folder.as_deref(), limit, after.as_deref()),
        Command::Show { item } => mailbox::show(s, &item),
        Command::Search { text, tables, limit } => rows::search(s, &text, &tables, limit),
        Command::Timeline {
            row,
            limit,
            search,
            sort,
        } => rows::timeline(s, &row, limit, search, sort),
        Command::Track { item, to } => tracking::track(s, &item, to.regarding.as_ref()),
        Command::Untrack { item, how } => tracking::untrack(s, &item, how.keep),
        Command::Status { item } => tracking::status(s, &item),
        Command::Activity { id } => tracking::activity(s, &id),
        Command::Sync { watch: false } => sync::once(s),
        Command::Sync { watch: true } => sync::watch(s, true),
        Command::Agent => sync::watch(s, false),
        Command::Doctor { rebuild } => doctor::doctor(s, rebuild),
        Command::Demo { path } => demo::demo(&path),
        Command::Import(args::Import::Contacts { .. }) => not_yet("import contacts"),
        Command::Grant(args::Grant::Revoke { .. }) => not_yet("grant revoke"),
        Command::Suggest { .. } => not_yet("suggest"),
        Command::Triage { .. } => not_yet("triage"),
        Command::Quarantine { action: None } => not_yet("quarantine"),
        Command::Quarantine {
            action: Some(args::Quarantine::Accept { .. }),
        } => not_yet("quarantine accept"),
        Command::Resolve { .. } => not_yet("resolve"),
        Command::Undo { .. } => not_yet("undo"),
        Command::Redo { .. } => not_yet("redo"),
        Command::Audit { action: None, .. } => not_yet("audit"),
        Command::Audit {
            action: Some(args::Audit::Verify),
            ..
        } => not_yet("audit verify"),
        Command::Backup { .. } => not_yet("backup"),
        Command::Restore { .. } => not_yet("restore"),
    }
}

/// Part of the contract, and of a later release.
fn not_yet(command: &str) -> Result<Reply> {
    Err(Error::bad_input(
        format!("not yet: `behalf {command}` comes with a later release."),
        "See `behalf --help` for what there is.",
    ))
}
