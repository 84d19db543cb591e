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
        view::{Grant, InvitationNews, PendingInvitation, Scope},
    },
    model::{Address, Clock as _, Level, SystemClock, Time},
    store::private,
};
use serde::Serialize;
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
            // Of several into one mailbox, each has words of its own.
            let mailboxes = desk.me()?.mailboxes.into_iter();
            let to_compare: usize = mailboxes
                .filter(|mailbox| mailbox.id == accepted.mailbox)
                .map(|mailbox| mailbox.waiting.len() + usize::from(mailbox.uncompared.is_some()))
                .sum();
            let which = match to_compare {
                0 | 1 => accepted.mailbox.as_str(),
                _ => &accepted.invitation,
            };
            let text = format!(
                "Accepted. Waiting for {} to confirm.\n\nCompare these words with them, best by telephone:\n\n    {}\n\nIf they match:  behalf invite match {which}\nIf they differ: behalf invite reject {which}",
                accepted.mailbox, accepted.words
            );
            Reply::new(
                &json!({"mailbox": accepted.mailbox, "words": accepted.words}),
                text,
            )
        }
        args::Invite::Confirm {
            delegate,
            invitation,
            yes,
            words,
        } => {
            let heard = match (words, yes) {
                (Some(words), _) => Heard::Words(words),
                (None, true) => Heard::TheSame,
                (None, false) => Heard::NotAsked,
            };
            confirm(&s.open()?, &delegate, invitation.as_deref(), heard)
        }
        args::Invite::List => invitations(&s.open()?),
        args::Invite::Withdraw { id } => {
            let desk = s.open()?;
            desk.withdraw(&id)?;
            sync::quietly(&desk, "Whoever has accepted it hears of it with the next sync");
            print::note("The invitation is off the list: its code does not work any more.");
            invitations(&desk)
        }
        args::Invite::Match { which } => {
            let desk = s.open()?;
            desk.words_match(&which)?;
            print::note("The words match: you are not asked again.");
            invitations(&desk)
        }
        args::Invite::Reject { which, yes } => {
            let desk = s.open()?;
            // An id may be of an invitation made here.
            let own = desk.invitations()?.iter().any(|i| i.id == which)
                || desk
                    .invitation_news()?
                    .iter()
                    .any(|news| news.invitation == which);
            let left = match own {
                true => desk.withdraw(&which).map(|()| false)?,
                false => desk.reject(&which, yes)?,
            };
            sync::quietly(&desk, "The other side hears of it with the next sync");
            print::note(match (own, left) {
                (true, _) => {
                    "The invitation is rejected: nobody gets in by it, and its code does not work any more."
                }
                (_, false) => {
                    "The invitation is rejected, and its maker hears of it with a sync. Its code is not taken here again."
                }
                (_, true) => {
                    "The mailbox is gone from this computer. Its maker had let you in, and hears of it with a sync: if that was the right person, tell them to end your access."
                }
            });
            invitations(&desk)
        }
    }
}

/// What the owner has heard the delegate read.
enum Heard {
    /// These words.
    Words(String),
    /// What is shown here, they say.
    TheSame,
    /// That is still to be asked.
    NotAsked,
}

/// Shows the words of what has been accepted, and confirms exactly these.
fn confirm(desk: &Desk, delegate: &Address, invitation: Option<&str>, heard: Heard) -> Result<Reply> {
    sync::quietly(desk, "Only what is already here can be confirmed");
    let mut accepted = desk.accepted_by(delegate)?;
    if let Some(id) = invitation {
        accepted.retain(|i| i.id == id);
    }
    if let Heard::Words(heard) = &heard {
        with_words(&mut accepted, delegate, heard)?;
    }
    let one = match &accepted[..] {
        [one] => one,
        [] => {
            return Err(Error::not_found(
                format!("{delegate} has accepted no invitation of this id."),
                "`behalf invite list` shows those that wait.",
            ));
        }
        several => {
            let listed: Vec<_> = several
                .iter()
                .map(|i| format!("{}: {}", i.id, words(i)))
                .collect();
            return Err(Error::bad_input(
                format!(
                    "{delegate} has accepted {} invitations:\n{}",
                    several.len(),
                    listed.join("\n")
                ),
                "Compare the words, and name the right one with --invitation ID. Reject the others: they are somebody else's.",
            ));
        }
    };
    let Some(shown) = &one.accepted else {
        return Err(Error::not_found(
            format!("{delegate} has not accepted it yet."),
            "",
        ));
    };
    if let Heard::NotAsked = heard {
        compare(desk, one, &shown.words)?;
    }
    let grant = desk.confirm(&one.id, &shown.compared)?;
    sync::quietly(desk, "The grant goes out with the next sync");
    let text = match desk.me()?.person == *delegate {
        true => "Your other device works in your mailbox now.".into(),
        false => format!("{delegate} has access: {}.", describe(&grant)),
    };
    Reply::new(&json!({"grant": grant}), text)
}

/// The words of who has accepted it; none while nobody has.
fn words(invitation: &PendingInvitation) -> &str {
    invitation.accepted.as_ref().map_or("", |a| &a.words)
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

/// Makes a file that is not there yet, for this user alone: whoever has the code may answer for the delegate.
fn new_file(path: &Path) -> Result<(File, &Path)> {
    let made = private::file().write(true).create_new(true).open(path);
    let file = made.map_err(|e| {
        Error::bad_input(
            format!("{} cannot be made: {e}.", path.display()),
            "Name a file that is not there yet.",
        )
    })?;
    Ok((file, path))
}

/// What waits: for a delegate to accept, for the words to be compared here, or for another owner to confirm.
fn invitations(desk: &Desk) -> Result<Reply> {
    let me = desk.me()?.person;
    let own = desk.invitations()?.into_iter().map(|i| Listed {
        id: i.id,
        mailbox: me.clone(),
        delegate: i.delegate,
        state: match i.accepted {
            _ if i.over => State::Over,
            None => State::NotAccepted,
            Some(_) => State::ToConfirm,
        },
        words: i.accepted.map(|a| a.words),
        level: Some(i.level),
        scope: Some(i.scope),
        until: i.until,
        expires: Some(i.expires),
    });
    let others = desk.waiting()?.into_iter().map(|w| Listed {
        id: w.id,
        mailbox: w.mailbox,
        delegate: me.clone(),
        state: match (w.withdrawn, w.expired) {
            (true, _) => State::Withdrawn,
            (_, true) => State::Expired,
            _ => State::WaitsForOwner,
        },
        words: Some(w.words),
        level: None,
        scope: None,
        until: None,
        expires: Some(w.expires),
    });
    let all: Vec<_> = own.chain(others).collect();
    let rows: Vec<_> = all
        .iter()
        .map(|i| {
            [
                i.id.clone(),
                i.mailbox.to_string(),
                i.delegate.to_string(),
                i.level.map_or("", level).to_owned(),
                i.expires.clone().unwrap_or_default(),
                i.state.words().to_owned(),
                i.words.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let head = [
        "Id",
        "Mailbox",
        "Delegate",
        "Level",
        "Works until",
        "State",
        "Words",
    ];
    let mut text = print::table(head, &rows, "No invitation waits.");
    for device in desk.devices()? {
        if let Some(words) = device.words {
            text += &format!(
                "\n{} has access, and has not said yet that the words match: {words}",
                device.person
            );
        }
    }
    Reply::new(&all, text + &news(desk)?)
}

/// What the owner should know of the invitations they have made, a paragraph each.
pub fn news(desk: &Desk) -> Result<String> {
    let told = |news: InvitationNews| format!("\n{} {}\n{}", news.at, news.what, news.todo);
    Ok(desk.invitation_news()?.into_iter().map(told).collect())
}

/// An invitation as `invite list` prints it. What it offers is known to the owner only.
#[derive(Serialize)]
struct Listed {
    id: String,
    mailbox: Address,
    delegate: Address,
    state: State,
    words: Option<String>,
    level: Option<Level>,
    scope: Option<Scope>,
    until: Option<String>,
    expires: Option<String>,
}

/// For whom it waits.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    NotAccepted,
    ToConfirm,
    WaitsForOwner,
    Expired,
    /// The access that was offered has ended before it began.
    #[serde(rename = "expired")]
    Over,
    Withdrawn,
}

impl State {
    fn words(self) -> &'static str {
        match self {
            Self::NotAccepted => "not accepted yet",
            Self::ToConfirm => "compare the words and confirm",
            Self::WaitsForOwner => "waiting for the owner to confirm",
            Self::Over => "expired: the access it offers has ended; withdraw it",
            Self::Expired => "not confirmed in time; ask for a new one",
            Self::Withdrawn => "withdrawn; ask for a new one",
        }
    }
}

/// Gives a delegate other terms.
pub fn change(s: &Session, delegate: &Address, terms: args::GrantChange) -> Result<Reply> {
    let desk = s.open()?;
    let before = desk.grant_of(delegate)?;
    let grant = desk.change_grant(delegate, &terms.of(&before))?;
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

/// Keeps what the words that were heard belong to: case and spaces do not matter.
fn with_words(accepted: &mut Vec<PendingInvitation>, delegate: &Address, heard: &str) -> Result<()> {
    let plain = |words: &str| {
        words
            .to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let shown: Vec<String> = accepted
        .iter()
        .map(|i| format!("{}: {}", i.id, words(i)))
        .collect();
    accepted.retain(|i| plain(words(i)) == plain(heard));
    match accepted.is_empty() {
        false => Ok(()),
        true => Err(Error::refused(
            format!(
                "Nothing is confirmed: {delegate} has other words here.\n{}",
                shown.join("\n")
            ),
            "Ask them to read their words once more. If they do differ, somebody else has accepted: run `behalf invite reject ID`.",
        )),
    }
}

/// Shows the words and asks; without a terminal nobody can have compared them. Who says no has found other words: the
/// invitation is not worth anything any more.
fn compare(desk: &Desk, invitation: &PendingInvitation, words: &str) -> Result<()> {
    let delegate = &invitation.delegate;
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(Error::bad_input(
            format!("{delegate} must read you these words: {words}"),
            format!(
                "If they are the same, run it again with --yes. If they differ, run `behalf invite reject {}`.",
                invitation.id
            ),
        ));
    }
    let mut ask = io::stderr().lock();
    let question = format!("The words are: {words}\nDoes {delegate} read the same? [yes/no] ");
    let _ = write!(ask, "{}", print::clean(&question)).and_then(|()| ask.flush());
    let mut answer = String::new();
    stdin
        .lock()
        .read_line(&mut answer)
        .map_err(Error::io("standard input"))?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        "n" | "no" => {
            desk.withdraw(&invitation.id)?;
            Err(Error::refused(
                "Not confirmed: the words differ, so somebody else has accepted. The invitation is deleted.",
                "Nobody has access. Make a new invitation, and give the code to the right person.",
            ))
        }
        _ => Err(Error::refused(
            "Not confirmed.",
            "Nothing has changed. Run it again when you have compared the words.",
        )),
    }
}

fn describe(grant: &Grant) -> String {
    let begins = Time::parse(&grant.from).filter(|from| *from > SystemClock.now());
    let from = begins.map_or(String::new(), |from| format!("from {} ", from.rfc3339()));
    let until = grant
        .until
        .as_deref()
        .map_or("without end".into(), |u| format!("until {u}"));
    format!("{}, {}, {from}{until}", level(grant.level), scope(grant))
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
