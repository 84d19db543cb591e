//! Alex's mail, calendar and rows for the stories: few, and each with its reason.

use std::{fs, ops::ControlFlow, path::Path};

use behalf_core::{desk::Desk, model::Address};

/// A customer asks for an offer. From a contact of Alpine Ski House, with Kim in copy.
pub const OFFER: &str = "offer-1@alpine.example";
/// Somebody nobody knows asks something.
pub const STRANGER: &str = "question-1@nowhere.example";
/// A second mail of the same customer.
pub const REPLY: &str = "offer-2@alpine.example";
/// What Alex wrote: Sent Items.
pub const SENT: &str = "answer-1@contoso.example";
/// A meeting of Alex's own.
pub const MEETING: &str = "meeting-1@contoso.example";

/// The account most stories set regarding.
pub const ALPINE: &str = "account:A-100";
/// The account it is changed to.
pub const FABRIKAM: &str = "account:A-200";
/// A lead.
pub const LEAD: &str = "lead:L-1";

/// Subject of [`OFFER`].
pub const OFFER_SUBJECT: &str = "Offer for 40 pairs of skis";

/// Imports what [`deliver`] wrote: the mail, the calendar, and the rows of these tables.
pub fn take_in(desk: &Desk, mailbox: &Address, letters: &Path, tables: &[&str]) {
    let go_on = &mut |_: &_| ControlFlow::Continue(());
    for (file, name) in [("inbox.mbox", "Inbox"), ("sent.mbox", "Sent Items")] {
        desk.import_mail(mailbox, &[letters.join(file)], Some(name), go_on)
            .unwrap();
    }
    desk.import_calendar(mailbox, &[letters.join("calendar.ics")], go_on)
        .unwrap();
    for table in tables {
        let file = letters.join(format!("{table}.csv"));
        desk.import_rows(&file, table, &[], go_on).unwrap();
    }
}

/// Writes everything into `folder`.
pub fn deliver(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let inbox = [
        mail(
            OFFER,
            "Anna Meier <anna@alpine.example>",
            OFFER_SUBJECT,
            "Cc: Kim <kim@contoso.example>\n",
            "Could you make us an offer?",
            1,
        ),
        mail(
            STRANGER,
            "stranger@nowhere.example",
            "A question",
            "",
            "Do you still sell sledges?",
            2,
        ),
        mail(
            REPLY,
            "Anna Meier <anna@alpine.example>",
            "Re: Offer for 40 pairs of skis",
            "In-Reply-To: <offer-1@alpine.example>\n",
            "Make it fifty.",
            3,
        ),
    ];
    fs::write(folder.join("inbox.mbox"), inbox.concat()).unwrap();
    let sent = "From - Thu Jan 04 09:00:00 2024\nMessage-ID: <answer-1@contoso.example>\nFrom: Alex <alex@contoso.example>\n\
        To: Anna Meier <anna@alpine.example>\nBcc: Kim <kim@contoso.example>\nSubject: Our offer\n\
        Date: Thu, 04 Jan 2024 09:00:00 +0000\n\nHere it is.\n\n";
    fs::write(folder.join("sent.mbox"), sent).unwrap();
    let calendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//contoso//stories//EN\r\nBEGIN:VEVENT\r\n\
        UID:meeting-1@contoso.example\r\nDTSTAMP:20240101T080000Z\r\nDTSTART:20240110T090000Z\r\nDTEND:20240110T100000Z\r\n\
        SUMMARY:Ski fitting\r\nLOCATION:Zermatt\r\nORGANIZER;CN=Alex:mailto:alex@contoso.example\r\n\
        ATTENDEE;ROLE=REQ-PARTICIPANT;CN=Anna Meier:mailto:anna@alpine.example\r\n\
        ATTENDEE;ROLE=OPT-PARTICIPANT;CN=Kim:mailto:kim@contoso.example\r\n\
        END:VEVENT\r\nEND:VCALENDAR\r\n";
    fs::write(folder.join("calendar.ics"), calendar).unwrap();
    fs::write(
        folder.join("account.csv"),
        "accountid,name,address1_city,telephone1,emailaddress1\n\
         A-100,Alpine Ski House,Zürich,+41 44 100,office@alpine.example\n\
         A-200,Fabrikam,Seattle,+1 206 200,info@fabrikam.example\n",
    )
    .unwrap();
    fs::write(
        folder.join("contact.csv"),
        "contactid,fullname,parentcustomerid,emailaddress1\nC-1,Anna Meier,Alpine Ski House,anna@alpine.example\n",
    )
    .unwrap();
    fs::write(
        folder.join("lead.csv"),
        "leadid,fullname,companyname,emailaddress1\nL-1,Sam Sledge,Sledge Ltd,sam@sledge.example\n",
    )
    .unwrap();
}

fn mail(key: &str, from: &str, subject: &str, more: &str, text: &str, day: u8) -> String {
    format!(
        "From - Mon Jan 0{day} 08:00:00 2024\nMessage-ID: <{key}>\nFrom: {from}\nTo: Alex <alex@contoso.example>\n{more}\
         Subject: {subject}\nDate: 0{day} Jan 2024 08:00:00 +0000\n\n{text}\n\n"
    )
}
