//! Is this replica in order, and what to do if not.

use std::path::Path;

use behalf_core::Result;
use serde_json::json;

use super::{Session, keychain};
use crate::print::Reply;

/// The search indexes anew, and nothing else (H-08).
pub fn clear_cache(s: &Session) -> Result<Reply> {
    let check = s.open()?.clear_cache()?;
    Reply::new(&check, format!("{}: {}\n", check.what, check.found))
}

/// What a helper needs, in one file (H-08).
pub fn export_logs(s: &Session, file: &Path) -> Result<Reply> {
    s.open()?.export_logs(file)?;
    Reply::new(
        &json!({"file": file}),
        format!("Written to {}.\n", file.display()),
    )
}

/// The exit code is 1 when something is still wrong; the document says what.
pub fn doctor(s: &Session, rebuild: bool, protect_key: bool) -> Result<Reply> {
    let desk = s.open()?;
    if protect_key {
        desk.protect_key(&*keychain())?;
    }
    let diagnosis = desk.doctor(rebuild)?;
    let mut text = String::new();
    for check in &diagnosis.checks {
        text += &format!(
            "{}  {}: {}\n",
            if check.ok { "ok   " } else { "WRONG" },
            check.what,
            check.found
        );
        if !check.todo.is_empty() {
            text += &format!("       {}\n", check.todo);
        }
    }
    text += if diagnosis.ok {
        "No problems found."
    } else {
        "Something is wrong, see above."
    };
    let mut reply = Reply::new(&diagnosis, text)?;
    reply.exit = u8::from(!diagnosis.ok);
    Ok(reply)
}
