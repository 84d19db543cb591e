//! People, devices, grants and invitations; what each may do.

mod authorise;
mod device;
mod grant;
mod invitation;
mod name;

pub use authorise::{Act, Denied, authorise};
pub use device::{DeviceKey, PublicKey, device_id, verified};
pub use grant::{
    Grant, GrantDevice, devices_of, end_of_day_or_time, grant_of, grants, project_grants, put_grant,
    whole_grant,
};
pub use invitation::{
    Acceptance, Code, OpenInvitation, Pending, accept_code, create, find_acceptance, open_invitations,
    receive, settle, withdraw, words,
};
pub use name::name_of;
