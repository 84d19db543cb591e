//! Attachments in the reading pane: opened by other programs, saved, and mails in mails (A-09, B-07).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use behalf_tests::behalf;

use super::{Mail, SCREEN, World, quoted};
use crate::driver::{PATIENCE, Window};

const DOCUMENTS: &str = "Documents for the trade fair";

/// Stands where the system's opener would, and writes down what it is given.
struct Opener {
    programs: PathBuf,
    record: PathBuf,
}

impl Opener {
    fn in_folder(folder: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let opener = Self {
            programs: folder.join("programs"),
            record: folder.join("opened"),
        };
        fs::create_dir(&opener.programs).unwrap();
        let program = opener.programs.join("xdg-open");
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{}'\n",
            opener.record.display()
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        opener
    }

    /// The files it was given so far.
    fn opened(&self) -> Vec<PathBuf> {
        let record = fs::read_to_string(&self.record).unwrap_or_default();
        record.lines().map(PathBuf::from).collect()
    }

    /// Waits for the file that is opened as number `n`.
    async fn waits_for(&self, n: usize) -> PathBuf {
        let started = Instant::now();
        loop {
            if let Some(file) = self.opened().get(n - 1) {
                return file.clone();
            }
            assert!(started.elapsed() < PATIENCE, "nothing was opened");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl World {
    fn documents(&self) -> Mail {
        let owner = self.mailbox();
        let found = self
            .delegate
            .behalf(&["list", "--mailbox", owner, "--search", DOCUMENTS]);
        Mail {
            key: found[0]["key"].as_str().unwrap().to_owned(),
            subject: DOCUMENTS.to_owned(),
        }
    }
}

/// Types a path into the system's own dialog and takes it; the driver knows only the page. On a busy machine keys may come
/// before the dialog takes them: then they are typed again.
fn answers_the_dialog(title: &str, path: &Path) {
    let xdotool = |line: &[&str]| {
        let ran = Command::new("xdotool").args(line).output().unwrap();
        String::from_utf8_lossy(&ran.stdout)
            .lines()
            .last()
            .map(str::to_owned)
    };
    let pause = |ms| std::thread::sleep(Duration::from_millis(ms));
    let dialog = || xdotool(&["search", "--onlyvisible", "--name", title]);
    let started = Instant::now();
    while dialog().is_none() {
        assert!(started.elapsed() < PATIENCE, "the dialog “{title}” does not come");
        pause(100);
    }
    while let Some(window) = dialog() {
        assert!(started.elapsed() < PATIENCE, "the dialog “{title}” does not go");
        pause(500);
        xdotool(&["windowfocus", &window]);
        pause(300);
        xdotool(&["key", "ctrl+a"]);
        xdotool(&["type", "--delay", "20", path.to_str().unwrap()]);
        pause(500);
        xdotool(&["key", "Return"]);
        pause(2000);
    }
}

fn button(name: &str) -> String {
    format!("//button[@aria-label={}]", quoted(name))
}

/// A file goes to the system's program for it, private and read-only; what may run is asked about once; a mail in a mail
/// opens here.
#[tokio::test]
async fn attachments_open() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let folder = tempfile::tempdir().unwrap();
    let opener = Opener::in_folder(folder.path());
    let (owner, delegate) = (&world.owner, &world.delegate);
    let mail = world.documents();
    let left_over = delegate.data.join("opened/of the last time");
    fs::create_dir_all(&left_over).unwrap();

    let window = Window::open_with_programs(delegate, &opener.programs).await;
    assert!(!left_over.exists());
    window.open_mail(&owner.name, &mail).await;
    window.click(&button("Open “price list.csv”")).await;
    let file = opener.waits_for(1).await;
    assert_eq!(file.file_name().unwrap(), "price list.csv");
    assert!(
        file.starts_with(delegate.data.join("opened")),
        "{}",
        file.display()
    );
    assert!(
        fs::read_to_string(&file)
            .unwrap()
            .starts_with("article;unit;price")
    );
    assert!(fs::metadata(&file).unwrap().permissions().readonly());
    window.pictures("attachments").await;

    let risky = button("Open “order form.html”");
    window.click(&risky).await;
    window.shows("A file of this kind can hold code").await;
    window.picture("attachments-risk").await;
    window.choose("Cancel").await;
    window.gone("//*[@role='alertdialog']").await;
    assert_eq!(opener.opened().len(), 1, "nothing was opened");
    window.click(&risky).await;
    window.choose("Open anyway").await;
    assert_eq!(opener.waits_for(2).await.file_name().unwrap(), "order form.html");

    window.click(&button("Open “confirmation.eml”")).await;
    window
        .find("//main//h2[contains(., 'Stand 4-112: confirmation')]")
        .await;
    window.shows("cannot be tracked by itself").await;
    window.shows("your stand is confirmed").await;
    window.pictures("attachments-inside").await;
    window.click(&button("Open “plan.txt”")).await;
    let file = opener.waits_for(3).await;
    assert!(fs::read_to_string(file).unwrap().starts_with("Hall 4, stand 112"));
    window.choose("Back to the message").await;
    window
        .find(&format!("//main//h2[contains(., {})]", quoted(DOCUMENTS)))
        .await;
    window.close().await;
}

/// Saving asks where to; a folder gets every file, beside what is there.
#[tokio::test]
async fn attachments_are_saved() {
    if Command::new("xdotool").arg("version").output().is_err() {
        eprintln!("xdotool is not here: the system's own dialogs cannot be answered");
        return;
    }
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let folder = tempfile::tempdir().unwrap();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let window = Window::open(delegate).await;
    window.open_mail(&owner.name, &world.documents()).await;

    let file = folder.path().join("renamed.csv");
    window.click(&button("Save “price list.csv” as…")).await;
    answers_the_dialog("Save the attachment", &file);
    window.shows("renamed.csv").await;
    assert!(
        fs::read_to_string(&file)
            .unwrap()
            .starts_with("article;unit;price")
    );

    let all = folder.path().join("all");
    fs::create_dir(&all).unwrap();
    fs::write(all.join("logo.png"), "mine").unwrap();
    window.choose("Save all…").await;
    answers_the_dialog("Save all attachments", &all);
    window.shows("4 files saved").await;
    let mut names: Vec<String> = fs::read_dir(&all)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let saved = [
        "confirmation.eml",
        "logo (2).png",
        "logo.png",
        "order form.html",
        "price list.csv",
    ];
    assert_eq!(names, saved);
    assert_eq!(fs::read(all.join("logo.png")).unwrap(), b"mine");
    window.close().await;
    behalf::run(&delegate.data, ["doctor"]).done();
}
