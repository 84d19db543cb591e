//! What may be said when the app is started.

use std::{path::PathBuf, str::FromStr};

use behalf_core::{Error, Result};

/// Behalf: work in a manager's mailbox, in the manager's name.
#[derive(Debug, Clone, clap::Parser)]
#[command(version)]
pub struct Options {
    /// The person's replica; without it, the platform's data folder
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The window's title; without it, the person's name
    #[arg(long)]
    pub title: Option<String>,
    /// Where the window opens, in logical pixels
    #[arg(long, value_name = "X,Y")]
    pub position: Option<Pair>,
    /// How large it opens, in logical pixels
    #[arg(long, value_name = "WIDTH,HEIGHT")]
    pub size: Option<Pair>,
}

impl Options {
    /// The replica's folder.
    ///
    /// # Errors
    /// `BadInput` when none was given and the platform names no data folder.
    pub fn folder(&self) -> Result<PathBuf> {
        match &self.data {
            Some(folder) => Ok(folder.clone()),
            None => dirs::data_dir()
                .map(|folder| folder.join("behalf"))
                .ok_or_else(|| {
                    Error::bad_input("This system names no data folder.", "Choose one with --data DIR.")
                }),
        }
    }
}

/// Two numbers with a comma between: a place or a size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair(pub f64, pub f64);

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| part.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        text.split_once(',')
            .and_then(|(a, b)| Some(Self(number(a)?, number(b)?)))
            .ok_or_else(|| "give two numbers with a comma between, as in 0,40".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn a_place_is_two_numbers() {
        assert_eq!("0, 40".parse(), Ok(Pair(0.0, 40.0)));
        for wrong in ["", "1", "1,", "1,2,3", "a,b", "inf,1"] {
            assert!(wrong.parse::<Pair>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_folder_given_is_the_folder_taken() {
        let options = Options::try_parse_from(["behalf-desktop", "--data", "/tmp/kim"]).unwrap();
        assert_eq!(options.folder().unwrap(), PathBuf::from("/tmp/kim"));
    }
}
