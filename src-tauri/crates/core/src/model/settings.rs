//! What the owner of a mailbox may set in it, under the names people know from Dynamics 365 (L-01).

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A setting of a mailbox: on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Setting {
    /// Delegates may track.
    DelegateAccessEnabled,
    /// Appointments that somebody else organizes may be tracked (F-03).
    TrackAppointmentsFromNonOrganizer,
    /// What is tracked needs a row (E-07).
    OverrideTrackInCrmBehaviour,
    /// A mail between two users may have an activity in each one's mailbox; off: in its sender's alone (E-06).
    #[serde(rename = "Track emails sent between Dynamics 365 users as two activities")]
    TwoActivities,
}

impl Setting {
    /// Every setting, in the order people are shown.
    pub const ALL: [Self; 4] = [
        Self::DelegateAccessEnabled,
        Self::TrackAppointmentsFromNonOrganizer,
        Self::OverrideTrackInCrmBehaviour,
        Self::TwoActivities,
    ];

    /// The original name.
    pub fn name(self) -> &'static str {
        match self {
            Self::DelegateAccessEnabled => "DelegateAccessEnabled",
            Self::TrackAppointmentsFromNonOrganizer => "TrackAppointmentsFromNonOrganizer",
            Self::OverrideTrackInCrmBehaviour => "OverrideTrackInCrmBehaviour",
            Self::TwoActivities => "Track emails sent between Dynamics 365 users as two activities",
        }
    }

    /// The setting of a name, in whatever case it is typed.
    ///
    /// # Errors
    /// `NotFound` when there is none; the hint names all.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::ALL
            .into_iter()
            .find(|s| s.name().eq_ignore_ascii_case(name.trim()));
        found.ok_or_else(|| {
            let all = Self::ALL.map(Self::name).join(", ");
            Error::not_found(
                format!("There is no setting “{name}”."),
                format!("There are SyncInterval, {all}."),
            )
        })
    }

    /// Its value while nobody has set it.
    pub fn default(self) -> bool {
        self != Self::OverrideTrackInCrmBehaviour
    }
}

/// The settings of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings([bool; 4]);

impl Default for Settings {
    fn default() -> Self {
        Self(Setting::ALL.map(Setting::default))
    }
}

impl Settings {
    /// Is it on?
    pub fn is_on(&self, setting: Setting) -> bool {
        self.0[setting as usize]
    }

    /// The same, with one of them set.
    pub fn with(mut self, setting: Setting, on: bool) -> Self {
        self.0[setting as usize] = on;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l_01_the_original_names_and_defaults() {
        let defaults: Vec<_> = Setting::ALL.iter().map(|s| (s.name(), s.default())).collect();
        assert_eq!(
            defaults,
            [
                ("DelegateAccessEnabled", true),
                ("TrackAppointmentsFromNonOrganizer", true),
                ("OverrideTrackInCrmBehaviour", false),
                (
                    "Track emails sent between Dynamics 365 users as two activities",
                    true
                ),
            ]
        );
        for setting in Setting::ALL {
            assert_eq!(Setting::named(&setting.name().to_lowercase()).unwrap(), setting);
            assert_eq!(serde_json::to_value(setting).unwrap(), setting.name());
            assert_eq!(Settings::default().is_on(setting), setting.default());
        }
        assert!(Setting::named("Nonsense").is_err());
    }
}
