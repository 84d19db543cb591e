//! The window: made here rather than by the configuration, so that its exits can be guarded.

use std::path::Path;

use behalf_core::desk::Desk;
use tauri::{AppHandle, Manager as _, WebviewWindowBuilder, Wry, webview::NewWindowResponse};
use tauri_plugin_dialog::{DialogExt as _, FileDialogBuilder};
use tauri_plugin_opener::OpenerExt as _;

use crate::{keys, links, options::Options};

/// The label of the one window.
pub const MAIN: &str = "main";

/// Opens the window on `desk`.
///
/// # Errors
/// When the configuration names no such window, or the platform cannot make one.
pub fn open(app: &AppHandle, options: &Options, folder: &Path, desk: &Desk) -> tauri::Result<()> {
    let config = app
        .config()
        .app
        .windows
        .iter()
        .find(|window| window.label == MAIN)
        .ok_or(tauri::Error::WindowNotFound)?;
    let opener = app.clone();
    let mut builder = WebviewWindowBuilder::from_config(app, config)?
        .title(title(options, desk))
        // What the window remembers (its theme, the last mailbox) is this person's, and lies with their replica.
        .data_directory(folder.join("window"))
        .on_navigation(|url| {
            let allowed = links::may_load(url, tauri::is_dev());
            if !allowed {
                tracing::warn!(scheme = url.scheme(), "the window was kept from leaving");
            }
            allowed
        })
        .on_new_window(move |url, _| {
            match links::outside(&url) {
                Some(url) => {
                    if let Err(error) = opener.opener().open_url(url.as_str(), None::<&str>) {
                        tracing::warn!(%error, "no program opens this link");
                    }
                }
                None => tracing::warn!(scheme = url.scheme(), "a link was not followed"),
            }
            NewWindowResponse::Deny
        });
    if let Some(place) = options.position {
        builder = builder.position(place.0, place.1);
    }
    if let Some(size) = options.size {
        builder = builder.inner_size(size.0, size.1);
    }
    keys::follow(&builder.build()?)
}

/// A dialog about files, over the window.
pub fn file_dialog(app: &AppHandle, title: &str) -> FileDialogBuilder<Wry> {
    let dialog = app.dialog().file().set_title(title);
    match app.get_webview_window(MAIN) {
        Some(main) => dialog.set_parent(&main),
        None => dialog,
    }
}

/// The title asked for, or the person's name.
fn title(options: &Options, desk: &Desk) -> String {
    match (&options.title, desk.me()) {
        (Some(title), _) => title.clone(),
        (None, Ok(me)) => format!("{} – Behalf", me.name),
        (None, Err(_)) => "Behalf".to_owned(),
    }
}
