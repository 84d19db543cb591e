//! One server.

use std::{fs, path::Path};

use behalf_connect::nats::server_config;
use behalf_core::{
    Code, Error,
    model::Address,
    wire::{EntryKind, Relay},
};
use behalf_tests::{
    behalf::command,
    data::database,
    office::{KIM, Office},
    relays::{conforms, entry},
    servers::{Servers, free_port, patiently, relay_at},
    walks,
};

#[test]
fn h_07_a_server_conforms() {
    let Some(servers) = Servers::one() else { return };
    conforms(&servers.relay(), &servers.relay());
}

/// Stories 1 and 2, word for word, where the two meet on a server.
#[test]
fn h_07_stories_1_and_2_on_a_server() {
    let Some(servers) = Servers::one() else { return };
    let office = Office::at_work_meeting_at(&servers.address());
    walks::tracks_without_regarding(&office);
    walks::sets_regarding(&office);
}

/// Through a proxy that lets nothing but the web through: the same over WebSocket, at the address of a listener of its
/// own.
#[test]
fn h_07_a_server_behind_a_websocket() {
    let port = free_port();
    let more = format!("websocket {{ listen: \"127.0.0.1:{port}\", no_tls: true }}\n");
    let Some(servers) = Servers::with(&more, "nats", |_| ()) else {
        return;
    };
    let address = format!("ws://127.0.0.1:{port}");
    conforms(&relay_at(&address), &servers.relay());
    walks::tracks_without_regarding(&Office::at_work_meeting_at(&address));
}

/// The same with TLS, as such a proxy usually wants it, by an authority of one's own.
#[test]
fn h_07_a_server_behind_a_websocket_with_tls() {
    let port = free_port();
    let more = format!(
        "websocket {{ listen: \"127.0.0.1:{port}\", tls {{ cert_file: \"FOLDER/server.pem\", key_file: \"FOLDER/key.pem\" }} }}\n"
    );
    let Some(servers) = Servers::with(&more, "nats", certify) else {
        return;
    };
    let address = format!("wss://127.0.0.1:{port}");
    let stranger = relay_at(&address)
        .pull(&Address::lenient("alex@x"), &mut |_| true)
        .unwrap_err();
    assert!(is_blocked(&stranger), "{stranger}");
    assert!(
        stranger.to_string().contains("does not prove who it is"),
        "{stranger}"
    );
    let address = format!("{address}?ca={}", servers.folder().join("ca.pem").display());
    conforms(&relay_at(&address), &servers.relay());
    walks::tracks_without_regarding(&Office::at_work_meeting_at(&address));
}

/// The server goes away and comes back: offline meanwhile, and nothing is lost (H-05).
#[test]
fn h_05_h_07_a_server_that_goes_away() {
    let Some(mut servers) = Servers::one() else { return };
    let alex = Address::lenient("alex@x");
    let relay = servers.relay();
    let first = entry('a', EntryKind::Envelope, b"first");
    relay.publish(&alex, &first, b"first").unwrap();
    servers.kills(0);
    let second = entry('a', EntryKind::Envelope, b"second");
    let away = relay.publish(&alex, &second, b"second").unwrap_err();
    assert!(!is_blocked(&away), "waiting helps: {away}");
    assert!(!is_blocked(
        &servers.relay().pull(&alex, &mut |_| true).unwrap_err()
    ));
    servers.starts(0);
    patiently("the connection comes back", || {
        relay.publish(&alex, &second, b"second").is_ok()
    });
    assert_eq!(servers.relay().pull(&alex, &mut |_| true).unwrap().len(), 2);

    // For so long that nobody waits for the old connection any more: whoever watches is woken all the same.
    let watching = servers.relay();
    watching.pull(&alex, &mut |_| true).unwrap();
    servers.kills(0);
    patiently("the connection is given up", || {
        let asked = watching.pull(&alex, &mut |_| true);
        asked.is_err_and(|e| e.to_string().contains("cannot be reached"))
    });
    let asleep = watching.pulse().unwrap();
    servers.starts(0);
    patiently("it wakes", || watching.pulse().unwrap() != asleep);
    watching.pull(&alex, &mut |_| true).unwrap();
    let pulse = watching.pulse().unwrap();
    let third = entry('a', EntryKind::Envelope, b"third");
    servers.relay().publish(&alex, &third, b"third").unwrap();
    patiently("it hears the bell", || watching.pulse().unwrap() != pulse);
}

/// What is published wakes who watches that mailbox, and nobody else.
#[test]
fn h_03_the_bell_rings_for_those_who_watch() {
    let Some(servers) = Servers::one() else { return };
    let (alex, robin) = (Address::lenient("alex@x"), Address::lenient("robin@x"));
    let (here, there, elsewhere) = (servers.relay(), servers.relay(), servers.relay());
    for (relay, mailbox) in [(&here, &alex), (&there, &alex), (&elsewhere, &robin)] {
        assert!(relay.pull(mailbox, &mut |_| true).unwrap().is_empty());
    }
    let pulses = [&here, &there, &elsewhere].map(|r| r.pulse().unwrap());
    here.publish(&alex, &entry('a', EntryKind::Receipt, b"r"), b"r")
        .unwrap();
    patiently("it wakes", || there.pulse().unwrap() != pulses[1]);
    assert_eq!(elsewhere.pulse().unwrap(), pulses[2], "another mailbox sleeps on");
    assert_eq!(here.pulse().unwrap(), pulses[0], "nobody wakes themselves");
}

/// TLS with an authority of one's own, and the very accounts that `behalf relay config` prints.
#[test]
fn h_07_certificates_and_rights() {
    let accounts = server_config().split_once("\naccounts {").unwrap().1;
    let more = format!(
        "tls {{ cert_file: \"FOLDER/server.pem\", key_file: \"FOLDER/key.pem\" }}\naccounts {{{accounts}"
    );
    let Some(servers) = Servers::with(&more, "tls", certify) else {
        return;
    };
    let ca = format!("?ca={}", servers.folder().join("ca.pem").display());
    let alex = Address::lenient("alex@x");
    let refused = |user: &str, query: &str| {
        let error = relay_at(&servers.address_of(user, query))
            .pull(&alex, &mut |_| true)
            .unwrap_err();
        assert!(!error.to_string().contains("PASSWORD"), "{error}");
        assert!(is_blocked(&error), "{error}");
        error.to_string()
    };
    let member = "member:MEMBER-PASSWORD@";
    let why = refused(member, "");
    assert!(why.contains("does not prove who it is"), "{why}");
    let why = refused("member:wrong-PASSWORD@", &ca);
    assert!(why.contains("sign in again"), "{why}");
    let why = refused(member, &format!("{ca}&credentials=/nowhere/kim.creds"));
    assert!(
        why.contains("sign in again") && why.contains("kim.creds"),
        "{why}"
    );
    // Nothing is set up yet, and members may not.
    let why = refused(member, &ca);
    assert!(why.contains("does not let this user in everywhere"), "{why}");
    relay_at(&servers.address_of("admin:ADMIN-PASSWORD@", &ca))
        .set_up()
        .unwrap();
    let relay = || relay_at(&servers.address_of(member, &ca));
    conforms(&relay(), &relay());
}

/// A password in a relay's address lies in the data folder, which is its user's alone, and is never told: not by a
/// command, not in a log, not where signing in or reaching the server fails.
#[test]
fn h_07_a_password_in_an_address_is_never_shown() {
    const PASSWORD: &str = "MEMBER-PASSWORD";
    let (_, accounts) = server_config().split_once("\naccounts {").unwrap();
    let Some(mut servers) = Servers::with(&format!("accounts {{{accounts}"), "nats", |_| ()) else {
        return;
    };
    let as_admin = relay_at(&servers.address_of("admin:ADMIN-PASSWORD@", ""));
    as_admin.set_up().unwrap();
    let office = Office::at_work_meeting_at(&servers.address_of(&format!("member:{PASSWORD}@"), ""));
    let kept =
        database(&office.kim.data).query_row("SELECT value FROM replica WHERE name = 'relay'", [], |r| {
            r.get::<_, String>(0)
        });
    assert!(
        kept.unwrap().contains(PASSWORD),
        "otherwise this test looks for nothing"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&office.kim.data).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "nobody else may look into the folder");
    }
    let shows = |args: &[&str]| {
        let output = command(&office.kim.data, args)
            .env("RUST_LOG", "trace")
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!shown.contains(PASSWORD), "{args:?} shows it: {shown}");
        shown
    };
    assert!(shows(&["sync"]).contains("connected"), "it logs what it does");
    shows(&["doctor"]);
    shows(&["doctor", "--rebuild"]);
    shows(&["status", "offer-1@contoso.example", "--mailbox", KIM]);
    shows(&["audit"]);
    shows(&["grants"]);
    shows(&["relay", "setup"]);
    servers.kills(0);
    assert!(shows(&["sync"]).contains("cannot be reached"));
    assert!(shows(&["relay", "setup"]).contains("cannot be reached"));

    let elsewhere = office.path("elsewhere");
    for slip in ["natss://member:", "nats:/member:", "member:", "nats://"] {
        let address = format!("{slip}{PASSWORD}@127.0.0.1");
        let init = ["init", "--person", KIM, "--name", "Kim", "--relay", &address];
        let output = command(&elsewhere, init)
            .env("RUST_LOG", "trace")
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(
            shown.contains("bad_input") && !shown.contains(PASSWORD),
            "{shown}"
        );
    }
}

/// An authority of one's own in `ca.pem`, and what it says of a server on this computer.
fn certify(folder: &Path) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(vec![]).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&authority_key).unwrap();
    fs::write(folder.join("ca.pem"), certificate.pem()).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let server = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let signed = server.signed_by(&key, &issuer).unwrap();
    fs::write(folder.join("server.pem"), signed.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

fn is_blocked(error: &Error) -> bool {
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    assert!(!error.hint().is_empty(), "{error}");
    error.to_string().starts_with("Blocked: ")
}
