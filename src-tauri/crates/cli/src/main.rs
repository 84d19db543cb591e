//! `behalf`: the same desk without a window.

mod args;
mod commands;
mod place;
mod print;
mod stop;

use std::{ffi::OsString, io, process::ExitCode};

use behalf_core::Error;
use clap::Parser;
use print::Reply;

fn main() -> ExitCode {
    log();
    let line: Vec<OsString> = std::env::args_os().collect();
    // Asked of the raw line, because a line that cannot be parsed must still be answered in JSON.
    let json = line.iter().take_while(|a| *a != "--").any(|a| a == "--json");
    let answer = match args::Cli::try_parse_from(&line) {
        Ok(cli) => commands::run(cli),
        Err(e) if !e.use_stderr() => {
            // --help and --version.
            let _ = e.print();
            return ExitCode::SUCCESS;
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

/// What happened goes to standard error, as much of it as RUST_LOG asks for.
fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .try_init();
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
