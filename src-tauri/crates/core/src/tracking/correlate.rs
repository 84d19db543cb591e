//! Which tracked mail a mail answers (E-08). Pure: what is known of the others is asked for.

use crate::model::{Answers, Facts, Kind, Method, ThreadIndex, bare_key};

/// Dynamics 365 writes `CRM:` and seven digits; both are settings there.
const TOKEN: &str = "CRM:";

/// What is known of the other mails of the mailbox.
pub trait Kin {
    /// What can go wrong in asking.
    type Error;

    /// Has somebody decided about this mail? `Some(true)` when it is tracked, `Some(false)` when it was untracked.
    fn decided(&mut self, key: &str) -> Result<Option<bool>, Self::Error>;

    /// The keys of the tracked mails that carry this mark, each with the whole it was taken from, oldest first.
    fn marked(&mut self, mark: &str) -> Result<Vec<(String, String)>, Self::Error>;
}

/// The tracked mail that this one answers, and how that is known: by In-Reply-To and References, then by the tracking
/// token in the subject, then by the conversation index. Of its ancestors the nearest one that somebody decided about
/// decides: an answer to what was untracked is not tracked.
///
/// # Errors
/// What `kin` says.
pub fn correlate<K: Kin>(facts: &Facts, kin: &mut K) -> Result<Option<Answers>, K::Error> {
    let answers = |method, key: &str| {
        Some(Answers {
            method,
            key: key.to_owned(),
        })
    };
    let mut asked: Vec<&str> = Vec::new();
    for id in [&facts.in_reply_to]
        .into_iter()
        .chain(facts.references.iter().rev())
    {
        let key = bare_key(id);
        if key.is_empty() || key == facts.key || asked.contains(&key) {
            continue;
        }
        asked.push(key);
        match kin.decided(key)? {
            Some(true) => return Ok(answers(Method::InReplyTo, key)),
            Some(false) => return Ok(None),
            None => {}
        }
    }
    if let Some(token) = token(&facts.subject) {
        let marked = kin.marked(token)?;
        if let Some((key, _)) = marked.iter().rev().find(|(key, _)| *key != facts.key) {
            return Ok(answers(Method::TrackingToken, key));
        }
    }
    if let Some(index) = ThreadIndex::read(&facts.conversation_index) {
        let marked = kin.marked(&index.root())?;
        let ancestors = marked
            .iter()
            .filter(|(key, of)| *key != facts.key && index.follows(of));
        if let Some((key, _)) = ancestors.max_by_key(|(_, of)| of.len()) {
            return Ok(answers(Method::ConversationIndex, key));
        }
    }
    Ok(None)
}

/// By what a mail can be found later: its token and its conversation, each with the whole it was taken from.
pub fn marks(facts: &Facts) -> Vec<(String, String)> {
    if facts.kind() != Kind::Email {
        return Vec::new();
    }
    let token = token(&facts.subject).map(|token| (token.to_owned(), String::new()));
    let index = ThreadIndex::read(&facts.conversation_index).map(|index| (index.root(), index.hex()));
    token.into_iter().chain(index).collect()
}

/// The tracking token in a subject, as in `Quote 17 CRM:0001234`.
pub fn token(subject: &str) -> Option<&str> {
    let mut from = 0;
    while let Some(at) = subject[from..].find(TOKEN) {
        let start = from + at;
        let digits = start + TOKEN.len();
        let rest = &subject[digits..];
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        if (4..=16).contains(&length)
            && alone(subject[..start].chars().next_back())
            && alone(rest[length..].chars().next())
        {
            return Some(&subject[start..digits + length]);
        }
        from = digits;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, convert::Infallible};

    use base64::{Engine, prelude::BASE64_STANDARD};
    use proptest::prelude::*;

    use super::*;
    use crate::model::thread::{ROOT, STEP};

    /// Mails by key: tracked or untracked, with their facts.
    #[derive(Default)]
    struct Mailbox(BTreeMap<String, (bool, Facts)>);

    impl Mailbox {
        fn with(mut self, tracked: bool, facts: Facts) -> Self {
            self.0.insert(facts.key.clone(), (tracked, facts));
            self
        }
    }

    impl Kin for &Mailbox {
        type Error = Infallible;

        fn decided(&mut self, key: &str) -> Result<Option<bool>, Infallible> {
            Ok(self.0.get(key).map(|(tracked, _)| *tracked))
        }

        fn marked(&mut self, mark: &str) -> Result<Vec<(String, String)>, Infallible> {
            let tracked = self.0.values().filter(|(tracked, _)| *tracked);
            let found =
                tracked.flat_map(|(_, f)| marks(f).into_iter().map(|(m, whole)| (m, f.key.clone(), whole)));
            Ok(found
                .filter(|(m, ..)| m == mark)
                .map(|(_, key, whole)| (key, whole))
                .collect())
        }
    }

    fn mail(key: &str) -> Facts {
        Facts {
            key: key.into(),
            ..Facts::default()
        }
    }

    fn answering(key: &str, reply: &str, references: &[&str]) -> Facts {
        let references = references.iter().map(|r| (*r).to_owned()).collect();
        Facts {
            in_reply_to: reply.into(),
            references,
            ..mail(key)
        }
    }

    fn about(key: &str, subject: &str) -> Facts {
        Facts {
            subject: subject.into(),
            ..mail(key)
        }
    }

    fn indexed(key: &str, steps: usize) -> Facts {
        Facts {
            conversation_index: BASE64_STANDARD.encode(vec![7; ROOT + steps]),
            ..mail(key)
        }
    }

    fn found(mail: &Facts, mailbox: &Mailbox) -> Option<(Method, String)> {
        let Ok(found) = correlate(mail, &mut &*mailbox);
        found.map(|a| (a.method, a.key))
    }

    #[test]
    fn e_08_the_nearest_ancestor_somebody_decided_about_decides() {
        let mailbox = Mailbox::default()
            .with(true, mail("1"))
            .with(false, mail("2"))
            .with(true, mail("3"));
        let by_reply = |key: &str| Some((Method::InReplyTo, key.to_owned()));
        assert_eq!(found(&answering("9", "1", &[]), &mailbox), by_reply("1"));
        assert_eq!(found(&answering("9", "", &["1", "3"]), &mailbox), by_reply("3"));
        assert_eq!(
            found(&answering("9", "unknown", &["1", "unknown"]), &mailbox),
            by_reply("1")
        );
        assert_eq!(
            found(&answering("9", "2", &["1", "2"]), &mailbox),
            None,
            "what it answers was untracked"
        );
        assert_eq!(
            found(&answering("1", "1", &["1"]), &mailbox),
            None,
            "no mail answers itself"
        );
        assert_eq!(found(&mail("9"), &mailbox), None);
    }

    #[test]
    fn e_08_then_the_token_then_the_conversation_index() {
        let both = Facts {
            subject: "Quote CRM:0001234".into(),
            ..indexed("1", 0)
        };
        let mailbox = Mailbox::default()
            .with(true, both.clone())
            .with(true, indexed("2", STEP));
        let late = Facts {
            subject: "RE: Quote CRM:0001234".into(),
            ..indexed("9", 2 * STEP)
        };
        assert_eq!(found(&late, &mailbox), Some((Method::TrackingToken, "1".into())));
        let other = Facts {
            subject: "RE: Quote".into(),
            ..late
        };
        assert_eq!(
            found(&other, &mailbox),
            Some((Method::ConversationIndex, "2".into())),
            "the nearest ancestor"
        );
        let reply = Facts {
            in_reply_to: "2".into(),
            ..both
        };
        assert_eq!(
            found(
                &Facts {
                    key: "9".into(),
                    ..reply
                },
                &mailbox
            ),
            Some((Method::InReplyTo, "2".into()))
        );
        let sibling = Mailbox::default().with(true, indexed("1", STEP));
        let mut index = vec![7; ROOT];
        index.extend([8; STEP]);
        let apart = Facts {
            conversation_index: BASE64_STANDARD.encode(index),
            ..mail("9")
        };
        assert_eq!(
            found(&apart, &sibling),
            None,
            "another answer to the same mail is no ancestor"
        );
        let untracked = Mailbox::default().with(false, about("1", "CRM:0001234"));
        assert_eq!(found(&about("9", "CRM:0001234"), &untracked), None);
    }

    #[test]
    fn a_token_stands_alone() {
        for (subject, expected) in [
            ("Quote 17 CRM:0001234", Some("CRM:0001234")),
            ("[CRM:0001234] Quote", Some("CRM:0001234")),
            ("CRM:12", None),
            ("XCRM:0001234", None),
            ("CRM:0001234x", None),
            ("CRM: 0001234", None),
            ("CRM:1 and CRM:0001235", Some("CRM:0001235")),
            ("ÄCRM:0001234 ÄCRM:0001234Ö", None),
            ("", None),
        ] {
            assert_eq!(token(subject), expected, "{subject}");
        }
    }

    proptest! {
        #[test]
        fn anything_may_stand_in_a_mail(subject in "(CRM:|[0-9]{0,8}|\\PC){0,12}", header in "\\PC{0,60}") {
            let mail = Facts { subject, conversation_index: header, ..mail("1") };
            for (mark, _) in marks(&mail) {
                prop_assert!(mark.len() <= 50);
            }
        }

        /// What it answers is tracked, and is another mail.
        #[test]
        fn e_08_nothing_is_answered_that_is_not_tracked(
            tracked in prop::collection::vec(any::<bool>(), 6),
            references in prop::collection::vec(0usize..8, 0..6),
            steps in prop::collection::vec(0usize..4, 6),
            own in (0usize..4, 0usize..8),
        ) {
            let mut mailbox = Mailbox::default();
            for (n, tracked) in tracked.iter().enumerate() {
                mailbox = mailbox.with(*tracked, indexed(&n.to_string(), STEP * steps[n]));
            }
            let references = references.iter().map(ToString::to_string).collect();
            let mail = Facts { references, ..indexed(&own.1.to_string(), STEP * own.0) };
            if let Some((_, key)) = found(&mail, &mailbox) {
                prop_assert_ne!(&key, &mail.key);
                prop_assert!(mailbox.0[&key].0);
            }
        }
    }
}
