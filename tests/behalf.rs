//! Runs the real `behalf`, as a person or a script would.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// Where `behalf` was built: the folder above the one this test runs from, or `CARGO_TARGET_DIR`.
///
/// # Panics
/// When it has not been built.
pub fn program() -> PathBuf {
    let name = format!("behalf{}", env::consts::EXE_SUFFIX);
    let mut places = Vec::new();
    if let Ok(test) = env::current_exe() {
        places.extend(test.ancestors().skip(1).take(2).map(|folder| folder.join(&name)));
    }
    if let Some(target) = env::var_os("CARGO_TARGET_DIR") {
        places.push(Path::new(&target).join("debug").join(&name));
    }
    places.push(repository().join("target/debug").join(&name));
    places
        .iter()
        .find(|p| p.is_file())
        .unwrap_or_else(|| {
            panic!("There is no `behalf` yet: run `cargo build -p behalf-cli` first. Looked at {places:?}")
        })
        .clone()
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// `behalf --data DATA --json ARGS`, not started yet.
pub fn command<S: AsRef<OsStr>>(data: &Path, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program());
    command
        // Nobody's own keychain fills with what the tests make.
        .env("BEHALF_KEYCHAIN", "off")
        .arg("--data")
        .arg(data)
        .arg("--json")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a run of `behalf` said.
#[derive(Debug)]
pub struct Answer {
    /// The exit code.
    pub exit: i32,
    /// The one JSON document of standard output.
    pub json: Value,
    /// Standard error.
    pub stderr: String,
}

/// Runs to its end.
///
/// # Panics
/// When it was killed, or standard output is not exactly one JSON document.
pub fn run<S: AsRef<OsStr>>(data: &Path, args: impl IntoIterator<Item = S>) -> Answer {
    finished(&mut command(data, args))
}

/// Runs a command of [`command`]'s to its end.
///
/// # Panics
/// As [`run`].
pub fn finished(command: &mut Command) -> Answer {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let Some(exit) = output.status.code() else {
        panic!("{command:?}: {}\n{stderr}", output.status);
    };
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        let stdout = String::from_utf8_lossy(&output.stdout);
        panic!("{command:?}: exit {exit}, not one JSON document: {e}\n{stdout}\n{stderr}")
    });
    Answer { exit, json, stderr }
}

impl Answer {
    /// The document of a run that must have gone well.
    ///
    /// # Panics
    /// When it did not.
    pub fn done(self) -> Value {
        assert_eq!(self.exit, 0, "{}\n{}", self.json, self.stderr);
        self.json
    }

    /// The message of a run that must have been turned down, with this exit code and the code that goes with it.
    ///
    /// # Panics
    /// When it went well, or failed otherwise.
    pub fn turned_down(self, exit: i32) -> String {
        let code = ["", "internal", "bad_input", "refused", "not_found", "unavailable"]
            [usize::try_from(exit).unwrap()];
        assert_eq!(
            (self.exit, self.json["error"]["code"].as_str()),
            (exit, Some(code)),
            "{}\n{}",
            self.json,
            self.stderr
        );
        self.json["error"]["message"].as_str().unwrap().to_owned()
    }
}
