//! A sample world in a folder of its own, made and moved by the real `behalf`.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use behalf_tests::behalf;
use serde_json::Value;
use tempfile::TempDir;

/// Somebody of the sample world.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their address; the name of their mailbox too.
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
    /// Somebody who works for others.
    pub stranger: Person,
    _folder: TempDir,
}

impl World {
    /// Makes it with `behalf demo`.
    pub fn make() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = folder.path().join("world");
        let made = behalf::run(folder.path(), [Path::new("demo"), &place]).done();
        let people = made["people"].as_array().expect("people");
        let text = |person: &Value, key: &str| person[key].as_str().unwrap_or_default().to_owned();
        let person = |found: &Value| Person {
            address: text(found, "person"),
            name: text(found, "name"),
            data: text(found, "data").into(),
        };
        let delegate = people
            .iter()
            .find(|p| p["role"] == "delegate")
            .expect("a delegate");
        let acts_for = |owner: &Value| {
            delegate["mailboxes"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|m| *m == owner["person"])
        };
        let owner = people
            .iter()
            .find(|p| p["role"] == "owner" && acts_for(p))
            .expect("their owner");
        let mailboxes = |found: &Value| found["mailboxes"].as_array().cloned().unwrap_or_default();
        let stranger = people
            .iter()
            .find(|p| p["role"] == "delegate" && !mailboxes(p).contains(&owner["person"]))
            .expect("somebody else");
        Self {
            stranger: person(stranger),
            delegate: person(delegate),
            owner: person(owner),
            _folder: folder,
        }
    }

    /// The owner's mailbox, by its id.
    pub fn mailbox(&self) -> &str {
        &self.owner.address
    }
}

impl Person {
    /// Runs `behalf` on this person's replica; it must go well.
    pub fn behalf(&self, arguments: &[&str]) -> Value {
        behalf::run(&self.data, arguments).done()
    }

    /// Runs `behalf sync --watch` on this person's replica until the answer is dropped.
    pub fn watch(&self) -> Running {
        let child = behalf::command(&self.data, ["sync", "--watch"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
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

/// The app, built beside `behalf`.
pub fn app() -> PathBuf {
    let path = behalf::program().with_file_name(format!("behalf-desktop{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not built; run ./x test", path.display());
    path
}

/// The app, not started yet.
pub fn app_on(data: &Path) -> Command {
    let mut command = Command::new(app());
    command.arg("--data").arg(data).stdin(Stdio::null());
    command
}
