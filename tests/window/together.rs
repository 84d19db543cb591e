//! Two people in the window: they disagree, take back, look back, come and go.

use behalf_tests::office::Office;

use super::{MINE, Mail, Person, SCREEN, World, quoted, row};
use crate::driver::Window;

/// The control key, then what is pressed with it, then everything let go.
const CONTROL: &str = "\u{E009}";
const RELEASE: &str = "\u{E000}";

impl Window {
    /// Back to the mail.
    pub async fn goes_to_mail(&self) {
        self.click("//nav//button[normalize-space(.)='Mail']").await;
    }

    /// Presses keys together with Ctrl.
    pub async fn presses(&self, keys: &str) {
        let body = self.find("//body").await;
        body.send_keys(&format!("{CONTROL}{keys}{RELEASE}"))
            .await
            .expect("keys are taken");
    }

    /// Goes to a part of Behalf by the rail.
    pub async fn goes_to(&self, part: &str) {
        self.click(&format!("//nav//button[contains(., {})]", quoted(part)))
            .await;
        self.find(&format!(
            "//main[@data-region='section']//h2[normalize-space(.)={}]",
            quoted(part)
        ))
        .await;
    }
}

/// Story 5 on the screen: both values side by side, one is chosen, taken back and done again (H-06, E-09); story 11:
/// who put this here, in two clicks; and the log is whole (K-01, K-02).
#[tokio::test]
async fn two_values_are_settled_taken_back_and_on_record() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let mail = world.untracked_mail();
    let (kims, kims_name) = row(delegate, "a");
    let (danas, danas_name) = row(delegate, "b");
    assert_ne!(kims, danas);
    for (person, row) in [(delegate, &kims), (owner, &danas)] {
        person.behalf(&[
            "track",
            &mail.key,
            "--mailbox",
            world.mailbox(),
            "--regarding",
            row,
        ]);
    }
    for person in [owner, delegate, owner] {
        person.behalf(&["sync"]);
    }
    let values = |mail: &Mail| world.status(owner, mail)["values"].as_array().map_or(0, Vec::len);
    assert_eq!(values(&mail), 2);
    // Whoever's value is shown meanwhile, the other one is chosen.
    let regarding = |mail: &Mail| {
        let name = world.status(owner, mail)["regarding"]["name"].clone();
        name.as_str().unwrap_or_default().to_owned()
    };
    let interim = regarding(&mail);
    let (chooser, chosen) = match interim == kims_name {
        true => ("You chose this".to_owned(), danas_name),
        false => (format!("{} chose this", delegate.name), kims_name),
    };

    let window = Window::open(owner).await;
    window.open_mail(MINE, &mail).await;
    window
        .find(&format!(
            "//*[@role='option'][@data-key={}]//*[normalize-space(.)='2 values']",
            quoted(&mail.key)
        ))
        .await;
    window.open_pane().await;
    window.choose("Choose…").await;
    window.shows("You chose this").await;
    window.shows(&format!("{} chose this", delegate.name)).await;
    window.shows("Shown until somebody decides").await;
    window
        .click(&format!(
            "//*[@data-testid='conflict-value']//label[contains(., {})]",
            quoted(&chooser)
        ))
        .await;
    window.picture("conflict").await;
    window.choose(&format!("Keep {chosen}")).await;
    let settled = format!("Choose “{chosen}” for “{}”", mail.subject);
    window.says(&settled).await;
    assert_eq!((values(&mail), regarding(&mail)), (0, chosen.clone()));

    window.presses("z").await;
    window.says("Undone").await;
    assert_eq!(regarding(&mail), interim);
    window.choose("Recent changes").await;
    window.picture("history-menu").await;
    window
        .click(&format!(
            "//*[@role='menuitem'][contains(., {})]",
            quoted(&format!("Redo: {settled}"))
        ))
        .await;
    window.says("Redone").await;
    assert_eq!(regarding(&mail), chosen);

    window.pane_says("Tracked regarding").await;
    window.more("History").await;
    let answer = format!("{} did this: Tracked regarding {chosen}", owner.name);
    window.shows(&answer).await;
    window.picture("who-put-this-here").await;
    window.goes_to("Activity log").await;
    window.choose("Verify").await;
    window.shows("The log is intact").await;
    window.picture("activity-log").await;
    window.close().await;
}

/// The owner lets somebody in by comparing words, gives them other terms, and ends it.
#[tokio::test]
async fn a_delegate_comes_and_goes() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, lee) = (&world.owner, &world.stranger);

    let window = Window::open(owner).await;
    window.goes_to("Delegates").await;
    window.choose("Invite a delegate…").await;
    let address = window.find("//input[@type='email']").await;
    address
        .send_keys(&lee.address)
        .await
        .expect("an address is typed");
    window.click("//label[contains(., 'Read only')]").await;
    window.picture("invite").await;
    window.choose("Make a code").await;
    let code = window.find("//textarea[@readonly]").await;
    let code = code.prop("value").await.expect("a value").expect("a code");
    window.choose("Done").await;
    window.shows("Waiting for").await;

    let accepted = lee.behalf(&["invite", "accept", &code]);
    window.choose("Sync now").await;
    window.choose("Compare the words…").await;
    window.shows(accepted["words"].as_str().expect("words")).await;
    window.picture("compare-words").await;
    window.choose("They match, confirm").await;
    window.choose("Done").await;
    window.shows(&format!("{} can read every folder", lee.name)).await;
    window.picture("delegates").await;

    let theirs = format!("//li[@data-address={}]", quoted(&lee.address));
    window
        .click(&format!("{theirs}//button[contains(., 'Change')]"))
        .await;
    window
        .click("//label[contains(., 'Everything an assistant does')]")
        .await;
    window.choose("Save").await;
    window
        .shows(&format!("{} can file mail and meetings", lee.name))
        .await;

    window
        .click(&format!("{theirs}//button[contains(., 'End access')]"))
        .await;
    window.shows("Not applied – access ended").await;
    window.picture("end-access").await;
    window.choose("End access").await;
    window.shows("You ended it.").await;
    window.close().await;

    let grants = owner.behalf(&["grants"]);
    let grants = grants.as_array().expect("grants");
    let ended = grants
        .iter()
        .find(|g| g["delegate"] == lee.address.as_str())
        .expect("a grant");
    assert_eq!(
        (ended["revoked"] == true, ended["level"] == "editor"),
        (true, true),
        "{ended}"
    );
}

/// When the words differ either side deletes the invitation, and is asked once.
#[tokio::test]
async fn words_that_differ_end_an_invitation() {
    let _screen = SCREEN.lock().await;
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    let accepts = || {
        let code = alex.does(&["invite", "create", "--for", &kim.address])["code"].clone();
        kim.does(&["invite", "accept", code.as_str().expect("a code")]);
        alex.syncs();
    };
    let opens = async |of: &behalf_tests::office::Person, name: &str| {
        Window::open(&Person {
            address: of.address.clone(),
            name: name.to_owned(),
            data: of.data.clone(),
        })
        .await
    };
    accepts();
    let window = opens(kim, "Kim").await;
    window.click("//nav//section[@aria-label='Alex']//button").await;
    window.choose("They differ…").await;
    window.shows("The invitation is deleted, here at once").await;
    window.picture("they-differ").await;
    window.choose("Cancel").await;
    window.shows("Waiting for Alex to confirm").await;
    window.choose("They differ…").await;
    window.choose("Delete the invitation").await;
    window.gone("//nav//section[@aria-label='Alex']").await;
    window.shows("Your mailbox has no mail yet").await;
    window.close().await;
    assert_eq!(kim.does(&["invite", "list"]), serde_json::json!([]));
    kim.syncs();
    alex.syncs();
    assert_eq!(
        alex.does(&["invite", "list"]),
        serde_json::json!([]),
        "Alex hears so"
    );

    accepts();
    let window = opens(alex, "Alex").await;
    window.goes_to("Delegates").await;
    window.choose("Compare the words…").await;
    window.choose("They differ…").await;
    window.choose("Delete the invitation").await;
    window.gone("//*[@data-testid='pending-invitations']").await;
    window.close().await;
    assert_eq!(alex.does(&["invite", "list"]), serde_json::json!([]));
    assert_eq!(alex.does(&["grants"]), serde_json::json!([]));

    // Whoever made the code has let Kim in before the words were compared: Kim leaves.
    accepts();
    alex.does(&["invite", "confirm", "--for", &kim.address, "--yes"]);
    alex.syncs();
    kim.syncs();
    let window = opens(kim, "Kim").await;
    window.click("//nav//section[@aria-label='Alex']//button").await;
    window
        .click("//*[@data-testid='uncompared']//button[contains(., 'They differ')]")
        .await;
    window.shows("It is removed from this computer").await;
    window.picture("leave").await;
    window.choose("Leave the mailbox").await;
    window.gone("//nav//section[@aria-label='Alex']").await;
    window.shows("Your mailbox has no mail yet").await;
    window.close().await;
}
