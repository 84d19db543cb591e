//! An invitation as a file: saved by the owner, opened by the delegate.

use behalf_core::desk::invitation_in;
use tauri::AppHandle;

use crate::{error::Result, export, window};

/// How its file is called.
const ENDING: &str = "behalf-invitation";

/// Asks where to, and saves a code there. The path, or `None` when the person chose none.
///
/// # Errors
/// What the disk says.
pub async fn save(app: &AppHandle, code: String) -> Result<Option<String>> {
    let name = format!("invitation.{ENDING}");
    let Some(path) = export::place(app, "Save the invitation", &name).await? else {
        return Ok(None);
    };
    let file = path.clone();
    tauri::async_runtime::spawn_blocking(move || export::save(&file, &format!("{code}\n"))).await??;
    Ok(Some(path.display().to_string()))
}

/// Asks which file, and reads the code in it; `None` when the person chose none.
///
/// # Errors
/// `BadInput` when it is no invitation.
pub async fn open(app: &AppHandle) -> Result<Option<String>> {
    let dialog = window::file_dialog(app, "Open an invitation")
        // Whoever passes it on may have given it another name.
        .add_filter("Invitation", &[ENDING, "txt"])
        .add_filter("All files", &["*"]);
    let read = tauri::async_runtime::spawn_blocking(move || {
        let chosen = dialog.blocking_pick_file();
        chosen
            .and_then(|path| path.into_path().ok())
            .map(|path| invitation_in(&path))
            .transpose()
    });
    Ok(read.await??)
}
