//! A sample world in a folder of its own, made and moved by the real `behalf`.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// Somebody of the sample world.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their address.
    pub address: String,
    /// Their name.
    pub name: String,
    /// Their replica.
    pub data: PathBuf,
}

/// The sample world.
pub struct World {
    /// Who tracks.
    pub delegate: Person,
    /// Whose mailbox it is.
    pub owner: Person,
    _folder: TempDir,
}

impl World {
    /// Makes it with `behalf demo`.
    pub fn make() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = folder.path().join("world");
        let made = behalf(&["--json".as_ref(), "demo".as_ref(), place.as_os_str()]);
        let somebody = |role: &str| {
            let found = made["people"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|p| p["role"] == role);
            let found = found.unwrap_or_else(|| panic!("the sample world has no {role}: {made}"));
            let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
            Person {
                address: text("person"),
                name: text("name"),
                data: text("data").into(),
            }
        };
        Self {
            delegate: somebody("delegate"),
            owner: somebody("owner"),
            _folder: folder,
        }
    }

    /// The owner's mailbox, by its id.
    pub fn mailbox(&self) -> &str {
        &self.owner.address
    }
}

impl Person {
    /// Runs `behalf --json` on this person's replica.
    pub fn behalf(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json".as_ref(), "--data".as_ref(), self.data.as_os_str()];
        all.extend(arguments.iter().map(AsRef::<std::ffi::OsStr>::as_ref));
        behalf(&all)
    }

    /// Runs `behalf sync --watch` on this person's replica until the answer is dropped.
    pub fn watch(&self) -> Running {
        let child = Command::new(binary("behalf"))
            .arg("--data")
            .arg(&self.data)
            .args(["sync", "--watch"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        Running(child.expect("behalf sync --watch starts"))
    }
}

/// A program that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program built beside this test.
pub fn binary(name: &str) -> PathBuf {
    let here = std::env::current_exe().expect("this test's own path");
    let folder = here.parent().and_then(Path::parent).expect("the target folder");
    let path = folder.join(name);
    assert!(path.exists(), "{} is not built; run ./x test", path.display());
    path
}

fn behalf(arguments: &[&std::ffi::OsStr]) -> Value {
    let ran = Command::new(binary("behalf"))
        .args(arguments)
        .output()
        .expect("behalf starts");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "behalf {arguments:?}: {said}\n{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("behalf {arguments:?}: {error}: {said}"))
}
