use std::path::Path;

use clap::CommandFactory;

use super::{values::*, *};

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("behalf").chain(line.split_whitespace()))
}

#[test]
fn the_grammar_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_of_the_contract_is_understood() {
    for line in [
        "init --person a@x --name Alex --relay folder:/tmp/r",
        "init --person a@x --name Alex --relay nats://host:4222",
        "invite create --for k@x",
        "invite create --for k@x --level reviewer --folder Inbox --folder Sent --calendar --until 2030-01-31",
        "invite create --for k@x --file kim.behalf-invitation",
        "invite accept CODE",
        "invite confirm --for k@x --yes",
        "settings",
        "settings --mailbox a@x",
        "settings set DelegateAccessEnabled off",
        "settings set SyncInterval 120",
        "invite create --for k@x --private",
        "invite create --for k@x --from 2030-01-01 --until 2030-01-31",
        "grants",
        "grants --mailbox a@x",
        "grant revoke --for k@x",
        "grant change --for k@x --level author --folder Inbox --until 2030-01-31",
        "grant change --for k@x --every-folder --calendar --no-end",
        "invite list",
        "invite confirm --for k@x --invitation 0d0e --yes",
        "invite withdraw 0d0e",
        "invite reject 0d0e",
        "invite reject a@x",
        "invite match a@x",
        "invite confirm --for k@x --words zoo",
        "quarantine discard 7",
        "resolve 1@x --mailbox a@x --of k@x",
        "import mail a.eml b.mbox.xz --mailbox a@x --folder Archive",
        "import calendar c.ics --mailbox a@x",
        "import contacts c.vcf --mailbox a@x",
        "import rows c.csv --table account --map name=CompanyName --map id=Key",
        "folders --mailbox a@x",
        "list --mailbox a@x --folder Inbox --limit 5 --after <1@x>",
        "show <1@x> --mailbox a@x",
        "search ski --table account --table contact --limit 3",
        "suggest 1@x --mailbox a@x",
        "track 1@x --mailbox a@x --regarding account:ALFKI",
        "track 1@x --mailbox a@x --without-regarding",
        "untrack 1@x --mailbox a@x --keep",
        "untrack 1@x --mailbox a@x --delete",
        "retry 1@x --mailbox a@x",
        "triage --mailbox a@x --file pairs.csv",
        "status 1@x --mailbox a@x",
        "sync",
        "sync --watch",
        "quarantine",
        "quarantine accept 7",
        "resolve 1@x --mailbox a@x --regarding account:ALFKI",
        "activity 0d0e",
        "timeline account:ALFKI --limit 50 --search offer --sort modified",
        "timeline account:ALFKI --record notes --record activities --type email",
        "note add account:ALFKI --mailbox a@x --title Call --text -soon-",
        "note add account:ALFKI --mailbox a@x --file -",
        "note edit 0d0e --mailbox a@x --title Call",
        "note edit 0d0e --mailbox a@x --file call.txt",
        "note delete 0d0e --mailbox a@x",
        "note show 0d0e --mailbox a@x",
        "undo",
        "undo 7",
        "redo",
        "redo 7",
        "audit",
        "audit --person k@x --key <1@x> --row account:ALFKI --csv",
        "audit --since 2030-01-31T10:00:00Z --until 2030-02-28T10:00:00+02:00",
        "audit verify",
        "agent",
        "relay setup",
        "relay setup -",
        "init --person a@x --name Alex --relay -",
        "init --person a@x --name Alex --relay-file /etc/behalf/relay",
        "invite accept -",
        "invite accept --file /tmp/code",
        "relay setup tls://kim:word@a:4222,b:4222?ca=/etc/ca.pem",
        "relay config",
        "doctor",
        "doctor --rebuild",
        "doctor --clear-cache",
        "logs export help.txt",
        "backup f",
        "restore f",
        "demo /tmp/world",
    ] {
        if let Err(e) = parse(line) {
            panic!("{line}: {e}");
        }
        for line in [format!("--json --data /d {line}"), format!("{line} --data /d")] {
            let cli = parse(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
            assert_eq!(cli.data.as_deref(), Some(Path::new("/d")), "{line}");
        }
    }
}

#[test]
fn what_contradicts_itself_is_not() {
    for line in [
        "track 1@x --mailbox a@x",
        "track 1@x --mailbox a@x --regarding account:1 --without-regarding",
        "track 1@x --mailbox a@x --regarding ALFKI",
        "untrack 1@x --mailbox a@x",
        "untrack 1@x --mailbox a@x --keep --delete",
        "note add account:1 --mailbox a@x --text a --file b",
        "timeline account:1 --record mail",
        "track <> --mailbox a@x --without-regarding",
        "list --mailbox nobody",
        "list --mailbox a@x --limit 0",
        "invite create --for k@x --until tomorrow",
        "invite create --for k@x --from yesterday",
        "invite create --for k@x --until 2030-02-31",
        "import mail --mailbox a@x",
        "import rows f.csv --table account --map name",
        "",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn a_relay_that_is_none_is_refused_and_not_repeated() {
    for none in [
        "somewhere",
        "folder:",
        "nats://",
        "nats://secret@host",
        "natss://a:secret@host",
    ] {
        let error = relay(none).unwrap_err();
        assert_eq!(error.code(), behalf_core::Code::BadInput);
        assert!(!format!("{error} {}", error.hint()).contains("secret"), "{error}");
    }
    assert_eq!(relay("folder:/a").unwrap(), "folder:/a");
    assert!(relay("folder:a").unwrap().ends_with("/a"));
}

#[test]
fn a_key_goes_without_its_brackets() {
    assert_eq!(key("<1@x>").unwrap(), "1@x");
    assert_eq!(key(" 1@x ").unwrap(), "1@x");
    assert_eq!(key("<half").unwrap(), "<half");
}

#[test]
fn the_last_day_is_included() {
    assert_eq!(until("2030-01-31").unwrap(), "2030-01-31T23:59:59Z");
    assert_eq!(
        until("2030-01-31T10:00:00+02:00").unwrap(),
        "2030-01-31T08:00:00Z"
    );
}
