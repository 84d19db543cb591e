//! The Set Regarding box in the window: typing with a slip, filtering, choosing, all by keyboard.

use std::time::Duration;

use super::{SCREEN, World};
use crate::driver::Window;

const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";
const TAB: &str = "\u{E004}";
const DOWN: &str = "\u{E015}";
const BACKSPACE: &str = "\u{E003}";

impl Window {
    /// Presses keys where the focus is.
    pub async fn keys(&self, keys: &str) {
        // What has the focus may just be drawn anew: then nothing was typed.
        for _ in 0..10 {
            if self.focus().await.send_keys(keys).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("keys are not taken");
    }
}

/// A filter is kept as a view under a name, used, and removed (D-04).
#[tokio::test]
async fn rows_are_narrowed_by_a_view_of_ones_own() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.csv");
    std::fs::write(
        &file,
        "id,name,industry\nZ1,Zanzibar Spice Works,Food\nZ2,Zanzibar Boats,Shipping\n",
    )
    .unwrap();
    delegate.behalf(&["import", "rows", file.to_str().unwrap(), "--table", "account"]);
    let mail = world.untracked_mail();

    let window = Window::open(delegate).await;
    window.open_mail(&owner.name, &mail).await;
    window.open_pane().await;
    window.pane_says("Not tracked").await;
    window.click("//input[@data-testid='set-regarding']").await;
    window.keys("zanzibar").await;
    window.find("//*[@role='option'][@data-row='account:Z2']").await;
    window.find("//*[@role='option'][@data-row='account:Z1']").await;

    window.click("//*[@data-testid='row-filter']").await;
    window.click("//*[@data-testid='new-view']").await;
    window
        .write("//input[@data-testid='view-name']", "Shipping companies")
        .await;
    window
        .option("//select[@data-testid='view-table']", "account")
        .await;
    window.click("//*[@data-testid='view-add']").await;
    window
        .option("//select[@data-testid='view-column']", "industry")
        .await;
    window
        .write("//input[@data-testid='view-value']", "shipping")
        .await;
    window.picture("view-dialog").await;
    window.keys(ENTER).await;

    // The box is there again with what was typed, and only the view's rows.
    window.shows("View: Shipping companies").await;
    window.find("//*[@role='option'][@data-row='account:Z2']").await;
    window.gone("//*[@role='option'][@data-row='account:Z1']").await;
    window.picture("view-used").await;
    let kept = delegate.behalf(&["views"]);
    assert_eq!(kept[0]["name"], "Shipping companies");

    window.click("//*[@data-testid='row-filter']").await;
    window.picture("view-menu").await;
    window
        .click("//*[@role='menuitem'][contains(., 'Remove “Shipping companies”')]")
        .await;
    window.keys(ESCAPE).await;
    window.gone("//p[.='View: Shipping companies']").await;
    // The filter is taken away at once, the view a moment later.
    for _ in 0..50 {
        if delegate.behalf(&["views"]) == serde_json::json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(delegate.behalf(&["views"]), serde_json::json!([]));
    window.close().await;
}

/// A slip is forgiven and what matched is marked (D-03); filters by table, by owner and of closed rows, which say when
/// they hide everything (D-04); a delegate is offered to ask and nothing else (D-06, G-03); the row is chosen by Enter (D-05).
#[tokio::test]
async fn d_06_a_row_is_found_filtered_and_chosen_by_keyboard() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.csv");
    std::fs::write(&file, "id,name,statecode\nZ1,Zanzibar Closed Works,1\n").unwrap();
    delegate.behalf(&["import", "rows", file.to_str().unwrap(), "--table", "account"]);
    let mail = world.untracked_mail();

    let window = Window::open(delegate).await;
    window.open_mail(&owner.name, &mail).await;
    window.open_pane().await;
    window.pane_says("Not tracked").await;
    let input = window.find("//input[@data-testid='set-regarding']").await;
    input.click().await.expect("the box takes the focus");

    window.keys("alpien ski").await;
    let best = "//*[@role='option'][@aria-selected='true'][@data-row='account:A1001']";
    window
        .find(&format!("{best}//mark[normalize-space(.)='Alpine']"))
        .await;
    window.shows("One letter off").await;
    window.picture("regarding-typo").await;

    // Only contacts: the box says that it looked there only, and Enter takes the filter away.
    window.keys(TAB).await;
    window.keys(ENTER).await;
    window.find("//*[@role='menu']").await;
    window.picture("regarding-filter").await;
    window
        .click("//*[@role='menuitemcheckbox'][normalize-space(.)='Contacts']")
        .await;
    window.keys(ESCAPE).await;
    window
        .find("//*[@data-testid='regarding-list']//*[@data-row='contact:C2001']")
        .await;
    window
        .keys(&format!("{}Silberhorn Sport: out", BACKSPACE.repeat(10)))
        .await;
    window.shows("in Contacts.").await;
    window.find("//*[@data-testid='clear-row-filters']").await;
    window.picture("regarding-filtered-away").await;
    window.keys(ENTER).await;
    window
        .find("//*[@role='option'][@data-row='opportunity:O4015']")
        .await;

    // A closed row is hidden, and there when asked for, with the reason; it cannot be chosen.
    window.keys(&format!("{}zanzibar", BACKSPACE.repeat(21))).await;
    window.shows("Only rows that cannot be chosen match").await;
    window.keys(ENTER).await;
    window
        .find("//*[@role='option'][@data-row='account:Z1'][@aria-disabled='true'][contains(., 'This row is inactive.')]")
        .await;
    window.keys(&format!("{DOWN}{ENTER}")).await;
    window.picture("regarding-inactive").await;
    assert_eq!(world.status(delegate, &mail)["status"], "Not tracked");

    window.keys(&format!("{}qqqqqq", BACKSPACE.repeat(8))).await;
    window.find("//*[@data-testid='ask-owner']").await;

    window.keys(&format!("{}alpien ski", BACKSPACE.repeat(6))).await;
    window.find(best).await;
    window.keys(ENTER).await;
    window.says("Track pending").await;
    assert_eq!(
        world.status(delegate, &mail)["regarding"]["name"],
        "Alpine Ski House"
    );
    window.close().await;
}
