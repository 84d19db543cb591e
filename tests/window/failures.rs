//! Story 12 on the screen: a failure is told to the delegate and to the owner, fixed, retried (H-04).

use std::fs;

use super::{MINE, Mail, Person, SCREEN, World, quoted, row};
use crate::driver::Window;

/// The CRM of this person closes a row, or opens it again.
fn closes(person: &Person, row: &(String, String), statecode: u8) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.csv");
    let id = row.0.trim_start_matches("account:");
    fs::write(
        &file,
        format!("accountid,name,statecode\n{id},\"{}\",{statecode}\n", row.1),
    )
    .unwrap();
    person.behalf(&["import", "rows", file.to_str().unwrap(), "--table", "account"]);
}

impl Window {
    /// The list and the pane of a mail tell what went wrong and what happens next.
    async fn tells_the_failure(&self, mail: &Mail, reason: &str, next: &str) {
        self.find(&format!(
            "//*[@role='option'][@data-key={}]//*[@data-failed='true'][@title={}]",
            quoted(&mail.key),
            quoted(reason)
        ))
        .await;
        self.open_pane().await;
        self.pane_says("Track pending").await;
        self.find(&format!(
            "//*[@data-testid='failure'][contains(., {})][contains(., {})]",
            quoted(reason),
            quoted(next)
        ))
        .await;
    }
}

#[tokio::test]
async fn a_failure_is_told_to_both_fixed_and_retried() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let mail = world.untracked_mail();
    let (closed, other) = (row(delegate, "a"), row(delegate, "b"));
    closes(owner, &closed, 1);
    let reason = format!("{} is inactive.", closed.1);
    let track = |row: &str| {
        delegate.behalf(&[
            "track",
            &mail.key,
            "--mailbox",
            world.mailbox(),
            "--regarding",
            row,
        ]);
    };
    track(&closed.0);
    for person in [delegate, owner, delegate] {
        person.behalf(&["sync"]);
    }

    let window = Window::open(delegate).await;
    window.open_mail(&owner.name, &mail).await;
    window.tells_the_failure(&mail, &reason, "Next attempt at").await;
    window.shows("(2 of 5)").await;
    window.pictures("failure-delegate").await;
    window.goes_to("Sync").await;
    window
        .find(&format!(
            "//*[@data-testid='queued'][contains(., {})]",
            quoted(&reason)
        ))
        .await;
    window.picture("failure-queue").await;
    window.goes_to_mail().await;

    // Fixed, and asked for: by the delegate, from here.
    closes(owner, &closed, 0);
    window.choose("Retry").await;
    window.shows("Behalf tries again at the owner’s next sync.").await;
    window
        .find("//*[@data-testid='failure']//button[normalize-space(.)='Retry'][@aria-disabled='true']")
        .await;
    window.picture("failure-asked").await;
    for person in [delegate, owner] {
        person.behalf(&["sync"]);
    }
    window.choose("Sync now").await;
    window.pane_says("Tracked regarding").await;
    window.gone("//*[@data-testid='failure']").await;
    window.close().await;

    // The owner sees the same of another one, and chooses another row.
    closes(owner, &closed, 1);
    delegate.behalf(&["untrack", &mail.key, "--mailbox", world.mailbox(), "--delete"]);
    track(&closed.0);
    for person in [delegate, owner] {
        person.behalf(&["sync"]);
    }
    let window = Window::open(owner).await;
    window.open_mail(MINE, &mail).await;
    window.tells_the_failure(&mail, &reason, "(2 of 5)").await;
    window.picture("failure-owner").await;
    window
        .click("//*[@data-testid='failure']//button[normalize-space(.)='Change Regarding']")
        .await;
    window
        .write("//input[@data-testid='set-regarding']", &other.1)
        .await;
    window
        .click(&format!("//*[@role='option'][@data-row={}]", quoted(&other.0)))
        .await;
    window.gone("//*[@data-testid='failure']").await;
    for person in [owner, delegate, owner] {
        person.behalf(&["sync"]);
    }
    window.pane_says("Tracked regarding").await;
    window.close().await;
}
