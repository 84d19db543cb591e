//! Contacts in the window: the owner tracks one and links it to an account; the delegate reads why they cannot (G-01, G-02).

use super::{SCREEN, World};
use crate::driver::{Window, quoted};

impl World {
    /// A contact of the owner's that the CRM does not know: its key and name.
    fn new_contact(&self) -> (String, String) {
        let list = self
            .owner
            .behalf(&["list", "--mailbox", self.mailbox(), "--folder", "Contacts"]);
        let text = |entry: &serde_json::Value, name: &str| entry[name].as_str().unwrap().to_owned();
        let entries = list.as_array().unwrap().iter();
        let new = entries.filter(|e| text(e, "from").contains(".office@"));
        let found = new.map(|e| (text(e, "key"), text(e, "subject"))).next();
        found.expect("a contact that the CRM does not know")
    }
}

impl Window {
    /// Opens the contacts of the mailbox that stands in the list under `mailbox`, one of them, and the pane.
    async fn open_contact(&self, mailbox: &str, (key, name): &(String, String)) {
        let folder = format!(
            "//nav//section[@aria-label={}]//button[contains(., 'Contacts')]",
            quoted(mailbox)
        );
        self.click(&folder).await;
        self.click(&format!("//*[@role='option'][@data-key={}]", quoted(key)))
            .await;
        self.find(&format!("//main//h2[contains(., {})]", quoted(name)))
            .await;
        self.open_pane().await;
        self.pane_says("Not tracked").await;
    }
}

/// G-01, G-02: both open the same contact.
#[tokio::test]
async fn the_owner_links_a_contact_and_the_delegate_reads_why_not() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let contact = world.new_contact();
    let status = || owner.behalf(&["status", &contact.0, "--mailbox", world.mailbox()]);

    // The delegate sees who it is, and nothing to do about it, also by keyboard.
    let window = Window::open(delegate).await;
    window.open_contact(&owner.name, &contact).await;
    window
        .find("//aside[contains(., 'Only the owner can track contacts of this mailbox.')]")
        .await;
    window.gone("//input[@data-testid='set-regarding']").await;
    window.keys("/").await;
    window.gone("//input[@data-testid='set-regarding']").await;
    window.pictures("contact-delegate").await;
    window.choose("More commands").await;
    window
        .find("//*[@role='menu']//*[@role='menuitem'][contains(., 'History')]")
        .await;
    window.gone("//*[@role='menuitem'][contains(., 'Track')]").await;
    window.close().await;
    assert_eq!(status()["status"], "Not tracked");

    // The owner links it to an account: only accounts are offered.
    let window = Window::open(owner).await;
    window.open_contact("My mailbox", &contact).await;
    window
        .find("//input[@id=//label[normalize-space(.)='Link to an account']/@for]")
        .await;
    window.click("//input[@data-testid='set-regarding']").await;
    window.picture("contact-owner-suggested").await;
    window.keys("alpine").await;
    window
        .find("//*[@role='option'][@aria-selected='true'][@data-row='account:A1001']")
        .await;
    window
        .gone("//*[@role='option'][@data-row][not(starts-with(@data-row, 'account:'))]")
        .await;
    window.keys("\u{E007}").await;
    // Nobody else has a part in a contact: it is tracked as soon as the owner's own cycle has run.
    window.pane_says("Tracked regarding").await;
    assert_eq!(status()["regarding"]["id"], "A1001");
    window.picture("contact-owner-tracked").await;

    // `View in Dynamics 365` opens the row's form.
    window.more("View in Dynamics 365").await;
    window
        .find("//*[@data-testid='row-fields']//*[@data-column='parentcustomerid'][contains(., 'Alpine Ski House')]")
        .await;
    window.picture("contact-row").await;
    window.close().await;
}

/// L-03: the import dialog offers contacts.
#[tokio::test]
async fn the_import_dialog_offers_contacts() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let window = Window::open(&world.owner).await;
    window.click("//header//button[@aria-label='More options']").await;
    window
        .click("//*[@role='menuitem'][normalize-space(.)='Import…']")
        .await;
    window
        .click("//*[@role='dialog']//label[normalize-space(.)='Contacts']")
        .await;
    window.shows("vCard files (.vcf)").await;
    window
        .gone("//*[@role='dialog']//button[contains(., 'Choose a folder')]")
        .await;
    window.picture("import-contacts").await;
    window.close().await;
}
