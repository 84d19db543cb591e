//! Is a mail a message of a meeting: a request, an answer, a proposal, a cancellation (iMIP, RFC 6047)? Those are not
//! tracked as mail; the appointment is (B-04).

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::{
    calendar::{Calendar, Method, shown_key},
    file_text,
};

/// A larger part, in bytes, is a calendar that somebody sends, not a meeting.
const LARGEST: usize = 1 << 20;
/// So many of them are looked at.
const MOST: usize = 20;

/// The key of the meeting that a mail is a message of: its UID, and which one of a series. `answers`: it answers a mail.
pub(super) fn meeting(message: &Message<'_>, answers: bool) -> Option<String> {
    let calendars = message.parts.iter().enumerate();
    calendars
        .filter(|(_, part)| part.is_content_type("text", "calendar"))
        .take(MOST)
        .filter(|(at, part)| is_the_message(message, part, *at, answers))
        .find_map(|(_, part)| key(part))
}

/// Is the part what the mail is about, and not a file that somebody has attached? It stands beside the texts or is all
/// there is; and where it is attached all the same, as Apple and Nextcloud do, its type names the method and the mail
/// answers nothing.
fn is_the_message(message: &Message<'_>, part: &MessagePart<'_>, at: usize, answers: bool) -> bool {
    let method = said(part);
    let attached = part.content_disposition().is_some_and(|d| d.is_attachment());
    let beside = at == 0
        || message.parts.iter().any(|other| match &other.body {
            PartType::Multipart(parts) => {
                other.is_content_type("multipart", "alternative")
                    && parts
                        .iter()
                        .any(|id| usize::try_from(*id).is_ok_and(|id| id == at))
            }
            _ => false,
        });
    match method {
        Some(method) if !method.invites() => false,
        Some(_) => beside || !(attached && answers),
        None => beside && !attached,
    }
}

/// What the part's type says it is for.
fn said(part: &MessagePart<'_>) -> Option<Method> {
    let method = part.content_type()?.attribute("method")?;
    Some(Method::named(method))
}

fn key(part: &MessagePart<'_>) -> Option<String> {
    let bytes = match &part.body {
        PartType::Text(text) => text.as_bytes(),
        PartType::Binary(bytes) => bytes,
        _ => return None,
    };
    if bytes.len() > LARGEST {
        return None;
    }
    let text = file_text::decoded(bytes);
    let calendar = Calendar::cut(&text).ok()?.sent_as(said(part));
    if !calendar.method().invites() {
        return None;
    }
    let event = calendar.events.first()?;
    let appointment = calendar.read(event).ok()?;
    let occurrence = appointment
        .facts
        .meeting
        .map(|m| m.occurrence)
        .unwrap_or_default();
    Some(shown_key(&appointment.facts.key, &occurrence))
}
