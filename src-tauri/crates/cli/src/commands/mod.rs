//! What each command does: one file for each family.

mod attachments;
mod audit;
pub mod demo;
mod devices;
mod doctor;
mod import;
mod mailbox;
mod notes;
mod people;
mod quarantine;
mod relay;
mod rows;
mod secret;
mod settings;
mod sync;
mod tracking;
mod undo;

use std::{io::IsTerminal, path::PathBuf};

use behalf_core::{Error, Result, access::Keychain, desk::Desk, model::SystemClock};

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
        Desk::open_with(&self.data, Box::new(SystemClock), &*keychain())
    }
}

/// The system's keychain; only who sits at a terminal is asked to unlock it.
fn keychain() -> Box<dyn Keychain> {
    behalf_connect::keychain(std::io::stdin().is_terminal())
}

/// Runs what the line asks for.
pub fn run(cli: Cli) -> Result<Reply> {
    let session = Session {
        data: place::data_folder(cli.data)?,
    };
    let s = &session;
    match cli.command {
        Command::Init { person, name, relay } => {
            let relay = match (relay.relay, relay.relay_file) {
                (_, Some(file)) => secret::in_file(&file)?,
                (relay, None) => secret::given(relay.unwrap_or_default())?,
            };
            people::init(s, &person, &name, &relay)
        }
        Command::Invite(step) => people::invite(s, step),
        Command::Grants { mailbox } => people::grants(s, mailbox.as_ref()),
        Command::Settings {
            mailbox,
            action: None,
        } => settings::list(s, mailbox.as_ref()),
        Command::Settings {
            mailbox,
            action: Some(args::SettingsAction::Set { name, value }),
        } => settings::set(s, mailbox.as_ref(), &name, &value),
        Command::Import(args::Import::Mail { from, folder }) => import::mail(s, &from, folder.as_deref()),
        Command::Import(args::Import::Calendar { from }) => import::calendar(s, &from),
        Command::Import(args::Import::Contacts { from }) => import::contacts(s, &from),
        Command::Import(args::Import::Rows { file, table, map }) => import::rows(s, &file, &table, &map),
        Command::Folders { mailbox } => mailbox::folders(s, &mailbox.mailbox),
        Command::List {
            mailbox,
            folder,
            limit,
            after,
            search: None,
        } => mailbox::list(s, &mailbox.mailbox, folder.as_deref(), limit, after.as_deref()),
        Command::List {
            mailbox,
            folder,
            limit,
            search: Some(text),
            ..
        } => mailbox::find(s, &mailbox.mailbox, &text, folder.as_deref(), limit),
        Command::Show { item } => mailbox::show(s, &item),
        Command::Attachment {
            item,
            index: None,
            inside,
            ..
        } => attachments::list(s, &item, &inside.map_or(Vec::new(), |at| at.0)),
        Command::Attachment {
            item,
            index: Some(at),
            out,
            ..
        } => attachments::save(s, &item, &at.0, out.as_deref()),
        Command::Search {
            text,
            filter,
            view,
            limit,
        } => rows::search(s, &text, filter.into(), view.as_deref(), limit),
        Command::Views { action: None } => rows::views(s),
        Command::Views {
            action: Some(args::Views::Save { name, filter }),
        } => rows::save_view(s, name, filter.into()),
        Command::Views {
            action: Some(args::Views::Remove { name }),
        } => rows::remove_view(s, &name),
        Command::Suggest { item } => rows::suggest(s, &item),
        Command::Note(step) => notes::note(s, step),
        Command::Timeline {
            row,
            limit,
            search,
            sort,
            filter,
        } => rows::timeline(s, &row, limit, search, sort, filter),
        Command::Track { item, to } => tracking::track(s, &item, to.regarding.as_ref()),
        Command::Untrack { item, how } => tracking::untrack(s, &item, how.keep),
        Command::Retry { item } => tracking::retry(s, &item),
        Command::Resolve { item, pick } => tracking::resolve(s, &item, &pick),
        Command::Undo { id } => undo::undo(s, id.as_deref()),
        Command::Redo { id } => undo::redo(s, id.as_deref()),
        Command::Devices => devices::list(s),
        Command::Device(args::Device::Remove { id }) => devices::remove(s, &id),
        Command::Grant(args::Grant::Revoke { delegate }) => people::revoke(s, &delegate),
        Command::Grant(args::Grant::Change { delegate, terms }) => people::change(s, &delegate, terms),
        Command::Quarantine { action: None } => quarantine::list(s),
        Command::Quarantine {
            action: Some(args::Quarantine::Accept { id }),
        } => quarantine::accept(s, &id),
        Command::Quarantine {
            action: Some(args::Quarantine::Discard { id }),
        } => quarantine::discard(s, &id),
        Command::Audit {
            action: Some(args::Audit::Verify),
            ..
        } => audit::verify(s),
        Command::Audit { action: None, filter } => audit::entries(s, filter),
        Command::Status { item } => tracking::status(s, &item),
        Command::Activity { id } => tracking::activity(s, &id),
        Command::Sync { watch: false } => sync::once(s),
        Command::Sync { watch: true } => sync::watch(s, true),
        Command::Agent => sync::watch(s, false),
        Command::Relay(args::Relay::Setup { address }) => relay::setup(s, address),
        Command::Relay(args::Relay::Config) => relay::config(),
        Command::Doctor {
            clear_cache: true, ..
        } => doctor::clear_cache(s),
        Command::Doctor {
            rebuild, protect_key, ..
        } => doctor::doctor(s, rebuild, protect_key),
        Command::Logs(args::Logs::Export { file }) => doctor::export_logs(s, &file),
        Command::Demo { path } => demo::demo(&path),
        Command::Triage { mailbox, file } => tracking::triage(s, &mailbox.mailbox, &file),
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
