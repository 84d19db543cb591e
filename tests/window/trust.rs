//! Whom a person trusts: this computer's key, a lost device, and the one window of a data folder.

use std::time::{Duration, Instant};

use behalf_tests::behalf;

use super::{SCREEN, World, app_on, quoted};
use crate::driver::{PATIENCE, Window};

/// Where a key lies in a plain file, the window says so and offers the keychain.
#[tokio::test]
async fn a_key_in_a_file_is_told() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let window = Window::open(&world.owner).await;
    window.goes_to("Sync").await;
    window.shows("lies in a file that only you can read").await;
    window.picture("trust-key").await;
    window.choose("Move it into the keychain").await;
    window
        .shows("This computer's key stays where it is: there is no keychain here.")
        .await;
    window.close().await;
}

/// the owner removes a delegate's lost device and can take that back; the device is told.
#[tokio::test]
async fn a_07_a_lost_device_is_removed() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let devices = delegate.behalf(&["devices"]);
    let lost = devices
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["this"] == true)
        .unwrap();
    let lost = lost["id"].as_str().unwrap();

    let window = Window::open(owner).await;
    window.goes_to("Delegates").await;
    window.shows("This computer").await;
    let remove = format!(
        "//*[@data-device={}]//button[contains(., 'Remove')]",
        quoted(lost)
    );
    window.find(&remove).await;
    window.picture("trust-devices").await;
    window.click(&remove).await;
    window.shows("can read nothing done from now on").await;
    window.picture("trust-remove").await;
    window.choose("Remove device").await;
    let removed = format!(
        "//*[@data-device={}]//*[normalize-space(.)='Removed']",
        quoted(lost)
    );
    window.find(&removed).await;
    window.picture("trust-removed").await;

    let asked = Instant::now();
    let list = ["list", "--mailbox", world.mailbox()];
    loop {
        delegate.behalf(&["sync"]);
        let answer = behalf::run(&delegate.data, list);
        if answer.exit != 0 {
            assert_eq!(answer.turned_down(3), "Not applied – this device was removed");
            break;
        }
        assert!(asked.elapsed() < PATIENCE, "the device is never told");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    window.close().await;
}

/// A second window of the same data folder brings the first to the front and ends.
#[tokio::test]
async fn one_window_for_a_data_folder() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let window = Window::open(&world.owner).await;
    let data = world.owner.data.clone();
    let second = tokio::task::spawn_blocking(move || app_on(&data).output().unwrap());
    let second = second.await.unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(0), "{said}");
    assert!(said.contains("Its window comes to the front."), "{said}");
    // The command line works beside it, and once it is closed there is room for another.
    world.owner.behalf(&["doctor"]);
    window.close().await;
    let window = Window::open(&world.owner).await;
    window.close().await;
}
