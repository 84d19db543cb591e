//! Letting somebody in, where a test has desks and no people: the owner looks at the words, and confirms exactly these.

use behalf_core::{Result, desk::Desk, model::Address};

/// Confirms the invitation that `delegate` has accepted last.
///
/// # Errors
/// As the desk's: nobody has accepted one.
pub fn lets_in(owner: &Desk, delegate: &Address) -> Result<()> {
    let shown = owner.accepted_by(delegate)?.remove(0);
    let compared = shown.accepted.map(|a| a.compared).unwrap_or_default();
    owner.confirm(&shown.id, &compared).map(drop)
}
