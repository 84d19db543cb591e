//! Cuts a file into its cards.

use std::io::{self, BufRead, Read};

use super::{MAX_CARD, TOO_LARGE, legacy};

pub(super) const CUT_SHORT: &str = "The card is cut short: there is no END:VCARD.";

/// A card as it stands in a file.
pub struct Raw {
    /// Where it starts, in bytes of the file.
    pub position: u64,
    /// Its text, or the reason it cannot be used.
    pub vcard: Result<String, &'static str>,
}

/// Cuts a file into its cards while it is read; at most one card is in memory.
pub struct Cards<R> {
    reader: R,
    position: u64,
    /// The next card's first line has been read already: where that is.
    begun: Option<u64>,
    any: bool,
    ended: bool,
}

impl<R: BufRead> Cards<R> {
    /// Reads from the beginning of a file.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            position: 0,
            begun: None,
            any: false,
            ended: false,
        }
    }

    /// How far it has read, in bytes.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next card; `None` at the end. A file without any card is one that cannot be used.
    ///
    /// # Errors
    /// I/O errors.
    pub fn read_next(&mut self) -> io::Result<Option<Raw>> {
        let mut card: Option<(u64, Vec<u8>)> = self.begun.take().map(|at| (at, BEGIN.to_vec()));
        let mut agents = Agents::default();
        let mut line = Vec::new();
        let mut starts = true;
        while !self.ended {
            let at = self.position;
            line.clear();
            // A piece of a line without an end is bounded as well.
            let piece = (&mut self.reader)
                .take(MAX_CARD as u64)
                .read_until(b'\n', &mut line)?;
            self.position += piece as u64;
            self.ended = piece == 0;
            let whole = starts;
            starts = line.ends_with(b"\n");
            let word = line.strip_prefix(BOM).unwrap_or(&line).trim_ascii();
            if whole && card.is_some() && agents.take(word) {
                continue;
            }
            if whole && word.eq_ignore_ascii_case(b"BEGIN:VCARD") {
                self.any = true;
                match card {
                    None => card = Some((at, BEGIN.to_vec())),
                    Some((position, _)) => {
                        self.begun = Some(at);
                        return Ok(Some(Raw {
                            position,
                            vcard: Err(CUT_SHORT),
                        }));
                    }
                }
                continue;
            }
            let Some((position, bytes)) = &mut card else {
                continue;
            };
            // What is too large is read to its end and not kept.
            if bytes.len() <= MAX_CARD {
                bytes.extend_from_slice(&line);
            }
            if whole && word.eq_ignore_ascii_case(b"END:VCARD") {
                let vcard = match bytes.len() > MAX_CARD {
                    true => Err(TOO_LARGE),
                    false => Ok(legacy::text_of(bytes)),
                };
                return Ok(Some(Raw {
                    position: *position,
                    vcard,
                }));
            }
        }
        if let Some((position, _)) = card {
            return Ok(Some(Raw {
                position,
                vcard: Err(CUT_SHORT),
            }));
        }
        if !std::mem::replace(&mut self.any, true) {
            return Ok(Some(Raw {
                position: 0,
                vcard: Err(match self.position {
                    0 => "The file is empty.",
                    _ => "It holds no contact: there is no BEGIN:VCARD.",
                }),
            }));
        }
        Ok(None)
    }
}

/// The card of somebody's assistant inside of theirs (AGENT of vCard 2.1 and 3.0): left out, since it is another person's.
#[derive(Default)]
struct Agents {
    /// The line before says that one follows.
    follows: bool,
    depth: u32,
}

impl Agents {
    /// Does the line belong to one?
    fn take(&mut self, word: &[u8]) -> bool {
        let begins = word.eq_ignore_ascii_case(b"BEGIN:VCARD");
        match agent(word) {
            Some(value) if value.eq_ignore_ascii_case(b"BEGIN:VCARD") => {
                self.depth += 1;
                return true;
            }
            Some(b"") => {
                self.follows = true;
                return true;
            }
            _ => {}
        }
        if begins && self.follows {
            (self.follows, self.depth) = (false, self.depth + 1);
            return true;
        }
        self.follows &= word.is_empty();
        // One that begins unannounced ends whatever was open.
        if self.depth == 0 || begins {
            return false;
        }
        if word.eq_ignore_ascii_case(b"END:VCARD") {
            self.depth -= 1;
        }
        true
    }
}

/// The value of an AGENT line.
fn agent(word: &[u8]) -> Option<&[u8]> {
    let rest = word
        .get(5..)
        .filter(|_| word[..5].eq_ignore_ascii_case(b"AGENT"))?;
    match rest.first()? {
        b':' => Some(&rest[1..]),
        b';' => rest.iter().position(|b| *b == b':').map(|at| &rest[at + 1..]),
        _ => None,
    }
}

const BEGIN: &[u8] = b"BEGIN:VCARD\r\n";
const BOM: &[u8] = b"\xef\xbb\xbf";
