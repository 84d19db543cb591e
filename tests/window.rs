//! The two walks of the specification, in the real window, with the real `behalf` beside it (§4 stories 1 and 2).
//!
//! Needs WebKitWebDriver and an X display: `./x test` brings both. Pictures are kept in `tests/out`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "window/driver.rs"]
mod driver;
#[path = "window/world.rs"]
mod world;

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpListener,
    time::Duration,
};

use driver::{Window, quoted};
use serde_json::Value;
use tokio::sync::Mutex;
use world::{Person, World, app_on};

/// One window at a time: focus belongs to one.
static SCREEN: Mutex<()> = Mutex::const_new(());

/// A mail of the owner's Inbox.
struct Mail {
    key: String,
    subject: String,
}

impl World {
    /// The newest mail of the owner's Inbox that is not tracked and whose subject no other mail has.
    fn untracked_mail(&self) -> Mail {
        let list = self.delegate.behalf(&[
            "list",
            "--mailbox",
            self.mailbox(),
            "--folder",
            "Inbox",
            "--limit",
            "15",
        ]);
        let entries = list.as_array().expect("a list");
        let subject = |entry: &Value| entry["subject"].as_str().unwrap_or_default().trim().to_owned();
        let found = entries.iter().find(|entry| {
            entry["status"] == "Not tracked"
                && !subject(entry).is_empty()
                && entries
                    .iter()
                    .filter(|other| subject(other) == subject(entry))
                    .count()
                    == 1
        });
        let found = found.expect("an untracked mail in the owner's Inbox");
        Mail {
            key: found["key"].as_str().expect("a key").to_owned(),
            subject: subject(found),
        }
    }

    /// What `status` says of a mail on one person's replica.
    fn status(&self, person: &Person, mail: &Mail) -> Value {
        person.behalf(&["status", &mail.key, "--mailbox", self.mailbox()])
    }
}

impl Window {
    /// Opens the Inbox of the mailbox that stands in the list under `mailbox`, and a mail in it.
    async fn open_mail(&self, mailbox: &str, mail: &Mail) {
        let inbox = format!(
            "//nav//section[@aria-label={}]//button[contains(., 'Inbox')]",
            quoted(mailbox)
        );
        self.click(&inbox).await;
        self.click(&format!("//*[@role='option'][@data-key={}]", quoted(&mail.key)))
            .await;
        self.find(&format!("//main//h2[contains(., {})]", quoted(&mail.subject)))
            .await;
    }

    /// Opens the `Dynamics 365` pane.
    async fn open_pane(&self) {
        self.choose("Dynamics 365").await;
    }

    /// Types in the `Set Regarding` box and picks the row of this name.
    async fn set_regarding(&self, typed: &str, name: &str) {
        let input = self
            .find("//input[@id=//label[normalize-space(.)='Set Regarding']/@for]")
            .await;
        input.click().await.expect("the box takes the focus");
        input.send_keys(typed).await.expect("the box takes text");
        // A contact's line names its account as well.
        self.click(&format!(
            "//*[@role='listbox'][@aria-label='Set Regarding']//*[@role='option'][starts-with(@data-row, 'account:')]\
             [contains(., {})]",
            quoted(name)
        ))
        .await;
    }

    /// Waits until this is the heading of the pane.
    async fn pane_says(&self, status: &str) {
        let heading = format!(
            "//aside[@aria-label='Dynamics 365']//h3[normalize-space(.)={}]",
            quoted(status)
        );
        self.find(&heading).await;
    }

    /// Waits for the form of an email tracked from a delegated mailbox, and holds it to its columns (I-01, I-03).
    async fn shows_the_columns_of(&self, owner: &Person, delegate: &Person) {
        let columns = [
            ("Created By", "SYSTEM"),
            ("Owner", &owner.name),
            ("Sender", &owner.name),
            ("Created By (Delegate)", &delegate.name),
            ("Submitted By", &delegate.name),
            ("Status", "Completed / Received"),
        ];
        for (label, value) in columns {
            let (label, value) = (quoted(label), quoted(value));
            self.find(&format!(
                "//dl/div[dt[normalize-space(.)={label}]]/dd[contains(., {value})]"
            ))
            .await;
        }
    }

    /// Opens `More commands` and chooses one of them.
    async fn more(&self, command: &str) {
        self.choose("More commands").await;
        self.choose(command).await;
    }
}

/// What the own mailbox is called in the list of mailboxes.
const MINE: &str = "My mailbox";

/// The first account a search for `typed` finds: its `TABLE:ID` and its name.
fn row(person: &Person, typed: &str) -> (String, String) {
    let hits = person.behalf(&["search", typed, "--table", "account", "--limit", "1"]);
    let text = |key: &str| hits[0][key].as_str().expect("an account is found").to_owned();
    (format!("{}:{}", text("table"), text("id")), text("name"))
}

/// Walk 1, word for word: the delegate's window, the columns, the timeline, and the same on the owner's screen
/// (A-08, C-01, C-03, C-04, J-09).
#[tokio::test]
async fn c_01_c_03_c_04_j_09_walk_1_set_regarding() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let mail = world.untracked_mail();
    let (_, name) = row(delegate, "a");
    let typed: String = name.chars().take(4).collect();
    let watching = owner.watch();

    let window = Window::open(delegate).await;
    window.open_mail(&owner.name, &mail).await;
    window.shows(&format!("Acting for {}", owner.name)).await;
    window.open_pane().await;
    window.pane_says("Not tracked").await;
    window.picture("walk-1-not-tracked").await;

    window.set_regarding(&typed, &name).await;
    window.says("Processing, please wait").await;
    window.says("Track pending").await;
    window.picture("walk-1-pending").await;
    window.says("Tracked Successful").await;
    // One toast says so, with the way back; the one that offered it before is gone.
    window
        .find("//*[@data-testid='tracked-toast'][.//button[normalize-space(.)='Undo']]")
        .await;
    window.gone("//*[@data-testid='undo-toast']").await;
    window.pane_says("Tracked regarding").await;
    window.shows(&name).await;
    window.picture("readme-tracked-regarding").await;

    window.more("View in Dynamics 365").await;
    window.shows_the_columns_of(owner, delegate).await;
    window.picture("readme-activity").await;
    window.close().await;

    // The columns of an email tracked from a delegated mailbox (I-01), and one state for both people (H-02).
    for person in [delegate, owner] {
        let status = world.status(person, &mail);
        assert_eq!(status["status"], "Tracked", "{}: {status}", person.name);
        assert_eq!(status["regarding"]["name"], name.as_str());
    }
    let activity = world.status(delegate, &mail)["activity"]
        .as_str()
        .expect("an activity")
        .to_owned();
    drop(watching);

    // The owner's screen says the same, and the row's timeline holds the mail.
    let watching = delegate.watch();
    let window = Window::open(owner).await;
    window.open_mail(MINE, &mail).await;
    window.open_pane().await;
    window.pane_says("Tracked regarding").await;
    window.picture("readme-owner").await;
    window.choose(&format!("Open {name}")).await;
    let record = format!(
        "//ol/li[contains(., {})][contains(., {})]",
        quoted(&mail.subject),
        quoted(&format!("by {} for {}", delegate.name, owner.name))
    );
    window.find(&record).await;
    window.picture("readme-timeline").await;
    window.close().await;
    drop(watching);
    assert_eq!(world.status(owner, &mail)["activity"], activity.as_str());
}

/// Walk 2, word for word: no row, and the states run on both people's screens.
#[tokio::test]
async fn walk_2_track_without_regarding() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let mail = world.untracked_mail();

    let window = Window::open(delegate).await;
    window.open_mail(&owner.name, &mail).await;
    window.open_pane().await;
    window.pane_says("Not tracked").await;
    window.more("Track without Regarding").await;
    window.says("Processing, please wait").await;
    window.pane_says("Track pending").await;
    window.picture("walk-2-pending").await;
    assert_eq!(world.status(delegate, &mail)["status"], "Track pending");

    // Now the owner's replica comes alive, and the cycle completes for both.
    let watching = owner.watch();
    window.choose("Sync now").await;
    window.says("Tracked Successful").await;
    window.pane_says("Tracked").await;
    window.picture("walk-2-tracked").await;
    window.more("View in Dynamics 365").await;
    window.shows_the_columns_of(owner, delegate).await;
    window.shows("Not linked to a row").await;
    window.picture("walk-2-activity").await;
    window.close().await;
    drop(watching);

    for person in [delegate, owner] {
        let status = world.status(person, &mail);
        assert_eq!(status["status"], "Tracked", "{}: {status}", person.name);
        assert!(status["regarding"].is_null(), "{status}");
    }
    let window = Window::open(owner).await;
    window.open_mail(MINE, &mail).await;
    window.open_pane().await;
    window.pane_says("Tracked").await;
    window.picture("walk-2-owner").await;
    window.close().await;
}

/// A message made to do harm: it is read, and nothing else happens (B-07).
#[tokio::test]
async fn b_07_a_hostile_message_is_shown_and_does_nothing() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let owner = &world.owner;
    let outside = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let place = outside.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hostile.eml");
    std::fs::write(&file, hostile(&place.to_string())).unwrap();
    owner.behalf(&[
        "import",
        "mail",
        file.to_str().unwrap(),
        "--mailbox",
        world.mailbox(),
        "--folder",
        "Inbox",
    ]);

    let window = Window::open(owner).await;
    let title = window.run("return document.title").await;
    let mail = Mail {
        key: "hostile@example.org".into(),
        subject: "A very good offer".into(),
    };
    window.open_mail(MINE, &mail).await;
    window
        .shows("This email has been blocked due to potentially harmful content.")
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    window.picture("hostile").await;
    // It has colours of its own, so it lies on a light sheet.
    window.chooses_theme("Dark").await;
    window.picture("hostile-dark").await;
    assert_eq!(window.run("return document.title").await, title);
    assert_eq!(window.run("return window.pwned ?? null").await, Value::Null);
    assert_eq!(window.run("return location.origin").await, "tauri://localhost");

    outside.set_nonblocking(true).unwrap();
    if let Ok((mut stream, _)) = outside.accept() {
        let mut asked = [0; 200];
        let read = stream.read(&mut asked).unwrap_or(0);
        panic!(
            "the message asked outside: {}",
            String::from_utf8_lossy(&asked[..read])
        );
    }
    // The listener would have noticed.
    std::net::TcpStream::connect(place)
        .unwrap()
        .write_all(b"x")
        .unwrap();
    assert_ne!(
        outside.accept().map(drop).map_err(|e| e.kind()),
        Err(ErrorKind::WouldBlock)
    );
    window.close().await;
}

/// An HTML message that tries everything.
fn hostile(outside: &str) -> String {
    format!(
        "From: Mallory <mallory@example.org>\r\nTo: you@example.com\r\nSubject: A very good offer\r\n\
         Message-ID: <hostile@example.org>\r\nDate: Fri, 01 Jan 2100 10:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n\
         <html><head><script>parent.document.title='pwned'; parent.pwned=1</script>\
         <link rel=stylesheet href='http://{outside}/style.css'>\
         <style>@import 'http://{outside}/import.css'; body{{background:url(http://{outside}/bg.png)}}</style></head>\
         <body onload=\"top.location='http://{outside}/top'\" background='http://{outside}/body.png'>\
         <p style=\"color:rgb(0,128,0);background-image:url('http://{outside}/p.png')\">Good offer inside.</p>\
         <p style='color:#0b5; background-color:#efe'>Only today.</p>\
         <img src='http://{outside}/pixel.png' srcset='http://{outside}/2x.png 2x' onerror='top.pwned=1'>\
         <video poster='http://{outside}/poster.png' src='http://{outside}/v.mp4' autoplay></video>\
         <iframe src='http://{outside}/frame'></iframe><object data='http://{outside}/object'></object>\
         <meta http-equiv=refresh content='0;url=http://{outside}/refresh'><base href='http://{outside}/'>\
         <form action='http://{outside}/form'><button autofocus>Send</button></form>\
         <svg onload='top.pwned=1'><image href='http://{outside}/svg.png'/></svg>\
         <a href=\"javascript:top.pwned=1\">here</a></body></html>\r\n"
    )
}

#[path = "window/attachments.rs"]
mod attachments;
#[path = "window/contacts.rs"]
mod contacts;
#[path = "window/failures.rs"]
mod failures;
#[path = "window/help.rs"]
mod help;
#[path = "window/meeting.rs"]
mod meeting;
#[path = "window/million.rs"]
mod million;
#[path = "window/notes.rs"]
mod notes;
#[path = "window/regarding.rs"]
mod regarding;
#[path = "window/rules.rs"]
mod rules;
#[path = "window/screens.rs"]
mod screens;
#[path = "window/together.rs"]
mod together;
#[path = "window/trust.rs"]
mod trust;

/// Without a replica there is no window, and the person is told what to do.
#[test]
fn without_data_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let ran = app_on(&folder.path().join("nobody"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(
        said.contains("behalf --data DIR init") && said.contains("./x run"),
        "{said}"
    );
}
