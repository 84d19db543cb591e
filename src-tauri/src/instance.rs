//! One window on one data folder. Whoever opens a second one is shown the first; a command line and an agent may work
//! beside it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use behalf_core::{Error, Result, store::private};
use tauri::{AppHandle, Manager as _};

use crate::window::MAIN;

/// How often a window looks for somebody asking for it. One system call.
const LOOK: Duration = Duration::from_millis(300);
/// How long the other window may take to come, or to close.
pub const COMES: Duration = Duration::from_secs(10);

/// The right to the window of a data folder; given back when the process ends, however it ends.
pub struct Only {
    folder: PathBuf,
    _lock: File,
}

impl Only {
    /// Which folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// What comes of entering a data folder.
pub enum Entry {
    /// The window is this process's.
    Ours(Only),
    /// Another process has it, and shows it now.
    Shown,
    /// Another process has it, and does not answer.
    Silent,
}

/// Claims the window of a folder, or asks whoever has it to show it. Who does neither answer nor end in `patience` is
/// taken to be stuck: one that is closing just now makes room.
///
/// # Errors
/// I/O errors.
pub fn enter(folder: &Path, patience: Duration) -> Result<Entry> {
    if let Some(only) = claim(folder)? {
        return Ok(Entry::Ours(only));
    }
    let wish = wish(folder);
    private::create(&wish).map_err(Error::io(&wish))?;
    let asked = Instant::now();
    while asked.elapsed() < patience {
        thread::sleep(LOOK / 3);
        if let Some(only) = claim(folder)? {
            return Ok(Entry::Ours(only));
        }
        if !wish.exists() {
            return Ok(Entry::Shown);
        }
    }
    let _ = fs::remove_file(&wish);
    Ok(Entry::Silent)
}

/// `None` when another process has it.
fn claim(folder: &Path) -> Result<Option<Only>> {
    let path = folder.join("window.lock");
    let lock = private::create(&path).map_err(Error::io(&path))?;
    Ok(lock.try_lock().is_ok().then(|| {
        // A wish of yesterday.
        let _ = fs::remove_file(wish(folder));
        Only {
            folder: folder.to_owned(),
            _lock: lock,
        }
    }))
}

/// Brings the window to the front whenever somebody asks for it. Ends with the process.
///
/// # Errors
/// When the system gives no thread.
pub fn answer(only: Only, app: &AppHandle) -> std::io::Result<()> {
    let app = app.clone();
    thread::Builder::new().name("instance".into()).spawn(move || {
        // By its method, so that the thread holds the lock too.
        let wish = wish(only.folder());
        loop {
            // Where the window is gone already, nobody is told that it comes.
            if let Some(window) = app.get_webview_window(MAIN)
                && fs::remove_file(&wish).is_ok()
            {
                let shown = window
                    .unminimize()
                    .and_then(|()| window.show())
                    .and_then(|()| window.set_focus());
                if let Err(error) = shown {
                    tracing::warn!(%error, "the window did not come to the front");
                }
            }
            thread::sleep(LOOK);
        }
    })?;
    Ok(())
}

fn wish(folder: &Path) -> PathBuf {
    folder.join("window.show")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_has_one_window() {
        let folder = tempfile::tempdir().unwrap();
        let (folder, soon) = (folder.path(), Duration::from_millis(400));
        let Entry::Ours(only) = enter(folder, soon).unwrap() else {
            panic!("nobody is there");
        };
        assert!(matches!(enter(folder, soon).unwrap(), Entry::Silent));
        assert!(!wish(folder).exists(), "nothing is left behind");
        thread::scope(|scope| {
            scope.spawn(|| {
                while fs::remove_file(wish(folder)).is_err() {
                    thread::sleep(Duration::from_millis(10));
                }
            });
            assert!(matches!(enter(folder, COMES).unwrap(), Entry::Shown));
            // Closed and opened again at once: the one that is still ending is waited for.
            scope.spawn(|| {
                thread::sleep(soon);
                drop(only);
            });
            assert!(matches!(enter(folder, COMES).unwrap(), Entry::Ours(_)));
        });
        assert!(enter(&folder.join("nothing"), soon).is_err());
    }
}
