//! Is it another copy of the same mail, or another mail under the same Message-ID (B-08)?
//!
//! RFC 5322 §3.6.4: an id names one version of one mail. Broken senders use one for all they send, and copies of one mail
//! differ: in the lines the way has left, by what lists and gateways put around the text, and by the Bcc that only the
//! sender's own copy keeps. Pure.

use sha2::{Digest, Sha256};

use super::parse::Head;
use crate::model::{FolderRole, Time};

/// In [`Head::sent`] when no header holds a usable date.
pub(super) const UNDATED: Time = Time(i64::MIN);
/// Stands between a Message-ID and what tells its mails apart.
pub(super) const MARK: char = '~';

/// Copies of one mail are dated alike, in milliseconds; some gateways leave the seconds out.
const ALIKE: u64 = 60_000;
/// What was sent may be dated when it was written, or when it went.
const SENT_ALIKE: u64 = 24 * 3_600_000;
/// So much of the text counts in the key of another mail, and in looking for a text within a longer one, in bytes.
const BEGINNING: usize = 1000;
const WITHIN: usize = 32 << 10;

/// Are these copies of one mail? Both bear one Message-ID; `sent` is [`UNDATED`] where nothing says it.
pub(super) fn is_same((one, role): (&Head, FolderRole), (other, other_role): (&Head, FolderRole)) -> bool {
    let is = |wanted| role == wanted || other_role == wanted;
    let of_one = |a: &str, b: &str| a.is_empty() || b.is_empty() || a == b;
    if !of_one(&one.from.address, &other.from.address) {
        return false;
    }
    if is(FolderRole::Drafts) {
        // What was written at first.
        return true;
    }
    let alike = if is(FolderRole::Sent) { SENT_ALIKE } else { ALIKE };
    let dated = one.sent != UNDATED && other.sent != UNDATED;
    let dates = !dated || one.sent.0.abs_diff(other.sent.0) <= alike;
    dates
        && contains(&words(&one.subject), &words(&other.subject))
        && one.attachments == other.attachments
        && is_one_text(&words(&one.text), &words(&other.text))
}

/// Are these one text, but for what a list or a gateway has put under or over it?
fn is_one_text(one: &str, other: &str) -> bool {
    let (short, long) = by_length(one, other);
    let Some(at) = memchr::memmem::find(long.as_bytes(), short.as_bytes()) else {
        return false;
    };
    let (over, under) = (&long[..at], long[at + short.len()..].trim_start());
    (over.is_empty() || is_banner(over)) && (under.is_empty() || short.is_empty() || is_footer(under))
}

/// `CAUTION: This mail came from outside.`
fn is_banner(text: &str) -> bool {
    const WORDS: [&str; 12] = [
        "caution",
        "external",
        "extern",
        "outside",
        "warning",
        "achtung",
        "vorsicht",
        "warnung",
        "attention",
        "esterno",
        "externo",
        "внешн",
    ];
    let text = text[..text.floor_char_boundary(BEGINNING)].to_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

/// Begins as what stands under a mail does: `-- `, a line of strokes, a scanner's or a list's word.
fn is_footer(text: &str) -> bool {
    const BEGINNINGS: [&str; 8] = ["--", "__", "==", "**", "~~", "This e", "This m", "You received"];
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

/// The key of another mail under a Message-ID that is taken: the same on every replica that holds it. `whole` when two
/// begin alike.
pub(super) fn derived(key: &str, head: &Head, whole: bool) -> String {
    let text = words(&head.text);
    let end = if whole {
        text.len()
    } else {
        text.floor_char_boundary(BEGINNING)
    };
    let mut hash = Sha256::new();
    for part in [&head.from.address, &words(&head.subject), &text[..end]] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(head.sent.0.to_be_bytes());
    let hex: String = hash
        .finalize()
        .iter()
        .take(8)
        .map(|b| format!("{b:02x}"))
        .collect();
    format!("{key}{MARK}{hex}")
}

/// Which of two mails keeps the Message-ID for its key: the earlier. The same answer in whatever order they come.
pub(super) fn is_before(one: &Head, other: &Head) -> bool {
    let order = |head: &Head| {
        let sent = if head.sent == UNDATED {
            i64::MAX
        } else {
            head.sent.0
        };
        (sent, derived("", head, true))
    };
    order(one) < order(other)
}

/// The words, however lines are broken. Addresses of pages are left out: gateways write their own.
fn words(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for word in text.split_whitespace().filter(|word| !word.contains("://")) {
        all.push_str(word);
        all.push(' ');
    }
    all
}

/// The shorter one, as much of it as is looked for, and the longer one.
fn by_length<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    (&short[..short.floor_char_boundary(WITHIN)], long)
}

/// Is one of them the other, with something before or after it?
fn contains(one: &str, other: &str) -> bool {
    let (short, long) = by_length(one, other);
    memchr::memmem::find(long.as_bytes(), short.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Mention;

    fn head(from: &str, at: i64, subject: &str, text: &str) -> Head {
        Head {
            from: Mention {
                address: from.into(),
                name: String::new(),
            },
            sent: Time(at),
            subject: subject.into(),
            text: text.into(),
            ..Head::default()
        }
    }

    #[test]
    fn copies_are_one_and_others_are_not() {
        use FolderRole::{Drafts, Inbox, Other, Sent};
        let mail = head("a@x", 0, "Offer", "Here is\nthe offer https://x.org/1");
        for (other, roles, same) in [
            (mail.clone(), (Inbox, Inbox), true),
            (
                head("a@x", 0, "[list] Offer", "Here is the offer\n-- \nlist footer"),
                (Inbox, Other),
                true,
            ),
            (
                head(
                    "a@x",
                    30_000,
                    "Offer",
                    "CAUTION: external\n\nHere is the offer https://safe/?u=1 ",
                ),
                (Inbox, Inbox),
                true,
            ),
            (
                head("a@x", 0, "Offer", "Here is the order"),
                (Inbox, Inbox),
                false,
            ),
            (
                head("a@x", 0, "Offer", "Here is the offer\n\nPS: It is cancelled."),
                (Inbox, Inbox),
                false,
            ),
            (
                head("a@x", 0, "Offer", "Please ignore this: Here is the offer"),
                (Inbox, Inbox),
                false,
            ),
            (
                head("a@x", 0, "Order", "Here is the offer"),
                (Inbox, Inbox),
                false,
            ),
            (
                head("a@x", 3_600_000, "Offer", "Here is the offer"),
                (Inbox, Inbox),
                false,
            ),
            (
                head("a@x", 3_600_000, "Offer", "Here is the offer"),
                (Inbox, Sent),
                true,
            ),
            (
                head("a@x", UNDATED.0, "Offer", "Here is the offer"),
                (Inbox, Inbox),
                true,
            ),
            (
                head("b@x", 0, "Offer", "Here is the offer"),
                (Inbox, Inbox),
                false,
            ),
            (head("a@x", -9_000_000, "", "Here"), (Sent, Drafts), true),
            (
                head("b@x", 0, "Offer", "Here is the offer"),
                (Sent, Drafts),
                false,
            ),
        ] {
            assert_eq!(
                is_same((&mail, roles.0), (&other, roles.1)),
                same,
                "{other:?} {roles:?}"
            );
            assert_eq!(is_same((&other, roles.1), (&mail, roles.0)), same);
        }
    }

    #[test]
    fn the_key_of_another_mail_is_the_same_everywhere() {
        let mail = head("a@x", 5, "Offer", "Here is the offer");
        let key = derived("1@x", &mail, false);
        assert_eq!(key, "1@x~154022f0223bcc09");
        assert_eq!(
            derived("1@x", &head("a@x", 5, " Offer", "Here is\r\nthe  offer"), false),
            key
        );
        assert_ne!(
            derived("1@x", &head("a@x", 6, "Offer", "Here is the offer"), false),
            key
        );
        let long = |end: &str| head("a@x", 5, "", &format!("{}{end}", "word ".repeat(500)));
        assert_eq!(derived("", &long("a"), false), derived("", &long("b"), false));
        assert_ne!(derived("", &long("a"), true), derived("", &long("b"), true));
    }

    proptest! {
        #[test]
        fn the_same_order_from_both_sides(a in (0i64..3, "[ab]{0,2}", "[ab \n]{0,4}"), b in (0i64..3, "[ab]{0,2}", "[ab \n]{0,4}")) {
            let [a, b] = [a, b].map(|(at, subject, text)| head("a@x", at, &subject, &text));
            if is_before(&a, &b) {
                prop_assert!(!is_before(&b, &a));
            }
        }
    }
}
