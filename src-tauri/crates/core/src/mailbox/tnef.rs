//! `winmail.dat`: what Outlook wraps a whole mail in (MS-OXTNEF), made into MIME again.
//!
//! The one reader there is for Rust (`tnef` 0.1) has not been kept since 2019 and refuses most files. This one takes out
//! the text, the attachments and the meeting; everything else is left.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    clean::{self, one_line},
    labels,
};

const SIGNATURE: u32 = 0x223e_9f78;
/// Attributes of a file, and properties of an attribute.
const MAX_ITEMS: usize = 20_000;
/// Mails inside mails inside mails.
const MAX_DEPTH: usize = 3;

/// The whole as parts of a multipart/mixed, each with the boundary before it. Its own text is given where `text` says
/// that the mail has none outside. `None` when it is no TNEF.
pub fn parts(bytes: &[u8], boundary: &str, text: bool) -> Option<Vec<u8>> {
    let mail = Mail::read(bytes, 0)?;
    let mut parts = Vec::new();
    mail.write(boundary, text, &mut parts);
    Some(parts)
}

#[derive(Default)]
struct Mail {
    subject: String,
    text: String,
    html: String,
    class: String,
    meeting: Meeting,
    files: Vec<File>,
}

#[derive(Default)]
struct Meeting {
    uid: String,
    starts: Option<i64>,
    ends: Option<i64>,
    location: String,
}

#[derive(Default)]
struct File {
    name: String,
    kind: String,
    content_id: String,
    bytes: Vec<u8>,
    mail: Option<Box<Mail>>,
}

impl Mail {
    fn read(bytes: &[u8], depth: usize) -> Option<Self> {
        let mut input = Input(bytes);
        if input.u32()? != SIGNATURE {
            return None;
        }
        input.take(2)?;
        let mut mail = Self::default();
        let mut page = "windows-1252".to_owned();
        for _ in 0..MAX_ITEMS {
            // A file cut short says what it says.
            let Some((id, data)) = input.attribute() else {
                break;
            };
            match id {
                0x0006_9007 => page = Input(data).u32().map_or(page, |number| format!("cp{number}")),
                0x0001_8004 => mail.subject = string(data, &page),
                0x0002_800c => mail.text = string(data, &page),
                0x0007_8008 => mail.class = string(data, &page),
                0x0006_9003 => mail.properties(data, &mut page),
                0x0006_9002 => mail.files.push(File::default()),
                0x0001_8010 => {
                    if let Some(file) = mail.files.last_mut()
                        && file.name.is_empty()
                    {
                        file.name = string(data, &page);
                    }
                }
                0x0006_800f => {
                    if let Some(file) = mail.files.last_mut() {
                        file.bytes = data.to_vec();
                    }
                }
                0x0006_9005 => {
                    if let Some(file) = mail.files.last_mut() {
                        file.properties(data, &page, depth);
                    }
                }
                _ => {}
            }
        }
        Some(mail)
    }

    fn properties(&mut self, data: &[u8], page: &mut String) {
        let mut html = Vec::new();
        each(data, |property| match property.id {
            Id::Plain(0x3fde) => {
                if let Some(number) = Input(property.value).u32() {
                    *page = match number {
                        65_001 => "utf-8".into(),
                        number => format!("cp{number}"),
                    };
                }
            }
            Id::Plain(0x0037) => self.subject = property.text(page),
            Id::Plain(0x001a) => self.class = property.text(page),
            Id::Plain(0x1000) => self.text = property.text(page),
            Id::Plain(0x1013) => html = property.value.to_vec(),
            // Of meetings: PidLidGlobalObjectId, the whole start and end, the place.
            Id::Named(0x03) if self.meeting.uid.is_empty() => {
                self.meeting.uid = property.value.iter().map(|b| format!("{b:02X}")).collect();
            }
            Id::Named(0x820d) => self.meeting.starts = Input(property.value).time(),
            Id::Named(0x820e) => self.meeting.ends = Input(property.value).time(),
            Id::Named(0x8208) => self.meeting.location = property.text(page),
            _ => {}
        });
        if !html.is_empty() {
            self.html = labels::decode(page, &html).trim_end_matches('\0').to_owned();
        }
    }

    fn write(&self, boundary: &str, text: bool, parts: &mut Vec<u8>) {
        if text {
            for (kind, body) in [("plain", &self.text), ("html", &self.html)] {
                // What says nothing as text may say it as HTML.
                if !body.trim().is_empty() && (kind == "html" || self.html.trim().is_empty()) {
                    part(
                        boundary,
                        &format!("text/{kind}; charset=utf-8"),
                        "",
                        body.as_bytes(),
                        parts,
                    );
                }
            }
        }
        if let Some((method, ics)) = self.calendar() {
            let kind = format!("text/calendar; method={method}; charset=utf-8");
            part(boundary, &kind, "", ics.as_bytes(), parts);
        }
        for file in &self.files {
            let name = format!("attachment; filename*=utf-8''{}", percent(&file.name));
            if let Some(mail) = &file.mail {
                let inner = format!("{boundary}i");
                let mut body = format!(
                    "Subject: =?utf-8?B?{}?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"{inner}\"\r\n\r\n",
                    STANDARD.encode(&mail.subject)
                )
                .into_bytes();
                mail.write(&inner, true, &mut body);
                body.extend_from_slice(format!("\r\n--{inner}--\r\n").as_bytes());
                parts.extend_from_slice(
                    format!("\r\n--{boundary}\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n").as_bytes(),
                );
                parts.extend_from_slice(&body);
                continue;
            }
            let mut more = format!("Content-Disposition: {name}\r\n");
            if !file.content_id.is_empty() {
                more += &format!("Content-ID: <{}>\r\n", file.content_id);
            }
            let kind = match file.kind.contains('/') {
                true => &file.kind,
                false => "application/octet-stream",
            };
            part(boundary, kind, &more, &file.bytes, parts);
        }
    }

    /// The meeting a request, an answer or a cancellation is about.
    fn calendar(&self) -> Option<(&'static str, String)> {
        let class = self.class.to_ascii_lowercase();
        let method = match class {
            class if class.contains("schedule.meeting.req") || class.contains("mtgreq") => "REQUEST",
            class if class.contains("schedule.meeting.resp") || class.contains("mtgresp") => "REPLY",
            class if class.contains("schedule.meeting.cancel") || class.contains("mtgcncl") => "CANCEL",
            _ => return None,
        };
        let (starts, ends) = (self.meeting.starts?, self.meeting.ends.or(self.meeting.starts)?);
        let at = |ms: i64| {
            chrono::DateTime::from_timestamp_millis(ms).map(|at| at.format("%Y%m%dT%H%M%SZ").to_string())
        };
        let text = |text: &str| {
            one_line(text, clean::MAX_SUBJECT)
                .replace('\\', "\\\\")
                .replace(';', "\\;")
                .replace(',', "\\,")
        };
        let uid = match self.meeting.uid.as_str() {
            "" => format!("tnef-{starts}"),
            uid => uid.to_owned(),
        };
        let ics = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Behalf//winmail.dat//EN\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
             SUMMARY:{}\r\nLOCATION:{}\r\nDTSTART:{}\r\nDTEND:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            text(&self.subject),
            text(&self.meeting.location),
            at(starts)?,
            at(ends)?,
        );
        Some((method, ics))
    }
}

impl File {
    fn properties(&mut self, data: &[u8], page: &str, depth: usize) {
        each(data, |property| match property.id {
            // The long name outweighs the title, which is of eight letters and three.
            Id::Plain(0x3707) => self.name = property.text(page),
            Id::Plain(0x3704 | 0x3001) if self.name.is_empty() => self.name = property.text(page),
            Id::Plain(0x370e) => self.kind = one_line(&property.text(page), 100),
            Id::Plain(0x3712) => self.content_id = one_line(&property.text(page), 200),
            // Behind the sixteen bytes that say what it is.
            Id::Plain(0x3701) => {
                let inside = property.value.get(16..).unwrap_or_default();
                let mail = (depth < MAX_DEPTH)
                    .then(|| Mail::read(inside, depth + 1))
                    .flatten();
                match mail {
                    Some(mail) => self.mail = Some(Box::new(mail)),
                    None if self.bytes.is_empty() => self.bytes = property.value.to_vec(),
                    None => {}
                }
            }
            _ => {}
        });
    }
}

fn part(boundary: &str, kind: &str, more: &str, body: &[u8], parts: &mut Vec<u8>) {
    let head = format!(
        "\r\n--{boundary}\r\nContent-Type: {kind}\r\n{more}Content-Transfer-Encoding: base64\r\n\r\n"
    );
    parts.extend_from_slice(head.as_bytes());
    parts.extend_from_slice(STANDARD.encode(body).as_bytes());
}

fn percent(name: &str) -> String {
    name.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

fn string(data: &[u8], page: &str) -> String {
    let end = memchr::memchr(0, data).unwrap_or(data.len());
    labels::decode(page, &data[..end]).into_owned()
}

/// A property's id: its own, or that of its name.
enum Id {
    Plain(u16),
    Named(u32),
}

struct Property<'a> {
    id: Id,
    kind: u16,
    value: &'a [u8],
}

impl Property<'_> {
    fn text(&self, page: &str) -> String {
        match self.kind {
            // UTF-16, little end first.
            0x1f => {
                let units: Vec<u16> = self
                    .value
                    .chunks_exact(2)
                    .map(|two| u16::from_le_bytes([two[0], two[1]]))
                    .collect();
                String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned()
            }
            _ => string(self.value, page),
        }
    }
}

/// Reads properties one after another, as far as they can be read.
fn each<'a>(data: &'a [u8], mut take: impl FnMut(Property<'a>)) {
    let mut input = Input(data);
    let count = input.u32().unwrap_or(0) as usize;
    for _ in 0..count.min(MAX_ITEMS) {
        match input.property() {
            Some(property) => take(property),
            None => return,
        }
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// Hundreds of nanoseconds since 1601, as milliseconds since 1970.
    fn time(&mut self) -> Option<i64> {
        let ticks = u64::from_le_bytes(self.take(8)?.try_into().ok()?);
        i64::try_from(ticks / 10_000)
            .ok()?
            .checked_sub(11_644_473_600_000)
    }

    /// An attribute of the file: its number and its data. Checksums are not checked: many programs write wrong ones.
    fn attribute(&mut self) -> Option<(u32, &'a [u8])> {
        self.take(1)?;
        let id = self.u32()?;
        let len = self.u32()? as usize;
        let data = self.take(len)?;
        self.take(2);
        Some((id, data))
    }

    /// Values are filled up to four bytes.
    fn padded(&mut self, len: usize) -> Option<&'a [u8]> {
        let value = self.take(len)?;
        self.take((4 - len % 4) % 4);
        Some(value)
    }

    fn property(&mut self) -> Option<Property<'a>> {
        let (kind, number) = (self.u16()?, self.u16()?);
        let mut id = Id::Plain(number);
        if number >= 0x8000 {
            self.take(16)?;
            id = match self.u32()? {
                0 => Id::Named(self.u32()?),
                _ => {
                    let len = self.u32()? as usize;
                    self.padded(len)?;
                    Id::Plain(number)
                }
            };
        }
        let (many, kind) = (kind & 0x1000 != 0, kind & 0x0fff);
        let size = match kind {
            0x02 | 0x03 | 0x04 | 0x0a | 0x0b => Some(4),
            0x05 | 0x06 | 0x07 | 0x14 | 0x40 => Some(8),
            0x48 => Some(16),
            0x0d | 0x1e | 0x1f | 0x102 => None,
            _ => return None,
        };
        let count = match many || size.is_none() {
            true => self.u32()? as usize,
            false => 1,
        };
        let mut first = None;
        for _ in 0..count.min(MAX_ITEMS) {
            let len = match size {
                Some(size) => size,
                None => self.u32()? as usize,
            };
            let value = self.padded(len)?;
            first.get_or_insert(value);
        }
        Some(Property {
            id,
            kind,
            value: first.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attribute(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
        let len = u32::try_from(data.len()).unwrap();
        let sum = data.iter().fold(0_u16, |sum, b| sum.wrapping_add(u16::from(*b)));
        [
            &[level][..],
            &id.to_le_bytes(),
            &len.to_le_bytes(),
            data,
            &sum.to_le_bytes(),
        ]
        .concat()
    }

    fn text(id: u16, value: &[u8]) -> Vec<u8> {
        let len = u32::try_from(value.len()).unwrap();
        let fill = vec![0; (4 - value.len() % 4) % 4];
        [
            &0x1e_u16.to_le_bytes()[..],
            &id.to_le_bytes(),
            &1_u32.to_le_bytes(),
            &len.to_le_bytes(),
            value,
            &fill,
        ]
        .concat()
    }

    fn time(name: u32, seconds: u64) -> Vec<u8> {
        let ticks = (seconds + 11_644_473_600) * 10_000_000;
        [
            &0x40_u16.to_le_bytes()[..],
            &0x8001_u16.to_le_bytes(),
            &[0; 16],
            &0_u32.to_le_bytes(),
            &name.to_le_bytes(),
            &ticks.to_le_bytes(),
        ]
        .concat()
    }

    fn file(body: &[&[u8]]) -> Vec<u8> {
        [&SIGNATURE.to_le_bytes()[..], &[1, 0], &body.concat()].concat()
    }

    fn properties(all: &[Vec<u8>]) -> Vec<u8> {
        [
            &u32::try_from(all.len()).unwrap().to_le_bytes()[..],
            &all.concat(),
        ]
        .concat()
    }

    fn sample() -> Vec<u8> {
        let message = properties(&[
            text(0x001a, b"IPM.Schedule.Meeting.Request\0"),
            text(0x0037, b"Lift, new\0"),
            time(0x820d, 1_794_736_800),
            time(0x820e, 1_794_740_400),
        ]);
        let name = properties(&[text(0x3707, b"Gr\xf6\xdfe.pdf\0")]);
        file(&[
            &attribute(1, 0x0006_9007, &[0xe4, 4, 0, 0, 0, 0, 0, 0]),
            &attribute(1, 0x0002_800c, b"Sch\xf6n\0"),
            &attribute(1, 0x0006_9003, &message),
            &attribute(2, 0x0006_9002, &[0; 14]),
            &attribute(2, 0x0001_8010, b"GRSSE~1.PDF\0"),
            &attribute(2, 0x0006_800f, b"%PDF"),
            &attribute(2, 0x0006_9005, &name),
        ])
    }

    #[test]
    fn a_mail_is_taken_out_whole() {
        let made = parts(&sample(), "b", true).unwrap();
        let raw = [
            b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
            &made[..],
            b"\r\n--b--\r\n",
        ]
        .concat();
        let mail = super::super::parse(&raw).unwrap();
        assert_eq!(mail.text(100).0, "Schön");
        let names: Vec<_> = mail
            .attachments()
            .filter_map(|part| mail.file_name(part))
            .collect();
        assert_eq!(names, ["Größe.pdf"]);
        let ics = String::from_utf8_lossy(&raw).into_owned();
        let ics = ics
            .split("base64\r\n\r\n")
            .nth(2)
            .and_then(|rest| rest.split("\r\n").next());
        let ics = String::from_utf8(STANDARD.decode(ics.unwrap()).unwrap()).unwrap();
        assert!(
            ics.contains("METHOD:REQUEST") && ics.contains("SUMMARY:Lift\\, new"),
            "{ics}"
        );
        assert!(ics.contains("DTSTART:20261115T100000Z"), "{ics}");
        assert_eq!(parts(b"no such thing", "b", true), None);
    }

    proptest! {
        #[test]
        fn any_bytes_do(bytes: Vec<u8>, at in 0_usize..400, to: u8) {
            parts(&file(&[&bytes]), "b", true);
            let mut bent = sample();
            if let Some(byte) = bent.get_mut(at) {
                *byte = to;
            }
            parts(&bent, "b", true);
        }
    }
}
