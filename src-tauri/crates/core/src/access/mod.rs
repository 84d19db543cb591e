//! People, devices, grants and invitations; what each may do.

mod attempted;
mod authorise;
mod comparing;
mod device;
mod grant;
mod invitation;
mod joining;
mod keys;
mod name;
mod news;
mod sealing;
mod secret;
mod settings;
mod terms;
mod words;

pub use attempted::Attempted;
pub use authorise::{Act, Denied, Matter, Rights, Where, Wish, authorise};
pub use comparing::{accepted_with, matches, unmatched};
pub use device::{Card, DeviceKey, PublicKey, Signature, device_id, verified};
pub use grant::{
    Grant, GrantDevice, devices_of, end_of_day_or_time, ended, grant_of, grants, is_mine, is_removed,
    living_devices_of, project_grants, put_grant, removed_at, removed_each_other, starts_of, whole_grant,
};
pub use invitation::{
    Acceptance, Code, OpenInvitation, Pending, compared, create, expects_guests, not_accepted,
    open_invitations, receive, settle, withdraw,
};
pub use joining::{
    Joining, Uncompared, accept_code, believe, forget, is_answer, is_answered, joining, makers, matched,
    rejected, settle_joining, taken_back, uncompared,
};
pub use keys::{
    Epoch, MailboxKey, Wrap, all_keys, due, hold, key_of, leaks, newest_key, oldest_key, take_keys, unwrap,
    wrap,
};
pub use name::{name_of, named, own_name};
pub use news::{News, NewsKind, comes_back, news, put_aside};
pub use sealing::{Sealed, Secret, open, seal};
pub use secret::{
    IN_A_FILE, Keychain, KeychainFault, NoKeychain, Passphrase, Place, load, make, place, protect,
};
pub use settings::{project_settings, put_setting, settings_of};
pub use terms::Terms;
pub use words::Compared;
