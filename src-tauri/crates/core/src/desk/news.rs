//! What has become of invitations made here, as their owner is told.

use rusqlite::Connection;

use super::{Desk, view::InvitationNews};
use crate::{
    Result,
    access::{self, News, NewsKind},
    model::Address,
};

impl Desk {
    /// What this person should know of the invitations they have made, beside those that wait; oldest first. It is told
    /// until they withdraw the invitation it is about, make another one for the same delegate, or confirm one.
    ///
    /// # Errors
    /// Database errors.
    pub fn invitation_news(&self) -> Result<Vec<InvitationNews>> {
        self.store.read(|c| self.invitation_news_in(c))
    }

    fn invitation_news_in(&self, c: &Connection) -> Result<Vec<InvitationNews>> {
        let all = access::news(c, &self.person)?;
        let open = all.into_iter().filter(|news| !news.done);
        Ok(open.map(|news| told(news, &self.person)).collect())
    }
}

fn told(news: News, me: &Address) -> InvitationNews {
    let (what, todo) = words(&news, me);
    InvitationNews {
        at: news.at.rfc3339(),
        invitation: news.invitation,
        delegate: news.delegate,
        kind: news.kind,
        device: news.device,
        what,
        todo,
    }
}

/// What has happened, and what to do.
fn words(news: &News, me: &Address) -> (String, String) {
    let (delegate, id) = (&news.delegate, &news.invitation);
    let who = match (news.name.as_str(), news.device.as_str()) {
        (_, "") => "Somebody who has the code".to_owned(),
        ("", device) => format!("Device {device}"),
        (name, device) => format!("{name} (device {device})"),
    };
    let aside = match news.waits {
        true => String::new(),
        false => format!(" `behalf invite withdraw {id}` takes this off the list."),
    };
    match news.kind {
        NewsKind::GivenBack => (
            format!(
                "{who} gave back the invitation for {delegate}: the words differ. Nobody has access by it."
            ),
            format!("Make a new one, and give the code to {delegate} another way.{aside}"),
        ),
        NewsKind::Differs if news.delegate == *me => (
            format!(
                "{who} says that the words of the invitation for another device of yours differ. It is confirmed: somebody else may have access."
            ),
            format!(
                "If they do differ, find the device with `behalf devices` and remove it: `behalf device remove ID`.{aside}"
            ),
        ),
        NewsKind::Differs => (
            format!(
                "{who} says that the words of the invitation for {delegate} differ. It is confirmed: somebody else may have access."
            ),
            format!(
                "Compare the words with {delegate} (`behalf grants` shows yours). If they differ, end the access: `behalf grant revoke --for {delegate}`. If they match, leave it.{aside}"
            ),
        ),
        NewsKind::AcceptedAgain => (
            format!(
                "{who} has accepted the invitation for {delegate} as well, after another device. They were not let in."
            ),
            format!(
                "Ask {delegate} whether this device is theirs. If it is not, somebody else has the code: compare the words with care.{aside}"
            ),
        ),
    }
}
