//! Help with problems, in the window (H-08).

use super::{SCREEN, World};
use crate::driver::Window;

#[tokio::test]
async fn h_08_diagnostics_are_told_and_the_cache_is_cleared() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let window = Window::open(&world.owner).await;
    window.opens_part("Settings").await;
    window.choose("Run diagnostics").await;
    window.find("//*[@data-testid='findings'][@data-ok='true']").await;
    window.shows("The search index of rows: ok").await;
    window
        .run("document.querySelector(\"[data-testid='help']\").scrollIntoView()")
        .await;
    window.pictures("help").await;
    window.choose("Copy").await;
    window.choose("Clear cache").await;
    window.says("Cache cleared").await;
    window.close().await;
}
