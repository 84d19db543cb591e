//! A data folder is its user's alone: there is a mailbox in it, and the relay's address may hold a password.
//!
//! What we make is closed from its first moment; what a library makes in an index is closed by the folder around it, and
//! by itself when it is committed.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    path::Path,
};

/// For making a file only this user may read.
pub fn file() -> OpenOptions {
    #[allow(unused_mut)] // Elsewhere a folder of the user's is closed already.
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// As [`File::create`], for this user alone.
///
/// # Errors
/// What the system says.
pub fn create(path: &Path) -> io::Result<File> {
    file().write(true).create(true).truncate(true).open(path)
}

/// Makes a folder only this user may enter, and closes one that is there.
///
/// # Errors
/// What the system says; not where it belongs to somebody else, who has decided about it.
pub fn folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    close(path);
    Ok(())
}

/// Closes everything in a folder of ours, and the folder. What was copied or restored there may have been open.
pub fn close_all(folder: &Path) {
    close(folder);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        // A link leads to what is not ours to change.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => close_all(&entry.path()),
            Ok(kind) if kind.is_file() => close(&entry.path()),
            _ => {}
        }
    }
}

/// Takes away what others may do with a file or folder.
#[cfg(unix)]
fn close(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(mut permissions) = fs::metadata(path).map(|meta| meta.permissions()) else {
        return;
    };
    let mode = permissions.mode();
    // A folder for everybody (`/tmp`) stays one: what we make in it is closed by itself.
    if mode & 0o077 == 0 || mode & 0o1000 != 0 {
        return;
    }
    permissions.set_mode(mode & 0o700);
    if let Err(error) = fs::set_permissions(path, permissions) {
        tracing::warn!(path = %path.display(), %error, "others may be able to read this");
    }
}

#[cfg(not(unix))]
fn close(_: &Path) {}
