//! Makes text from strangers fit for a line on the screen.

/// Longest subject and place kept, in characters: more than Dataverse holds, so that what its columns cut is kept here and
/// named there (I-07).
pub const MAX_SUBJECT: usize = 2_000;
/// Longest display name kept, in characters.
pub const MAX_NAME: usize = 200;
/// Longest address kept, in characters (I-07).
pub const MAX_ADDRESS: usize = 320;

/// How many characters of a body a list shows.
const PREVIEW: usize = 160;

/// The beginning of a body on one line; it ends with a whole word where it is cut.
pub fn preview(text: &str) -> String {
    let mut line = one_line(prefix(text, PREVIEW * 5), PREVIEW + 1);
    let mut last = line.char_indices().skip(PREVIEW - 1).map(|(at, _)| at);
    if let (Some(cut), Some(_)) = (last.next(), last.next()) {
        // A word without end, or a script without spaces, is cut where it must be.
        let word = line[..cut].rfind(' ').filter(|&at| at * 2 > cut);
        line.truncate(word.unwrap_or(cut));
        line.push('…');
    }
    line
}

/// One line of at most `max` characters: white space runs become one blank, control characters and the
/// invisible ones that reorder or hide text (bidi overrides, zero width) are dropped.
///
/// A subject that turns `exe.fdp` into `pdf.exe` on the screen is an old trick; lists must not fall for it.
pub fn one_line(text: &str, max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max * 4));
    let mut blank = false;
    let mut count = 0;
    for c in text.chars() {
        if c.is_whitespace() {
            blank = count > 0;
        } else if !hides(c) {
            if blank && count + 1 < max {
                line.push(' ');
                count += 1;
            }
            blank = false;
            if count == max {
                break;
            }
            line.push(c);
            count += 1;
        }
    }
    line
}

/// Body text for reading and indexing: line ends become `\n`, control characters other than tab go.
pub fn text(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || c == '\t' || !c.is_control() && !reorders(c) {
            clean.push(c);
        }
    }
    clean
}

/// The longest prefix of at most `max` bytes that ends between characters.
pub fn prefix(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn reorders(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn hides(c: char) -> bool {
    // U+200C and U+200D stay: Persian and emoji need them.
    c.is_control()
        || reorders(c)
        || matches!(
            c,
            '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{061C}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_a_line() {
        assert_eq!(one_line("  Re:\r\n\t an  offer\u{0} ", 80), "Re: an offer");
        assert_eq!(one_line("invoice\u{202E}fdp.exe", 80), "invoicefdp.exe");
        assert_eq!(one_line("Müller & Söhne", 3), "Mül");
    }

    #[test]
    fn a_preview_ends_with_a_word() {
        assert_eq!(preview("Hello  Kim,\n\nall is well."), "Hello Kim, all is well.");
        let words = preview(&"some words ".repeat(40));
        assert!(words.ends_with("words…") || words.ends_with("some…"), "{words}");
        assert_eq!(preview(&"ü".repeat(160)), "ü".repeat(160));
        assert_eq!(preview(&"ü".repeat(161)), format!("{}…", "ü".repeat(159)));
    }

    #[test]
    fn body_text_keeps_its_lines() {
        assert_eq!(text("a\r\nb\u{7}\tc"), "a\nb\tc");
    }

    proptest! {
        #[test]
        fn previews_stay_short(text in "\\PC{0,400}") {
            prop_assert!(preview(&text).chars().count() <= PREVIEW);
        }

        #[test]
        fn lines_stay_short_and_clean(text in "\\PC*|[\\x00-\\x20]*", max in 0usize..40) {
            let line = one_line(&text, max);
            prop_assert!(line.chars().count() <= max);
            prop_assert!(!line.chars().any(|c| c.is_control() || reorders(c)));
        }
    }
}
