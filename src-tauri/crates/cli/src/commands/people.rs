//! Who this is, and who may work for whom: init, invite, grants.

use std::{
    fs::File,
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
};

use behalf_core::{
    Error, Result,
    desk::{
        Desk, Terms, invitation_in,
        view::{Grant, PendingInvitation},
    },
    model::{Address, Level},
};
use serde_json::json;

use super::{Session, keychain, secret, sync};
use crate::{
    args,
    print::{self, Reply},
};

/// Makes the replica of a person, with their own mailbox.
pub fn init(s: &Session, person: &Address, name: &str, relay: &str) -> Result<Reply> {
    let relay = args::relay(relay)?;
    let me = Desk::init_with(&s.data, person, name, &relay, &*keychain())?.me()?;
    if !me.key_warning.is_empty() {
        print::note(&me.key_warning);
    }
    let mailbox = me.mailboxes.iter().find(|m| m.mine).map(|m| m.id.clone());
    Reply::new(
        &json!({"person": me.person, "device": me.device, "mailbox": mailbox}),
        format!(
            "{} has a mailbox here now.\nData:   {}\nDevice: {}",
            me.person,
            s.data.display(),
            me.device
        ),
    )
}

/// The three steps by which a delegate gets access.
pub fn invite(s: &Session, step: args::Invite) -> Result<Reply> {
    match step {
        args::Invite::Create {
            delegate,
            terms,
            file,
        } => {
            let desk = s.open()?;
            // Before the invitation is made: where there is no place for it, none waits.
            let file = file.as_deref().map(new_file).transpose()?;
            let made = desk.invite(&delegate, &Terms::from(terms))?;
            if let Some((mut file, path)) = file {
                writeln!(file, "{}", made.code).map_err(Error::io(path))?;
            }
            let text = format!(
                "Give this code to {delegate}; it works until {}.\n\n{}\n\nThey run: behalf invite accept CODE",
                made.expires, made.code
            );
            Reply::new(&made, text)
        }
        args::Invite::Accept { from } => {
            let desk = s.open()?;
            let code = invitation(from)?;
            let accepted = desk.accept(&code)?;
            sync::quietly(&desk, "The acceptance goes out with the next sync");
            let text = format!(
                "Accepted, for the mailbox of {}.\nThe words are: {}\nThe owner must see the same when they confirm.",
                accepted.mailbox, accepted.words
            );
            Reply::new(&accepted, text)
        }
        args::Invite::Confirm { delegate, yes } => {
            let desk = s.open()?;
            sync::quietly(&desk, "Only what is already here can be confirmed");
            let words = desk.acceptance_words(&delegate)?;
            if !yes {
                compare(&delegate, &words)?;
            }
            let grant = desk.confirm(&delegate)?;
            sync::quietly(&desk, "The grant goes out with the next sync");
            let text = match desk.me()?.person == delegate {
                true => "Your other device belongs to you now.".into(),
                false => format!("{delegate} has access now: {}.", describe(&grant)),
            };
            Reply::new(&json!({"grant": grant}), text)
        }
        args::Invite::List => invitations(&s.open()?.invitations()?),
        args::Invite::Withdraw { id } => {
            let desk = s.open()?;
            desk.withdraw(&id)?;
            invitations(&desk.invitations()?)
        }
    }
}

/// The code of an invitation, from where it was said to be.
fn invitation(from: args::InvitationSource) -> Result<String> {
    let file = match (from.file, from.code.unwrap_or_default()) {
        (Some(file), _) => file,
        (None, code) if Path::new(&code).is_file() => code.into(),
        (None, code) => return secret::given(code),
    };
    invitation_in(&file)
}

/// Makes a file that is not there yet.
fn new_file(path: &Path) -> Result<(File, &Path)> {
    let file = File::create_new(path).map_err(|e| {
        Error::bad_input(
            format!("{} cannot be made: {e}.", path.display()),
            "Name a file that is not there yet.",
        )
    })?;
    Ok((file, path))
}

fn invitations(waiting: &Vec<PendingInvitation>) -> Result<Reply> {
    let rows: Vec<_> = waiting
        .iter()
        .map(|i| {
            [
                i.id.clone(),
                i.delegate.to_string(),
                level(i.level).into(),
                i.expires.clone(),
                i.words.clone().unwrap_or_else(|| "not accepted yet".into()),
            ]
        })
        .collect();
    let head = ["Id", "Delegate", "Level", "Code works until", "Words"];
    Reply::new(waiting, print::table(head, &rows, "No invitation waits."))
}

/// Gives a delegate other terms.
pub fn change(s: &Session, delegate: &Address, terms: &Terms) -> Result<Reply> {
    let desk = s.open()?;
    let grant = desk.change_grant(delegate, terms)?;
    sync::quietly(&desk, "It goes out with the next sync");
    let text = format!("{delegate} has now: {}.", describe(&grant));
    Reply::new(&json!({"grant": grant}), text)
}

/// Ends a delegate's access. What they have sent by now is taken in first: it was done in time.
pub fn revoke(s: &Session, delegate: &Address) -> Result<Reply> {
    let desk = s.open()?;
    sync::quietly(
        &desk,
        "What is already here counts, later changes wait in quarantine",
    );
    let grant = desk.revoke(delegate)?;
    sync::quietly(&desk, "It goes out with the next sync");
    let text = format!(
        "{delegate} has no access any more. Whatever they did and has not arrived yet waits in `behalf quarantine`."
    );
    Reply::new(&json!({"grant": grant}), text)
}

/// Who may work in a mailbox.
pub fn grants(s: &Session, mailbox: Option<&Address>) -> Result<Reply> {
    let grants = s.open()?.grants(mailbox)?;
    let rows: Vec<_> = grants
        .iter()
        .map(|g| {
            let until = match &g.until {
                _ if g.revoked => "revoked".into(),
                Some(until) => until.clone(),
                None => "no end".into(),
            };
            [
                g.delegate.to_string(),
                level(g.level).into(),
                g.from.clone(),
                until,
                scope(g),
            ]
        })
        .collect();
    let text = print::table(
        ["Delegate", "Level", "From", "Until", "Scope"],
        &rows,
        "Nobody else has access.",
    );
    Reply::new(&grants, text)
}

/// Shows the words and asks; without a terminal nobody can have compared them.
fn compare(delegate: &Address, words: &str) -> Result<()> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(Error::bad_input(
            format!("{delegate} must read you these words: {words}"),
            "If they are the same, run it again with --yes.",
        ));
    }
    let mut ask = io::stderr().lock();
    let question = format!("The words are: {words}\nDoes {delegate} read the same? [y/N] ");
    let _ = write!(ask, "{}", print::clean(&question)).and_then(|()| ask.flush());
    let mut answer = String::new();
    stdin
        .lock()
        .read_line(&mut answer)
        .map_err(Error::io("standard input"))?;
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Error::refused(
        "Not confirmed: the words were not the same.",
        "Nobody has access. Make a new invitation, and give the code to the right person.",
    ))
}

fn describe(grant: &Grant) -> String {
    let until = grant
        .until
        .as_deref()
        .map_or("without end".into(), |u| format!("until {u}"));
    format!("{}, {}, {until}", level(grant.level), scope(grant))
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Reviewer => "reviewer",
        Level::Author => "author",
        Level::Editor => "editor",
    }
}

fn scope(grant: &Grant) -> String {
    let folders = if grant.scope.folders.is_empty() {
        "every mail folder".into()
    } else {
        grant.scope.folders.join(", ")
    };
    let calendar = if grant.scope.calendar {
        " and the calendar"
    } else {
        ""
    };
    let private = if grant.scope.private {
        ", private items too"
    } else {
        ""
    };
    format!("{folders}{calendar}{private}")
}
