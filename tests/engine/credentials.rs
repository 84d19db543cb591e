//! A server with an operator: users are known by signed tokens, as a credentials file holds them. The tools that usually
//! write these do nothing else than here: claims as JSON, signed by the key one level up.

use std::{
    fs,
    thread::sleep,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use behalf_connect::nats::NatsRelay;
use behalf_core::{model::Address, wire::Relay};
use behalf_tests::{
    office::Office,
    relays::conforms,
    servers::{Servers, patiently, relay_at},
    walks,
};
use nkeys::KeyPair;
use serde_json::{Value, json};

/// The keys of an operator's account, and the configuration of a server that knows it.
struct Team {
    account: KeyPair,
    config: String,
}

impl Team {
    fn new() -> Self {
        let (operator, system, account) = (
            KeyPair::new_operator(),
            KeyPair::new_account(),
            KeyPair::new_account(),
        );
        let limits = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1,
            "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
        });
        // The system's account stores nothing.
        let config = format!(
            "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {}, {}: {} }}\n",
            token("Contoso", "operator", &operator, &operator, json!({}), None),
            system.public_key(),
            system.public_key(),
            token("SYS", "account", &system, &operator, json!({}), None),
            account.public_key(),
            token(
                "Team",
                "account",
                &account,
                &operator,
                json!({ "limits": limits }),
                None
            ),
        );
        Self { account, config }
    }
}

#[test]
fn h_07_a_credentials_file_signs_in() {
    let team = Team::new();
    let Some(servers) = Servers::with(&team.config, "nats", |folder| {
        fs::write(folder.join("kim.creds"), credentials(&team.account, None)).unwrap();
        // Signed by an account this operator does not know.
        let stranger = credentials(&KeyPair::new_account(), None);
        fs::write(folder.join("stranger.creds"), stranger).unwrap();
        let past = SystemTime::now() - Duration::from_secs(60);
        fs::write(folder.join("past.creds"), credentials(&team.account, Some(past))).unwrap();
    }) else {
        return;
    };
    for refused in [
        signed_in(&servers, "stranger.creds"),
        signed_in(&servers, "past.creds"),
        servers.address(),
    ] {
        must_sign_in(&relay_at(&refused));
    }
    let kim = signed_in(&servers, "kim.creds");
    conforms(&relay_at(&kim), &relay_at(&kim));
    walks::tracks_without_regarding(&Office::at_work_meeting_at(&kim));
}

/// Credentials that end while their user is at work: it is said what to do, and once the file is a new one, the same
/// relay goes on by itself.
#[test]
fn h_07_credentials_end_and_are_renewed() {
    let team = Team::new();
    let lasts = Duration::from_secs(4);
    let ends = SystemTime::now() + lasts;
    let Some(servers) = Servers::with(&team.config, "nats", |folder| {
        fs::write(folder.join("kim.creds"), credentials(&team.account, Some(ends))).unwrap();
    }) else {
        return;
    };
    let relay = relay_at(&signed_in(&servers, "kim.creds"));
    patiently("the server lets Kim in", || {
        relay.pull(&Address::lenient("alex@x"), &mut |_| true).is_ok()
    });
    sleep(lasts);
    patiently("the relay says what to do", || {
        let asked = relay.pull(&Address::lenient("alex@x"), &mut |_| true);
        asked.is_err_and(|e| e.to_string().starts_with("Blocked: sign in again"))
    });
    must_sign_in(&relay);
    fs::write(
        servers.folder().join("kim.creds"),
        credentials(&team.account, None),
    )
    .unwrap();
    patiently("the new file is taken", || {
        relay.pull(&Address::lenient("alex@x"), &mut |_| true).is_ok()
    });
}

/// The address with this credentials file.
fn signed_in(servers: &Servers, file: &str) -> String {
    let file = servers.folder().join(file);
    servers.address_of("", &format!("?credentials={}", file.display()))
}

fn must_sign_in(relay: &NatsRelay) {
    let error = relay
        .pull(&Address::lenient("alex@x"), &mut |_| true)
        .unwrap_err();
    assert!(error.to_string().starts_with("Blocked: sign in again"), "{error}");
}

/// What a credentials file of a user of this account holds; they are good until `ends`.
fn credentials(account: &KeyPair, ends: Option<SystemTime>) -> String {
    let user = KeyPair::new_user();
    let limits = json!({ "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1 });
    let token = token("kim", "user", &user, account, limits, ends);
    let seed = user.seed().unwrap();
    format!(
        "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
}

/// Says of `subject` what `claims` says until `ends`, signed by `issuer`.
fn token(
    name: &str,
    kind: &str,
    subject: &KeyPair,
    issuer: &KeyPair,
    mut claims: Value,
    ends: Option<SystemTime>,
) -> String {
    claims["type"] = kind.into();
    claims["version"] = 2.into();
    let body = json!({
        "jti": name,
        "iat": 1_772_323_200,
        "iss": issuer.public_key(),
        "name": name,
        "sub": subject.public_key(),
        "nats": claims,
        // 0: for ever.
        "exp": ends.map_or(0, |ends| ends.duration_since(UNIX_EPOCH).unwrap().as_secs()),
    });
    let encode = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!(
        "{}.{}",
        encode(json!({ "typ": "JWT", "alg": "ed25519-nkey" })),
        encode(body)
    );
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}
