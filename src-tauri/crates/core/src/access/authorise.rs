//! May this person do this? One pure function, asked by the command layer before an operation is made and by the
//! merge before one is accepted: a tampered client can do no more than an honest one.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{Grant, grant_of, is_removed, settings_of};
use crate::{
    Result,
    model::{Address, Facts, Kind, Level, Setting, Settings, Time},
};

/// What somebody wants to do in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Read its mail.
    Read,
    /// See one item.
    See(Matter),
    /// Track, change regarding, untrack: anything at all.
    Track,
    /// Decide about one item.
    Decide(Matter, Wish),
    /// Add, change or remove a delegate.
    Grant,
    /// Change a setting.
    Configure,
    /// Put mail or appointments into this replica's copy of it.
    Import,
}

/// Where an item lies in its mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Where {
    /// In the mail folder of this name.
    Folder(String),
    /// In the calendar.
    Calendar,
    /// Among the contacts.
    Contacts,
    /// On a row: a note.
    Row,
    /// A mail that the mailbox here does not hold.
    #[default]
    Unknown,
}

/// What the rules look at in an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matter {
    /// Where it lies.
    pub place: Where,
    /// Its sender or organizer has marked it private.
    pub private: bool,
    /// An appointment that somebody else than the mailbox's owner organizes (F-03).
    pub foreign: bool,
    /// A mail that another user has sent: it has an activity in that user's mailbox already, or can have (E-06).
    pub colleague: bool,
    /// A contact: only the mailbox's owner decides about it (G-02).
    pub contact: bool,
    /// A mail that is a message of a meeting: its appointment is tracked instead (B-04).
    pub invitation: bool,
}

impl Matter {
    /// Of an item in this owner's mailbox, which lies in this mail folder as far as is known. `is_user` knows who has
    /// an account in the CRM.
    ///
    /// # Errors
    /// What `is_user` says.
    pub fn of(
        facts: &Facts,
        folder: Option<String>,
        owner: &Address,
        is_user: impl FnOnce(&Address) -> Result<bool>,
    ) -> Result<Self> {
        let from = facts.from.as_ref().map_or("", |from| from.address.as_str());
        let matter = Self::from_somebody(from, (facts.kind(), folder), facts.private, owner, is_user)?;
        Ok(Self {
            invitation: facts.kind() == Kind::Email && !facts.invitation.is_empty(),
            ..matter
        })
    }

    /// The same of what is known of an item's sender or organizer; empty when there is none: then it is the owner's own.
    ///
    /// # Errors
    /// What `is_user` says.
    pub fn from_somebody(
        from: &str,
        (kind, folder): (Kind, Option<String>),
        private: bool,
        owner: &Address,
        is_user: impl FnOnce(&Address) -> Result<bool>,
    ) -> Result<Self> {
        let from = Address::lenient(from);
        let others = !from.as_str().is_empty() && from != *owner;
        Ok(Self {
            place: match (kind, folder) {
                (Kind::Email, Some(folder)) => Where::Folder(folder),
                (Kind::Email, None) => Where::Unknown,
                (Kind::Appointment, _) => Where::Calendar,
                (Kind::Contact, _) => Where::Contacts,
                (Kind::Note, _) => Where::Row,
            },
            private,
            foreign: others && kind == Kind::Appointment,
            colleague: others && kind == Kind::Email && is_user(&from)?,
            contact: kind == Kind::Contact,
            invitation: false,
        })
    }
}

/// What an item is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Tracked regarding a row.
    Regarding,
    /// Tracked without one.
    WithoutRegarding,
    /// Not tracked.
    Untracked,
}

/// Why not, in the words a person sees. It is stored and travels as a code; never change the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Denied {
    /// D6.
    #[error("You may read this mailbox, but tracking needs the Editor level.")]
    NeedsEditor,
    ///
    #[error("Only the owner of a mailbox can give, widen or prolong access to it.")]
    OwnerOnly,
    /// L-01.
    #[error("Only the owner of a mailbox can change its settings.")]
    OwnersSettings,
    /// G-02.
    #[error("Only the owner can track contacts of this mailbox.")]
    OwnersContacts,
    ///
    #[error(
        "Track and Set Regarding are currently disabled. To use these features, please contact your admin. \
         You can still view and interact with your Dynamics 365 data."
    )]
    NotSetUp,
    ///
    #[error(
        "Tracking by delegates is turned off in this mailbox (DelegateAccessEnabled). \
         You can still view and interact with your Dynamics 365 data."
    )]
    DelegatesOff,
    /// A-04, F-03.
    #[error(
        "Somebody else organizes this appointment, and tracking those is turned off in this mailbox \
         (TrackAppointmentsFromNonOrganizer)."
    )]
    NotTheOrganizer,
    /// E-07.
    #[error(
        "Tracking needs a row in this mailbox (OverrideTrackInCrmBehaviour). Choose one in Set Regarding."
    )]
    NeedsRow,
    /// E-06.
    #[error(
        "Another user has sent this mail, and mail between users has one activity here: that of its sender \
         (Track emails sent between Dynamics 365 users as two activities is off)."
    )]
    TheSendersOwn,
    ///
    #[error("This item is private, and this access does not include private items.")]
    Private,
    ///
    #[error("Not applied – access ended")]
    Ended,
    /// A lost device.
    #[error("Not applied – this device was removed")]
    DeviceRemoved,
    /// The grant begins in the future.
    #[error("This access to the mailbox has not begun yet.")]
    NotYet,
    ///
    #[error("This access does not cover the folder of this item.")]
    OutsideFolders,
    ///
    #[error("This access does not cover the calendar.")]
    NoCalendar,
    /// whether it is covered cannot be said.
    #[error(
        "Held back – this mail is not in the mailbox yet, so nobody can say whether its folder is covered."
    )]
    FolderUnknown,
    /// rights are those of both.
    #[error("The owner may not append activities to this row.")]
    NotTheOwners,
    /// The owner's own copy says something else.
    #[error("This does not say what the owner's copy says.")]
    SaysOtherwise,
    /// More was refused than anybody would look at.
    #[error(
        "Not applied – too many changes of this device were refused. The owner has to look at them first."
    )]
    TooMany,
    /// B-04.
    #[error(
        "This is a meeting request or response. Its appointment in the calendar is tracked, not the mail."
    )]
    MeetingMessage,
}

/// What the owner's documents say now: about somebody, and about everybody.
#[derive(Debug, Clone, Default)]
pub struct Rights {
    /// What is granted; `None` for the owner, and for whoever has no access.
    pub grant: Option<Grant>,
    /// What the owner has set.
    pub settings: Settings,
    /// The device they work on was removed.
    pub removed: bool,
}

impl Rights {
    /// Of `who` in a mailbox, on the device of this id.
    ///
    /// # Errors
    /// Database errors.
    pub fn read(connection: &Connection, mailbox: &Address, who: &Address, device: &str) -> Result<Self> {
        Ok(Self {
            removed: is_removed(connection, mailbox, device)?,
            grant: grant_of(connection, mailbox, who)?,
            settings: settings_of(connection, mailbox)?,
        })
    }
}

/// Decides. `rights` is what the owner's documents say about `who` now; `at` is the present when somebody asks, and the
/// moment of acceptance when an operation arrives: an author's own clock proves nothing.
///
/// # Errors
/// The reason, when it is not allowed.
pub fn authorise(
    act: Act,
    who: &Address,
    owner: &Address,
    rights: &Rights,
    at: Time,
) -> std::result::Result<(), Denied> {
    if rights.removed {
        return Err(Denied::DeviceRemoved);
    }
    if who != owner {
        delegated(&act, rights, at)?;
    }
    let off = |setting| !rights.settings.is_on(setting);
    match &act {
        Act::Decide(matter, Wish::Regarding | Wish::WithoutRegarding) if matter.invitation => {
            Err(Denied::MeetingMessage)
        }
        Act::Decide(matter, Wish::Regarding | Wish::WithoutRegarding)
            if matter.foreign && off(Setting::TrackAppointmentsFromNonOrganizer) =>
        {
            Err(Denied::NotTheOrganizer)
        }
        Act::Decide(matter, Wish::Regarding | Wish::WithoutRegarding)
            if matter.colleague && off(Setting::TwoActivities) =>
        {
            Err(Denied::TheSendersOwn)
        }
        Act::Decide(_, Wish::WithoutRegarding) if !off(Setting::OverrideTrackInCrmBehaviour) => {
            Err(Denied::NeedsRow)
        }
        _ => Ok(()),
    }
}

/// What somebody who is not the owner may do.
fn delegated(act: &Act, rights: &Rights, at: Time) -> std::result::Result<(), Denied> {
    match act {
        Act::Grant => return Err(Denied::OwnerOnly),
        Act::Configure => return Err(Denied::OwnersSettings),
        // Whatever is granted: so it can be said of a change that comes from elsewhere, too.
        Act::Decide(matter, _) if matter.contact => return Err(Denied::OwnersContacts),
        _ => {}
    }
    let grant = rights.grant.as_ref().ok_or(Denied::NotSetUp)?;
    if grant.revoked || grant.ends.is_some_and(|end| at >= end) {
        return Err(Denied::Ended);
    }
    if at < grant.starts {
        return Err(Denied::NotYet);
    }
    let tracks = matches!(act, Act::Track | Act::Decide(..));
    if let Act::See(matter) | Act::Decide(matter, _) = act {
        grant.covers(&matter.place)?;
    }
    match act {
        Act::See(matter) | Act::Decide(matter, _) if matter.private && !grant.private => Err(Denied::Private),
        _ if tracks && grant.level < Level::Editor => Err(Denied::NeedsEditor),
        _ if tracks && !rights.settings.is_on(Setting::DelegateAccessEnabled) => Err(Denied::DelegatesOff),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(level: Level) -> Rights {
        Rights {
            grant: Some(Grant {
                level,
                calendar: true,
                starts: Time(100),
                ends: Some(Time(200)),
                ..Grant::default()
            }),
            ..Rights::default()
        }
    }

    fn people() -> (Address, Address) {
        (Address::lenient("alex@x"), Address::lenient("kim@x"))
    }

    #[test]
    fn a_02_a_09_who_may_do_what() {
        let (alex, kim) = people();
        let ask = |act, who: &Address, rights: &Rights, at| authorise(act, who, &alex, rights, Time(at));
        let (none, editor) = (Rights::default(), rights(Level::Editor));
        assert_eq!(ask(Act::Grant, &alex, &none, 0), Ok(()));
        assert_eq!(ask(Act::Configure, &alex, &none, 0), Ok(()));
        assert_eq!(ask(Act::Track, &alex, &none, 0), Ok(()));
        assert_eq!(ask(Act::Track, &kim, &editor, 150), Ok(()));
        assert_eq!(ask(Act::Grant, &kim, &editor, 150), Err(Denied::OwnerOnly));
        assert_eq!(
            ask(Act::Configure, &kim, &editor, 150),
            Err(Denied::OwnersSettings)
        );
        assert_eq!(ask(Act::Track, &kim, &none, 150), Err(Denied::NotSetUp));
        assert_eq!(ask(Act::Track, &kim, &editor, 99), Err(Denied::NotYet));
        assert_eq!(ask(Act::Track, &kim, &editor, 200), Err(Denied::Ended));
        for level in [Level::Reviewer, Level::Author] {
            assert_eq!(ask(Act::Read, &kim, &rights(level), 150), Ok(()));
            assert_eq!(
                ask(Act::Track, &kim, &rights(level), 150),
                Err(Denied::NeedsEditor)
            );
        }
        let mut lost = editor.clone();
        lost.removed = true;
        for (who, act) in [(&alex, Act::Grant), (&kim, Act::Track), (&kim, Act::Read)] {
            assert_eq!(ask(act, who, &lost, 150), Err(Denied::DeviceRemoved));
        }
        let mut revoked = editor;
        revoked.grant.as_mut().unwrap().revoked = true;
        assert_eq!(ask(Act::Read, &kim, &revoked, 150), Err(Denied::Ended));
    }

    #[test]
    fn a_04_e_07_what_the_owner_has_set_counts() {
        let (alex, kim) = people();
        let ask = |who: &Address, setting, on, act| {
            let mut rights = rights(Level::Editor);
            rights.settings = rights.settings.with(setting, on);
            authorise(act, who, &alex, &rights, Time(150))
        };
        let (own, foreign) = (
            Matter::default(),
            Matter {
                foreign: true,
                ..Matter::default()
            },
        );
        let delegates = Setting::DelegateAccessEnabled;
        assert_eq!(ask(&kim, delegates, false, Act::Read), Ok(()));
        assert_eq!(ask(&kim, delegates, false, Act::Track), Err(Denied::DelegatesOff));
        assert_eq!(ask(&alex, delegates, false, Act::Track), Ok(()));

        let organizers = Setting::TrackAppointmentsFromNonOrganizer;
        for who in [&alex, &kim] {
            let decide = |matter, wish| ask(who, organizers, false, Act::Decide(matter, wish));
            assert_eq!(decide(own.clone(), Wish::Regarding), Ok(()));
            assert_eq!(
                decide(foreign.clone(), Wish::Regarding),
                Err(Denied::NotTheOrganizer)
            );
            assert_eq!(
                decide(foreign.clone(), Wish::WithoutRegarding),
                Err(Denied::NotTheOrganizer)
            );
            assert_eq!(
                decide(foreign.clone(), Wish::Untracked),
                Ok(()),
                "what is tracked can be untracked"
            );
            let decide = |on, wish| {
                let setting = Setting::OverrideTrackInCrmBehaviour;
                ask(who, setting, on, Act::Decide(own.clone(), wish))
            };
            assert_eq!(decide(false, Wish::WithoutRegarding), Ok(()));
            assert_eq!(decide(true, Wish::WithoutRegarding), Err(Denied::NeedsRow));
            assert_eq!(decide(true, Wish::Regarding), Ok(()));
            assert_eq!(decide(true, Wish::Untracked), Ok(()));
        }
    }

    #[test]
    fn e_06_a_mail_between_users_has_its_senders_activity_alone_while_two_are_off() {
        let (alex, kim) = people();
        let of = |from, kind| {
            let lies = (kind, Some("Inbox".to_owned()));
            Matter::from_somebody(from, lies, false, &alex, |who| Ok(*who == kim)).unwrap()
        };
        for (from, kind, on, expected) in [
            ("kim@x", Kind::Email, false, Err(Denied::TheSendersOwn)),
            ("kim@x", Kind::Email, true, Ok(())),
            ("anna@x", Kind::Email, false, Ok(())),
            ("Alex@x", Kind::Email, false, Ok(())),
            ("", Kind::Email, false, Ok(())),
            ("kim@x", Kind::Appointment, false, Ok(())),
        ] {
            let mut rights = rights(Level::Editor);
            rights.settings = rights.settings.with(Setting::TwoActivities, on);
            let asked = |who: &Address, wish| {
                authorise(Act::Decide(of(from, kind), wish), who, &alex, &rights, Time(150))
            };
            for who in [&alex, &kim] {
                assert_eq!(asked(who, Wish::Regarding), expected, "{from} {on}");
                assert_eq!(asked(who, Wish::Untracked), Ok(()));
            }
        }
    }

    #[test]
    fn g_02_only_the_owner_decides_about_contacts() {
        let (alex, kim) = people();
        let contact = Matter::from_somebody("", (Kind::Contact, None), false, &alex, |_| Ok(false)).unwrap();
        for wish in [Wish::Regarding, Wish::WithoutRegarding, Wish::Untracked] {
            let act = Act::Decide(contact.clone(), wish);
            for rights in [rights(Level::Editor), rights(Level::Reviewer), Rights::default()] {
                let ask = |who| authorise(act.clone(), who, &alex, &rights, Time(150));
                assert_eq!(ask(&alex), Ok(()));
                assert_eq!(ask(&kim), Err(Denied::OwnersContacts));
            }
        }
        let see = Act::See(contact);
        assert_eq!(
            authorise(see, &kim, &alex, &rights(Level::Reviewer), Time(150)),
            Ok(())
        );
    }

    #[test]
    fn b_04_a_message_of_a_meeting_is_not_tracked_as_mail() {
        let (alex, kim) = people();
        let facts = Facts {
            invitation: "uid@x".into(),
            ..Facts::default()
        };
        let request = Matter::of(&facts, Some("Inbox".into()), &alex, |_| Ok(false)).unwrap();
        for who in [&alex, &kim] {
            let ask = |wish| {
                let act = Act::Decide(request.clone(), wish);
                authorise(act, who, &alex, &rights(Level::Editor), Time(150))
            };
            assert_eq!(ask(Wish::Regarding), Err(Denied::MeetingMessage));
            assert_eq!(ask(Wish::WithoutRegarding), Err(Denied::MeetingMessage));
            assert_eq!(
                ask(Wish::Untracked),
                Ok(()),
                "what was tracked before can be taken back"
            );
        }
    }

    #[test]
    fn a_06_what_is_private_needs_a_grant_that_includes_it() {
        let (alex, kim) = people();
        let private = Matter {
            private: true,
            ..Matter::default()
        };
        let ask = |who: &Address, include, act| {
            let mut rights = rights(Level::Editor);
            rights.grant.as_mut().unwrap().private = include;
            authorise(act, who, &alex, &rights, Time(150))
        };
        for act in [Act::See(private.clone()), Act::Decide(private, Wish::Regarding)] {
            assert_eq!(ask(&alex, false, act.clone()), Ok(()));
            assert_eq!(ask(&kim, false, act.clone()), Err(Denied::Private));
            assert_eq!(ask(&kim, true, act), Ok(()));
        }
    }
}
