//! Where a secret is taken from. Every program of this computer may read a command line, and a shell remembers it: so a
//! code, or an address with a password in it, may come from standard input or from a file instead.

use std::{
    fs::File,
    io::{self, BufRead, IsTerminal, Read},
    path::Path,
};

use behalf_core::{Error, Result};

/// More than this is no secret of ours, in bytes.
const LONGEST: u64 = 64 << 10;

/// What was given on the line: `-` means standard input, `@FILE` a file, anything else itself.
///
/// # Errors
/// `BadInput` when what it names holds nothing, or too much; what the system says of a file.
pub fn given(text: String) -> Result<String> {
    match text.as_str() {
        "-" => {
            let stdin = io::stdin();
            let terminal = stdin.is_terminal();
            read(stdin.lock(), terminal, Path::new("standard input"))
        }
        at => match at.strip_prefix('@') {
            Some(file) => in_file(Path::new(file)),
            None => Ok(text),
        },
    }
}

/// What a file holds.
///
/// # Errors
/// As [`given`].
pub fn in_file(file: &Path) -> Result<String> {
    let open = File::open(file).map_err(Error::io(file))?;
    read(io::BufReader::new(open), false, file)
}

/// At a terminal one line is enough: nobody knows how to end the input there.
fn read(from: impl BufRead, line: bool, name: &Path) -> Result<String> {
    let mut text = String::new();
    let mut from = from.take(LONGEST + 1);
    match line {
        true => from.read_line(&mut text),
        false => from.read_to_string(&mut text),
    }
    .map_err(Error::io(name))?;
    let wrong = match text.trim() {
        "" => "holds nothing",
        text if text.len() as u64 > LONGEST => "holds too much",
        text => return Ok(text.to_owned()),
    };
    Err(Error::bad_input(
        format!("{} {wrong}.", name.display()),
        "Give what was sent to you, and nothing else.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_from_where_it_is() {
        assert_eq!(given("CODE".into()).unwrap(), "CODE");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("relay");
        std::fs::write(&file, "tls://kim:word@host:4222\n").unwrap();
        assert_eq!(
            given(format!("@{}", file.display())).unwrap(),
            "tls://kim:word@host:4222"
        );
        assert_eq!(
            given(format!("@{}x", file.display())).unwrap_err().code(),
            behalf_core::Code::NotFound
        );
        let stdin = |text: &str, line| read(text.as_bytes(), line, Path::new("standard input"));
        assert_eq!(stdin(" a\nb \n", false).unwrap(), "a\nb");
        assert_eq!(stdin("a\nb\n", true).unwrap(), "a");
        for wrong in ["", " \n", &"x".repeat(70_000)] {
            let error = stdin(wrong, false).unwrap_err().to_string();
            assert!(
                error.starts_with("standard input holds") && error.len() < 50,
                "{error}"
            );
        }
    }
}
