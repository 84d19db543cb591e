//! What is attached to a mail: opening the mails among it, and taking out the rest (A-09, B-07).
//!
//! A place says which: see [`mailbox::attached`](crate::mailbox::attached). Whoever may not open the mail gets nothing of it.

use super::{Desk, view::AttachedMail};
use crate::{
    Result,
    access::Act,
    mailbox::{
        attached::{self, Taken},
        html, read,
    },
    model::{Address, Time, bare_key},
};

impl Desk {
    /// One attachment of a mail, or of a mail attached to it.
    ///
    /// # Errors
    /// As [`Desk::show`]; `NotFound` when nothing is in that place, `BadInput` when it is too deep.
    pub fn attachment(&self, mailbox: &Address, key: &str, place: &[u32]) -> Result<Taken> {
        attached::take(&self.mail_around(mailbox, key)?, place)
    }

    /// Every attachment of a mail, or of the one in a place of it, in the order of the list.
    ///
    /// # Errors
    /// As [`Desk::attached_mail`].
    pub fn attachments(&self, mailbox: &Address, key: &str, place: &[u32]) -> Result<Vec<Taken>> {
        let raw = self.mail_around(mailbox, key)?;
        attached::take_all(&attached::mail_at(&raw, place)?)
    }

    /// A mail attached to a mail, opened. It is part of that mail: it has no status and cannot be tracked.
    ///
    /// # Errors
    /// As [`Desk::attachment`]; `BadInput` when what is there is no mail.
    pub fn attached_mail(&self, mailbox: &Address, key: &str, place: &[u32]) -> Result<AttachedMail> {
        let raw = self.mail_around(mailbox, key)?;
        let inside = attached::open(&attached::mail_at(&raw, place)?)?;
        Ok(AttachedMail {
            parties: self.parties(mailbox, &read::parties(&inside.facts))?,
            warnings: (inside.sent.is_some() && inside.date_uncertain)
                .then(|| read::NO_SURE_DATE.to_owned())
                .into_iter()
                .collect(),
            subject: inside.facts.subject,
            date: inside.sent.map(Time::rfc3339).unwrap_or_default(),
            text: inside.text,
            html: inside.html,
            blocked_images: inside.blocked_images > 0,
            attachments: inside.attachments,
        })
    }

    /// The sanitised HTML body (or the text as HTML) of a mail, or of the one in a place of it, for the isolated frame
    /// (B-07).
    ///
    /// # Errors
    /// As [`Desk::attached_mail`].
    pub fn message_html(
        &self,
        mailbox: &Address,
        key: &str,
        place: &[u32],
        look: html::Look,
    ) -> Result<String> {
        let raw = self.mail_around(mailbox, key)?;
        let parts = html::parts_of(mailbox, bare_key(key), place);
        Ok(html::render(&attached::mail_at(&raw, place)?, look, &parts)?.html)
    }

    /// A picture inside a mail, or inside the one in a place of it, by content id: media type and bytes.
    ///
    /// # Errors
    /// As [`Desk::attached_mail`]; `NotFound` when the mail has no such picture.
    pub fn message_part(
        &self,
        mailbox: &Address,
        key: &str,
        place: &[u32],
        cid: &str,
    ) -> Result<(String, Vec<u8>)> {
        let raw = self.mail_around(mailbox, key)?;
        html::part(&attached::mail_at(&raw, place)?, cid)
    }

    /// The raw mail, for whoever may open it.
    fn mail_around(&self, mailbox: &Address, key: &str) -> Result<Vec<u8>> {
        self.reach(Act::Read, mailbox, bare_key(key))?;
        read::raw(&self.store, mailbox, bare_key(key))
    }
}
