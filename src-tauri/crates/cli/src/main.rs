//! `behalf`: the same desk without a window.

mod args;
mod commands;
mod place;
mod print;
mod stop;

use std::{ffi::OsString, io, process::ExitCode};

use behalf_core::Error;
use clap::{Parser, error::ErrorKind};
use print::Reply;
use serde_json::json;

fn main() -> ExitCode {
    let line: Vec<OsString> = std::env::args_os().collect();
    // Asked of the raw line, because a line that cannot be parsed must still be answered in JSON.
    let json = line.iter().take_while(|a| *a != "--").any(|a| a == "--json");
    let answer = match args::Cli::try_parse_from(&line) {
        Ok(cli) => {
            // Standard error hears only what RUST_LOG asks for.
            behalf_connect::log("off", place::data_folder(cli.data.clone()).ok().as_deref());
            commands::run(cli)
        }
        Err(e) if !e.use_stderr() => {
            // --help and --version.
            let said = match e.kind() {
                ErrorKind::DisplayVersion => json!({"version": env!("CARGO_PKG_VERSION")}),
                _ => json!({"help": e.to_string()}),
            };
            if !json {
                let _ = e.print();
                return ExitCode::SUCCESS;
            }
            Reply::new(&said, "")
        }
        Err(e) if json => Err(usage(&e)),
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(print::exit_code(behalf_core::Code::BadInput));
        }
    };
    let reply = answer.unwrap_or_else(|e| {
        tracing::debug!(error = ?e, "the command failed");
        if !json {
            print::complain(&e);
        }
        Reply::error(&e)
    });
    match reply.write(json, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::from(reply.exit),
        Err(e) => {
            print::note(&format!("behalf: standard output: {e}"));
            ExitCode::from(print::exit_code(behalf_core::Code::Unavailable))
        }
    }
}

/// A line that cannot be parsed, as an error like every other: clap's first line, and its advice as the hint.
fn usage(error: &clap::Error) -> Error {
    let text = error.to_string();
    let (first, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let flat = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ");
    let first = flat(first);
    let message = first.strip_prefix("error: ").unwrap_or(&first);
    let hint = match flat(rest) {
        rest if rest.is_empty() => "See `behalf --help`.".into(),
        rest => rest,
    };
    Error::bad_input(message, hint)
}
