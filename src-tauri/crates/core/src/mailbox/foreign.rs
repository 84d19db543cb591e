//! Mail in the formats of other programs, which is not read here: what it is, and what to do (B-08).

/// A format, told by how its files begin and end.
pub(super) struct Foreign {
    /// What it is, after "The file is".
    pub what: &'static str,
    /// What to do.
    pub hint: &'static str,
}

const MSG: Foreign = Foreign {
    what: "an Outlook .msg file",
    hint: "Open it in the new Outlook or Outlook on the web and save it as .eml (More actions > Save as), or drag it from classic Outlook into Thunderbird and save it from there as .eml. Then import the .eml file.",
};
const PST: Foreign = Foreign {
    what: "an Outlook data file (.pst or .ost)",
    hint: "Turn it into mbox or .eml first, with Thunderbird (Tools > Import) or `readpst`, and import the folder that makes.",
};
const OLM: Foreign = Foreign {
    what: "an archive of Outlook for Mac (.olm)",
    hint: "Import it into Apple Mail (File > Import Mailboxes), then choose Mailbox > Export Mailbox there, and import the .mbox that makes.",
};
const DBX: Foreign = Foreign {
    what: "a folder of Outlook Express (.dbx)",
    hint: "Open it in Thunderbird or turn it into mbox with `readdbx`, and import what that makes.",
};
const ZIP: Foreign = Foreign {
    what: "a .zip archive",
    hint: "Unpack it, and import the folder that makes.",
};

/// The format of a file with this name, in lower case, that begins like this; `None` when it is none of them.
pub(super) fn foreign(name: &str, head: &[u8]) -> Option<&'static Foreign> {
    /// An OLE compound file.
    const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    match () {
        () if ends(&[".msg", ".oft"]) && head.starts_with(OLE) => Some(&MSG),
        () if head.starts_with(b"!BDN") => Some(&PST),
        () if head.starts_with(b"\xcf\xad\x12\xfe") => Some(&DBX),
        () if head.starts_with(b"PK\x03\x04") && ends(&[".olm"]) => Some(&OLM),
        () if head.starts_with(b"PK\x03\x04") && ends(&[".zip"]) => Some(&ZIP),
        () => None,
    }
}
