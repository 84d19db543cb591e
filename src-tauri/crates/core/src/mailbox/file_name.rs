//! What a stranger's file is called here, and whether opening it is a risk.
//!
//! A name is made so that every system takes it and shows it as it is: no path, no reserved word, nothing hidden.

use serde::Serialize;

use super::clean::one_line;

/// The longest name, in bytes: file systems take 255, and a number may be added.
const LONGEST: usize = 180;
/// The longest ending that is kept when a name is cut, in bytes with its dot.
const LONGEST_ENDING: usize = 24;
/// What a file is called whose name says nothing.
const NAMELESS: &str = "attachment";

/// What may happen when a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Risk {
    /// It is read.
    None,
    /// It may hold code that runs where it is read: a page, a document with macros.
    Code,
    /// It is a program, or starts one, or is a disk with programs on it.
    Program,
}

/// Endings whose files run, start something, change the system, or are disks, on any system.
const PROGRAMS: &[&str] = &[
    "action",
    "apk",
    "app",
    "appimage",
    "application",
    "appref-ms",
    "appx",
    "appxbundle",
    "ade",
    "adp",
    "bash",
    "bat",
    "bin",
    "chm",
    "class",
    "cmd",
    "com",
    "command",
    "cpl",
    "csh",
    "deb",
    "desktop",
    "diagcab",
    "dll",
    "dmg",
    "drv",
    "elf",
    "exe",
    "fish",
    "gadget",
    "hlp",
    "hta",
    "img",
    "inetloc",
    "inf",
    "iso",
    "jar",
    "job",
    "jnlp",
    "js",
    "jse",
    "ksh",
    "library-ms",
    "lnk",
    "lua",
    "mjs",
    "mde",
    "msc",
    "msi",
    "msix",
    "msixbundle",
    "msp",
    "mst",
    "msu",
    "ocx",
    "out",
    "pif",
    "pkg",
    "pl",
    "ps1",
    "ps1xml",
    "psc1",
    "psd1",
    "psm1",
    "py",
    "pyc",
    "pyw",
    "pyz",
    "rb",
    "reg",
    "rpm",
    "run",
    "scf",
    "scpt",
    "scr",
    "sct",
    "search-ms",
    "searchconnector-ms",
    "service",
    "settingcontent-ms",
    "sh",
    "shb",
    "shs",
    "so",
    "sys",
    "tcl",
    "terminal",
    "theme",
    "themepack",
    "udl",
    "url",
    "vb",
    "vbe",
    "vbs",
    "vhd",
    "vhdx",
    "vxd",
    "webloc",
    "website",
    "wll",
    "workflow",
    "ws",
    "wsc",
    "wsf",
    "wsh",
    "xbap",
    "xll",
    "xpi",
    "zsh",
];
/// Endings whose files may hold code that the program reading them runs.
const CODE: &[&str] = &[
    "accda", "accdb", "accde", "accdr", "docm", "dotm", "htm", "html", "iqy", "mam", "maq", "mar", "mat",
    "mdb", "mht", "mhtml", "one", "onepkg", "potm", "ppam", "ppsm", "pptm", "shtml", "sldm", "slk", "svg",
    "svgz", "swf", "wiz", "xht", "xhtml", "xla", "xlam", "xlm", "xlsb", "xlsm", "xltm", "xml", "xsl", "xslt",
];
/// Media types of programs, where the name does not say so.
const PROGRAM_TYPES: &[&str] = &[
    "application/hta",
    "application/java-archive",
    "application/javascript",
    "application/vnd.microsoft.portable-executable",
    "application/x-bat",
    "application/x-csh",
    "application/x-desktop",
    "application/x-dosexec",
    "application/x-elf",
    "application/x-executable",
    "application/x-iso9660-image",
    "application/x-java-archive",
    "application/x-javascript",
    "application/x-mach-binary",
    "application/x-ms-dos-executable",
    "application/x-ms-shortcut",
    "application/x-msdos-program",
    "application/x-msdownload",
    "application/x-msi",
    "application/x-perl",
    "application/x-python",
    "application/x-sh",
    "application/x-sharedlib",
    "application/x-shellscript",
    "text/javascript",
    "text/x-python",
    "text/x-sh",
    "text/x-shellscript",
];
/// Media types of pages and of documents with macros.
const CODE_TYPES: &[&str] = &[
    "application/xhtml+xml",
    "image/svg+xml",
    "multipart/related",
    "text/html",
];
/// What the files of systems begin with that run: Windows, Linux, macOS, a script.
const PROGRAM_STARTS: &[&[u8]] = &[
    b"MZ",
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"#!",
    b"[Desktop Entry]",
    b"L\0\0\0\x01\x14\x02\0",
];
/// How the files of a media type end, for those that came without a name.
const ENDINGS: &[(&str, &str)] = &[
    ("application/json", "json"),
    ("application/msword", "doc"),
    ("application/pdf", "pdf"),
    ("application/vnd.ms-excel", "xls"),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "pptx",
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsx",
    ),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
    ),
    ("application/zip", "zip"),
    ("audio/mpeg", "mp3"),
    ("image/bmp", "bmp"),
    ("image/gif", "gif"),
    ("image/heic", "heic"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/tiff", "tif"),
    ("image/webp", "webp"),
    ("message/rfc822", "eml"),
    ("text/calendar", "ics"),
    ("text/csv", "csv"),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/vcard", "vcf"),
    ("text/x-vcard", "vcf"),
    ("video/mp4", "mp4"),
];

/// The name a file gets on a disk. `name` is what a stranger called it, `kind` its media type.
///
/// It names no folder, is reserved nowhere, holds nothing invisible, and has at most 180 bytes. The same for a name made
/// by this function.
pub fn safe(name: &str, kind: &str) -> String {
    let name = last_of_path(name);
    let name: String = one_line(name, name.len())
        .chars()
        .map(|c| if is_forbidden(c) { '_' } else { c })
        .collect();
    let mut name = trimmed(&name).to_owned();
    if name.is_empty() {
        NAMELESS.clone_into(&mut name);
        if let Some((_, ending)) = ENDINGS.iter().find(|(of, _)| of.eq_ignore_ascii_case(kind)) {
            name = format!("{name}.{ending}");
        }
    }
    if is_reserved(&name) {
        name.insert(0, '_');
    }
    shortened(name)
}

/// A name beside others of its like: the second is `offer (2).pdf`.
pub fn numbered(name: &str, number: u32) -> String {
    let (stem, ending) = parted(name);
    match number {
        0 | 1 => name.to_owned(),
        n => format!("{stem} ({n}){ending}"),
    }
}

/// What may happen when a file is opened; `name` is the [`safe`] one, `bytes` at least its beginning.
pub fn risk(name: &str, kind: &str, bytes: &[u8]) -> Risk {
    let ending = parted(name).1.trim_start_matches('.').to_ascii_lowercase();
    let is = |of: &[&str]| of.iter().any(|one| one.eq_ignore_ascii_case(kind));
    let runs = PROGRAM_STARTS.iter().any(|start| bytes.starts_with(start));
    if PROGRAMS.contains(&ending.as_str()) || is(PROGRAM_TYPES) || runs {
        Risk::Program
    } else if CODE.contains(&ending.as_str()) || is(CODE_TYPES) || kind.contains("macroEnabled") {
        Risk::Code
    } else {
        Risk::None
    }
}

/// Of a whole path the file's name; a slash within a name (`offer 3/2026.pdf`) is part of it.
fn last_of_path(name: &str) -> &str {
    let separators = ['/', '\\'];
    let mut letters = name.chars();
    let drive = letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.next() == Some(':');
    let is_path = drive || name.starts_with(separators) || name.starts_with('.') || name.starts_with('~');
    match name.rfind(separators) {
        Some(at) if is_path => &name[at + 1..],
        _ => name,
    }
}

/// Windows and its disks take none of these.
fn is_forbidden(c: char) -> bool {
    matches!(c, '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

/// Without dots before it, which hide a file, and dots and blanks behind it, which Windows drops.
fn trimmed(name: &str) -> &str {
    let blank = |c: char| c == '.' || c.is_whitespace();
    name.trim_matches(blank)
}

/// Words that name a device on Windows, whatever ending they have.
fn is_reserved(name: &str) -> bool {
    let word = name
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_uppercase();
    let numbered = |of: &str| {
        let number = word.strip_prefix(of).map(|rest| rest.chars().collect::<Vec<_>>());
        matches!(number.as_deref(), Some(['0'..='9' | '¹' | '²' | '³']))
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"].contains(&word.as_str())
        || numbered("COM")
        || numbered("LPT")
}

/// At most [`LONGEST`] bytes, its ending kept: it says what the file is.
fn shortened(name: String) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    let (stem, ending) = parted(&name);
    let stem = super::prefix(stem, LONGEST - ending.len());
    format!("{}{ending}", stem.trim_end())
}

/// A name and its ending with the dot; without one, the ending is empty.
fn parted(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= LONGEST_ENDING => name.split_at(at),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_one_everywhere() {
        for (name, safe_name) in [
            ("offer.pdf", "offer.pdf"),
            ("Angebot für Zürich.pdf", "Angebot für Zürich.pdf"),
            ("../../etc/passwd", "passwd"),
            ("/etc/cron.d/job", "job"),
            ("C:\\Users\\kim\\offer.pdf", "offer.pdf"),
            ("\\\\host\\share\\x.doc", "x.doc"),
            ("~/.ssh/id_rsa", "id_rsa"),
            ("..\\..\\x.txt", "x.txt"),
            ("offer 3/2026.pdf", "offer 3_2026.pdf"),
            ("a\\..\\b.txt", "a_.._b.txt"),
            ("CON", "_CON"),
            ("con.txt", "_con.txt"),
            ("Lpt1.tar.gz", "_Lpt1.tar.gz"),
            ("com¹.log", "_com¹.log"),
            ("console.txt", "console.txt"),
            ("nul .txt", "_nul .txt"),
            ("what? \"this\" <is>|*:.txt", "what_ _this_ _is____.txt"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("in\u{200b}voice\u{2066}.pdf\u{feff}", "invoice.pdf"),
            ("a\r\nb\tc\u{0}.txt", "a b c.txt"),
            ("setup.exe. . .", "setup.exe"),
            ("setup.exe .", "setup.exe"),
            (".bashrc", "bashrc"),
            ("...", "attachment.pdf"),
            ("", "attachment.pdf"),
            ("/", "attachment.pdf"),
        ] {
            assert_eq!(safe(name, "application/pdf"), safe_name, "{name:?}");
        }
        assert_eq!(safe("", "application/unknown"), "attachment");
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = safe(&format!("{}.pdf", "ü".repeat(300)), "");
        assert!(name.len() <= LONGEST && name.ends_with("ü.pdf"), "{name}");
        // What stands behind a dot is not always an ending.
        let name = safe(&format!("a.{}", "b".repeat(300)), "");
        assert_eq!(name.len(), LONGEST);
    }

    #[test]
    fn the_second_of_a_name_has_a_number() {
        for (name, number, told) in [
            ("offer.pdf", 1, "offer.pdf"),
            ("offer.pdf", 2, "offer (2).pdf"),
            ("offer", 3, "offer (3)"),
            ("a.tar.gz", 2, "a.tar (2).gz"),
        ] {
            assert_eq!(numbered(name, number), told);
        }
    }

    #[test]
    fn what_runs_is_told_from_what_is_read() {
        let of = |name: &str| risk(&safe(name, ""), "application/octet-stream", b"");
        for name in [
            "a.exe",
            "A.EXE",
            "a.pdf.exe",
            "a.bat",
            "a.cmd",
            "a.com",
            "a.js",
            "a.vbs",
            "a.ps1",
            "a.scr",
            "a.lnk",
            "a.jar",
            "a.hta",
            "a.desktop",
            "a.sh",
            "a.iso",
            "a.exe.",
            "a.exe ",
            "a\u{202e}fdp.exe",
            "a.url",
            "a.msi",
        ] {
            assert_eq!(of(name), Risk::Program, "{name}");
        }
        for name in [
            "a.html", "a.HTM", "a.docm", "a.xlsm", "a.svg", "a.mht", "a.xlsb", "a.pptm",
        ] {
            assert_eq!(of(name), Risk::Code, "{name}");
        }
        for name in [
            "a.pdf", "a.docx", "a.xlsx", "a.png", "a.csv", "a.zip", "a.eml", "exe", "a", "a.txt", "a.ics",
        ] {
            assert_eq!(of(name), Risk::None, "{name}");
        }
    }

    #[test]
    fn a_program_without_an_ending_is_one() {
        for bytes in [
            &b"MZ\x90\0"[..],
            b"\x7fELF\x02",
            b"#!/bin/sh\n",
            b"[Desktop Entry]\nExec=x",
        ] {
            assert_eq!(risk("invoice", "application/octet-stream", bytes), Risk::Program);
        }
        assert_eq!(risk("invoice", "Application/X-MSDownload", b""), Risk::Program);
        assert_eq!(risk("invoice", "text/html", b""), Risk::Code);
        assert_eq!(
            risk("x", "application/vnd.ms-excel.sheet.macroEnabled.12", b""),
            Risk::Code
        );
        assert_eq!(risk("invoice", "application/pdf", b"%PDF-1.7"), Risk::None);
    }

    proptest! {
        #[test]
        fn any_name_is_made_one(name in "(\\.|/|\\\\|:| |\\PC|[\\x00-\\x20]|CON|nul|aux|\u{202e}|\u{feff}){0,60}") {
            let made = safe(&name, "");
            prop_assert!(!made.is_empty() && made.len() <= LONGEST, "{:?}", made);
            prop_assert!(!made.chars().any(|c| c.is_control() || is_forbidden(c)), "{:?}", made);
            prop_assert!(!made.starts_with(['.', ' ']) && !made.ends_with(['.', ' ']), "{:?}", made);
            prop_assert!(!is_reserved(&made), "{:?}", made);
            prop_assert_eq!(safe(&made, ""), made);
        }
    }
}
