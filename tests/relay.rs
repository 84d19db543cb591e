//! Every relay passes the same tests.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use behalf_core::wire::FolderRelay;
use behalf_tests::relays::{MemoryRelay, conforms};

#[test]
fn the_relay_in_memory_conforms() {
    let relay = MemoryRelay::default();
    conforms(&relay, &relay);
}

#[test]
fn the_shared_folder_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let [here, there] = [(); 2].map(|()| FolderRelay::new(folder.path()));
    here.prepare().unwrap();
    there.prepare().unwrap();
    conforms(&here, &there);
}
