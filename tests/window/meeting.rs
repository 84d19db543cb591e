//! Two people, two windows, and nothing else: from the invitation to the last word (groups A, H and K on the screen).

use behalf_tests::{
    office::{ALEX, Office},
    post::{OFFER, OFFER_SUBJECT, STRANGER},
    servers::Servers,
};

use super::{MINE, Mail, Person, SCREEN, quoted};
use crate::driver::Window;

/// They meet in a shared folder; the flight is the folder moved away.
#[tokio::test]
async fn two_people_meet_in_a_folder() {
    let _screen = SCREEN.lock().await;
    let office = Office::of_strangers();
    let flight = |away: bool| match away {
        true => office.loses_the_relay(),
        false => office.finds_the_relay(),
    };
    from_the_invitation_to_the_last_word(&office, flight).await;
}

/// They meet on three servers; the flight is all three killed (H-07).
#[tokio::test]
async fn two_people_meet_on_three_servers() {
    let _screen = SCREEN.lock().await;
    let Some(mut servers) = Servers::three() else {
        return;
    };
    settle(&servers);
    let office = Office::of_strangers_meeting_at(&servers.address());
    let flight = |away: bool| {
        for n in 0..servers.count() {
            match away {
                true => servers.kills(n),
                false => servers.starts(n),
            }
        }
        if !away {
            settle(&servers);
        }
    };
    from_the_invitation_to_the_last_word(&office, flight).await;
}

/// Waits for the servers, whose client waits in a way of its own.
fn settle(servers: &Servers) {
    std::thread::scope(|scope| scope.spawn(|| servers.settle()).join()).expect("the servers are ready");
}

/// Both are online, and look.
async fn meet(windows: [&Window; 2]) {
    for window in [windows[0], windows[1], windows[0]] {
        window.choose("Sync now").await;
        window.shows("Up to date").await;
    }
}

/// Alex lets Kim in; on a flight they choose different rows for the same mail, and Alex decides afterwards
/// (H-06); on another one Alex ends Kim's access while Kim goes on working; and the log tells all of it (K-01).
async fn from_the_invitation_to_the_last_word(office: &Office, mut flight: impl FnMut(bool)) {
    let person = |of: &behalf_tests::office::Person, name: &str| Person {
        address: of.address.clone(),
        name: name.to_owned(),
        data: of.data.clone(),
    };
    let mail = |key: &str, subject: &str| Mail {
        key: key.to_owned(),
        subject: subject.to_owned(),
    };
    let (offer, question) = (mail(OFFER, OFFER_SUBJECT), mail(STRANGER, "A question"));
    let alex = Window::open(&person(&office.alex, "Alex")).await;
    let kim = Window::open(&person(&office.kim, "Kim")).await;

    alex.goes_to("Delegates").await;
    alex.choose("Invite a delegate…").await;
    alex.write("//input[@type='email']", &office.kim.address).await;
    alex.choose("Make a code").await;
    let code = alex.find("//textarea[@readonly]").await;
    let code = code.prop("value").await.expect("a value").expect("a code");
    alex.choose("Done").await;
    kim.goes_to("Delegates").await;
    kim.click("//main//button[contains(., 'Accept an invitation')]")
        .await;
    kim.write("//textarea", &code).await;
    kim.choose("Accept").await;
    let words = kim.find("//*[@data-testid='words']").await;
    let words = words.text().await.expect("the words");
    kim.picture("accepted").await;
    kim.choose("Done").await;
    // Until Alex has confirmed Kim waits, with the words in sight.
    kim.shows("Waiting for Alex to confirm").await;
    kim.shows(&words).await;
    kim.picture("waiting-delegates").await;
    kim.goes_to_mail().await;
    kim.click("//nav//section[@aria-label='Alex']//button").await;
    kim.find("//*[@data-testid='waiting']//h2[normalize-space(.)='Waiting for Alex to confirm']")
        .await;
    kim.shows(&words).await;
    kim.picture("waiting").await;
    alex.choose("Sync now").await;
    alex.choose("Compare the words…").await;
    alex.shows(&words).await;
    alex.choose("They match, confirm").await;
    alex.choose("Done").await;
    alex.shows("Kim can file mail and meetings").await;
    kim.choose("Sync now").await;
    kim.shows("Mail of Alex that you import or receive appears here.")
        .await;
    kim.gone("//*[@data-testid='waiting']").await;
    // Kim has not said yet that Alex reads the same words.
    kim.find("//*[@data-testid='uncompared']").await;
    kim.shows(&words).await;
    kim.picture("uncompared").await;
    kim.choose("The words match").await;
    kim.gone("//*[@data-testid='uncompared']").await;
    office.stocks_up();

    flight(true);
    for (window, mailbox, row) in [(&kim, "Alex", "Alpine Ski House"), (&alex, MINE, "Fabrikam")] {
        window.goes_to_mail().await;
        window.open_mail(mailbox, &offer).await;
        window.open_pane().await;
        window.pane_says("Not tracked").await;
        window.set_regarding(&row[..4], row).await;
        window.pane_says("Track pending").await;
    }
    flight(false);
    meet([&kim, &alex]).await;
    for window in [&kim, &alex] {
        window
            .find(&format!(
                "//*[@role='option'][@data-key={}]//*[normalize-space(.)='2 values']",
                quoted(OFFER)
            ))
            .await;
    }
    alex.choose("Choose…").await;
    alex.click("//*[@data-testid='conflict-value']//label[contains(., 'Kim chose this')]")
        .await;
    alex.choose("Keep Alpine Ski House").await;
    alex.says("Choose “Alpine Ski House”").await;
    meet([&alex, &kim]).await;
    for (person, window) in [(&office.kim, &kim), (&office.alex, &alex)] {
        window.pane_says("Tracked regarding").await;
        assert_eq!(person.sees(OFFER).regarding(), Some("Alpine Ski House"));
    }

    flight(true);
    alex.goes_to("Delegates").await;
    let kims = format!("//li[@data-address={}]", quoted(&office.kim.address));
    alex.click(&format!("{kims}//button[contains(., 'End access')]"))
        .await;
    alex.choose("End access").await;
    alex.shows("You ended it.").await;
    kim.open_mail("Alex", &question).await;
    kim.open_pane().await;
    kim.set_regarding("Fabr", "Fabrikam").await;
    kim.pane_says("Track pending").await;
    flight(false);
    meet([&kim, &alex]).await;
    kim.choose("Sync now").await;
    kim.shows("You no longer work for Alex").await;
    kim.gone("//*[@role='option'][@data-key]").await;
    kim.picture("meeting-access-ended").await;
    kim.click("//*[@data-testid='no-access']//button").await;
    kim.shows("Not applied – access ended").await;
    kim.picture("meeting-not-applied-delegate").await;
    alex.goes_to("Not applied").await;
    alex.shows("A question").await;
    alex.picture("meeting-not-applied").await;
    assert_eq!(office.alex.sees(STRANGER).status(), "Not tracked");

    alex.goes_to("Activity log").await;
    alex.shows("Kim").await;
    alex.choose("Verify").await;
    alex.shows("The log is intact").await;
    alex.picture("meeting-log").await;
    let entries = office.alex.reads_audit(&["--person", &office.kim.address]);
    assert!(
        entries.iter().any(|entry| entry["on_behalf_of"] == ALEX),
        "{entries:?}"
    );
    for window in [alex, kim] {
        window.close().await;
    }
}
