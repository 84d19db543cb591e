//! What S/MIME wraps a mail in (RFC 8551): signed text is taken out, sealed text is told from it.
//!
//! No signature is checked. RustCrypto's `cms` reads DER only; Outlook and OpenSSL write BER, with lengths that are not
//! told in advance and texts in pieces, so the few fields on the way to the text are read here.

/// So deep may one value lie in another.
const MAX_DEPTH: usize = 24;
const SIGNED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const ENVELOPED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";
const AUTH_ENVELOPED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17";

/// What is inside.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrapped {
    /// A MIME part, as it was signed.
    Signed(Vec<u8>),
    /// Nobody reads it without the key.
    Sealed,
}

/// Reads a ContentInfo (RFC 5652, 3); `None` when it is none, or of another kind.
pub fn open(bytes: &[u8]) -> Option<Wrapped> {
    let content = value(bytes, 0)?.of(0x30)?;
    let kind = value(content, 0)?;
    match kind.of(0x06)? {
        ENVELOPED | AUTH_ENVELOPED => return Some(Wrapped::Sealed),
        SIGNED => {}
        _ => return None,
    }
    let signed = value(value(kind.rest, 0)?.of(0xa0)?, 0)?.of(0x30)?;
    // Version, algorithms, what is signed.
    let algorithms = value(value(signed, 0)?.rest, 0)?;
    let signed = value(algorithms.rest, 0)?.of(0x30)?;
    let text = value(value(value(signed, 0)?.rest, 0)?.of(0xa0)?, 0)?;
    let mut all = Vec::new();
    octets(&text, 0, &mut all)?;
    Some(Wrapped::Signed(all))
}

struct Value<'a> {
    tag: u8,
    body: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Value<'a> {
    fn of(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.body)
    }
}

/// The first value, and what follows it (X.690, 8.1).
fn value(bytes: &[u8], depth: usize) -> Option<Value<'_>> {
    let (&tag, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    if depth > MAX_DEPTH || tag & 0x1f == 0x1f {
        return None;
    }
    let (length, rest) = match length {
        0x80 => {
            // Up to the two zeros that end it.
            let mut behind = rest;
            while !behind.starts_with(&[0, 0]) {
                behind = value(behind, depth + 1)?.rest;
            }
            let body = &rest[..rest.len() - behind.len()];
            return Some(Value {
                tag,
                body,
                rest: &behind[2..],
            });
        }
        short @ ..0x80 => (usize::from(short), rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            if bytes.len() > 4 {
                return None;
            }
            (
                bytes
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte)),
                rest,
            )
        }
    };
    // A file cut short still says what it says.
    let (body, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    Some(Value { tag, body, rest })
}

/// A text, whole or in pieces.
fn octets(text: &Value<'_>, depth: usize, all: &mut Vec<u8>) -> Option<()> {
    match text.tag {
        0x04 => all.extend_from_slice(text.body),
        0x24 if depth < MAX_DEPTH => {
            let mut rest = text.body;
            while !rest.is_empty() {
                let piece = value(rest, depth)?;
                octets(&piece, depth + 1, all)?;
                rest = piece.rest;
            }
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[tag, 0x82][..], &len, body].concat()
    }

    fn endless(tag: u8, body: &[u8]) -> Vec<u8> {
        [&[tag, 0x80][..], body, &[0, 0]].concat()
    }

    fn signed(wrap: fn(u8, &[u8]) -> Vec<u8>, text: &[u8]) -> Vec<u8> {
        let data = tlv(0x06, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01");
        let inner = wrap(0x30, &[data, wrap(0xa0, text)].concat());
        let signed = wrap(0x30, &[tlv(0x02, &[1]), tlv(0x31, &[]), inner].concat());
        wrap(0x30, &[tlv(0x06, SIGNED), wrap(0xa0, &signed)].concat())
    }

    #[test]
    fn what_was_signed_is_read() {
        let text = Some(Wrapped::Signed(b"a text".to_vec()));
        assert_eq!(open(&signed(tlv, &tlv(0x04, b"a text"))), text);
        let pieces = [tlv(0x04, b"a "), tlv(0x04, b"text")].concat();
        assert_eq!(open(&signed(endless, &endless(0x24, &pieces))), text);
        assert_eq!(open(&tlv(0x30, &tlv(0x06, ENVELOPED))), Some(Wrapped::Sealed));
        assert_eq!(open(b"-----BEGIN PKCS7-----"), None);
        assert_eq!(open(&[0x30, 0x80].repeat(100_000)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_do(bytes: Vec<u8>, flipped in 0_usize..60, to: u8) {
            open(&bytes);
            let mut whole = signed(endless, &tlv(0x04, b"a text"));
            if let Some(byte) = whole.get_mut(flipped) {
                *byte = to;
            }
            open(&whole);
        }
    }
}
