//! Import and reading together, on real files and a real database.

use std::{
    fs,
    io::Write,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use super::{import, read, read::LastOpened, write_mbox};
use crate::{
    Code,
    mailbox::text::TextIndex,
    model::{Address, FolderRole, ImportProgress, ImportReport, Kind, Time},
    store::Store,
};

/// The owner's sight.
fn everything() -> read::Sight {
    read::Sight {
        within: Vec::new(),
        private: true,
    }
}

struct Home {
    folder: tempfile::TempDir,
    store: Store,
    text: TextIndex,
    mailbox: Address,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Self {
            store: Store::open(&data).unwrap(),
            text: TextIndex::open(&data.join("text")).unwrap(),
            mailbox: Address::lenient("kim@x.org"),
            folder,
        }
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn import(&self, path: &Path, folder: Option<&str>) -> ImportReport {
        self.try_import(path, folder, &mut |_| ControlFlow::Continue(()))
            .unwrap()
    }

    fn try_import(
        &self,
        path: &Path,
        folder: Option<&str>,
        progress: &mut dyn FnMut(&ImportProgress) -> ControlFlow<()>,
    ) -> crate::Result<ImportReport> {
        import::mail(
            &self.store,
            &self.text,
            &self.mailbox,
            &[path.to_owned()],
            folder,
            progress,
        )
    }

    fn keys(&self, folder: &str) -> Vec<String> {
        let page = read::list(
            &self.store,
            &self.mailbox,
            Some(folder),
            &everything(),
            1000,
            None,
        )
        .unwrap();
        page.entries.into_iter().map(|e| e.key).collect()
    }

    fn found(&self, text: &str) -> usize {
        self.text.search(text, &self.mailbox, 1000).unwrap().len()
    }
}

fn mail(n: u32) -> String {
    format!(
        "From: Jo <jo@y.org>\nTo: kim@x.org\nSubject: Offer {n}\nMessage-ID: <{n}@y.org>\n\
         Date: Fri, 20 Nov 2026 {:02}:{:02}:00 +0000\n\nThe body numbered word{n}.\n",
        n / 60 % 24,
        n % 60
    )
}

fn mbox(messages: impl IntoIterator<Item = String>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for m in messages {
        write_mbox(&mut bytes, "jo@y.org", "Fri Nov 20 18:58:20 2026", m.as_bytes()).unwrap();
    }
    bytes
}

#[test]
fn an_mbox_is_imported_listed_shown_and_found() {
    let home = Home::new();
    let path = home.file("old.mbox", mbox((0..250).map(mail)));
    let report = home.import(&path, None);
    assert_eq!((report.seen, report.imported, report.duplicates), (250, 250, 0));
    assert!(report.rejected.is_empty());
    let again = home.import(&path, None);
    assert_eq!((again.seen, again.imported, again.duplicates), (250, 0, 250));

    // Newest first, page by page, none twice.
    let mut keys = Vec::new();
    loop {
        let after = keys.last().map(String::as_str);
        let page = read::list(
            &home.store,
            &home.mailbox,
            Some("Inbox"),
            &everything(),
            100,
            after,
        )
        .unwrap();
        keys.extend(page.entries.into_iter().map(|e| e.key));
        if !page.more {
            break;
        }
    }
    let expected: Vec<String> = (0..250).rev().map(|n| format!("{n}@y.org")).collect();
    assert_eq!(keys, expected);
    assert_eq!(
        read::list(&home.store, &home.mailbox, None, &everything(), 10, None)
            .unwrap()
            .entries[0]
            .key,
        "249@y.org"
    );

    let shown = read::show_parts(&home.store, &LastOpened::default(), &home.mailbox, "<7@y.org>").unwrap();
    assert_eq!(
        (shown.subject.as_str(), shown.role, shown.kind),
        ("Offer 7", FolderRole::Inbox, Kind::Email)
    );
    assert_eq!(shown.text, "The body numbered word7.\n");
    assert_eq!(shown.headers["From"], "Jo <jo@y.org>");
    let masks: Vec<u8> = shown.parties.iter().map(|(mask, _)| *mask).collect();
    assert_eq!(masks, [1, 2]);
    assert_eq!(
        home.found("numbered word7"),
        11,
        "the last word may be unfinished"
    );
    assert_eq!(home.found("word7 numbered"), 1);
}

#[test]
fn bad_messages_are_listed_kept_and_stop_nothing() {
    let home = Home::new();
    let bytes = mbox([mail(1), "no header here\n".into(), String::new(), mail(2)]);
    let path = home.file("bad.mbox", &bytes);
    let report = home.import(&path, Some("Clients"));
    assert_eq!((report.seen, report.imported), (4, 2));
    assert_eq!(report.rejected.len(), 2);
    assert!(
        report.rejected[0].reason.contains("no mail headers"),
        "{:?}",
        report.rejected
    );
    let (offset, size): (i64, i64) = home
        .store
        .read(|c| {
            Ok(c.query_row(
                "SELECT pack_offset, size FROM rejected_message ORDER BY position",
                [],
                |r| Ok((r.get(0)?, r.get(1)?)),
            )?)
        })
        .unwrap();
    let kept = home.store.pack().read(offset as u64, size as u64).unwrap();
    assert_eq!(kept, b"no header here\n");
    assert_eq!(home.keys("clients"), ["2@y.org", "1@y.org"]);
    let before = fs::metadata(home.store.folder().join("mail.pack")).unwrap().len();
    assert_eq!(home.import(&path, None).rejected.len(), 2);
    assert_eq!(
        fs::metadata(home.store.folder().join("mail.pack")).unwrap().len(),
        before,
        "nothing is kept twice"
    );
}

#[test]
fn cancel_keeps_what_was_stored_and_the_next_import_goes_on() {
    let home = Home::new();
    let path = home.file("long.mbox", mbox((0..500).map(mail)));
    let mut calls = 0;
    let report = home
        .try_import(&path, None, &mut |p| {
            calls += 1;
            if p.seen >= 200 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert!(report.cancelled && calls > 1);
    assert!(report.imported >= 200 && report.imported < 500, "{report:?}");
    assert_eq!(home.found("numbered") as u32, report.imported);
    let rest = home.import(&path, None);
    assert!(!rest.cancelled);
    assert_eq!(
        (rest.seen, rest.duplicates),
        (500 - report.imported, 0),
        "it went on, and did not start again"
    );
    assert_eq!(home.keys("Inbox").len(), 500);
    // A changed file is looked at from its start.
    assert_eq!(home.import(&path, None).duplicates, 500);
}

#[test]
fn maildirs_folders_and_compressed_mboxes() {
    let home = Home::new();
    home.file("md/cur/1:2,S", mail(1));
    home.file("md/new/2", mail(2));
    home.file("md/tmp/3", mail(3));
    home.file("md/.Gesendete Objekte/cur/4:2,", mail(4));
    fs::create_dir_all(home.folder.path().join("md/.Gesendete Objekte/new")).unwrap();
    home.file("md/.Clients.Alpine/new/5", mail(5));
    fs::create_dir_all(home.folder.path().join("md/.Clients.Alpine/cur")).unwrap();
    let report = home.import(&home.folder.path().join("md"), None);
    assert_eq!((report.imported, report.rejected.len()), (4, 0));
    let folders = read::folders(&home.store, &home.mailbox, true).unwrap();
    let told: Vec<_> = folders
        .iter()
        .map(|f| (f.folder.as_str(), f.role.as_str(), f.messages, f.unread))
        .collect();
    assert_eq!(
        told,
        [
            ("Inbox", "inbox", 2, 1),
            ("Gesendete Objekte", "sent", 1, 0),
            ("Clients/Alpine", "other", 1, 1)
        ]
    );

    home.file("emls/a.eml", mail(10));
    home.file(
        "emls/b.eml",
        format!("From x Fri Nov 20 18:58:20 2026\n{}", mail(11)),
    );
    home.file("emls/c.eml", "");
    home.file("emls/d.eml", "nothing");
    home.file("emls/picture.png", b"\x89PNG\r\n\x1a\n\0\0");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&mbox([mail(12), mail(13)])).unwrap();
    home.file("emls/Archive.mbox.gz", gz.finish().unwrap());
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(&mbox([mail(14)])).unwrap();
    let xz = home.file("one.mbox.xz", xz.finish().unwrap());
    let report = home.import(&home.folder.path().join("emls"), None);
    assert_eq!(report.imported, 4);
    assert_eq!(report.rejected.len(), 3, "{:?}", report.rejected);
    assert_eq!(home.keys("Archive"), ["13@y.org", "12@y.org"]);
    assert_eq!(home.import(&xz, Some("Sent Items")).imported, 1);
}

#[test]
fn what_is_no_mail_is_said_at_once() {
    let home = Home::new();
    let png = home.file("x.png", b"\x89PNG\r\n\x1a\n\0\0\0");
    let empty = home.folder.path().join("nothing");
    fs::create_dir(&empty).unwrap();
    let missing = home.folder.path().join("missing.mbox");
    for (path, code) in [
        (png, Code::BadInput),
        (empty, Code::BadInput),
        (missing, Code::NotFound),
    ] {
        let error = home
            .try_import(&path, None, &mut |_| ControlFlow::Continue(()))
            .err()
            .unwrap();
        assert_eq!(error.code(), code);
        assert!(!error.hint().is_empty(), "{error}");
    }
}

#[test]
fn the_index_catches_up_after_a_crash() {
    let home = Home::new();
    let path = home.file("a.mbox", mbox((0..30).map(mail)));
    home.import(&path, None);
    // A crash before the index's commit looks just like an empty index.
    home.text.clear().unwrap();
    assert_eq!(home.found("numbered"), 0);
    assert_eq!(home.text.catch_up(&home.store).unwrap(), 30);
    assert_eq!(home.found("numbered"), 30);
    assert_eq!(home.text.catch_up(&home.store).unwrap(), 0);
}

#[test]
fn appointments_are_replaced_only_by_newer_ones() {
    let home = Home::new();
    let ics = |sequence: u32, subject: &str| {
        format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:meet\r\nSEQUENCE:{sequence}\r\nSUMMARY:{subject}\r\n\
             DTSTART:20261120T100000Z\r\nDTEND:20261120T110000Z\r\nRRULE:FREQ=DAILY\r\nORGANIZER:mailto:kim@x.org\r\n\
             ATTENDEE:mailto:jo@y.org\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:meet\r\nSEQUENCE:{sequence}\r\n\
             RECURRENCE-ID:20261121T100000Z\r\nSUMMARY:{subject} moved\r\nDTSTART:20261121T120000Z\r\n\
             DTEND:20261121T130000Z\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:bad\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    };
    let go = |bytes: String| {
        let path = home.file("c.ics", bytes);
        import::calendar(&home.store, &home.mailbox, &[path], &mut |_| {
            ControlFlow::Continue(())
        })
        .unwrap()
    };
    let first = go(ics(1, "Review"));
    assert_eq!(
        (first.seen, first.imported, first.duplicates, first.rejected.len()),
        (3, 2, 0, 1)
    );
    assert_eq!(go(ics(0, "Older")).duplicates, 2);
    assert_eq!(go(ics(1, "Same")).duplicates, 2);
    assert_eq!(go(ics(2, "Newer")).imported, 2);
    assert_eq!(home.keys("Calendar"), ["meet#20261121T100000Z", "meet"]);
    let page = read::list(
        &home.store,
        &home.mailbox,
        Some("calendar"),
        &everything(),
        1,
        None,
    )
    .unwrap();
    assert!(page.more);
    let next = read::list(
        &home.store,
        &home.mailbox,
        Some("Calendar"),
        &everything(),
        1,
        Some("meet#20261121T100000Z"),
    )
    .unwrap();
    assert_eq!((next.entries[0].key.as_str(), next.more), ("meet", false));
    let facts = home
        .store
        .read(|c| read::message(c, &home.store, &LastOpened::default(), &home.mailbox, "meet"))
        .unwrap();
    assert_eq!(
        (facts.kind(), facts.subject.as_str()),
        (Kind::Appointment, "Newer")
    );
    assert_eq!(facts.sent, Time::parse("2026-11-20T10:00:00Z").unwrap());
    let shown = read::show_parts(
        &home.store,
        &LastOpened::default(),
        &home.mailbox,
        "meet#20261121T100000Z",
    )
    .unwrap();
    assert_eq!(
        (shown.key.as_str(), shown.subject.as_str()),
        ("meet#20261121T100000Z", "Newer moved")
    );
    let masks: Vec<u8> = read::show_parts(&home.store, &LastOpened::default(), &home.mailbox, "meet")
        .unwrap()
        .parties
        .iter()
        .map(|p| p.0)
        .collect();
    assert_eq!(masks, [7, 5]);
    let folders = read::folders(&home.store, &home.mailbox, true).unwrap();
    assert_eq!((folders[0].role.as_str(), folders[0].messages), ("calendar", 2));
}
