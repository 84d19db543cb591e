//! Generated mail: as many as wanted, the same every time, with what real mailboxes are like.

use std::fmt::Write;

/// A small pseudo-random sequence (xorshift64*): tests must be the same every time.
pub struct Dice(u64);

impl Dice {
    /// `seed` decides everything; 0 is taken as 1.
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// The next number below `end`, which must not be 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }
}

/// What an mbox made here holds.
pub struct Corpus {
    /// The mbox.
    pub mbox: String,
    /// Messages in it, duplicates counted.
    pub seen: u64,
    /// How many of them repeat an earlier Message-ID.
    pub duplicates: u64,
    /// The Message-IDs, without brackets, in order.
    pub keys: Vec<String>,
}

/// `messages` mails: threads, quoted `From ` lines, folded headers, encoded words, attachments, and every fiftieth twice.
pub fn corpus(messages: u64) -> Corpus {
    let mut dice = Dice::new(7);
    let mut made = Corpus {
        mbox: String::new(),
        seen: 0,
        duplicates: 0,
        keys: Vec::new(),
    };
    for n in 0..messages {
        let key = format!("{n}.{}@corpus.example", dice.below(1_000_000));
        let mail = one(&key, n, made.keys.last(), &mut dice);
        made.mbox += &mail;
        made.seen += 1;
        if n % 50 == 49 {
            made.mbox += &mail;
            made.seen += 1;
            made.duplicates += 1;
        }
        made.keys.push(key);
    }
    made
}

fn one(key: &str, n: u64, before: Option<&String>, dice: &mut Dice) -> String {
    let (day, hour, minute) = (1 + n / 1440 % 28, n / 60 % 24, n % 60);
    let mut mail = format!(
        "From sender@corpus.example Mon Jan {day:02} {hour:02}:{minute:02}:00 2024\nMessage-ID: <{key}>\n\
         Date: {day} Jan 2024 {hour:02}:{minute:02}:00 +0000\nFrom: \"Person {p}\" <person{p}@corpus.example>\n\
         To: alex@contoso.example,\n\tOther <other{p}@corpus.example>\n",
        p = dice.below(40)
    );
    match dice.below(3) {
        0 => mail += "Subject: =?utf-8?B?R3LDvMOfZSBhdXMgWsO8cmljaA==?=\n",
        _ => writeln!(mail, "Subject: Matter {n} of many").unwrap(),
    }
    if let (Some(before), 0) = (before, dice.below(4)) {
        writeln!(mail, "In-Reply-To: <{before}>\nReferences: <{before}>").unwrap();
    }
    if dice.below(5) == 0 {
        mail += "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: text/plain; charset=iso-8859-1\n\
                 Content-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n--b\nContent-Type: application/pdf; name=\"a.pdf\"\n\
                 Content-Disposition: attachment; filename=\"a.pdf\"\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQK\n--b--\n\n";
    } else {
        mail += "\nHello,\n\n>From here it is quoted.\n";
        for line in 0..dice.below(30) {
            writeln!(mail, "Line {line} of the letter, number {n}.").unwrap();
        }
        mail += "\n";
    }
    mail
}
