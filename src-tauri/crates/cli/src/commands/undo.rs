//! Undo and redo (E-09).

use behalf_core::{Result, desk::view::Stepped};
use serde_json::json;

use super::Session;
use crate::print::Reply;

pub fn undo(s: &Session, id: Option<&str>) -> Result<Reply> {
    let stepped = s.open()?.undo(id)?;
    let text = told("Undone", &stepped);
    Reply::new(&json!({"undone": stepped.done, "kept": stepped.kept}), text)
}

pub fn redo(s: &Session, id: Option<&str>) -> Result<Reply> {
    let stepped = s.open()?.redo(id)?;
    let text = told("Redone", &stepped);
    Reply::new(&json!({"undone": stepped.done, "kept": stepped.kept}), text)
}

fn told(word: &str, stepped: &Stepped) -> String {
    let mut text = String::new();
    for step in &stepped.done {
        text += &format!("{word}: {} {} in {}\n", step.what, step.key, step.mailbox);
    }
    for kept in &stepped.kept {
        text += &format!("As it was: {} ({})\n", kept.key, kept.reason);
    }
    text
}
