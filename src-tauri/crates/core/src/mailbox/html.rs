//! Makes a stranger's mail safe to show (B-07).
//!
//! What is not known to be harmless is left out: no scripts, forms, frames, style sheets or outside pictures.
//! The window adds its own walls (an isolated frame, a strict content policy); none of them is relied upon here.

mod budget;

use std::{
    borrow::Cow,
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use ammonia::{Builder, UrlRelative};
use mail_parser::{MimeHeaders, PartType};

use super::{
    clean::{self, prefix},
    parse::{self, Mail},
};
use crate::{Error, Result, model::Address};
use budget::{Deadline, Timed, TooMuch, Written};

/// How much HTML is shown, in bytes. Larger bodies are cut there and say so.
const MAX_HTML: usize = 2 << 20;
/// Pictures that are pictures: SVG is a program.
const PICTURES: [&str; 5] = ["png", "jpeg", "gif", "webp", "bmp"];

const HEAD: &str = "<!doctype html>\n<html><head><meta charset=\"utf-8\">\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src mail: http://mail.localhost data:; style-src 'unsafe-inline'\">\
<meta name=\"referrer\" content=\"no-referrer\"><style>\
html{font:14px/1.5 \"Segoe UI\",system-ui,sans-serif}\
body{margin:4px 20px 24px;overflow-wrap:anywhere}img{max-width:100%;height:auto}table{max-width:100%}\
blockquote{margin:0;margin-inline-start:8px;padding-inline-start:12px;border-inline-start:2px solid #8a8a8a}\
.text{white-space:pre-wrap}";
/// The window shines through: its background is the message's.
const LIGHT: &str = "html{color-scheme:light}body{color:#242424}a{color:#0f548c}";
const DARK: &str = "html{color-scheme:dark}body{color:#fff}a{color:#62abf5}";
/// A message with colours of its own was written for white paper. The page itself stays dark: a frame whose scheme is
/// not the window's would be painted over.
/// The empty picture behind it keeps the sheet's colour from becoming the page's.
const SHEET: &str = "html{color-scheme:dark;background:linear-gradient(transparent,transparent)}a{color:#0f548c}\
body{color-scheme:light;color:#242424;background:#fff;padding:12px 16px;border-radius:8px}";
const BODY: &str = "</style></head><body dir=\"auto\">";
const TAIL: &str = "</body></html>\n";

/// How a message is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Marks the places of outside pictures, so that the person sees what is missing. They stay blocked.
    pub pictures: bool,
    /// The window is dark.
    pub dark: bool,
}

/// A body ready for the isolated frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// A whole HTML document.
    pub html: String,
    /// How many outside pictures were left out.
    pub blocked_images: usize,
}

/// The body of a raw message as a safe document.
///
/// `parts` is put before the content id of every picture inside the message, as in `mail://localhost/part/KEY/`.
/// Outside pictures stay blocked whatever `look` says: nothing here may touch the net.
///
/// # Errors
/// `Unavailable` when the bytes are no message.
pub fn render(raw: &[u8], look: Look, parts: &str) -> Result<Rendered> {
    let mail = read(raw)?;
    let clean = match mail.html() {
        Some(html) => sanitise(html, look.pictures, parts),
        None => Clean::text(linked(&mail.text(MAX_HTML).0)),
    };
    let colours = match look.dark {
        false => LIGHT,
        true if clean.coloured => SHEET,
        true => DARK,
    };
    Ok(Rendered {
        html: format!("{HEAD}{colours}{BODY}{}{TAIL}", clean.body),
        blocked_images: clean.blocked,
    })
}

/// Where the window finds a message's own pictures: `mail://localhost/part/<mailbox>/<key>/`.
pub fn parts_of(mailbox: &Address, key: &str) -> String {
    // Windows has no schemes of one's own; there the same place is a host.
    let place = if cfg!(windows) {
        "http://mail.localhost"
    } else {
        "mail://localhost"
    };
    let key = percent(&key.replace('%', "%25"));
    format!("{place}/part/{}/{key}/", percent(mailbox.as_str()))
}

/// A picture inside a raw message by its content id: media type and bytes.
///
/// # Errors
/// `NotFound` when there is no such picture; `Unavailable` when the bytes are no message.
pub fn part(raw: &[u8], cid: &str) -> Result<(String, Vec<u8>)> {
    let mail = read(raw)?;
    let cid = cid.trim_matches(['<', '>']);
    mail.parts()
        .iter()
        .filter(|p| {
            p.content_id()
                .is_some_and(|id| id.trim_matches(['<', '>']) == cid)
        })
        .find_map(|p| {
            let kind = p.content_type()?;
            let subtype = kind.subtype()?.to_ascii_lowercase();
            let subtype = if subtype == "jpg" {
                "jpeg"
            } else {
                subtype.as_str()
            };
            let picture = kind.ctype().eq_ignore_ascii_case("image") && PICTURES.contains(&subtype);
            match &p.body {
                PartType::Binary(bytes) | PartType::InlineBinary(bytes) if picture => {
                    Some((format!("image/{subtype}"), bytes.to_vec()))
                }
                _ => None,
            }
        })
        .ok_or_else(|| Error::not_found(format!("The message holds no picture “{cid}”."), ""))
}

/// How many pictures of the body would be fetched from the net.
pub fn remote_images(html: &str) -> usize {
    sanitise(html, false, "").blocked
}

/// What is left of a body.
struct Clean {
    body: String,
    /// Outside pictures left out.
    blocked: usize,
    /// It sets colours of its own.
    coloured: bool,
}

impl Clean {
    /// Text that is HTML already, its lines kept.
    fn text(html: String) -> Self {
        Self {
            body: format!("<div class=\"text\">{html}</div>"),
            blocked: 0,
            coloured: false,
        }
    }
}

fn read(raw: &[u8]) -> Result<Mail<'_>> {
    parse::parse(raw)
        .map_err(|reason| Error::unavailable(format!("The message cannot be shown: {reason}"), ""))
}

fn sanitise(html: &str, pictures: bool, parts: &str) -> Clean {
    let shown = prefix(html, MAX_HTML);
    let deadline = Deadline::begin();
    let clean = || {
        budget::weigh(shown, deadline)?;
        ammonia(shown, pictures, parts, deadline)
    };
    // The sanitiser is well tried; should it fail all the same, the person reads the text.
    let result = catch_unwind(AssertUnwindSafe(clean)).unwrap_or(Err(TooMuch));
    let mut clean = result.unwrap_or_else(|TooMuch| bare(shown));
    if shown.len() < html.len() {
        clean
            .body
            .push_str("<p><em>This message is longer; the rest is not shown.</em></p>");
    }
    clean
}

/// The text of HTML that cannot be shown as it is.
fn bare(html: &str) -> Clean {
    let mut clean = Clean::text(linked(&clean::text(&parse::plain(html))));
    clean.body.insert_str(
        0,
        "<p><em>This message is built in a way that would hang a mail program. Its text is shown without its layout.</em></p>",
    );
    clean
}

fn ammonia(html: &str, pictures: bool, parts: &str, deadline: Deadline) -> Result<Clean, TooMuch> {
    let blocked = Arc::new(AtomicUsize::new(0));
    let coloured = Arc::new(AtomicBool::new(false));
    let (count, own, parts) = (blocked.clone(), coloured.clone(), parts.to_owned());
    let clean = Builder::default()
        .add_tags(["font"])
        .add_clean_content_tags(["title", "noscript", "object", "template", "svg", "math", "iframe"])
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid", "data"]))
        .url_relative(UrlRelative::Deny)
        .add_generic_attributes(["style", "dir", "align", "valign", "width", "height", "bgcolor"])
        .add_tag_attributes("table", ["cellpadding", "cellspacing", "border"])
        .add_tag_attributes("font", ["color", "face", "size"])
        .filter_style_properties(HashSet::from([
            "color",
            "background-color",
            "font-family",
            "font-size",
            "font-style",
            "font-weight",
            "line-height",
            "text-align",
            "text-decoration",
            "vertical-align",
            "padding",
            "padding-left",
            "padding-right",
            "padding-top",
            "padding-bottom",
            "margin",
            "margin-left",
            "margin-right",
            "margin-top",
            "margin-bottom",
            "border",
            "border-left",
            "border-right",
            "border-top",
            "border-bottom",
            "border-collapse",
            "width",
            "max-width",
            "white-space",
        ]))
        .link_rel(Some("noopener noreferrer"))
        .set_tag_attribute_value("a", "target", "_blank")
        .attribute_filter(move |element, attribute, value| match (element, attribute) {
            ("img", "src") => {
                if let Some(cid) = strip_scheme(value, "cid:") {
                    Some(Cow::Owned(format!("{parts}{}", percent(cid))))
                } else if is_data_picture(value) {
                    Some(Cow::Borrowed(value))
                } else {
                    count.fetch_add(1, Ordering::Relaxed);
                    None
                }
            }
            ("a", "href") => ["http:", "https:", "mailto:", "tel:"]
                .iter()
                .any(|scheme| strip_scheme(value, scheme).is_some())
                .then_some(Cow::Borrowed(value)),
            // No other address may be fetched, not even by a quotation.
            (_, "cite" | "src" | "href") => None,
            (_, "style") if value.to_ascii_lowercase().contains("url") || value.contains('\\') => None,
            (_, "bgcolor" | "color") => {
                own.store(true, Ordering::Relaxed);
                Some(Cow::Borrowed(value))
            }
            (_, "style") => {
                own.fetch_or(colours(value), Ordering::Relaxed);
                Some(Cow::Borrowed(value))
            }
            _ => Some(Cow::Borrowed(value)),
        })
        .clean_from_reader(Timed::new(html, deadline))
        // It only ever fails when the time is over, as writing does.
        .map_err(|_| TooMuch)?;
    let mut written = Written::new(deadline);
    clean.write_to(&mut written).map_err(|_| TooMuch)?;
    let body = written.text();
    let blocked = blocked.load(Ordering::Relaxed);
    let body = if pictures && blocked > 0 {
        let images = if blocked == 1 {
            "remote image"
        } else {
            "remote images"
        };
        format!("<p><em>{blocked} {images} blocked.</em></p>{body}")
    } else {
        body
    };
    Ok(Clean {
        body,
        blocked,
        coloured: coloured.load(Ordering::Relaxed),
    })
}

/// True when a style sets a colour of its text or of what is behind it.
fn colours(style: &str) -> bool {
    style
        .split(';')
        .filter_map(|one| one.split_once(':'))
        .any(|(property, _)| {
            ["color", "background-color"]
                .iter()
                .any(|name| property.trim().eq_ignore_ascii_case(name))
        })
}

fn strip_scheme<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let value = value.trim_start();
    let head = value.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then(|| &value[scheme.len()..])
}

fn is_data_picture(value: &str) -> bool {
    strip_scheme(value, "data:image/").is_some_and(|rest| {
        let rest = rest.to_ascii_lowercase();
        PICTURES
            .iter()
            .any(|kind| rest.strip_prefix(kind).is_some_and(|r| r.starts_with([';', ','])))
    })
}

/// Plain text as HTML: escaped, web addresses as links.
fn linked(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(at) = next_link(rest) {
        out.push_str(&escape(&rest[..at]));
        let link = &rest[at..];
        let end = link
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`'))
            .unwrap_or(link.len());
        let url = link[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '…']);
        let url_html = escape(url);
        out.push_str(&format!(
            "<a href=\"{url_html}\" target=\"_blank\" rel=\"noopener noreferrer\">{url_html}</a>"
        ));
        rest = &link[url.len()..];
    }
    out.push_str(&escape(rest));
    out
}

/// Where the next web address begins. Nothing is searched twice: a text may be nothing but addresses.
fn next_link(text: &str) -> Option<usize> {
    let is_link = |at: &usize| {
        let rest = &text[at + "http".len()..];
        rest.starts_with("://") || rest.starts_with("s://")
    };
    memchr::memmem::find_iter(text.as_bytes(), "http").find(is_link)
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A content id as part of an address.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        // Mails often come with their ids encoded already: a `%` stays.
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'@' | b'%' | b'$' | b'+') {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PARTS: &str = "mail://localhost/part/7/";

    fn show(html: &str) -> Rendered {
        let raw = format!("Subject: x\nContent-Type: text/html; charset=utf-8\n\n{html}");
        render(raw.as_bytes(), Look::default(), PARTS).unwrap()
    }

    fn body(html: &str) -> String {
        let html = show(html).html;
        let (_, body) = html.split_once(BODY).unwrap();
        body.strip_suffix(TAIL).unwrap().to_owned()
    }

    #[test]
    fn only_a_message_with_colours_of_its_own_lies_on_a_light_sheet() {
        let night = |html: &str| {
            let raw = format!("Subject: x\nContent-Type: text/html\n\n{html}");
            let look = Look {
                dark: true,
                pictures: false,
            };
            render(raw.as_bytes(), look, PARTS).unwrap().html
        };
        for plain in [
            "<p>Hello</p>",
            "<p style=\"font-size:12px; border-color:red\">Hello</p>",
            "<p color=red>Hello</p>",
            "<p style=\"color:red;background:url(x)\">Hello</p>",
            "<script>p.style='color:red'</script>color: red",
        ] {
            assert!(night(plain).contains(DARK), "{plain}");
        }
        for coloured in [
            "<p style=\"font-size:12px;COLOR : red\">Hello</p>",
            "<table><tr><td style=\"background-color:#fff\">Hello</table>",
            "<table bgcolor=white><tr><td>Hello</table>",
            "<font color=navy>Hello</font>",
        ] {
            assert!(night(coloured).contains(SHEET), "{coloured}");
            assert!(show(coloured).html.contains(LIGHT), "{coloured}");
        }
    }

    #[test]
    fn only_what_is_harmless_stays() {
        let shown = show(
            "<html><head><style>p{background:url(http://t.example/c)}</style><script>alert(1)</script></head>\
             <body onload=\"alert(1)\"><p style=\"color:red;position:fixed;background:url('http://t.example/s')\">Hello</p>\
             <b style=\"color:#c00;position:fixed\">bold</b>\
             <img src=\"http://t.example/pixel.png\" alt=remote><img src=\"//t.example/2\"><img src=\"cid:Logo 1@x\">\
             <img src=\"data:image/png;base64,AAAA\"><img src=\"data:image/svg+xml,<svg/>\">\
             <img srcset=\"http://t.example/3 2x\"><video src=\"http://t.example/v\" poster=\"http://t.example/p\"></video>\
             <a href=\"https://example.org/x?y=1\" onclick=\"evil()\">A link</a><a href=\"javascript:alert(1)\">bad</a>\
             <a href=\"data:text/html,<script>\">data</a><q cite=\"http://t.example/q\">q</q>\
             <iframe src=\"https://t.example\"></iframe><form action=\"https://t.example\"><input name=a></form>\
             <svg><script>alert(2)</script></svg><base href=\"https://t.example\"><meta http-equiv=refresh content=\"0;url=http://t.example\">",
        );
        let (_, body) = shown.html.split_once(BODY).unwrap();
        for bad in [
            "script",
            "onload",
            "onclick",
            "iframe",
            "<form",
            "input",
            "t.example",
            "position",
            "svg",
            "<meta",
            "<base",
            "data:text",
        ] {
            assert!(!body.contains(bad), "{bad}: {body}");
        }
        for good in [
            "Hello",
            "color:#c00",
            "https://example.org/x?y=1",
            "mail://localhost/part/7/Logo%201@x",
            "data:image/png;base64,AAAA",
            "noopener",
        ] {
            assert!(body.contains(good), "{good}: {body}");
        }
        assert_eq!(
            shown.blocked_images, 2,
            "one outside address, one picture that is a program: {body}"
        );
    }

    #[test]
    fn text_is_escaped_and_linked() {
        let raw = "Subject: x\n\nSee <b> https://example.org/a?b=1&c=\"2\". 1 < 2\n";
        let html = render(raw.as_bytes(), Look::default(), "").unwrap().html;
        assert!(
            html.contains("See &lt;b&gt; <a href=\"https://example.org/a?b=1&amp;c=\""),
            "{html}"
        );
        assert!(html.contains("1 &lt; 2"));
    }

    #[test]
    fn a_text_of_nothing_but_addresses_is_linked_in_time() {
        let raw = format!("Subject: x\n\n{}", "https://a http httpx ".repeat(MAX_HTML / 21));
        let began = std::time::Instant::now();
        let html = render(raw.as_bytes(), Look::default(), "").unwrap().html;
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
        assert_eq!(html.matches("<a href=\"https://a\"").count(), MAX_HTML / 21);
    }

    #[test]
    fn what_is_begun_and_never_ended_is_read_in_time() {
        for (before, begun, after) in [
            ("", "<!--", ""),
            ("", "<script>", ""),
            ("", "<!--<title>", ""),
            ("", "<svg><![CDATA[", ""),
            ("", "<!DOCTYPE a PUBLIC '", ""),
            ("", "<?", ""),
            ("", "</", ""),
            // The serialiser looks ahead from each of these.
            ("", "&", ""),
            ("", "&#", ""),
            ("", "&</q>", ""),
            ("", "\u{a0}", ""),
            ("<table>", "&<tr>", ""),
            ("<a href=\"http://a/?", "&", "\">"),
        ] {
            let html = format!("{before}{}{after}", begun.repeat((4 << 20) / begun.len()));
            let raw = format!("Subject: x\nContent-Type: text/html; charset=utf-8\n\n{html}");
            let clock = std::time::Instant::now();
            render(raw.as_bytes(), Look::default(), PARTS).unwrap();
            parse::plain(&html);
            assert!(clock.elapsed().as_secs() < 3, "{begun}: {:?}", clock.elapsed());
        }
    }

    #[test]
    fn what_many_comments_stand_in_is_read() {
        let html = "<!--[if mso]>x<![endif]--><p>Hello</p>".repeat(5_000);
        assert_eq!(parse::plain(&html).matches("Hello").count(), 5_000);
        assert_eq!(body(&html).matches("Hello").count(), 5_000);
    }

    #[test]
    fn what_cannot_be_shown_is_told_and_its_text_is() {
        let html = format!(
            "<p {}>Hello</p>",
            "a ".repeat(1_000) + &(0..1_000).map(|n| format!("a{n} ")).collect::<String>()
        );
        let body = body(&html);
        assert!(
            body.contains("hang a mail program") && body.contains("Hello"),
            "{body}"
        );
        assert!(!body.contains("a999"));
    }

    #[test]
    fn the_window_can_tell_whose_picture_it_is() {
        let place = parts_of(&Address::lenient("kim@x.org"), "a/b%1?@y");
        assert!(
            place.ends_with("localhost/part/kim@x.org/a%2Fb%251%3F@y/"),
            "{place}"
        );
    }

    #[test]
    fn depth_is_bounded() {
        let html = "<div>".repeat(200_000);
        assert!(body(&html).ends_with("without its layout.</em></p><div class=\"text\"></div>"));
        assert!(body(&"<table><tr><td>x".repeat(20)).contains("<td"));
    }

    #[test]
    fn pictures_by_content_id_and_nothing_else() {
        let raw = "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n\
            --b\nContent-Type: text/html\n\n<img src=\"cid:a@x\">\n\
            --b\nContent-Type: image/png\nContent-ID: <a@x>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n\
            --b\nContent-Type: text/html\nContent-ID: <h@x>\n\n<script>\n\
            --b\nContent-Type: image/svg+xml\nContent-ID: <s@x>\n\n<svg/>\n--b--\n";
        let (kind, bytes) = part(raw.as_bytes(), "a@x").unwrap();
        assert_eq!((kind.as_str(), &bytes[..4]), ("image/png", &b"\x89PNG"[..]));
        for cid in ["h@x", "s@x", "none"] {
            assert!(part(raw.as_bytes(), cid).is_err(), "{cid}");
        }
    }

    proptest! {
        #[test]
        fn no_input_lets_a_script_or_an_outside_picture_through(
            html in "(<|</|>|script|img|a|svg|style|math|table|title| src=| href=|=|\"|'|https://t\\.example|javascript:|cid:|on[a-z]{3}=|url\\(|&#[0-9]{2};|[a-z /\\\\]|\\PC){0,40}"
        ) {
            let body = body(&html).to_lowercase();
            prop_assert!(!body.contains("<script") && !body.contains("<svg") && !body.contains("<style"), "{}", body);
            for tag in body.split('<').skip(1) {
                let tag = tag.split('>').next().unwrap_or("");
                prop_assert!(!(tag.starts_with("img") && tag.contains("t.example")), "{}", tag);
                prop_assert!(!tag.contains("href=\"javascript"), "{}", tag);
            }
        }
    }
}
