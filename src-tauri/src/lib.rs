//! The shell: windows, commands, events, the `mail:` scheme. No rules, no SQL.

/// Opens the window and runs until it is closed.
pub fn run() {}
