//! Saving where the person says: the audit log (K-03).

use std::path::{Path, PathBuf};

use behalf_core::{Error, audit, desk::AuditQuery};
use tauri::AppHandle;

use crate::{error::Result, state::Shell, window};

/// Asks where to, and writes the entries there. The path, or `None` when the person chose none.
///
/// # Errors
/// What the query says, and what the disk says.
pub async fn run(app: &AppHandle, shell: &Shell, query: AuditQuery, json: bool) -> Result<Option<String>> {
    let ending = if json { "json" } else { "csv" };
    let name = format!("behalf-activity-log.{ending}");
    let Some(path) = place(app, "Export the activity log", &name).await? else {
        return Ok(None);
    };
    let file = path.clone();
    shell
        .ask(move |desk| {
            let entries = desk.audit(&query)?;
            let text = match json {
                true => serde_json::to_string_pretty(&entries)?,
                false => audit::csv(&entries)?,
            };
            save(&file, &text)
        })
        .await?;
    Ok(Some(path.display().to_string()))
}

/// Asks where a file of this name is to be saved; `None` when the person chose no place.
///
/// # Errors
/// When the system shows no dialog.
pub async fn place(app: &AppHandle, title: &str, name: &str) -> Result<Option<PathBuf>> {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let dialog = window::file_dialog(app, title)
        .set_file_name(name)
        .add_filter(ending.to_uppercase(), &[ending]);
    let chosen = tauri::async_runtime::spawn_blocking(move || dialog.blocking_save_file()).await?;
    Ok(chosen.and_then(|path| path.into_path().ok()))
}

/// Writes a file.
///
/// # Errors
/// `Unavailable` with what the disk says.
pub fn save(file: &Path, text: &str) -> behalf_core::Result<()> {
    std::fs::write(file, text).map_err(|e| {
        Error::unavailable(
            format!("{} cannot be written: {e}", file.display()),
            "Choose another place.",
        )
    })
}

/// Asks where to, and writes there what a helper needs (H-08). The path, or `None` when the person chose none.
///
/// # Errors
/// What the disk says.
pub async fn logs(app: &AppHandle, shell: &Shell) -> Result<Option<String>> {
    let Some(path) = place(app, "Export logs", "behalf-for-help.txt").await? else {
        return Ok(None);
    };
    let file = path.clone();
    shell.ask(move |desk| desk.export_logs(&file)).await?;
    Ok(Some(path.display().to_string()))
}
