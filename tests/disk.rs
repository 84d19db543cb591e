//! A disk of its own, so small that it can be filled. Only an administrator of a Linux machine can make one.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

/// Mounted in memory over a folder; gone when dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Lies over this folder, which may have something in it: what is there is on the disk then. `size` as mount takes
    /// it. Says so and returns `None` where disks cannot be made.
    pub fn over(folder: &Path, size: &str) -> Option<Self> {
        let aside = folder.with_extension("aside");
        fs::create_dir_all(folder).unwrap();
        copy(folder, &aside);
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "behalf-test"])
            .arg(folder)
            .output();
        if !mount.is_ok_and(|m| m.status.success()) {
            eprintln!("SKIPPED: only an administrator of a Linux machine can make a small disk.");
            return None;
        }
        let disk = Self(folder.to_owned());
        copy(&aside, folder);
        Some(disk)
    }

    /// Fills it, but for so many bytes.
    pub fn fill_but(&self, room: usize) {
        let page = [0_u8; 4096];
        let mut ballast = File::create(self.ballast()).unwrap();
        let full = loop {
            if let Err(full) = ballast.write_all(&page) {
                break full;
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length.saturating_sub(room as u64)).unwrap();
    }

    /// Makes room again.
    pub fn empty(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
