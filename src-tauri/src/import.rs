//! Importing from the window: the file picker, progress, cancel (B-08).

use std::{
    ops::ControlFlow,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use behalf_core::{
    Error,
    desk::{ImportProgress, view::ImportReport},
    model::Address,
};
use tauri::{AppHandle, ipc::Channel};
use tauri_plugin_dialog::FilePath;

use crate::{error::Result, state::Shell, window};

/// What the person is asked to choose.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// One or more mail files.
    Files,
    /// One folder.
    Folder,
    /// One or more vCard files.
    Contacts,
}

/// At most one import runs at a time; this is how it is stopped.
#[derive(Default)]
pub struct Imports(Mutex<Option<Arc<AtomicBool>>>);

impl Imports {
    /// Claims the place for a new import; the claim ends when it is dropped.
    fn begin(&self) -> behalf_core::Result<Claim<'_>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some() {
            return Err(Error::refused(
                "An import is running.",
                "Wait for it to end, or cancel it.",
            ));
        }
        let cancelled = Arc::new(AtomicBool::new(false));
        *running = Some(Arc::clone(&cancelled));
        Ok(Claim {
            imports: self,
            cancelled,
        })
    }

    /// Asks the import at hand to end.
    pub fn cancel(&self) {
        if let Some(cancelled) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            cancelled.store(true, Ordering::Relaxed);
        }
    }
}

/// The import at hand.
struct Claim<'a> {
    imports: &'a Imports,
    cancelled: Arc<AtomicBool>,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        *self.imports.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Asks for the files, then imports them. `None` when the person chose none.
///
/// # Errors
/// `Refused` while another import runs, and whatever the import itself says.
pub async fn run(
    app: &AppHandle,
    shell: &Shell,
    source: Source,
    mailbox: Address,
    folder: Option<String>,
    on_progress: Channel<ImportProgress>,
) -> Result<Option<ImportReport>> {
    let claim = shell.imports.begin()?;
    let paths = choose(app, source).await?;
    if paths.is_empty() {
        return Ok(None);
    }
    let cancelled = Arc::clone(&claim.cancelled);
    let report = shell
        .ask(move |desk| {
            let mut tell = |progress: &ImportProgress| {
                // A window that is gone hears nothing; the import goes on.
                let _ = on_progress.send(progress.clone());
                if cancelled.load(Ordering::Relaxed) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            match source {
                Source::Files | Source::Folder => {
                    desk.import_mail(&mailbox, &paths, folder.as_deref(), &mut tell)
                }
                Source::Contacts => desk.import_contacts(&mailbox, &paths, &mut tell),
            }
        })
        .await?;
    Ok(Some(report))
}

/// Shows the system's picker and waits for the answer.
async fn choose(app: &AppHandle, source: Source) -> Result<Vec<PathBuf>> {
    let title = match source {
        Source::Files | Source::Folder => "Import mail",
        Source::Contacts => "Import contacts",
    };
    let dialog = window::file_dialog(app, title);
    let chosen = tauri::async_runtime::spawn_blocking(move || match source {
        // Many an mbox has no extension, so every file can be shown.
        Source::Files => dialog
            .add_filter("Mail", &["eml", "mbox", "mbx", "xz", "gz"])
            .add_filter("All files", &["*"])
            .blocking_pick_files(),
        Source::Contacts => dialog
            .add_filter("Contacts", &["vcf", "vcard"])
            .add_filter("All files", &["*"])
            .blocking_pick_files(),
        Source::Folder => dialog.blocking_pick_folder().map(|folder| vec![folder]),
    })
    .await?;
    Ok(chosen
        .unwrap_or_default()
        .into_iter()
        .filter_map(|path: FilePath| path.into_path().ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_import_at_a_time_and_cancel_reaches_it() {
        let imports = Imports::default();
        let first = imports.begin().unwrap();
        assert!(imports.begin().is_err());
        imports.cancel();
        assert!(first.cancelled.load(Ordering::Relaxed));
        drop(first);
        let second = imports.begin().unwrap();
        assert!(!second.cancelled.load(Ordering::Relaxed));
    }
}
