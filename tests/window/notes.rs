//! Notes on a row's timeline, and its filter by record type, in the window (J-03, J-06).

use super::{SCREEN, World, row};
use crate::driver::{Window, quoted};

const ESCAPE: &str = "\u{E00C}";
const BACKSPACE: &str = "\u{E003}";
const CONTROL_ENTER: &str = "\u{E009}\u{E007}";
const BOX: &str = "//*[@data-testid='enter-note']";
const TEXT: &str = "//*[@data-testid='note-text']";
const TITLE: &str = "//*[@data-testid='note-title']";

fn record(holds: &str) -> String {
    format!(
        "//*[@data-testid='timeline-record'][contains(., {})]",
        quoted(holds)
    )
}

/// A delegate writes a note for the owner, loses nothing on the way, edits it, finds it, filters for it, deletes it and
/// takes that back; the owner's screen shows it (J-03, J-06, J-09, A-08, E-09).
#[tokio::test]
async fn a_note_is_written_filtered_and_found() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let mail = world.untracked_mail();
    let (of, name) = row(delegate, "a");
    delegate.behalf(&[
        "track",
        &mail.key,
        "--mailbox",
        world.mailbox(),
        "--regarding",
        &of,
    ]);

    let window = Window::open(delegate).await;
    window.open_mail(&owner.name, &mail).await;
    window.open_pane().await;
    window.pane_says("Track pending").await;
    window.choose(&format!("Open {name}")).await;
    window.find(&record(&mail.subject)).await;

    // Escape closes the box, and what was written is there again.
    window.click(BOX).await;
    window
        .shows(&format!("The note is written in {}’s name", owner.name))
        .await;
    window.keys("They want two hundred pairs. Ask for Franz.").await;
    window.keys(ESCAPE).await;
    window.gone(TEXT).await;
    window.keys("\u{E007}").await;
    window.write(TITLE, "Call about the fitting").await;
    window.picture("note-form").await;
    let text = window.find(TEXT).await;
    text.send_keys(CONTROL_ENTER).await.expect("keys are taken");

    let note = record("Call about the fitting");
    window
        .find(&format!(
            "{note}[contains(., {})]",
            quoted(&format!("by {} for {}", delegate.name, owner.name))
        ))
        .await;
    window.says("Add the note “Call about the fitting”").await;
    window.picture("note-added").await;

    // Only notes, then only activities, then everything again.
    window.click("//*[@data-testid='timeline-filter']").await;
    window.click("//label[normalize-space(.)='Notes']").await;
    window.gone(&record(&mail.subject)).await;
    window.picture("note-filter").await;
    window.click("//label[normalize-space(.)='Notes']").await;
    window.click("//label[normalize-space(.)='Activities']").await;
    window.gone(&note).await;
    window.find(&record(&mail.subject)).await;
    window.keys(ESCAPE).await;
    window.click("//*[@data-testid='clear-filters']").await;
    window.find(&note).await;

    let search = "//input[@aria-label='Search timeline']";
    window.write(search, "franz").await;
    window.gone(&record(&mail.subject)).await;
    window
        .find(&format!("{note}//p//mark[normalize-space(.)='Franz']"))
        .await;
    window.picture("note-found").await;
    window.write(search, &BACKSPACE.repeat(5)).await;
    window.find(&record(&mail.subject)).await;

    window
        .click("//button[@aria-label='Edit Call about the fitting']")
        .await;
    window.write(TEXT, " Or for Eva.").await;
    window.picture("note-edit").await;
    window.choose("Save note").await;
    window.find(&record("Or for Eva.")).await;

    window
        .click("//button[@aria-label='Delete Call about the fitting']")
        .await;
    window.gone(&note).await;
    window
        .click("//*[@data-testid='undo-toast'][contains(., 'Delete the note')]//button[normalize-space(.)='Undo']")
        .await;
    window.find(&record("Or for Eva.")).await;
    window.close().await;

    for person in [delegate, owner, delegate, owner] {
        person.behalf(&["sync"]);
    }
    let window = Window::open(owner).await;
    window.open_mail(super::MINE, &mail).await;
    window.open_pane().await;
    window.choose(&format!("Open {name}")).await;
    window.find(&record("Or for Eva.")).await;
    window
        .click(&format!("{note}//button[contains(., 'Call about')]"))
        .await;
    window
        .shows("They want two hundred pairs. Ask for Franz. Or for Eva.")
        .await;
    window.picture("note-owner").await;
    window.close().await;
}
