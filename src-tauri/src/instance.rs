//! One window on one data folder. Whoever opens a second one is shown the first; a command line and an agent may work
//! beside it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use behalf_core::{Error, Result};
use tauri::{AppHandle, Manager as _};

use crate::window::MAIN;

/// How often a window looks for somebody asking for it. One system call.
const LOOK: Duration = Duration::from_millis(300);
/// How long the other window may take to come.
const COMES: Duration = Duration::from_secs(3);

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

/// Claims the window of a folder; `None` when another process has it.
///
/// # Errors
/// I/O errors.
pub fn claim(folder: &Path) -> Result<Option<Only>> {
    let path = folder.join("window.lock");
    let lock = File::create(&path).map_err(Error::io(&path))?;
    Ok(lock.try_lock().is_ok().then(|| {
        // A wish of yesterday.
        let _ = fs::remove_file(wish(folder));
        Only {
            folder: folder.to_owned(),
            _lock: lock,
        }
    }))
}

/// Asks the window that is open on a folder to come to the front. True when it does.
pub fn call(folder: &Path) -> bool {
    let wish = wish(folder);
    if let Err(error) = File::create(&wish) {
        tracing::warn!(%error, "the other window cannot be asked");
        return false;
    }
    let asked = Instant::now();
    while asked.elapsed() < COMES {
        thread::sleep(LOOK / 3);
        if !wish.exists() {
            return true;
        }
    }
    let _ = fs::remove_file(&wish);
    false
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
            if fs::remove_file(&wish).is_ok()
                && let Some(window) = app.get_webview_window(MAIN)
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
        let folder = std::env::temp_dir().join(format!("behalf-instance-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let only = claim(&folder).unwrap().unwrap();
        assert!(claim(&folder).unwrap().is_none());
        assert!(!call(&folder), "nobody answers");
        assert!(!wish(&folder).exists(), "and nothing is left behind");
        drop(only);
        assert!(claim(&folder).unwrap().is_some());
        assert!(claim(&folder.join("nothing")).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
