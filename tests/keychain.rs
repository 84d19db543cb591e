//! A device's key in a real keychain: GNOME's, on a session bus of its own (packages `gnome-keyring` and `dbus`).

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use behalf_tests::behalf::{Answer, command, finished};
use tempfile::TempDir;

const ALEX: &str = "alex@contoso.example";

/// A desktop somebody has logged in to: a session bus, and a keychain that may be locked and unlocked.
struct Desktop {
    home: TempDir,
    bus: Child,
    address: String,
    daemon: Option<Child>,
}

impl Desktop {
    fn logged_in() -> Self {
        let home = tempfile::tempdir().unwrap();
        // No services to start on demand: the keychain is there when it is started here, and not otherwise.
        let config = home.path().join("bus.conf");
        let listen = format!("unix:path={}", home.path().join("bus").display());
        let text = format!(
            "<busconfig><type>session</type><listen>{listen}</listen><policy context=\"default\"><allow \
             send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>"
        );
        fs::write(&config, text).unwrap();
        let mut bus = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon starts (package dbus)");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        let mut desktop = Self {
            home,
            bus,
            address: address.trim().to_owned(),
            daemon: None,
        };
        desktop.unlocks();
        desktop
    }

    /// The keychain's daemon, as the login starts it: with the password, or without.
    fn starts_keychain(&mut self, password: Option<&str>) {
        self.locks_up();
        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon
            .args(["--foreground", "--components=secrets"])
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("HOME", self.home.path())
            .env("XDG_DATA_HOME", self.home.path().join("data"))
            .env("XDG_RUNTIME_DIR", self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if password.is_some() {
            daemon.arg("--unlock");
        }
        let mut daemon = daemon
            .spawn()
            .expect("gnome-keyring-daemon starts (package gnome-keyring)");
        let mut stdin = daemon.stdin.take().unwrap();
        stdin.write_all(password.unwrap_or_default().as_bytes()).unwrap();
        drop(stdin);
        self.daemon = Some(daemon);
        let asked = Instant::now();
        while !self.answers() {
            assert!(
                asked.elapsed() < Duration::from_secs(30),
                "the keychain does not start"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn answers(&self) -> bool {
        let asked = Command::new("dbus-send")
            .arg(format!("--bus={}", self.address))
            .args([
                "--print-reply",
                "--dest=org.freedesktop.secrets",
                "/org/freedesktop/secrets",
                "org.freedesktop.DBus.Peer.Ping",
            ])
            .output()
            .unwrap();
        asked.status.success()
    }

    fn unlocks(&mut self) {
        self.starts_keychain(Some("a password"));
    }

    /// There is a keychain, and nobody has unlocked it.
    fn locks(&mut self) {
        self.starts_keychain(None);
    }

    /// There is no keychain any more.
    fn locks_up(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().unwrap();
            daemon.wait().unwrap();
            while self.answers() {
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    fn asks(&self, data: &Path, args: &[&str]) -> Answer {
        finished(&mut self.command(data, args))
    }

    fn command(&self, data: &Path, args: &[&str]) -> Command {
        let mut command = command(data, args);
        command
            .env_remove("BEHALF_KEYCHAIN")
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
    }

    fn place(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        self.locks_up();
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

/// A computer where nobody is logged in to a desktop.
fn headless(data: &Path, args: &[&str]) -> Command {
    let mut command = command(data, args);
    command
        .env_remove("BEHALF_KEYCHAIN")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env("XDG_RUNTIME_DIR", "/nonexistent");
    command
}

fn init(folder: &Path) -> Vec<String> {
    let relay = format!("folder:{}", folder.join("relay").display());
    ["init", "--person", ALEX, "--name", "Alex", "--relay", &relay]
        .map(str::to_owned)
        .to_vec()
}

fn strs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

fn key_file(data: &Path) -> PathBuf {
    data.join("device.key")
}

/// What `doctor` says of the key.
fn key(answer: Answer) -> String {
    let json = answer.done();
    let checks = json["checks"].as_array().unwrap().clone();
    let check = checks.iter().find(|c| c["what"] == "This computer's key");
    check.unwrap()["found"].as_str().unwrap().to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Design §6: where there is a keychain the key lies there and nowhere else; a copy of the folder opens nothing, a
/// locked keychain stops it with a plain word, and when it is unlocked everything goes on.
#[test]
fn a_key_lives_in_the_keychain() {
    let mut desktop = Desktop::logged_in();
    let data = desktop.place("alex");
    desktop.asks(&data, &strs(&init(desktop.home.path()))).done();
    assert!(!key_file(&data).exists(), "nothing secret lies in the folder");
    assert_eq!(key(desktop.asks(&data, &["doctor"])), "in the keychain");
    // The keychain starts again with the computer.
    desktop.unlocks();
    desktop.asks(&data, &["sync"]).done();

    let copied = desktop.place("copied");
    copy(&data, &copied);
    let asked = Instant::now();
    let away = finished(&mut headless(&copied, &["sync"]));
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    let hint = away.json["error"]["hint"].as_str().unwrap().to_owned();
    let said = away.turned_down(5);
    assert_eq!(
        said,
        "Blocked: this computer's key is in a keychain, and there is no keychain here."
    );
    assert!(hint.contains("logged in to the desktop"), "{hint}");

    desktop.locks();
    let said = desktop.asks(&data, &["sync"]).turned_down(5);
    assert_eq!(
        said,
        "Blocked: this computer's key is in a keychain, and the keychain is locked."
    );
    // An agent waits for it.
    let mut agent = desktop
        .command(&data, &["agent"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(agent.stderr.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    assert!(line.starts_with("Blocked: ") && line.contains("locked"), "{line}");
    desktop.unlocks();
    let line = lines.next().unwrap().unwrap();
    assert!(line.starts_with("Up to date"), "{line}");
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!(key(desktop.asks(&data, &["doctor"])), "in the keychain");

    // And one that has forgotten it says so.
    desktop.locks_up();
    fs::remove_dir_all(desktop.place("data")).unwrap();
    desktop.unlocks();
    let said = desktop.asks(&data, &["sync"]).turned_down(5);
    assert_eq!(said, "Blocked: the keychain does not hold this computer's key.");
}

/// A replica made without a keychain stays as it is until somebody asks; then its key is in the keychain, and the file
/// goes once it has been read back from there.
#[test]
fn a_key_moves_into_the_keychain_when_asked() {
    let mut desktop = Desktop::logged_in();
    let data = desktop.place("alex");
    let made = finished(&mut headless(&data, &strs(&init(desktop.home.path()))));
    assert!(
        made.stderr.contains("lies in a file that only you can read"),
        "{}",
        made.stderr
    );
    let device = made.done()["device"].clone();
    let secret = fs::read(key_file(&data)).unwrap();
    assert!(key(desktop.asks(&data, &["doctor"])).contains("doctor --protect-key"));

    desktop.locks();
    let said = desktop.asks(&data, &["doctor", "--protect-key"]).turned_down(5);
    assert!(said.contains("stays where it is"), "{said}");
    assert_eq!(fs::read(key_file(&data)).unwrap(), secret);
    desktop.unlocks();
    let moved = desktop.asks(&data, &["doctor", "--protect-key"]);
    assert_eq!(key(moved), "in the keychain");
    assert!(!key_file(&data).exists());
    desktop.unlocks();
    let devices = desktop.asks(&data, &["doctor"]).done();
    assert_eq!(devices["ok"], true);
    // It is the same key: another would be another device's.
    let again = desktop.asks(&data, &["sync"]).done();
    assert!(again.is_object() && device.is_string());
}

/// Without a keychain, the administrator gives a passphrase in a file.
#[test]
fn without_a_keychain_the_file_is_encrypted_under_a_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let (data, passphrase) = (folder.path().join("alex"), folder.path().join("passphrase"));
    fs::write(&passphrase, "correct horse battery staple\n").unwrap();
    let run = |args: &[&str], passphrase: Option<&Path>| {
        let mut command = headless(&data, args);
        if let Some(path) = passphrase {
            command.env("BEHALF_PASSPHRASE_FILE", path);
        }
        finished(&mut command)
    };
    run(&strs(&init(folder.path())), None).done();
    let secret = fs::read(key_file(&data)).unwrap();
    let encrypted = "in a file, encrypted under a passphrase";
    assert_eq!(
        key(run(&["doctor", "--protect-key"], Some(&passphrase))),
        encrypted
    );
    let kept = fs::read(key_file(&data)).unwrap();
    assert!(
        !kept.windows(32).any(|w| w == secret),
        "the key stands in it no more"
    );
    run(&["sync"], Some(&passphrase)).done();
    let said = run(&["sync"], None).turned_down(5);
    assert!(
        said.starts_with("Blocked: ") && said.contains("none was given"),
        "{said}"
    );
    fs::write(&passphrase, "wrong horse").unwrap();
    let said = run(&["sync"], Some(&passphrase)).turned_down(5);
    assert!(said.contains("does not open"), "{said}");
    fs::write(&passphrase, "").unwrap();
    run(&["sync"], Some(&passphrase)).turned_down(2);

    let other = folder.path().join("kim");
    fs::write(&passphrase, "another").unwrap();
    let made =
        finished(headless(&other, &strs(&init(folder.path()))).env("BEHALF_PASSPHRASE_FILE", &passphrase));
    assert!(!made.stderr.contains("only you can read"), "{}", made.stderr);
    made.done();
}

/// A bus that hangs holds nobody up for longer than a few seconds.
#[test]
fn a_bus_that_does_not_answer_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let bus = folder.path().join("bus");
    let listener = UnixListener::bind(&bus).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // Reads, and says nothing.
            let mut stream = stream.unwrap();
            thread::spawn(move || stream.read_to_end(&mut Vec::new()));
        }
    });
    let data = folder.path().join("alex");
    let asked = Instant::now();
    let mut init = headless(&data, &strs(&init(folder.path())));
    finished(init.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", bus.display()))).done();
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(key_file(&data).exists());
}
