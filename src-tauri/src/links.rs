//! Where the window may go, and what may leave it (B-07).

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

/// True when a link in a message may be handed to the person's browser or mail program.
pub fn may_open_outside(url: &Url) -> bool {
    match url.scheme() {
        "http" | "https" => url.host_str().is_some_and(|host| !host.is_empty()),
        "mailto" => true,
        _ => false,
    }
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
            assert!(may_open_outside(&url(link)), "{link}");
        }
        for link in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "smb://host/share",
            "tauri://localhost/",
            "vscode://x",
        ] {
            assert!(!may_open_outside(&url(link)), "{link}");
        }
    }
}
