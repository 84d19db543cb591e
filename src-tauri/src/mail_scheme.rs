//! The `mail:` scheme: messages and their pictures, each under its own strict policy (B-07).
//!
//! `mail://localhost/message/<mailbox>/<key>?pictures=1&dark=1` is a message's sanitised HTML,
//! `mail://localhost/part/<mailbox>/<key>/<cid>` a picture inside it. Every part is percent-encoded. A mail attached to it is
//! named by its place behind the key: `/message/<mailbox>/<key>/2.0`, `/part/<mailbox>/<key>/2.0/<cid>`.

use behalf_core::{
    Code, Result,
    desk::Desk,
    mailbox::{attached::place_in, html::Look},
    model::Address,
};
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
        place: Vec<u32>,
        look: Look,
    },
    Part {
        mailbox: Address,
        key: String,
        place: Vec<u32>,
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
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (kind, mailbox, key, place, cid) = match *parts.as_slice() {
        ["message", mailbox, key] => ("message", mailbox, key, "", ""),
        ["message", mailbox, key, place] => ("message", mailbox, key, place, ""),
        ["part", mailbox, key, cid] => ("part", mailbox, key, "", cid),
        ["part", mailbox, key, place, cid] => ("part", mailbox, key, place, cid),
        _ => return None,
    };
    let (mailbox, key, place) = (Address::lenient(mailbox), key.to_owned(), place_in(place)?);
    Some(match kind {
        "message" => Wanted::Message {
            mailbox,
            key,
            place,
            look: Look {
                pictures: asks("pictures=1"),
                dark: asks("dark=1"),
            },
        },
        _ => Wanted::Part {
            mailbox,
            key,
            place,
            cid: cid.to_owned(),
        },
    })
}

/// Gets it from the desk: media type and bytes.
fn fetch(desk: &Desk, wanted: &Wanted) -> Result<(String, Vec<u8>)> {
    match wanted {
        Wanted::Message {
            mailbox,
            key,
            place,
            look,
        } => {
            let html = desk.message_html(mailbox, key, place, *look)?;
            Ok(("text/html; charset=utf-8".to_owned(), html.into_bytes()))
        }
        Wanted::Part {
            mailbox,
            key,
            place,
            cid,
        } => {
            let (kind, bytes) = desk.message_part(mailbox, key, place, cid)?;
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
                place: Vec::new(),
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
                place: Vec::new(),
                cid: "logo a".into()
            })
        );
        let inside = parsed("mail://localhost/message/alex@x.org/1@x/2.0?dark=1");
        assert!(
            matches!(&inside, Some(Wanted::Message { place, look, .. }) if *place == [2, 0] && look.dark),
            "{inside:?}"
        );
    }

    #[test]
    fn a_picture_is_found_again_by_the_address_the_core_gives_it() {
        let mailbox = Address::lenient("alex@x.org");
        for place in [vec![], vec![2, 0]] {
            let (mailbox, key) = (mailbox.clone(), "a/b\"@x".to_owned());
            let address = format!("{}logo%20a", html::parts_of(&mailbox, &key, &place));
            let cid = "logo a".into();
            let wanted = Wanted::Part {
                mailbox,
                key,
                place,
                cid,
            };
            assert_eq!(parsed(&address), Some(wanted));
        }
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
            "mail://localhost/message/a@x/1/x",
            "mail://localhost/part/a@x/1/-1/y",
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
