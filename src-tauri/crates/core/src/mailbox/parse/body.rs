//! What a mail says: which of its parts are its text, in which words, and which are attachments.

use std::{borrow::Cow, collections::HashSet};

use mail_parser::{
    Encoding, HeaderName, MessagePart, MimeHeaders, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

use super::{MAX_HTML, MAX_KEY, Mail, mend::Seal};
use crate::mailbox::{
    charset,
    clean::{self, prefix},
    flowed,
    headers::{Headers, params},
    html::escape,
    invitation,
    plain::plain,
};

/// Parts of one body that say the same, in plain words and in HTML; each may lie around attachments.
#[derive(Default)]
struct Piece {
    plain: Vec<usize>,
    html: Vec<usize>,
    /// Which of its versions these come from.
    plain_of: usize,
    html_of: usize,
}

/// What each part is for.
#[derive(Default)]
struct Layout {
    /// Shown one after another.
    pieces: Vec<Piece>,
    /// Neither text nor what holds parts, in order.
    others: Vec<usize>,
}

/// Where a part lies.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Inside a multipart/alternative: its piece, and which version this is.
    version: Option<(usize, usize)>,
    /// Inside a multipart/related, and not what it is about.
    related: bool,
}

impl<'x> Mail<'x> {
    /// Every part, in order.
    pub fn parts(&self) -> &[MessagePart<'_>] {
        &self.body().parts
    }

    fn pick(&self, ids: &[usize]) -> impl Iterator<Item = &MessagePart<'_>> {
        ids.iter().filter_map(|id| self.parts().get(*id))
    }

    /// The body as plain text, at most `max` bytes, and whether more was left out.
    pub fn text(&self, max: usize) -> (String, bool) {
        let mut all = String::new();
        let mut cut = false;
        for piece in self.layout().pieces {
            let mut says = false;
            for part in self.pick(&piece.plain) {
                let text = self.words(part);
                if !is_blank(&text) {
                    says = true;
                    cut |= add(&mut all, &text, max);
                }
            }
            // Blank words beside HTML say nothing: what the HTML says is the text.
            for part in self.pick(&piece.html).filter(|_| !says) {
                let html = self.words(part);
                cut |= html.len() > MAX_HTML;
                let text = match part.body {
                    PartType::Html(_) => plain(prefix(&html, MAX_HTML)),
                    _ => html.into_owned(),
                };
                cut |= add(&mut all, &text, max);
            }
        }
        if let Some(seal) = self.seal {
            cut |= add(&mut all, seal.words(), max);
        }
        (all, cut)
    }

    /// The HTML body with all its parts; `None` when the message has none of its own.
    pub fn html(&self) -> Option<Cow<'_, str>> {
        let layout = self.layout();
        let is_html = |part: &&MessagePart<'_>| matches!(part.body, PartType::Html(_));
        // Empty pages are sent beside words that say something.
        let shows = |piece: &Piece| {
            let mut pages = self.pick(&piece.html).filter(is_html).peekable();
            pages.peek().is_some()
                && (pages.any(|part| says_something(&self.words(part)))
                    || self.pick(&piece.plain).all(|part| is_blank(&self.words(part))))
        };
        let mut all: Vec<Cow<'_, str>> = Vec::new();
        let mut any = false;
        for piece in &layout.pieces {
            let shows = shows(piece);
            any |= shows;
            for part in self.pick(if shows { &piece.html } else { &piece.plain }) {
                let words = self.words(part);
                match part.body {
                    PartType::Html(_) => all.push(words),
                    _ if is_blank(&words) => {}
                    _ => all.push(Cow::Owned(written(&words))),
                }
            }
        }
        if !any {
            return None;
        }
        if self.seal == Some(Seal::Signed) {
            all.push(Cow::Owned(written(Seal::Signed.words())));
        }
        match all.len() {
            0 | 1 => all.pop(),
            _ => Some(Cow::Owned(all.join("\n"))),
        }
    }

    /// What a person would call attachments, in order: not the pictures an HTML body shows, not the body's other versions.
    pub fn attachments(&self) -> impl Iterator<Item = &MessagePart<'_>> {
        let shown = self.pictures_shown();
        self.layout()
            .others
            .into_iter()
            .filter_map(|id| self.parts().get(id))
            .filter(move |part| {
                let attached = part.content_disposition().is_some_and(|d| d.is_attachment());
                let text = matches!(part.body, PartType::Text(_) | PartType::Html(_));
                let is_shown = picture_id(part).is_some_and(|id| shown.contains(id));
                let is_file = attached || !text || self.file_name(part).is_some() || is_document(part);
                is_file && !is_shown
            })
    }

    /// What was sent as a part: of text the bytes in their own charset, of a mail all of it.
    pub fn bytes<'a>(&'a self, part: &'a MessagePart<'_>) -> Cow<'a, [u8]> {
        let decoded = match &part.body {
            PartType::Text(_) | PartType::Html(_) => self.decoded(part),
            PartType::Message(_) if part.encoding == Encoding::None => self.decoded(part),
            _ => None,
        };
        decoded.unwrap_or(Cow::Borrowed(part.contents()))
    }

    /// A part's own bytes out of the message; `None` where they are not encoded as they say.
    fn decoded(&self, part: &MessagePart<'_>) -> Option<Cow<'_, [u8]>> {
        let raw = self
            .body()
            .raw_message
            .get(part.offset_body as usize..part.offset_end as usize)?;
        Some(match part.encoding {
            Encoding::None => Cow::Borrowed(raw),
            Encoding::Base64 => Cow::Owned(base64_decode(raw)?),
            Encoding::QuotedPrintable => Cow::Owned(quoted_printable_decode(raw)?),
        })
    }

    /// The name of a part's file, as its sender wrote it.
    pub fn file_name(&self, part: &MessagePart<'_>) -> Option<String> {
        let headers = self.headers_of(part);
        [
            (HeaderName::ContentDisposition, "filename"),
            (HeaderName::ContentType, "name"),
        ]
        .into_iter()
        .find_map(|(header, param)| headers.param(header, param))
        .filter(|name| !name.trim().is_empty())
    }

    fn headers_of<'a>(&'a self, part: &'a MessagePart<'a>) -> Headers<'a> {
        Headers::new(&part.headers, &self.body().raw_message, self.charset())
    }

    /// Tells the parts that are the text from the others. Not the parser's own lists: they show one HTML part of several,
    /// and neither text named as a file nor a bare `Content-Type: text`.
    fn layout(&self) -> Layout {
        let mut layout = Layout::default();
        let mut rest = vec![(0, Place::default())];
        let mut seen = false;
        while let Some((id, place)) = rest.pop() {
            let Some(part) = self.parts().get(id) else {
                continue;
            };
            if let PartType::Multipart(ids) = &part.body {
                let kind = part
                    .content_type()
                    .and_then(|kind| kind.subtype())
                    .unwrap_or_default();
                let piece = layout.pieces.len();
                let begins = kind == "alternative" && place.version.is_none();
                if begins {
                    layout.pieces.push(Piece::default());
                }
                // The last one is taken first.
                rest.extend(ids.iter().enumerate().rev().map(|(at, id)| {
                    let inner = Place {
                        version: if begins { Some((piece, at)) } else { place.version },
                        related: place.related || kind == "related" && at > 0,
                    };
                    (*id as usize, inner)
                }));
                continue;
            }
            let is_text = self.is_text(part) && !place.related && (!seen || self.file_name(part).is_none());
            if !is_text {
                layout.others.push(id);
                continue;
            }
            seen = true;
            let html = matches!(part.body, PartType::Html(_));
            match place
                .version
                .and_then(|(piece, version)| Some((layout.pieces.get_mut(piece)?, version)))
            {
                // The last version is the best (RFC 2046, 5.1.4).
                Some((piece, version)) if html || !piece.html.is_empty() && piece.html_of == version => {
                    if piece.html_of != version {
                        piece.html.clear();
                    }
                    piece.html_of = version;
                    piece.html.push(id);
                }
                Some((piece, version)) => {
                    if piece.plain.is_empty() || piece.plain_of == version {
                        piece.plain_of = version;
                        piece.plain.push(id);
                    }
                }
                None => layout.pieces.push(match html {
                    true => Piece {
                        html: vec![id],
                        ..Piece::default()
                    },
                    false => Piece {
                        plain: vec![id],
                        ..Piece::default()
                    },
                }),
            }
        }
        layout
    }

    /// Is this part written for people, and to be read where it stands?
    fn is_text(&self, part: &MessagePart<'_>) -> bool {
        if part.content_disposition().is_some_and(|d| d.is_attachment()) {
            return false;
        }
        let Some(kind) = part.content_type() else {
            return matches!(part.body, PartType::Text(_));
        };
        match (&part.body, kind.ctype()) {
            (PartType::Html(_), _) => true,
            // What nobody knows is read as plain text (RFC 2046, 4.1.4); so is a part whose boundary is nowhere.
            (PartType::Text(_), "text") => !is_for_programs(part),
            (PartType::Text(_), "multipart") => true,
            _ => false,
        }
    }

    /// A part's text as it was meant: in its charset, with its lines joined where they were broken for the way.
    fn words<'a>(&'a self, part: &'a MessagePart<'a>) -> Cow<'a, str> {
        let (PartType::Text(text) | PartType::Html(text)) = &part.body else {
            return Cow::Borrowed("");
        };
        let kind = part.content_type();
        let param = |name: &str| kind.and_then(|kind| kind.attribute(name)).unwrap_or_default();
        let text = match doubtful(text, param("charset")) {
            true => self.again(part, param("charset")).unwrap_or(Cow::Borrowed(text)),
            false => Cow::Borrowed(text.as_ref()),
        };
        match matches!(part.body, PartType::Text(_)) && param("format").eq_ignore_ascii_case("flowed") {
            true => Cow::Owned(flowed::join(&text, param("delsp").eq_ignore_ascii_case("yes"))),
            false => text,
        }
    }

    /// A part's text, read once more from its bytes; `None` where the parser has done what can be done.
    fn again<'a>(&'a self, part: &'a MessagePart<'a>, label: &str) -> Option<Cow<'a, str>> {
        let bytes = self.decoded(part)?;
        // What the page itself says counts where the mail says nothing.
        let meta = match label.is_empty() && matches!(part.body, PartType::Html(_)) {
            true => charset_of_page(&bytes),
            false => None,
        };
        Some(Cow::Owned(match meta {
            Some(label) if std::str::from_utf8(&bytes).is_err() => {
                charset::decode(&label, &bytes).into_owned()
            }
            _ => charset::decode(label, &bytes).into_owned(),
        }))
    }

    /// The content ids of the pictures the HTML body shows. Some programs give every picture one, attached ones too.
    fn pictures_shown(&self) -> HashSet<&str> {
        let mut ids: HashSet<&str> = self.parts().iter().filter_map(picture_id).collect();
        let html = match ids.is_empty() {
            true => Cow::default(),
            false => self.html().unwrap_or_default(),
        };
        // The body is looked through once, however many there are.
        let named: HashSet<Cow<'_, str>> = memchr::memmem::find_iter(html.as_bytes(), "cid:")
            .map(|at| {
                let quote = html[..at].chars().next_back().filter(|c| matches!(c, '"' | '\''));
                let rest = prefix(&html[at + "cid:".len()..], MAX_KEY);
                let ends = |c: char| match quote {
                    Some(quote) => c == quote,
                    None => c.is_whitespace() || matches!(c, '>' | '"' | '\'' | ')'),
                };
                let id = rest.split(ends).next().unwrap_or_default();
                match id.contains('%') {
                    true => String::from_utf8_lossy(&params::percent(id.as_bytes()))
                        .into_owned()
                        .into(),
                    false => Cow::Borrowed(id),
                }
            })
            .collect();
        ids.retain(|id| named.contains(*id));
        ids
    }

    /// The key of the meeting when this is a meeting request or response (B-04).
    pub fn meeting(&self) -> Option<String> {
        invitation::meeting(self.body(), self.answers())
    }
}

/// The kind of a text. Some programs write blanks or a comma where a semicolon belongs.
fn kind_of_text<'a>(part: &'a MessagePart<'_>) -> &'a str {
    let kind = part
        .content_type()
        .and_then(|kind| kind.subtype())
        .unwrap_or_default();
    kind.split([' ', '\t', ',']).next().unwrap_or_default()
}

/// Text that nobody reads as it is written.
fn is_for_programs(part: &MessagePart<'_>) -> bool {
    is_document(part)
        || matches!(
            kind_of_text(part),
            "calendar" | "css" | "x-amp-html" | "watch-html"
        )
}

/// Text that another program shows.
fn is_document(part: &MessagePart<'_>) -> bool {
    matches!(
        kind_of_text(part),
        "rtf" | "richtext" | "vcard" | "x-vcard" | "directory" | "rfc822-headers"
    )
}

/// Adds a text on lines of its own; true when some of it was left out.
fn add(all: &mut String, text: &str, max: usize) -> bool {
    if !all.is_empty() && all.len() < max {
        all.push('\n');
    }
    let room = max.saturating_sub(all.len());
    all.push_str(&clean::text(prefix(text, room)));
    text.len() > room
}

/// A text inside of HTML, its lines kept.
fn written(text: &str) -> String {
    format!("<div style=\"white-space:pre-wrap\">{}</div>", escape(text))
}

/// Says nothing to a person.
fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}' | '\u{200c}' | '\u{ad}'))
}

/// Is there anything to see? Long pages are not looked through.
fn says_something(html: &str) -> bool {
    const LONG: usize = 4096;
    html.len() > LONG || memchr::memmem::find(html.as_bytes(), b"<img").is_some() || !is_blank(&plain(html))
}

/// May the parser have read it in another charset than it is in?
fn doubtful(text: &str, label: &str) -> bool {
    let ascii = text.is_ascii();
    let named =
        !label.is_empty() && !label.eq_ignore_ascii_case("us-ascii") && !label.eq_ignore_ascii_case("ascii");
    memchr::memchr(0x1b, text.as_bytes()).is_some()
        || !ascii && (!named || text.contains(char::REPLACEMENT_CHARACTER))
}

/// The charset that stands in the head of a page.
fn charset_of_page(page: &[u8]) -> Option<String> {
    let head = page[..page.len().min(4096)].to_ascii_lowercase();
    memchr::memmem::find_iter(&head, b"<meta").find_map(|at| {
        let tag = head[at..].split(|b| *b == b'>').next()?;
        let behind = memchr::memmem::find(tag, b"charset=").map(|at| &tag[at + "charset=".len()..])?;
        let ends = |b: &u8| matches!(b, b'"' | b'\'' | b';' | b'/') || b.is_ascii_whitespace();
        let label = behind.trim_ascii_start();
        let label = label
            .strip_prefix(b"\"")
            .or(label.strip_prefix(b"'"))
            .unwrap_or(label);
        let label = label.split(ends).next().filter(|label| !label.is_empty())?;
        Some(String::from_utf8_lossy(label).into_owned())
    })
}

/// The content id of a picture.
fn picture_id<'a>(part: &'a MessagePart<'_>) -> Option<&'a str> {
    let picture = part
        .content_type()
        .is_some_and(|t| t.ctype().eq_ignore_ascii_case("image"));
    let id = part.content_id().filter(|_| picture)?;
    Some(id.trim_matches(['<', '>']))
}
