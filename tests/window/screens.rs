//! Every main screen where it is hardest: dark, at 200 % of 1280 × 800, and from right to left (L-05).

use std::{process::Command, time::Duration};

use super::{MINE, Mail, Person, SCREEN, World, row};
use crate::driver::Window;

const ESCAPE: &str = "\u{E00C}";

impl Window {
    /// Opens a person's window at 200 % of 1280 × 800, dark and from right to left.
    async fn open_the_hard_way(person: &Person) -> Self {
        let window = Self::open_as_large_as(person, "640,400", 2).await;
        window.chooses_theme("Dark").await;
        window.run("document.documentElement.dir = 'rtl'").await;
        window
    }

    /// Waits until the focus is in a message's frame, or out of it.
    async fn is_in_the_message(&self, inside: bool) {
        for _ in 0..50 {
            if self
                .run("return document.activeElement.tagName === 'IFRAME'")
                .await
                == inside
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the focus is in the message: {}", !inside);
    }

    /// Opens a mail where the mailboxes are behind a button.
    async fn reads(&self, mailbox: &str, mail: &Mail) {
        self.choose("Show mailboxes").await;
        self.open_mail(mailbox, mail).await;
    }

    /// Closes what is open above the page.
    async fn escapes(&self) {
        self.keys(ESCAPE).await;
        self.gone("//*[@role='dialog' or @role='menu']").await;
    }
}

/// Presses a key of the keyboard, where WebDriver would speak to the page.
fn press(key: &str) {
    let pressed = Command::new("xdotool")
        .args([
            "search",
            "--onlyvisible",
            "--name",
            "Behalf",
            "windowfocus",
            "--sync",
            "key",
            key,
        ])
        .status();
    assert!(pressed.expect("xdotool (package xdotool)").success());
}

/// What is wrong with the screens looked at.
#[derive(Default)]
struct Flaws(Vec<String>);

impl Flaws {
    /// Holds what is on the screen to its rules, and keeps a picture.
    async fn look(&mut self, window: &Window, screen: &str) {
        window.picture(&format!("screen-{screen}")).await;
        let found = window.run(include_str!("flaws.js")).await;
        for flaw in found.as_array().expect("a list") {
            self.0
                .push(format!("{screen}: {}", flaw.as_str().unwrap_or_default()));
        }
    }
}

/// L-05: nothing is cut off, nothing leaves its container, and everything that can be used has a name.
#[tokio::test]
async fn every_screen_holds_in_the_dark_at_200_percent_and_from_right_to_left() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let mail = world.untracked_mail();
    let mut flaws = Flaws::default();
    let (account, name) = row(delegate, "a");

    let window = Window::open_the_hard_way(delegate).await;
    window.choose("Show mailboxes").await;
    flaws.look(&window, "mailboxes").await;
    window.open_mail(&owner.name, &mail).await;
    flaws.look(&window, "message").await;
    // The frame of a message runs no script; the window hears its keys all the same (C-08).
    window
        .run("[...document.querySelectorAll('article button')].at(-1).focus()")
        .await;
    press("Tab");
    window.is_in_the_message(true).await;
    flaws.look(&window, "message-focus").await;
    press("F6");
    window.is_in_the_message(false).await;
    flaws.look(&window, "message-left").await;
    window.open_pane().await;
    window.pane_says("Not tracked").await;
    flaws.look(&window, "pane").await;
    window.click("//input[@data-testid='set-regarding']").await;
    flaws.look(&window, "suggestions").await;
    window.keys("a").await;
    window.find("//*[@role='option'][@data-row]").await;
    flaws.look(&window, "rows").await;
    window.click("//*[@data-testid='row-filter']").await;
    flaws.look(&window, "row-filter").await;
    window.click("//*[@data-testid='new-view']").await;
    window.find("//input[@data-testid='view-name']").await;
    flaws.look(&window, "view-dialog").await;
    window.escapes().await;
    delegate.behalf(&[
        "track",
        &mail.key,
        "--mailbox",
        world.mailbox(),
        "--regarding",
        &account,
    ]);
    window.pane_says("Track pending").await;
    flaws.look(&window, "pending").await;
    owner.behalf(&["sync"]);
    window.presses("\u{E008}s").await;
    window.pane_says("Tracked regarding").await;
    flaws.look(&window, "tracked").await;
    window.choose("More commands").await;
    flaws.look(&window, "commands").await;
    window.choose("Untrack").await;
    window.find("//*[@role='alertdialog' or @role='dialog']").await;
    flaws.look(&window, "untrack").await;
    window.keys(ESCAPE).await;
    window.more("View in Dynamics 365").await;
    window.find("//*[@data-testid='activity-columns']").await;
    flaws.look(&window, "activity").await;
    window.choose("History").await;
    window.shows(&name).await;
    flaws.look(&window, "history").await;
    window.presses("1").await;
    window.close().await;

    owner.behalf(&["sync"]);
    let window = Window::open_the_hard_way(owner).await;
    window.reads(MINE, &mail).await;
    window.open_pane().await;
    window.choose(&format!("Open {name}")).await;
    window.find("//*[@data-testid='timeline-record']").await;
    flaws.look(&window, "row").await;
    window.click("//*[@data-testid='timeline-filter']").await;
    flaws.look(&window, "timeline-filter").await;
    window.keys(ESCAPE).await;
    for (number, part) in [
        (2, "delegates"),
        (3, "log"),
        (4, "not-applied"),
        (5, "sync"),
        (6, "settings"),
    ] {
        window.presses(&number.to_string()).await;
        window.find("//main[@data-region='section']//h2").await;
        window.gone("//*[@data-testid='record-page']").await;
        flaws.look(&window, part).await;
    }
    window.presses("2").await;
    window.choose("Invite a delegate…").await;
    flaws.look(&window, "invite").await;
    window.write("//input[@type='email']", "kim@example.com").await;
    window.choose("Make a code").await;
    window.find("//textarea[@readonly]").await;
    flaws.look(&window, "code").await;
    window.choose("Done").await;
    window.choose("Change…").await;
    flaws.look(&window, "change-delegate").await;
    window.escapes().await;
    for (entry, screen) in [("Accept an invitation…", "accept"), ("Import…", "import")] {
        window.presses("1").await;
        window.choose("More options").await;
        window.choose(entry).await;
        window.find("//*[@role='dialog']").await;
        flaws.look(&window, screen).await;
        window.escapes().await;
    }
    window.close().await;
    assert!(flaws.0.is_empty(), "{:#?}", flaws.0);
}
