//! The shell: windows, commands, events, the `mail:` scheme. No rules, no SQL.
//!
//! Everything a person can do is [`behalf_core::desk::Desk`]; this crate carries questions to it and answers back.

mod attachments;
mod background;
mod commands;
mod error;
mod export;
mod import;
mod instance;
mod invitation;
mod keys;
mod links;
mod mail_scheme;
mod options;
mod startup;
mod state;
mod window;

use std::{
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use behalf_core::desk::Desk;
use clap::Parser as _;
use tauri::Manager as _;
use tauri_specta::{collect_commands, collect_events};

use crate::{attachments::OpenedFiles, instance::Only, options::Options, startup::Opened, state::Shell};

/// Exit code when there is no replica to open, as the command line has it for bad input (spec §6).
const NOTHING_TO_OPEN: u8 = 2;

/// The commands and events the window may use; also what `ui/src/bindings.ts` is made from.
fn ipc() -> tauri_specta::Builder<tauri::Wry> {
    tauri_specta::Builder::new()
        .disable_serde_phases()
        .commands(collect_commands![
            commands::me,
            commands::folders,
            commands::list,
            commands::find_mail,
            commands::show,
            commands::attached_mail,
            commands::open_attachment,
            commands::save_attachment,
            commands::save_attachments,
            commands::status,
            commands::search,
            commands::row_tables,
            commands::row_views,
            commands::keep_row_view,
            commands::remove_row_view,
            commands::row_index,
            commands::favourite,
            commands::suggest,
            commands::track,
            commands::untrack,
            commands::retry,
            commands::activity,
            commands::row,
            commands::timeline,
            commands::add_note,
            commands::edit_note,
            commands::delete_note,
            commands::note,
            commands::sync_now,
            commands::sync_state,
            commands::grants,
            commands::invite,
            commands::save_invitation,
            commands::open_invitation,
            commands::accept,
            commands::confirm,
            commands::words_match,
            commands::reject,
            commands::invitations,
            commands::invitation_news,
            commands::withdraw,
            commands::change_grant,
            commands::revoke,
            commands::devices,
            commands::remove_device,
            commands::protect_key,
            commands::settings,
            commands::change_setting,
            commands::change_sync_interval,
            commands::history,
            commands::undo,
            commands::redo,
            commands::resolve,
            commands::quarantine,
            commands::accept_quarantined,
            commands::discard_quarantined,
            commands::sync_details,
            commands::audit,
            commands::audit_verify,
            commands::export_audit,
            commands::diagnose,
            commands::clear_cache,
            commands::export_logs,
            commands::import_mail,
            commands::import_mail_folder,
            commands::import_contacts,
            commands::cancel_import,
        ])
        .events(collect_events![background::Sync, background::Changed])
}

/// Opens the window on one person's replica and runs until it is closed.
pub fn run() -> ExitCode {
    let options = Options::parse();
    let folder = options.folder();
    behalf_connect::log("warn,behalf=info", folder.as_deref().ok());
    let opened = folder.and_then(|folder| startup::open(&folder));
    match opened {
        Ok(Opened::Here(desk, only)) => match serve(options, *desk, only) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!(%error, "the window could not be opened");
                ExitCode::FAILURE
            }
        },
        Ok(Opened::Elsewhere) => ExitCode::SUCCESS,
        Err(error) => {
            startup::explain(&error);
            ExitCode::from(NOTHING_TO_OPEN)
        }
    }
}

/// Runs the event loop; returns when the last window is closed.
fn serve(options: Options, desk: Desk, only: Only) -> tauri::Result<()> {
    let desk = Arc::new(desk);
    let ipc = ipc();
    let handler = ipc.invoke_handler();
    let for_mail = Arc::clone(&desk);
    tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .register_asynchronous_uri_scheme_protocol("mail", move |_, request, responder| {
            let desk = Arc::clone(&for_mail);
            tauri::async_runtime::spawn_blocking(move || {
                responder.respond(mail_scheme::answer(&desk, &request));
            });
        })
        .invoke_handler(handler)
        .setup(move |app| {
            ipc.mount_events(app);
            let agent = background::start(app.handle(), &desk)?;
            let opened = OpenedFiles::begin(only.folder());
            app.manage(Shell::new(Arc::clone(&desk), agent, opened));
            // Ends with the process, wherever it is: the index survives that at any point.
            let follower = Arc::clone(&desk);
            std::thread::spawn(move || follower.follow_rows(&AtomicBool::new(false)));
            window::open(app.handle(), &options, only.folder(), &desk)?;
            instance::answer(only, app.handle())?;
            Ok(())
        })
        .run(tauri::generate_context!())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes `ui/src/bindings.ts`. The file is committed, and CI fails when the committed one differs.
    #[test]
    fn the_bindings_are_written() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/bindings.ts");
        ipc()
            .export(specta_typescript::Typescript::default(), file)
            .unwrap();
        let written = std::fs::read_to_string(file).unwrap();
        for name in ["importMail", "rowTables", "SyncState", "CommandError"] {
            assert!(written.contains(name), "{name} is missing");
        }
    }
}
