//! Where a person's replica lies when nobody says otherwise.

use std::{
    env,
    path::{Path, PathBuf},
};

use behalf_core::{Error, Result};

/// `--data`, or `behalf` in the platform's data folder: `$XDG_DATA_HOME`, `~/Library/Application Support`
/// or `%APPDATA%`.
pub fn data_folder(given: Option<PathBuf>) -> Result<PathBuf> {
    let folder = match given {
        Some(folder) => Some(folder),
        None => platform(
            |name| env::var_os(name).map(PathBuf::from),
            env::home_dir().as_deref(),
        ),
    };
    let folder = folder.ok_or_else(|| {
        Error::bad_input(
            "This account has no home folder.",
            "Say where the replica is with --data DIR.",
        )
    })?;
    std::path::absolute(&folder).map_err(Error::io(&folder))
}

fn platform(variable: impl Fn(&str) -> Option<PathBuf>, home: Option<&Path>) -> Option<PathBuf> {
    let folder = if cfg!(windows) {
        variable("APPDATA")
    } else if cfg!(target_os = "macos") {
        home.map(|h| h.join("Library/Application Support"))
    } else {
        // The XDG rules: a relative path is invalid and to be ignored.
        variable("XDG_DATA_HOME")
            .filter(|p| p.is_absolute())
            .or_else(|| home.map(|h| h.join(".local/share")))
    };
    folder.map(|f| f.join("behalf"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn xdg_first_then_home() {
        let home = Path::new("/home/kim");
        let xdg = |_: &str| Some(PathBuf::from("/data"));
        assert_eq!(platform(xdg, Some(home)), Some("/data/behalf".into()));
        assert_eq!(
            platform(|_| None, Some(home)),
            Some("/home/kim/.local/share/behalf".into())
        );
        assert_eq!(
            platform(|_| Some("rel".into()), Some(home)),
            Some("/home/kim/.local/share/behalf".into())
        );
        assert_eq!(platform(|_| None, None), None);
    }
}
