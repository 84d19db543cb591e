//! Attachments from the window: opened with the program the system has for them, or saved where the person says.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use behalf_core::{Error, desk::saving, mailbox::file_name::Risk, model::Address, store::private};
use tauri::AppHandle;
use tauri_plugin_opener::OpenerExt as _;

use crate::{error::Result, state::Shell, window};

/// Where what was opened lies, in the data folder. It belongs to the time the window is open.
const FOLDER: &str = "opened";

/// Which attachment, or which attached mail, of which mail.
#[derive(Debug, Clone, serde::Deserialize, specta::Type)]
pub struct Attached {
    /// Whose mailbox.
    pub mailbox: Address,
    /// The mail's key.
    pub key: String,
    /// The numbers of the attached mails it lies in, then its own, from 0; empty for the mail itself.
    pub place: Vec<u32>,
}

/// Files opened from mail: each in a folder of its own that only this user may enter, and read-only, for what is changed
/// there is lost.
pub struct OpenedFiles {
    folder: PathBuf,
    count: AtomicU32,
}

impl OpenedFiles {
    /// Throws away what was opened the last time; `data` is the data folder, whose only window this is.
    pub fn begin(data: &Path) -> Self {
        let folder = data.join(FOLDER);
        if let Err(error) = std::fs::remove_dir_all(&folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "what was opened the last time could not be removed");
        }
        Self {
            folder,
            count: AtomicU32::new(0),
        }
    }

    /// Writes a file to be opened.
    fn keep(&self, name: &str, bytes: &[u8]) -> behalf_core::Result<PathBuf> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let own = self.folder.join(number.to_string());
        for folder in [&self.folder, &own] {
            private::folder(folder).map_err(Error::io(folder))?;
        }
        let file = saving::create_in(&own, name, bytes)?;
        let mut permissions = std::fs::metadata(&file).map_err(Error::io(&file))?.permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&file, permissions).map_err(Error::io(&file))?;
        Ok(file)
    }
}

/// Opens an attachment with the system's program for it. What may run is opened only when the person has `agreed` to that.
///
/// # Errors
/// What the desk says; `Refused` without their agreement, `Unavailable` when nothing here opens it.
pub async fn open(app: &AppHandle, shell: &Shell, which: Attached, agreed: bool) -> Result<()> {
    let taken = shell
        .ask(move |desk| desk.attachment(&which.mailbox, &which.key, &which.place))
        .await?;
    if taken.risk != Risk::None && !agreed {
        return Err(Error::refused(
            format!("“{}” may run on this computer when it is opened.", taken.file),
            "Open it only when you know who sent it and why.",
        )
        .into());
    }
    // On Linux a program is shown to whatever opens its kind of file: it has no right to run. Elsewhere opening is running.
    if taken.risk == Risk::Program && cfg!(not(target_os = "linux")) {
        return Err(Error::refused(
            format!("“{}” is a program, and Behalf starts none.", taken.file),
            "Save it, and start it yourself if you trust it.",
        )
        .into());
    }
    let file = shell.opened.keep(&taken.file, &taken.bytes)?;
    app.opener()
        .open_path(file.display().to_string(), None::<&str>)
        .map_err(|error| {
            Error::unavailable(
                format!("Nothing on this computer opens “{}”: {error}.", taken.file),
                "Save it, and open it with a program of your choice.",
            )
            .into()
        })
}

/// Asks where to, and saves an attachment there; the system asks before another file is replaced. The file, or `None` when
/// the person chose none.
///
/// # Errors
/// What the desk says, and what the disk says.
pub async fn save(app: &AppHandle, shell: &Shell, which: Attached) -> Result<Option<String>> {
    let taken = shell
        .ask(move |desk| desk.attachment(&which.mailbox, &which.key, &which.place))
        .await?;
    let dialog = downloads(window::file_dialog(app, "Save the attachment")).set_file_name(&taken.file);
    let saved = tauri::async_runtime::spawn_blocking(move || {
        let chosen = dialog.blocking_save_file().and_then(|path| path.into_path().ok());
        chosen
            .map(|file| saving::replace(&file, &taken.bytes).map(|()| file.display().to_string()))
            .transpose()
    });
    Ok(saved.await??)
}

/// Asks which folder, and saves every attachment of a mail in it, each under a name that is free there. How many and where,
/// or `None` when the person chose none.
///
/// # Errors
/// As [`save`].
pub async fn save_all(app: &AppHandle, shell: &Shell, of: Attached) -> Result<Option<SavedAll>> {
    let dialog = downloads(window::file_dialog(app, "Save all attachments in a folder"));
    let chosen = tauri::async_runtime::spawn_blocking(move || dialog.blocking_pick_folder()).await?;
    let Some(folder) = chosen.and_then(|path| path.into_path().ok()) else {
        return Ok(None);
    };
    let saved = shell
        .ask(move |desk| {
            let mut files = 0;
            for taken in desk.attachments(&of.mailbox, &of.key, &of.place)? {
                saving::create_in(&folder, &taken.file, &taken.bytes)?;
                files += 1;
            }
            let folder = folder.display().to_string();
            Ok(SavedAll { files, folder })
        })
        .await?;
    Ok(Some(saved))
}

/// Files that were saved.
#[derive(Debug, serde::Serialize, specta::Type)]
pub struct SavedAll {
    files: u32,
    folder: String,
}

fn downloads<R: tauri::Runtime>(
    dialog: tauri_plugin_dialog::FileDialogBuilder<R>,
) -> tauri_plugin_dialog::FileDialogBuilder<R> {
    match dirs::download_dir().filter(|folder| folder.is_dir()) {
        Some(folder) => dialog.set_directory(folder),
        None => dialog,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_opened_is_private_and_gone_the_next_time() {
        let data = tempfile::tempdir().unwrap();
        let opened = OpenedFiles::begin(data.path());
        let first = opened.keep("offer.pdf", b"one").unwrap();
        let second = opened.keep("offer.pdf", b"two").unwrap();
        for (file, bytes) in [(&first, b"one"), (&second, b"two")] {
            assert!(file.ends_with("offer.pdf"), "{}", file.display());
            assert_eq!(std::fs::read(file).unwrap(), bytes);
            assert!(std::fs::metadata(file).unwrap().permissions().readonly());
        }
        #[cfg(unix)]
        for folder in [first.parent().unwrap(), &opened.folder] {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
        }
        OpenedFiles::begin(data.path());
        assert!(!data.path().join(FOLDER).exists());
    }
}
