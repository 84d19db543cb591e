//! May this person do this? One pure function, asked by the command layer before an operation is made and by the
//! merge before one is accepted: a tampered client can do no more than an honest one.

use super::Grant;
use crate::model::{Address, Level, Time};

/// What somebody wants to do in a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Read its mail.
    Read,
    /// Track, change regarding, untrack.
    Track,
    /// Add, change or remove a delegate.
    Grant,
    /// Put mail or appointments into this replica's copy of it.
    Import,
}

/// Who wants to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who<'a> {
    /// The person.
    pub person: &'a Address,
    /// The device they do it on was removed.
    pub removed: bool,
}

/// Why not, in the words a person sees.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// D6.
    #[error("You may read this mailbox, but tracking needs the Editor level.")]
    NeedsEditor,
    ///
    #[error("Only the owner of a mailbox can give, widen or prolong access to it.")]
    OwnerOnly,
    ///
    #[error(
        "Track and Set Regarding are currently disabled. To use these features, please contact your admin. \
         You can still view and interact with your Dynamics 365 data."
    )]
    NotSetUp,
    ///
    #[error("Not applied – access ended")]
    Ended,
    /// A lost device.
    #[error("Not applied – this device was removed")]
    DeviceRemoved,
    /// The grant begins in the future.
    #[error("Your access to this mailbox has not begun yet.")]
    NotYet,
}

/// Decides. `grant` is what the owner's grant document says about `who` now; `at` is the present when somebody asks,
/// and the moment of acceptance when an operation arrives: an author's own clock proves nothing.
///
/// # Errors
/// The reason, when it is not allowed.
pub fn authorise(
    act: Act,
    who: Who<'_>,
    owner: &Address,
    grant: Option<&Grant>,
    at: Time,
) -> Result<(), Denied> {
    if who.removed {
        return Err(Denied::DeviceRemoved);
    }
    if who.person == owner {
        return Ok(());
    }
    if act == Act::Grant {
        return Err(Denied::OwnerOnly);
    }
    let grant = grant.ok_or(Denied::NotSetUp)?;
    if grant.revoked || grant.ends.is_some_and(|end| at >= end) {
        return Err(Denied::Ended);
    }
    if at < grant.starts {
        return Err(Denied::NotYet);
    }
    match act {
        Act::Track if grant.level < Level::Editor => Err(Denied::NeedsEditor),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(level: Level) -> Grant {
        Grant {
            level,
            starts: Time(100),
            ends: Some(Time(200)),
            ..Grant::default()
        }
    }

    #[test]
    fn a_02_a_09_who_may_do_what() {
        let (alex, kim) = (Address::lenient("alex@x"), Address::lenient("kim@x"));
        let ask = |act, person: &Address, grant: Option<&Grant>, at| {
            let removed = Who {
                person,
                removed: true,
            };
            assert_eq!(
                authorise(act, removed, &alex, grant, Time(at)),
                Err(Denied::DeviceRemoved)
            );
            let who = Who {
                person,
                removed: false,
            };
            authorise(act, who, &alex, grant, Time(at))
        };
        let editor = grant(Level::Editor);
        assert_eq!(ask(Act::Grant, &alex, None, 0), Ok(()));
        assert_eq!(ask(Act::Track, &alex, None, 0), Ok(()));
        assert_eq!(ask(Act::Track, &kim, Some(&editor), 150), Ok(()));
        assert_eq!(ask(Act::Grant, &kim, Some(&editor), 150), Err(Denied::OwnerOnly));
        assert_eq!(ask(Act::Track, &kim, None, 150), Err(Denied::NotSetUp));
        assert_eq!(ask(Act::Track, &kim, Some(&editor), 99), Err(Denied::NotYet));
        assert_eq!(ask(Act::Track, &kim, Some(&editor), 200), Err(Denied::Ended));
        for level in [Level::Reviewer, Level::Author] {
            assert_eq!(ask(Act::Read, &kim, Some(&grant(level)), 150), Ok(()));
            assert_eq!(
                ask(Act::Track, &kim, Some(&grant(level)), 150),
                Err(Denied::NeedsEditor)
            );
        }
        let revoked = Grant {
            revoked: true,
            ..editor
        };
        assert_eq!(ask(Act::Read, &kim, Some(&revoked), 150), Err(Denied::Ended));
    }
}
