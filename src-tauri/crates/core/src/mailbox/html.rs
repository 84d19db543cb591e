//! Makes a stranger's HTML safe to show (B-07). To be written.

use super::parse;

/// How many pictures of the body would be fetched from the net.
pub fn remote_images(_html: &str) -> usize {
    let _ = parse::MAX_MESSAGE;
    0
}
