//! A mail with everything that can be attached: files, a page that may hold code, and a mail with a file of its own.

use super::{
    DAY, DOMAIN, LOGO,
    letter::{Letter, Person},
    plain_letter,
};

const PRICES: &str =
    "article;unit;price\nMooring line 24 mm;metre;4.80\nFender A3;piece;62.00\nDock box;piece;389.00\n";
const FORM: &str = "<!doctype html>\n<html lang=\"en\"><head><title>Order form</title></head>\n<body><h1>Order form</h1>\n\
                    <p>Print this page, fill it in and send it back.</p></body></html>\n";
const PLAN: &str =
    "Hall 4, stand 112\n\nMonday    delivery from 8:00\nTuesday   building, until 18:00\nWednesday opening\n";

/// Sent to an owner by `from`; nothing in it is left to chance.
pub fn letter(owner: usize, from: Person, date: i64) -> Letter {
    let id = |what: &str| format!("{what}-{owner}@{DOMAIN}");
    let confirmation = Letter {
        subject: "Stand 4-112: confirmation".into(),
        text: "Good morning,\n\nyour stand is confirmed. Please find the days for delivery and building attached.\n\n\
               Kind regards\nThe organisers\n"
            .into(),
        files: vec![("plan.txt".into(), "text/plain", PLAN.into())],
        ..plain_letter(
            ("Trade fair office".into(), "office@fair.example".into()),
            owner,
            date - 2 * DAY,
            id("confirmation"),
        )
    };
    Letter {
        subject: "Documents for the trade fair".into(),
        text: "Hello,\n\nhere is what you asked for: the price list, our logo for the catalogue, the order form, and the \
               confirmation of the stand as it came.\n\nBest regards\n"
            .into(),
        files: vec![
            ("price list.csv".into(), "text/csv", PRICES.into()),
            ("logo.png".into(), "image/png", LOGO.to_vec()),
            ("order form.html".into(), "text/html", FORM.into()),
            ("confirmation.eml".into(), "message/rfc822", confirmation.raw()),
        ],
        read: false,
        ..plain_letter(from, owner, date, id("documents"))
    }
}
