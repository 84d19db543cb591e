//! The `mail:` scheme: messages and their pictures, each under its own strict policy (B-07).
//!
//! `mail://localhost/message/<mailbox>/<key>?pictures=1&dark=1` is a message's sanitised HTML,
//! `mail://localhost/part/<mailbox>/<key>/<cid>` a picture inside it. Every part is percent-encoded.

use behalf_core::{Code, Result, desk::Desk, mailbox::html::Look, model::Address};
use percent_encoding::percent_decode_str;
use tauri::http::{Request, Response, StatusCode, Uri, header};

/// What a message may do: show itself, its own pictures and its own styles. No script, no form, no network.
const POLICY: &str = "default-src 'none'; img-src mail: http://mail.localhost data:; style-src 'unsafe-inline'; \
                      base-uri 'none'; form-action 'none'; sandbox allow-popups";

/// The media types a picture may have. SVG is a document, not a picture.
const PICTURES: [&str; 6] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/avif",
];

/// What a frame asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Message {
        mailbox: Address,
        key: String,
        look: Look,
    },
    Part {
        mailbox: Address,
        key: String,
        cid: String,
    },
}

/// Answers one request of a frame.
pub fn answer(desk: &Desk, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let Some(wanted) = parse(request.uri()) else {
        return respond(StatusCode::NOT_FOUND, "text/plain", Vec::new());
    };
    match fetch(desk, &wanted) {
        Ok((kind, body)) => respond(StatusCode::OK, &kind, body),
        Err(error) => {
            tracing::info!(%error, ?wanted, "a frame was not served");
            let status = match error.code() {
                Code::NotFound => StatusCode::NOT_FOUND,
                Code::Refused => StatusCode::FORBIDDEN,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            respond(
                status,
                "text/plain; charset=utf-8",
                error.to_string().into_bytes(),
            )
        }
    }
}

/// Reads the address of a frame; `None` when it names nothing of ours.
fn parse(uri: &Uri) -> Option<Wanted> {
    let parts = uri
        .path()
        .trim_start_matches('/')
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8().map(String::from))
        .collect::<Result<Vec<_>, _>>()
        .ok()?;
    let asks = |wish| {
        uri.query()
            .is_some_and(|query| query.split('&').any(|pair| pair == wish))
    };
    match parts.as_slice() {
        [kind, mailbox, key] if kind == "message" => Some(Wanted::Message {
            mailbox: Address::lenient(mailbox),
            key: key.clone(),
            look: Look {
                pictures: asks("pictures=1"),
                dark: asks("dark=1"),
            },
        }),
        [kind, mailbox, key, cid] if kind == "part" => Some(Wanted::Part {
            mailbox: Address::lenient(mailbox),
            key: key.clone(),
            cid: cid.clone(),
        }),
        _ => None,
    }
}

/// Gets it from the desk: media type and bytes.
fn fetch(desk: &Desk, wanted: &Wanted) -> Result<(String, Vec<u8>)> {
    match wanted {
        Wanted::Message { mailbox, key, look } => {
            let html = desk.message_html(mailbox, key, *look)?;
            Ok(("text/html; charset=utf-8".to_owned(), html.into_bytes()))
        }
        Wanted::Part { mailbox, key, cid } => {
            let (kind, bytes) = desk.message_part(mailbox, key, cid)?;
            Ok((harmless(&kind).to_owned(), bytes))
        }
    }
}

/// A picture's own media type; anything else is bytes no frame will show.
fn harmless(kind: &str) -> &str {
    PICTURES
        .into_iter()
        .find(|picture| picture.eq_ignore_ascii_case(kind))
        .unwrap_or("application/octet-stream")
}

fn respond(status: StatusCode, kind: &str, body: Vec<u8>) -> Response<Vec<u8>> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, kind)
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CACHE_CONTROL, "no-store")
        .body(body)
        .unwrap_or_else(|error| {
            tracing::error!(%error, "a frame's answer could not be made");
            Response::new(Vec::new())
        })
}

#[cfg(test)]
mod tests {
    use behalf_core::mailbox::html;

    use super::*;

    fn parsed(text: &str) -> Option<Wanted> {
        parse(&text.parse().unwrap())
    }

    #[test]
    fn every_part_of_an_address_is_decoded_after_it_is_split() {
        assert_eq!(
            parsed("mail://localhost/message/alex%40x.org/a%2Fb%3F%40x?pictures=1&dark=1"),
            Some(Wanted::Message {
                mailbox: Address::lenient("alex@x.org"),
                key: "a/b?@x".into(),
                look: Look {
                    pictures: true,
                    dark: true
                }
            })
        );
        assert_eq!(
            parsed("http://mail.localhost/part/alex@x.org/1@x/logo%20a"),
            Some(Wanted::Part {
                mailbox: Address::lenient("alex@x.org"),
                key: "1@x".into(),
                cid: "logo a".into()
            })
        );
    }

    #[test]
    fn a_picture_is_found_again_by_the_address_the_core_gives_it() {
        let mailbox = Address::lenient("alex@x.org");
        let address = format!("{}logo%20a", html::parts_of(&mailbox, "a/b\"@x"));
        let (key, cid) = ("a/b\"@x".into(), "logo a".into());
        assert_eq!(parsed(&address), Some(Wanted::Part { mailbox, key, cid }));
    }

    #[test]
    fn pictures_are_shown_only_when_asked_for() {
        for query in ["", "?pictures=0", "?pictures=10", "?x=1"] {
            let wanted = parsed(&format!("mail://localhost/message/a@x/1{query}"));
            assert!(
                matches!(wanted, Some(Wanted::Message { look, .. }) if look == Look::default()),
                "{query}"
            );
        }
    }

    #[test]
    fn what_names_nothing_of_ours_is_not_found() {
        for text in [
            "mail://localhost/",
            "mail://localhost/message/a@x",
            "mail://localhost/part/a@x/1",
            "mail://localhost/remote/a@x/1",
            "mail://localhost/message/%ff/1",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn only_pictures_keep_their_type_and_every_answer_its_policy() {
        assert_eq!(harmless("IMAGE/PNG"), "image/png");
        for kind in ["image/svg+xml", "text/html", "application/pdf"] {
            assert_eq!(harmless(kind), "application/octet-stream");
        }
        let answer = respond(StatusCode::OK, "text/html", Vec::new());
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("sandbox allow-popups"));
        assert!(!policy.contains("script"));
    }
}
