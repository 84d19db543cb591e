//! What happens before there is a window: opening the replica.

use std::{io::IsTerminal as _, path::Path};

use behalf_connect::keychain;
use behalf_core::{Code, Error, Result, desk::Desk, model::SystemClock};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogButtons, MessageDialogKind};

use crate::instance::{self, Entry, Only};

/// What came of opening a data folder.
pub enum Opened {
    /// This process may show it.
    Here(Box<Desk>, Only),
    /// Another window shows it, and the person has been told.
    Elsewhere,
}

/// Opens the replica, and says what to do when there is none. Where a window shows it already, that one comes forward.
///
/// # Errors
/// Whatever [`Desk::open_with`] says; `NotFound` becomes the way to make one.
pub fn open(folder: &Path) -> Result<Opened> {
    let missing = || {
        Error::not_found(
            format!("There is no Behalf data in {}.", folder.display()),
            "Make it with `behalf --data DIR init --person EMAIL --name NAME --relay folder:PATH`, \
             or start with the sample data: ./x run",
        )
    };
    if !Desk::is_in(folder) {
        return Err(missing());
    }
    let only = match instance::enter(folder, instance::COMES)? {
        Entry::Ours(only) => only,
        Entry::Shown => {
            eprintln!("{OPEN_ALREADY} Its window comes to the front.");
            return Ok(Opened::Elsewhere);
        }
        Entry::Silent => {
            explain(&Error::unavailable(
                OPEN_ALREADY,
                "Go on in the window that shows it, or close that first.",
            ));
            return Ok(Opened::Elsewhere);
        }
    };
    let opened = Desk::open_with(folder, Box::new(SystemClock), &*keychain(true));
    let desk = opened.map_err(|error| match error.code() {
        Code::NotFound => missing(),
        _ => error,
    })?;
    Ok(Opened::Here(Box::new(desk), only))
}

const OPEN_ALREADY: &str = "This data folder is open already.";

/// Tells the person why there is no window: on the terminal, and in a dialog when there is no terminal to read. What a
/// person can mend meanwhile, a locked keychain, can be tried again from there.
pub fn explain(error: &Error) {
    let text = match error.hint() {
        "" => error.to_string(),
        hint => format!("{error}\n{hint}"),
    };
    eprintln!("{text}");
    if std::io::stderr().is_terminal() || !has_display() {
        return;
    }
    let buttons = match error.to_string().starts_with("Blocked") {
        true => MessageDialogButtons::OkCancelCustom("Try again".into(), "Close".into()),
        false => MessageDialogButtons::Ok,
    };
    let again = matches!(buttons, MessageDialogButtons::OkCancelCustom(..));
    let shown = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .setup(move |app| {
            let handle = app.handle().clone();
            app.dialog()
                .message(text)
                .title("Behalf")
                .kind(MessageDialogKind::Error)
                .buttons(buttons)
                .show(move |chosen| match chosen && again {
                    true => handle.request_restart(),
                    false => handle.exit(0),
                });
            Ok(())
        })
        .build(tauri::generate_context!())
        .map(|app| app.run_return(|_, _| {}));
    if let Err(error) = shown {
        tracing::error!(%error, "the dialog could not be shown");
    }
}

/// GTK ends the process when it finds no display, so ask first.
fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || ["WAYLAND_DISPLAY", "DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
