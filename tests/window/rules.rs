//! What the owner has set, in both people's windows.

use super::{SCREEN, World, quoted, row};
use crate::driver::Window;

impl Window {
    /// Goes to the part of Behalf that stands in the rail under this name.
    pub async fn opens_part(&self, part: &str) {
        self.click(&format!("//nav//button[contains(., {})]", quoted(part)))
            .await;
    }

    /// Waits until a setting stands at this value.
    async fn finds_setting(&self, panel: &str, name: &str, on: bool) {
        self.find(&format!(
            "//*[@data-testid='settings-{panel}']//li[@data-name={}][@data-on='{on}']",
            quoted(name)
        ))
        .await;
    }

    /// Turns a setting over.
    async fn switches(&self, name: &str) {
        self.find(&format!("//li[@data-name={}]//label", quoted(name)))
            .await
            .click()
            .await
            .expect("a switch takes a click");
    }

    /// Chooses a theme by its name.
    pub async fn chooses_theme(&self, name: &str) {
        self.choose("Theme").await;
        self.click(&format!(
            "//*[@role='menuitemradio'][normalize-space(.)='{name}']"
        ))
        .await;
    }

    /// Keeps a picture in both themes.
    pub async fn pictures(&self, name: &str) {
        for (theme, entry) in [("dark", "Dark"), ("light", "Light")] {
            self.chooses_theme(entry).await;
            self.picture(&format!("{name}-{theme}")).await;
        }
    }
}

/// L-01: the owner finds the settings in plain words and changes them; the delegate sees them, and why they cannot.
/// A-04, E-07: what is off is not offered, and the pane says why. H-03: how often this computer syncs, what waits and why.
#[tokio::test]
async fn the_owner_sets_and_the_delegate_sees_it() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let mail = world.untracked_mail();

    let window = Window::open(owner).await;
    window.opens_part("Settings").await;
    let needs_row = "OverrideTrackInCrmBehaviour";
    window.finds_setting("mine", needs_row, false).await;
    window.switches(needs_row).await;
    window.finds_setting("mine", needs_row, true).await;
    window.says("Require a row to track: On").await;
    window.pictures("settings-owner").await;
    window
        .click("//*[@data-testid='settings-computer']//button[@role='combobox']")
        .await;
    window
        .click("//*[@role='option'][normalize-space(.)='every 2 minutes']")
        .await;
    window.opens_part("Sync").await;
    window.shows("every 2 minutes").await;
    window.opens_part("Activity log").await;
    window.shows(needs_row).await;
    window.close().await;
    let set = owner.behalf(&["settings"]);
    assert_eq!(set["SyncInterval"], 120);
    owner.behalf(&["sync"]);
    delegate.behalf(&["sync"]);

    let window = Window::open(delegate).await;
    window.open_mail(&owner.name, &mail).await;
    window.open_pane().await;
    window.pane_says("Not tracked").await;
    window.choose("More commands").await;
    window.shows("History").await;
    assert!(!window.text().await.contains("Track without Regarding"));
    window.picture("row-needed").await;
    window.run("document.activeElement.blur()").await;
    window.opens_part("Settings").await;
    window.finds_setting("theirs", needs_row, true).await;
    window
        .shows("Only the owner of a mailbox can change its settings.")
        .await;
    window.pictures("settings-delegate").await;

    // What waits says why, beside when the next cycle comes and how to run one now.
    let (account, name) = row(delegate, "a");
    let mailbox = world.mailbox();
    delegate.behalf(&["track", &mail.key, "--mailbox", mailbox, "--regarding", &account]);
    window.opens_part("Sync").await;
    window
        .find(&format!(
            "//*[@data-testid='queued'][contains(., {}) and contains(., {}) and contains(., {})]",
            quoted(&mail.subject),
            quoted(&name),
            quoted(&format!("Waiting for {} to sync.", owner.name)),
        ))
        .await;
    window.shows("Next sync").await;
    window.pictures("sync-queue").await;
    window.opens_part("Mail").await;

    owner.behalf(&["settings", "set", "DelegateAccessEnabled", "off"]);
    window.choose("Sync now").await;
    window.find("//*[@data-testid='tracking-disabled']").await;
    window.shows("DelegateAccessEnabled").await;
    window.pictures("delegates-off").await;
    window.close().await;
}
