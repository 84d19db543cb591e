//! Where the window may go, and what may leave it (B-07).

use percent_encoding::percent_decode_str;
use tauri::Url;

/// True when the window itself may load it: our own pages and the isolated messages, nothing else.
///
/// `dev` admits the development server's pages.
pub fn may_load(url: &Url, dev: bool) -> bool {
    match (url.scheme(), url.host_str()) {
        ("tauri" | "mail", Some("localhost")) => true,
        // What the two schemes are called where the platform knows no schemes of one's own.
        ("http" | "https", Some("tauri.localhost" | "mail.localhost")) => true,
        ("http", Some("localhost")) => dev && url.port() == Some(5173),
        ("about", _) => url.as_str() == "about:blank",
        _ => false,
    }
}

/// What of a link in a message is handed to the person's browser or mail program; `None`: nothing.
pub fn outside(url: &Url) -> Option<Url> {
    match url.scheme() {
        "http" | "https" => url
            .host_str()
            .filter(|host| !host.is_empty())
            .map(|_| url.clone()),
        "mailto" => letter(url),
        _ => None,
    }
}

/// The parts of a letter that a link may begin. Mail programs know more of them, and some attach files of this computer.
const PARTS: [&str; 4] = ["to", "cc", "subject", "body"];
/// The longest letter a link may begin, in bytes of its address. What is cut of one would not be what it says.
const LONGEST: usize = 8 << 10;

/// A letter that names recipients, a subject and a text, and nothing else.
fn letter(url: &Url) -> Option<Url> {
    // A line break begins a header in a careless mail program; only the text has lines.
    let is_plain = |encoded: &str, lines: bool| {
        let is_line = |c: char| lines && matches!(c, '\r' | '\n' | '\t');
        let decoded = percent_decode_str(encoded).decode_utf8();
        decoded.is_ok_and(|text| !text.chars().any(|c| c.is_control() && !is_line(c)))
    };
    if !is_plain(url.path(), false) {
        return None;
    }
    let mut kept: Vec<String> = Vec::new();
    for pair in url.query().unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let part = PARTS.iter().find(|part| part.eq_ignore_ascii_case(name));
        let Some(part) = part.filter(|part| is_plain(value, **part == "body")) else {
            continue;
        };
        // Each once: what a second one does is up to the mail program.
        if !kept.iter().any(|known| known.starts_with(&format!("{part}="))) {
            kept.push(format!("{part}={value}"));
        }
    }
    let mut letter = url.clone();
    letter.set_query(Some(kept.join("&")).filter(|query| !query.is_empty()).as_deref());
    letter.set_fragment(None);
    (letter.as_str().len() <= LONGEST).then_some(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn only_our_own_pages_are_loaded() {
        for ours in [
            "tauri://localhost/",
            "mail://localhost/message/a@x/1",
            "http://mail.localhost/message/a@x/1",
            "about:blank",
        ] {
            assert!(may_load(&url(ours), false), "{ours}");
        }
        for other in [
            "https://example.org/",
            "http://localhost:5173/",
            "file:///etc/passwd",
            "data:text/html,x",
            "javascript:alert(1)",
            "tauri://example.org/",
            "https://mail.localhost.example.org/",
            "about:srcdoc",
        ] {
            assert!(!may_load(&url(other), false), "{other}");
        }
        assert!(may_load(&url("http://localhost:5173/"), true));
        assert!(!may_load(&url("http://localhost:8080/"), true));
    }

    #[test]
    fn only_web_and_mail_links_leave() {
        for link in [
            "https://example.org/x?y=1",
            "http://example.org/",
            "mailto:kim@example.com",
        ] {
            assert_eq!(outside(&url(link)), Some(url(link)), "{link}");
        }
        for link in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "smb://host/share",
            "tauri://localhost/",
            "vscode://x",
        ] {
            assert_eq!(outside(&url(link)), None, "{link}");
        }
    }

    #[test]
    fn a_letter_takes_no_file_along() {
        for (link, kept) in [
            (
                "mailto:a@x?attach=/etc/passwd&subject=Hello%20you&ATTACHMENT=~/.ssh/id&Body=a%0Ab",
                "mailto:a@x?subject=Hello%20you&body=a%0Ab",
            ),
            ("mailto:?to=a@x&cc=b@x&bcc=c@x", "mailto:?to=a@x&cc=b@x"),
            ("mailto:a@x?attach=/etc/passwd#x", "mailto:a@x"),
            ("mailto:a@x?%61ttach=/etc/passwd", "mailto:a@x"),
            ("mailto:a@x?subject=1&subject=2", "mailto:a@x?subject=1"),
            ("mailto:a@x?body=a%00b&cc=b@x", "mailto:a@x?cc=b@x"),
            ("mailto:a@x?subject=x%0D%0ABcc:%20c@x&cc=b@x", "mailto:a@x?cc=b@x"),
        ] {
            assert_eq!(outside(&url(link)), Some(url(kept)), "{link}");
        }
        assert_eq!(outside(&url("mailto:a@x%0Abcc:b@x")), None);
        let long = format!("mailto:a@x?body={}", "x".repeat(LONGEST));
        assert_eq!(outside(&url(&long)), None);
    }
}
