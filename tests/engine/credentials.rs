//! A server with an operator: users are known by signed tokens, as a credentials file holds them. The tools that usually
//! write these do nothing else than here: claims as JSON, signed by the key one level up.

use std::fs;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use behalf_core::{model::Address, sync::Relay};
use behalf_tests::{
    office::Office,
    relays::conforms,
    servers::{Servers, relay_at},
    walks,
};
use nkeys::KeyPair;
use serde_json::{Value, json};

#[test]
fn h_07_a_credentials_file_signs_in() {
    let (operator, system, team) = (
        KeyPair::new_operator(),
        KeyPair::new_account(),
        KeyPair::new_account(),
    );
    let account = |name: &str, key: &KeyPair| {
        let limits = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1,
            "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
        });
        token(name, "account", key, &operator, json!({ "limits": limits }))
    };
    // The system's account stores nothing.
    let of_system = token("SYS", "account", &system, &operator, json!({}));
    let more = format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {of_system}, {}: {} }}\n",
        token("Contoso", "operator", &operator, &operator, json!({})),
        system.public_key(),
        system.public_key(),
        team.public_key(),
        account("Team", &team),
    );
    let Some(servers) = Servers::with(&more, "nats", |folder| {
        fs::write(folder.join("kim.creds"), credentials(&team)).unwrap();
        // Signed by an account this operator does not know.
        fs::write(
            folder.join("stranger.creds"),
            credentials(&KeyPair::new_account()),
        )
        .unwrap();
    }) else {
        return;
    };
    let with = |file: &str| {
        servers.address_of(
            "",
            &format!("?credentials={}", servers.folder().join(file).display()),
        )
    };
    for refused in [with("stranger.creds"), servers.address()] {
        let error = relay_at(&refused)
            .pull(&Address::lenient("alex@x"), &mut |_| true)
            .unwrap_err();
        assert!(error.to_string().starts_with("Blocked: sign in again"), "{error}");
    }
    let kim = with("kim.creds");
    conforms(&relay_at(&kim), &relay_at(&kim));
    walks::tracks_without_regarding(&Office::at_work_meeting_at(&kim));
}

/// What a credentials file of a user of this account holds.
fn credentials(account: &KeyPair) -> String {
    let user = KeyPair::new_user();
    let limits = json!({ "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1 });
    let token = token("kim", "user", &user, account, limits);
    let seed = user.seed().unwrap();
    format!(
        "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
}

/// Says of `subject` what `claims` says, signed by `issuer`.
fn token(name: &str, kind: &str, subject: &KeyPair, issuer: &KeyPair, mut claims: Value) -> String {
    claims["type"] = kind.into();
    claims["version"] = 2.into();
    let body = json!({
        "jti": name,
        "iat": 1_772_323_200,
        "iss": issuer.public_key(),
        "name": name,
        "sub": subject.public_key(),
        "nats": claims,
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
