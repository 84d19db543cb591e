//! A message without its attachments: decoding them would be a third of an import.

use memchr::memmem::{find, find_iter, rfind};

/// Smaller bodies are not worth it, in bytes.
const WORTH: usize = 4096;

/// Copies a message without the bodies of its base64 attachments; false when there is nothing to leave out.
/// Whatever does not look exactly as mail programs write it is left as it is.
pub fn slim(raw: &[u8], room: &mut Vec<u8>) -> bool {
    room.clear();
    let mut copied = 0;
    for at in find_iter(raw, b"base64") {
        if at < copied || raw.len() - at < WORTH {
            continue;
        }
        // The part's headers, from its boundary to the empty line: what stands behind one is text that quotes headers.
        let near = at.saturating_sub(2048).max(copied);
        let (Some(start), Some(len)) = (rfind(&raw[near..at], b"\n--"), header_end(&raw[at..])) else {
            continue;
        };
        let (start, body) = (near + start, at + len);
        if header_end(&raw[start..at]).is_some() {
            continue;
        }
        let headers = raw[start..body].to_ascii_lowercase();
        let has = |what: &[u8]| find(&headers, what).is_some();
        let attached = has(b"content-transfer-encoding: base64")
            && [
                &b"content-type: application/"[..],
                b"content-type: image/",
                b"content-type: audio/",
                b"content-type: video/",
            ]
            .iter()
            .any(|kind| has(kind))
            && !has(b"text/")
            && !has(b"message/")
            && !has(b"multipart/")
            // What a mail is wrapped in is read.
            && !has(b"pkcs7-mime")
            && !has(b"ms-tnef")
            && !has(b"winmail.dat")
            && !has(b"smime.p7m");
        if !attached {
            continue;
        }
        // Base64 knows no dash, so the next one is the boundary's. To the parser that may stand inside of a line as well:
        // then nothing is left out.
        let Some(end) = memchr::memchr(b'-', &raw[body..]) else {
            // Nor behind any later one.
            break;
        };
        if end <= WORTH || !raw[..body + end].ends_with(b"\n") || !raw[body + end..].starts_with(b"--") {
            continue;
        }
        room.extend_from_slice(&raw[copied..body]);
        copied = body + end - 1;
    }
    if copied > 0 {
        room.extend_from_slice(&raw[copied..]);
    }
    copied > 0
}

/// The end of the headers: behind the empty line.
fn header_end(from: &[u8]) -> Option<usize> {
    let near = &from[..from.len().min(2048)];
    let lf = memchr::memmem::find(near, b"\n\n").map(|at| at + 2);
    let crlf = memchr::memmem::find(near, b"\n\r\n").map(|at| at + 3);
    lf.into_iter().chain(crlf).min()
}
