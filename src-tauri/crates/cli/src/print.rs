//! How answers reach standard output: one JSON document, or text for people.

use std::io::{self, Write};

use behalf_core::{Code, Error, Result};
use serde::Serialize;

#[derive(Serialize)]
struct Failed<'a> {
    error: Wording<'a>,
}

#[derive(Serialize)]
struct Wording<'a> {
    code: Code,
    message: String,
    hint: &'a str,
}

/// What a command answers, both ways.
#[derive(Debug)]
pub struct Reply {
    json: String,
    text: String,
    /// The exit code.
    pub exit: u8,
}

impl Reply {
    /// `value` for `--json`, `text` for people. The text is cleaned here, so that no command can forget it.
    pub fn new(value: &impl Serialize, text: impl AsRef<str>) -> Result<Self> {
        Ok(Self {
            json: visible(&serde_json::to_string_pretty(value)?),
            text: clean(text.as_ref()),
            exit: 0,
        })
    }

    /// An error, as §6 words it. Its text goes to standard error instead, see [`complain`].
    pub fn error(error: &Error) -> Self {
        let json = serde_json::to_string_pretty(&Failed {
            error: Wording {
                code: error.code(),
                message: error.to_string(),
                hint: error.hint(),
            },
        });
        Self {
            json: visible(&json.unwrap_or_default()),
            text: String::new(),
            exit: exit_code(error.code()),
        }
    }

    /// Writes the answer.
    ///
    /// # Errors
    /// What standard output says; a reader that has gone away (`| head`) is no error.
    pub fn write(&self, json: bool, out: &mut dyn Write) -> io::Result<()> {
        let text = if json { &self.json } else { &self.text };
        if text.is_empty() {
            return Ok(());
        }
        let end = if text.ends_with('\n') { "" } else { "\n" };
        match write!(out, "{text}{end}").and_then(|()| out.flush()) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}

/// The exit codes of §6.
pub fn exit_code(code: Code) -> u8 {
    match code {
        Code::Internal => 1,
        Code::BadInput => 2,
        Code::Refused => 3,
        Code::NotFound => 4,
        Code::Unavailable => 5,
    }
}

/// One line to standard error; when even that is gone there is nobody to tell.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", clean(text));
}

/// An error for people: what happened, and what to do.
pub fn complain(error: &Error) {
    note(&format!("behalf: {error}"));
    if !error.hint().is_empty() {
        note(error.hint());
    }
}

/// Takes out what could steer a terminal, turn text around or hide in it: subjects and names come from anybody.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            // Persian and emoji need these two.
            '\u{200c}' | '\u{200d}' => c,
            c if c.is_control() || is_unseen(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// JSON in which nothing is hidden: what a terminal would obey or not show is written as `\uXXXX`, which means the same
/// to whoever reads it as JSON. Outside of strings there is none of it.
fn visible(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && (c.is_control() || is_unseen(c)) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters without a shape of their own that change how others are shown, or are not shown at all (Unicode's Cf, what
/// it fills with blanks that are none, and the two that end lines).
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
        | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Longest cell before it is cut; the last column is never cut.
pub const WIDEST: usize = 44;

/// An aligned table. Line breaks inside cells become spaces; an empty table is one sentence.
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]], empty: &str) -> String {
    if rows.is_empty() {
        return empty.to_owned();
    }
    let head = head.map(str::to_owned);
    let rows: Vec<[String; N]> = std::iter::once(&head)
        .chain(rows)
        .map(|row| {
            let mut column = 0;
            row.each_ref().map(|cell| {
                column += 1;
                let flat = flat(cell);
                if column == N || flat.chars().count() <= WIDEST {
                    flat
                } else {
                    flat.chars().take(WIDEST - 1).chain(['…']).collect()
                }
            })
        })
        .collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// On one line.
pub fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `1 message`, `2 messages`.
pub fn count(n: u32, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_line_up_and_long_cells_are_cut() {
        let text = table(
            ["A", "B"],
            &[["x".into(), "one\ntwo".into()], ["ä".repeat(60), "y".into()]],
            "Nothing.",
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1].find("one two"), lines[0].find('B'));
        assert_eq!(lines[2].chars().position(|c| c == 'y'), Some(WIDEST + 2));
        assert!(lines[2].contains('…'));
        assert_eq!(table(["A"], &[], "Nothing."), "Nothing.");
    }

    #[test]
    fn a_subject_cannot_steer_the_terminal() {
        let reply = Reply::new(&"\u{1b}[2J", "\u{1b}[2J\u{202e}evil\r\n").unwrap();
        let mut out = Vec::new();
        reply.write(false, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\u{fffd}[2J\u{fffd}evil\u{fffd}\n"
        );
    }

    #[test]
    fn nothing_hides_in_what_is_printed() {
        let hidden = "a\u{85}\u{9b}\u{200e}\u{202e}\u{2066}\u{61c}\u{200b}\u{feff}\u{2028}\u{ad}\u{e0041}\u{200d}\u{7f}ü\n\"\\z";
        let out = |json| {
            let mut out = Vec::new();
            let reply = Reply::new(&json!({"a": hidden}), hidden).unwrap();
            reply.write(json, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let document = out(true);
        assert!(
            document
                .chars()
                .all(|c| c == 'ü' || c == '\n' || c.is_ascii_graphic() || c == ' ')
        );
        assert!(document.contains("\\u0085\\u009b\\u200e\\u202e"), "{document}");
        assert!(document.contains("\\udb40\\udc41"), "{document}");
        let back: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!(back["a"], hidden);
        assert_eq!(
            out(false),
            format!("a{}\u{200d}\u{fffd}ü\n\"\\z\n", "\u{fffd}".repeat(11))
        );
        let said = Reply::error(&Error::not_found("\u{9b}2J", ""));
        assert!(said.json.contains("\\u009b2J"));
    }

    #[test]
    fn an_error_is_one_document_with_its_exit_code() {
        let reply = Reply::error(&Error::not_found("No such row.", "Look again."));
        let mut out = Vec::new();
        reply.write(true, &mut out).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            value,
            json!({"error": {"code": "not_found", "message": "No such row.", "hint": "Look again."}})
        );
        assert_eq!(reply.exit, 4);
    }

    #[test]
    fn a_reader_that_left_is_no_error() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert!(Reply::new(&1, "1").unwrap().write(false, &mut Gone).is_ok());
    }
}
