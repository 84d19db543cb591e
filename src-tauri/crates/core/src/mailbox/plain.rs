//! HTML as the text a person reads: for lists, search and activities.
//!
//! mail-parser 0.11.9 knows the ends of lines `br` and `p` only, so the cells of a table and the lines of a list run
//! together, and a `head` that is never closed takes the whole text with it. Its table of names of characters is used.

use encoding_rs::WINDOWS_1252;
use mail_parser::decoders::html::add_html_token;

/// The longest name of a character is 32 letters.
const MAX_ENTITY: usize = 34;

/// What a tag does to the text around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Break {
    None,
    Cell,
    Line,
    /// A line in between.
    Paragraph,
}

/// HTML as text. Blanks become one, blocks become lines, and what is not shown is left out.
pub fn plain(html: &str) -> String {
    let mut text = Text {
        all: String::with_capacity(html.len() / 2),
        wanted: Break::None,
        blank: false,
        kept: 0,
    };
    let mut rest = html;
    while let Some(at) = memchr::memchr2(b'<', b'&', rest.as_bytes()) {
        text.words(&rest[..at]);
        let from = &rest[at..];
        rest = match from.as_bytes() {
            [b'&', ..] => &from[text.entity(from)..],
            [b'<', b'!', b'-', b'-', ..] => behind(from, "-->"),
            [b'<', b'!' | b'?', ..] => behind(from, ">"),
            [b'<', b'/' | b'a'..=b'z' | b'A'..=b'Z', ..] => text.tag(from),
            _ => {
                text.words("<");
                &from[1..]
            }
        };
    }
    text.words(rest);
    text.all
}

/// What follows an end; nothing where there is none.
fn behind<'a>(from: &'a str, end: &str) -> &'a str {
    memchr::memmem::find(from.as_bytes(), end.as_bytes()).map_or("", |at| &from[at + end.len()..])
}

struct Text {
    all: String,
    /// What stands between what was written and what will be.
    wanted: Break,
    blank: bool,
    /// How many elements are open that keep their lines.
    kept: u32,
}

impl Text {
    fn words(&mut self, words: &str) {
        if self.kept > 0 {
            if !words.is_empty() {
                self.gap();
                self.all.extend(words.chars().filter(|c| *c != '\r'));
            }
            return;
        }
        let is_blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c');
        let mut pieces = words.split(is_blank);
        if let Some(first) = pieces.next() {
            self.word(first);
        }
        for word in pieces {
            self.blank = true;
            self.word(word);
        }
    }

    fn word(&mut self, word: &str) {
        if !word.is_empty() {
            self.gap();
            self.all.push_str(word);
        }
    }

    /// Writes what stands between what was written and what comes.
    fn gap(&mut self) {
        let between = match (self.wanted, self.blank) {
            _ if self.all.is_empty() => "",
            (Break::None, false) => "",
            (Break::None, true) => " ",
            (Break::Cell, _) => "\t",
            (Break::Line, _) => "\n",
            (Break::Paragraph, _) => "\n\n",
        };
        // A `br` has written its own line already.
        let written = self.all.bytes().rev().take(2).take_while(|b| *b == b'\n').count();
        self.all.push_str(match between {
            "\n" | "\n\n" => between.get(written..).unwrap_or_default(),
            " " | "\t" if written > 0 => "",
            between => between,
        });
        (self.wanted, self.blank) = (Break::None, false);
    }

    fn wants(&mut self, wanted: Break) {
        if self.wanted == Break::None || wanted != Break::Cell && self.wanted != Break::Paragraph {
            self.wanted = wanted;
        }
    }

    /// A character by its name or number; how long that is.
    fn entity(&mut self, from: &str) -> usize {
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'#';
        if !from.as_bytes().get(1).is_some_and(is_part) {
            self.word("&");
            return 1;
        }
        let len = 1 + from
            .bytes()
            .skip(1)
            .take(MAX_ENTITY)
            .take_while(|b| is_part(b))
            .count();
        let number =
            from[1..len]
                .strip_prefix('#')
                .and_then(|number| match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => number.parse().ok(),
                });
        let closed = from.as_bytes().get(len) == Some(&b';');
        let mut character = String::new();
        match number {
            // Word numbers its quotation marks as Windows does.
            Some(number @ 0x80..=0x9f) => {
                character.push_str(&WINDOWS_1252.decode_without_bom_handling(&[number as u8]).0);
            }
            Some(number) => character.push(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)),
            None if closed => add_html_token(&mut character, &from.as_bytes()[..=len], false),
            None => {
                self.word("&");
                return 1;
            }
        }
        match character.as_str() {
            "\u{a0}" => self.word(" "),
            other => self.words(other),
        }
        len + usize::from(closed)
    }

    /// Reads a tag; what follows it, or follows the element where nothing in it is text.
    fn tag<'a>(&mut self, from: &'a str) -> &'a str {
        let closes = from.as_bytes().get(1) == Some(&b'/');
        let name_at = if closes { 2 } else { 1 };
        let len = from[name_at..]
            .bytes()
            .take(12)
            .take_while(u8::is_ascii_alphanumeric)
            .count();
        let name = from[name_at..name_at + len].to_ascii_lowercase();
        let rest = tag_end(from);
        match name.as_str() {
            "script" | "style" | "title" | "template" | "noscript" | "textarea" | "svg" | "math"
                if !closes =>
            {
                return element_end(rest, &name);
            }
            "br" => {
                self.gap_before_br();
                self.all.push('\n');
            }
            "td" | "th" => self.wants(Break::Cell),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "dl" | "blockquote" | "hr"
            | "figure" => {
                self.wants(Break::Paragraph);
            }
            "pre" => {
                self.wants(Break::Paragraph);
                self.kept = match closes {
                    true => self.kept.saturating_sub(1),
                    false => self.kept.saturating_add(1),
                };
            }
            "li" => {
                self.wants(Break::Line);
                if !closes {
                    self.word("•");
                    self.blank = true;
                }
            }
            "div" | "tr" | "table" | "tbody" | "thead" | "dt" | "dd" | "section" | "article" | "header"
            | "footer" | "address" | "center" | "form" | "fieldset" | "legend" | "option" | "main"
            | "nav" | "aside" | "caption" | "body" | "head" | "html" => self.wants(Break::Line),
            _ => {}
        }
        rest
    }

    /// A line that ends is written: empty ones are a person's.
    fn gap_before_br(&mut self) {
        if self.wanted != Break::None && self.wanted != Break::Cell {
            self.gap();
        }
        (self.wanted, self.blank) = (Break::None, false);
    }
}

/// What follows a tag: a `>` inside quotation marks is none.
fn tag_end(from: &str) -> &str {
    let bytes = from.as_bytes();
    let mut at = 1;
    while let Some(next) = memchr::memchr3(b'>', b'"', b'\'', &bytes[at..]) {
        at += next;
        let mark = bytes[at];
        if mark == b'>' {
            return &from[at + 1..];
        }
        // Only behind `=` does it begin a value.
        let begins = from[..at].trim_end().ends_with('=');
        at += 1;
        if begins {
            match memchr::memchr(mark, &bytes[at..]) {
                Some(end) => at += end + 1,
                // Never ended: as if it were no mark.
                None => return behind(&from[at..], ">"),
            }
        }
    }
    ""
}

/// What follows an element whose content is no text; without an end nothing does.
fn element_end<'a>(from: &'a str, name: &str) -> &'a str {
    let is_end = |at: &usize| {
        from.as_bytes()
            .get(at + 2..at + 2 + name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
    };
    memchr::memmem::find_iter(from.as_bytes(), "</")
        .find(is_end)
        .map_or("", |at| tag_end(&from[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn html_reads_like_the_page() {
        for (html, text) in [
            (
                "<p>Hello <b>Kim</b>,</p>\n<p>all is\n well.</p>",
                "Hello Kim,\n\nall is well.",
            ),
            (
                "<table><tr><td>Order</td><td>4711</td></tr><tr><td>Total</td><td>100</td></tr></table>",
                "Order\t4711\nTotal\t100",
            ),
            (
                "<table>\n <tr>\n <th>a</th>\n <th>b</th>\n </tr>\n</table>after",
                "a\tb\nafter",
            ),
            ("<div>one</div><div>two</div>", "one\ntwo"),
            ("<ul><li>one</li><li>two</li></ul>x", "• one\n• two\n\nx"),
            ("one<br>two<br/><br>three", "one\ntwo\n\nthree"),
            ("<div>one<br></div><div><br></div><div>two</div>", "one\n\ntwo"),
            ("<head><title>t</title><style>a>b{}</style><body>Text", "Text"),
            ("a<script>if(a<b)c()</SCRIPT>b<!-- no <b> -->c<![if x]>d", "abcd"),
            (
                "&lt;b&gt; &amp;amp; &euro;&#8364;&#x20AC;&#146;&auml;&nosuch; A&B & C&nbsp;D",
                "<b> &amp; €€€’ä&nosuch; A&B & C D",
            ),
            ("1 < 2 <3 <a href=\"x>y\" title='>'>link</a>", "1 < 2 <3 link"),
            ("<pre>  a\n  b</pre>c", "  a\n  b\n\nc"),
            ("<h1>Head</h1>text", "Head\n\ntext"),
            ("<p class=\"x>y", "y"),
            ("", ""),
        ] {
            assert_eq!(plain(html), text, "{html}");
        }
    }

    #[test]
    fn what_is_begun_and_never_ended_is_read_in_time() {
        let began = std::time::Instant::now();
        for html in [
            "<",
            "<a",
            "<a \"",
            "<a b=\"",
            "<!--",
            "<script>",
            "<style></",
            "&",
            "&#",
            "<p>",
            "<br>",
            "<li>",
            "<pre>",
            "</",
            "<td>\n",
        ] {
            plain(&html.repeat((1 << 17) / html.len()));
        }
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn any_html_does(html in "(<[a-z!/-]{0,6}|>|&[a-z#0-9]{0,4};?|[é€ \n\"'=-]|pre|<td|<br>|\\PC){0,60}") {
            plain(&html);
        }
    }
}
