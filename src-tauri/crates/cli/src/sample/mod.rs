//! The sample world for a first run (L-06), and bulk mail and rows for measuring.
//!
//! The same seed and the same `now` give the same bytes, in every release and on every machine.

mod bulk;
pub mod crm;
mod documents;
mod letter;
mod people;
mod random;
mod stories;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use behalf_core::{
    Error, Result,
    mailbox::write_mbox,
    model::{Address, Time},
};
use chrono::{DateTime, Datelike, TimeDelta, Utc};

pub use bulk::bulk;
use letter::{Letter, Person, Writing};
use people::{
    COLLEAGUES, COMPANIES, DELEGATES, DOMAIN, FIRST, GOODS, HOUSE, LAST, OWNERS, TITLES, local_part,
};
use random::Random;
use stories::{NEWS, STORIES, Story, Voice, WORLD};

const MAILS: [usize; 3] = [700, 700, 600];
const APPOINTMENTS: usize = 50;
const DAY: i64 = 86_400_000;
/// A 16 by 16 picture in the house's blue.
const LOGO: &[u8] = include_bytes!("logo.png");

/// A person of the sample world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Somebody {
    /// Their name.
    pub name: String,
    /// Their address, which names their mailbox.
    pub address: Address,
    /// What they do.
    pub title: String,
}

/// The rows of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The table's logical name.
    pub name: &'static str,
    /// Column names: `id`, `owner`, then the table's own.
    pub columns: Vec<&'static str>,
    /// The values, in the order of the columns.
    pub rows: Vec<Vec<String>>,
}

/// Everything an owner has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Household {
    /// The owner.
    pub owner: Somebody,
    /// Folder name and the raw mails in it, oldest first, each with its date.
    pub folders: BTreeMap<&'static str, Vec<(Time, Vec<u8>)>>,
    /// One .ics with everything in it.
    pub calendar: String,
    /// One .vcf with the contacts: customers the CRM knows, and some it does not.
    pub contacts: String,
}

/// The sample world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The three owners and what they have.
    pub households: Vec<Household>,
    /// The two delegates.
    pub delegates: Vec<Somebody>,
    /// 200 rows of accounts, contacts, leads, opportunities and cases, and the users.
    pub tables: Vec<Table>,
}

struct Contact {
    id: String,
    first: &'static str,
    name: String,
    address: String,
    company: usize,
}

impl World {
    /// Makes the world as it is at `now`.
    pub fn new(seed: u64, now: Time) -> Self {
        let mut random = Random::new(seed);
        let contacts = contacts(&mut random);
        let tables = tables(&mut random, &contacts, now);
        let households = (0..OWNERS.len())
            .map(|owner| Household {
                owner: somebody(OWNERS[owner]),
                folders: mails(&mut random, owner, &contacts, now),
                calendar: calendar(&mut random, owner, &contacts, now),
                contacts: cards(owner, &contacts, now),
            })
            .collect();
        Self {
            households,
            delegates: DELEGATES.into_iter().map(somebody).collect(),
            tables,
        }
    }

    /// Writes `owners/<address>/<folder>.mbox`, `calendar.ics` and `contacts.vcf`, and `rows/<table>.csv` below `folder`.
    ///
    /// # Errors
    /// I/O errors.
    pub fn write(&self, folder: &Path) -> Result<()> {
        for household in &self.households {
            let home = folder.join("owners").join(household.owner.address.as_str());
            fs::create_dir_all(&home).map_err(Error::io(&home))?;
            for (name, mails) in &household.folders {
                let path = home.join(format!("{name}.mbox"));
                let mut file = io::BufWriter::new(fs::File::create(&path).map_err(Error::io(&path))?);
                for (date, raw) in mails {
                    let at = moment(date.0).format("%a %b %e %H:%M:%S %Y").to_string();
                    write_mbox(&mut file, "sample@harborlane.example", &at, raw).map_err(Error::io(&path))?;
                }
                io::Write::flush(&mut file).map_err(Error::io(&path))?;
            }
            for (name, content) in [
                ("calendar.ics", &household.calendar),
                ("contacts.vcf", &household.contacts),
            ] {
                let path = home.join(name);
                fs::write(&path, content).map_err(Error::io(&path))?;
            }
        }
        let home = folder.join("rows");
        fs::create_dir_all(&home).map_err(Error::io(&home))?;
        for table in &self.tables {
            let path = home.join(format!("{}.csv", table.name));
            write_csv(&path, table).map_err(|e| Error::io(&path)(e.into()))?;
        }
        Ok(())
    }

    /// The files [`World::write`] makes for an owner's mail.
    pub fn mail_files(folder: &Path, owner: &Address) -> Vec<(&'static str, PathBuf)> {
        let home = folder.join("owners").join(owner.as_str());
        ["Inbox", "Clients", "Drafts", "Newsletters", "Sent Items"]
            .into_iter()
            .map(|name| (name, home.join(format!("{name}.mbox"))))
            .collect()
    }
}

fn write_csv(path: &Path, table: &Table) -> std::result::Result<(), csv::Error> {
    let mut out = csv::Writer::from_path(path)?;
    out.write_record(&table.columns)?;
    for row in &table.rows {
        out.write_record(row)?;
    }
    out.flush()?;
    Ok(())
}

fn somebody((name, address, title): (&str, &str, &str)) -> Somebody {
    Somebody {
        name: name.into(),
        address: Address::lenient(address),
        title: title.into(),
    }
}

fn moment(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

fn contacts(random: &mut Random) -> Vec<Contact> {
    (0..80)
        .map(|i| {
            let company = i % COMPANIES.len();
            let (first, last) = (
                FIRST[(i * 7 + 3) % FIRST.len()],
                LAST[(i * 13 + random.below(3)) % LAST.len()],
            );
            // Small houses write from one common address: several rows share it (I-05).
            let address = if i % 9 == 4 {
                format!("office@{}", COMPANIES[company].1)
            } else {
                format!("{}@{}", local_part(first, last), COMPANIES[company].1)
            };
            Contact {
                id: format!("C{}", 2001 + i),
                first,
                name: format!("{first} {last}"),
                address,
                company,
            }
        })
        .collect()
}

fn phone(random: &mut Random, prefix: &str) -> String {
    format!(
        "{prefix} {} {}",
        random.between(200, 999),
        random.between(1000, 9999)
    )
}

fn tables(random: &mut Random, contacts: &[Contact], now: Time) -> Vec<Table> {
    let owner = |i: usize| OWNERS[i % OWNERS.len()].1.to_owned();
    let day = |ms: i64| moment(ms).format("%Y-%m-%d").to_string();
    let accounts = COMPANIES
        .iter()
        .enumerate()
        .map(|(i, (name, domain, city, prefix))| {
            let second = if i % 5 == 1 {
                format!("accounts@{domain}")
            } else {
                String::new()
            };
            vec![
                format!("A{}", 1001 + i),
                owner(i),
                (*name).into(),
                format!("HL-{}", 40_100 + i * 7),
                phone(random, prefix),
                format!("office@{domain}"),
                second,
                (*city).into(),
            ]
        })
        .collect();
    let people = contacts
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let (company, _, city, prefix) = COMPANIES[c.company];
            vec![
                c.id.clone(),
                owner(c.company),
                c.name.clone(),
                (*random.pick(&TITLES)).into(),
                company.into(),
                phone(random, prefix),
                if i % 3 == 0 {
                    phone(random, prefix)
                } else {
                    String::new()
                },
                c.address.clone(),
                city.into(),
            ]
        })
        .collect();
    let leads = (0..28)
        .map(|i| {
            // Every fourth lead is somebody we know as a contact already: one address, two rows.
            let known = &contacts[(i * 11) % contacts.len()];
            let (first, last) = (FIRST[(i * 5 + 1) % FIRST.len()], LAST[(i * 3 + 2) % LAST.len()]);
            let (company, domain, city, prefix) = COMPANIES[(i * 3 + 1) % COMPANIES.len()];
            let (name, address) = if i % 4 == 0 {
                (known.name.clone(), known.address.clone())
            } else {
                (
                    format!("{first} {last}"),
                    format!("{}@{domain}", local_part(first, last)),
                )
            };
            vec![
                format!("L{}", 3001 + i),
                owner(i),
                name,
                company.into(),
                phone(random, prefix),
                address,
                city.into(),
            ]
        })
        .collect();
    let opportunities = (0..30)
        .map(|i| {
            let company = COMPANIES[(i * 7) % COMPANIES.len()];
            let (goods, price) = GOODS[(i * 5 + 2) % GOODS.len()];
            let value = i64::from(price) * random.between(2, 9);
            vec![
                format!("O{}", 4001 + i),
                owner(i * 7),
                format!("{}: {goods} {}", company.0, moment(now.0 + 120 * DAY).year()),
                company.0.into(),
                format!("€{value}"),
                day(now.0 + random.between(10, 200) * DAY),
                format!("office@{}", company.1),
            ]
        })
        .collect();
    let faults = [
        "Cracked joints",
        "Wrong colour delivered",
        "Missing parts",
        "Late delivery",
        "Lock does not open",
        "Invoice differs",
    ];
    let cases = (0..22)
        .map(|i| {
            let company = COMPANIES[(i * 9 + 4) % COMPANIES.len()];
            vec![
                format!("K{}", 5001 + i),
                owner(i * 9 + 4),
                format!("{}: {}", random.pick(&faults), GOODS[i % GOODS.len()].0),
                format!("CAS-{:05}", 1042 + i * 3),
                company.0.into(),
                (*random.pick(&["High", "Normal", "Normal", "Low"])).into(),
                format!("office@{}", company.1),
            ]
        })
        .collect();
    let users = OWNERS
        .iter()
        .chain(&DELEGATES)
        .chain(&COLLEAGUES)
        .enumerate()
        .map(|(i, (name, address, title))| {
            vec![
                format!("U{}", 9001 + i),
                (*address).into(),
                (*name).into(),
                (*title).into(),
                (*address).into(),
                HOUSE.into(),
            ]
        })
        .collect();
    vec![
        table(
            "account",
            &[
                "name",
                "accountnumber",
                "telephone1",
                "emailaddress1",
                "emailaddress2",
                "address1_city",
            ],
            accounts,
        ),
        table(
            "contact",
            &[
                "fullname",
                "jobtitle",
                "parentcustomerid",
                "telephone1",
                "mobilephone",
                "emailaddress1",
                "address1_city",
            ],
            people,
        ),
        table(
            "lead",
            &[
                "fullname",
                "companyname",
                "telephone1",
                "emailaddress1",
                "address1_city",
            ],
            leads,
        ),
        table(
            "opportunity",
            &[
                "name",
                "customerid",
                "estimatedvalue",
                "estimatedclosedate",
                "emailaddress",
            ],
            opportunities,
        ),
        table(
            "incident",
            &[
                "title",
                "ticketnumber",
                "customerid",
                "prioritycode",
                "emailaddress",
            ],
            cases,
        ),
        table(
            "systemuser",
            &["fullname", "title", "internalemailaddress", "businessunitid"],
            users,
        ),
    ]
}

fn table(name: &'static str, own: &[&'static str], rows: Vec<Vec<String>>) -> Table {
    let mut columns = vec!["id", "owner"];
    columns.extend_from_slice(own);
    Table { name, columns, rows }
}

/// What the placeholders of one story stand for.
struct Cast<'a> {
    owner: Person,
    contact: &'a Contact,
    mate: Person,
    fill: Vec<(&'static str, String)>,
}

impl<'a> Cast<'a> {
    fn new(random: &mut Random, owner: usize, contact: &'a Contact) -> Self {
        let (name, address, _) = OWNERS[owner];
        let mate = random.pick(&COLLEAGUES);
        let (goods, price) = *random.pick(&GOODS);
        let n = random.between(4, 48);
        let sum = i64::from(price) * random.between(1, 6) + random.between(0, 99) * 10;
        let (sum, rest) = (sum / 1000, sum % 1000);
        let (company, _, city, _) = COMPANIES[contact.company];
        let other = COMPANIES[(contact.company + random.between(1, 39) as usize) % COMPANIES.len()].0;
        let fill = vec![
            ("{co}", company.into()),
            ("{goods}", goods.into()),
            ("{n}", n.to_string()),
            ("{sum}", format!("€{sum},{rest:03}")),
            (
                "{day}",
                (*random.pick(&["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"])).into(),
            ),
            ("{week}", random.between(2, 51).to_string()),
            ("{ref}", random.between(10_200, 98_900).to_string()),
            ("{city}", city.into()),
            ("{them}", contact.first.into()),
            ("{us}", first_name(name).into()),
            ("{mate}", first_name(mate.0).into()),
            ("{other}", other.into()),
        ];
        Self {
            owner: (name.into(), address.into()),
            contact,
            mate: (mate.0.into(), mate.1.into()),
            fill,
        }
    }

    fn say(&self, text: &str) -> String {
        self.fill
            .iter()
            .fold(text.to_owned(), |text, (mark, value)| text.replace(mark, value))
    }
}

fn first_name(name: &str) -> &str {
    name.split(' ').next().unwrap_or(name)
}

type Folders = BTreeMap<&'static str, Vec<(Time, Vec<u8>)>>;

fn mails(random: &mut Random, owner: usize, contacts: &[Contact], now: Time) -> Folders {
    let mut folders: Folders = BTreeMap::new();
    let total = MAILS[owner];
    let mine: Vec<&Contact> = contacts
        .iter()
        .filter(|c| c.company % OWNERS.len() == owner || c.company < 2)
        .collect();
    let mut count = 0;
    let mut put = |folder: &'static str, letter: Letter| {
        if count < total {
            count += 1;
            folders
                .entry(folder)
                .or_default()
                .push((Time(letter.date), letter.raw()));
        }
        count < total
    };
    for (at, text) in WORLD.iter().enumerate() {
        put(
            "Inbox",
            foreign(random, owner, text, now.0 - (at as i64 + 1) * 31 * 3_600_000),
        );
    }
    for at in 0..60 {
        put(
            "Newsletters",
            newsletter(random, owner, at, now.0 - at as i64 * 3 * DAY - 5_000_000),
        );
    }
    for at in 0..12 {
        let contact = *random.pick(&mine);
        let cast = Cast::new(random, owner, contact);
        put(
            "Drafts",
            draft(random, &cast, at, now.0 - at as i64 * 2 * DAY - 2_000_000),
        );
    }
    let sender = mine.last().map_or_else(
        || (String::new(), format!("office@{DOMAIN}")),
        |contact| (contact.name.clone(), contact.address.clone()),
    );
    put(
        "Inbox",
        documents::letter(owner, sender, now.0 - 3 * 3_600_000 - 7 * 60_000),
    );
    // Newest stories first, so that the last days are always full.
    let mut age = 20 * 60_000;
    loop {
        let contact = *random.pick(&mine);
        let cast = Cast::new(random, owner, contact);
        let story = random.pick(STORIES);
        let filed = random.chance(30);
        let mut more = true;
        for (letter, voice) in story_mails(random, &cast, story, now.0 - age) {
            let folder = match voice {
                Voice::Us => "Sent Items",
                Voice::Them if filed => "Clients",
                _ => "Inbox",
            };
            more = put(folder, letter);
        }
        if !more {
            break;
        }
        age += random.between(20, 900) * 60_000;
    }
    for mails in folders.values_mut() {
        mails.sort_by_key(|(date, _)| *date);
    }
    folders
}

/// A story's mails; the last one is sent at `end`.
fn story_mails(random: &mut Random, cast: &Cast<'_>, story: &Story, end: i64) -> Vec<(Letter, Voice)> {
    let them: Person = (cast.contact.name.clone(), cast.contact.address.clone());
    let subject = cast.say(story.subject);
    let gaps: Vec<i64> = story
        .steps
        .iter()
        .map(|_| random.between(25, 1600) * 60_000)
        .collect();
    let mut date = end - gaps.iter().skip(1).sum::<i64>();
    let mut told: Vec<(Letter, Voice)> = Vec::new();
    for (at, step) in story.steps.iter().enumerate() {
        if at > 0 {
            date += gaps[at];
        }
        let (from, to) = match step.voice {
            Voice::Them => (&them, &cast.owner),
            Voice::Mate => (&cast.mate, &cast.owner),
            Voice::Us => {
                let last = told.last().map(|(_, voice)| *voice);
                (
                    &cast.owner,
                    if last == Some(Voice::Mate) {
                        &cast.mate
                    } else {
                        &them
                    },
                )
            }
        };
        let hello = random.pick(&["Hello", "Hi", "Dear", "Good morning"]);
        let bye = random.pick(&["Best regards", "Kind regards", "Many thanks", "All the best"]);
        let paragraphs: Vec<String> = step.text.iter().map(|p| cast.say(p)).collect();
        let signature = if step.voice == Voice::Them {
            format!("{}\n{}", from.0, COMPANIES[cast.contact.company].0)
        } else {
            format!("{}\n{HOUSE}", from.0)
        };
        let own = format!(
            "{hello} {},\n\n{}\n\n{bye}\n{signature}\n",
            first_name(&to.0),
            paragraphs.join("\n\n")
        );
        let mut text = own.clone();
        let mut references = Vec::new();
        if let Some((last, _)) = told.last() {
            references.clone_from(&last.references);
            references.push(last.id.clone());
            text.push_str(&format!(
                "\nOn {}, {} wrote:\n",
                moment(last.date).format("%e %B %Y at %H:%M"),
                last.from.0
            ));
            for line in last.text.lines().take(14) {
                text.push_str(&format!("> {line}\n"));
            }
        }
        let from_house = step.voice == Voice::Us && random.chance(50);
        let cid = format!("logo-{at}@{DOMAIN}");
        let html = random
            .chance(55)
            .then(|| page(&own, from_house.then_some(cid.as_str())));
        let files = if step.file.is_empty() {
            Vec::new()
        } else {
            vec![attachment(random, &cast.say(step.file))]
        };
        let letter = Letter {
            from: from.clone(),
            to: vec![to.clone()],
            cc: if step.voice != Voice::Mate && random.chance(12) {
                vec![cast.mate.clone()]
            } else {
                Vec::new()
            },
            date,
            id: format!(
                "{:016x}@{}",
                random.next(),
                from.1.split('@').next_back().unwrap_or(DOMAIN)
            ),
            subject: if at == 0 {
                subject.clone()
            } else {
                format!("Re: {subject}")
            },
            references,
            text,
            picture: (from_house && html.is_some()).then(|| (cid, LOGO.to_vec())),
            html,
            files,
            writing: *random.pick(&[
                Writing::Quoted,
                Writing::Base64,
                Writing::Plain,
                Writing::Latin,
                Writing::Windows,
            ]),
            read: step.voice == Voice::Us || date < end - DAY || random.chance(55),
            urgent: random.chance(5),
        };
        told.push((letter, step.voice));
    }
    told
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn page(text: &str, logo: Option<&str>) -> String {
    let body: String = text
        .split("\n\n")
        .map(|p| format!("<p>{}</p>\n", escape(p.trim()).replace('\n', "<br>")))
        .collect();
    let logo = logo.map_or(String::new(), |cid| {
        format!("<p><img src=\"cid:{cid}\" width=\"32\" height=\"32\" alt=\"{HOUSE}\"></p>\n")
    });
    format!("<html><body style=\"font-family: Calibri, sans-serif\">\n{body}{logo}</body></html>\n")
}

fn attachment(random: &mut Random, name: &str) -> (String, &'static str, Vec<u8>) {
    let kind = match name.rsplit('.').next() {
        Some("pdf") => "application/pdf",
        Some("zip") => "application/zip",
        _ => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    };
    let words = random.between(200, 900);
    let bytes = (0..words).flat_map(|_| random.next().to_le_bytes()).collect();
    (name.to_owned(), kind, bytes)
}

fn plain_letter(from: Person, owner: usize, date: i64, id: String) -> Letter {
    Letter {
        from,
        to: vec![(OWNERS[owner].0.into(), OWNERS[owner].1.into())],
        cc: Vec::new(),
        date,
        id,
        references: Vec::new(),
        subject: String::new(),
        text: String::new(),
        html: None,
        picture: None,
        files: Vec::new(),
        writing: Writing::Base64,
        read: true,
        urgent: false,
    }
}

fn foreign(random: &mut Random, owner: usize, mail: &(&str, &str, &str, &str), date: i64) -> Letter {
    let (subject, name, domain, text) = *mail;
    let local = name
        .split_once(' ')
        .map_or_else(|| name.to_lowercase(), |(f, l)| local_part(f, l));
    let from = (name.to_owned(), format!("{local}@{domain}"));
    Letter {
        subject: subject.into(),
        text: format!("{text}\n"),
        writing: *random.pick(&[Writing::Base64, Writing::Quoted, Writing::Plain, Writing::Latin]),
        read: false,
        ..plain_letter(from, owner, date, format!("{:016x}@{domain}", random.next()))
    }
}

fn newsletter(random: &mut Random, owner: usize, number: usize, date: i64) -> Letter {
    let (name, address, subject, headline, text) = NEWS[number % NEWS.len()];
    let domain = address.split('@').next_back().unwrap_or(DOMAIN);
    let issue = 400 - number;
    Letter {
        subject: format!("{subject} (no. {issue})"),
        text: format!("{headline}\n\n{text}\n"),
        html: Some(format!(
            "<html><head><style>h1 {{ color: #0f6cbd }}</style></head><body>\n<img src=\"https://img.{domain}/header-{issue}.png\" width=\"600\" height=\"120\" alt=\"{name}\">\n\
             <h1>{headline}</h1>\n<p>{text}</p>\n<p><a href=\"https://www.{domain}/issue/{issue}\">Read on the web</a></p>\n\
             <img src=\"https://track.{domain}/open?id={issue}\" width=\"1\" height=\"1\">\n</body></html>\n"
        )),
        writing: Writing::Quoted,
        read: number > 2,
        ..plain_letter(
            (name.into(), address.into()),
            owner,
            date,
            format!("{:016x}@{domain}", random.next()),
        )
    }
}

fn draft(random: &mut Random, cast: &Cast<'_>, number: usize, date: i64) -> Letter {
    let subjects = [
        "Offer for {co}",
        "Our talk on {day}",
        "{goods}: new prices",
        "Thank you, {them}",
    ];
    Letter {
        from: cast.owner.clone(),
        to: vec![(cast.contact.name.clone(), cast.contact.address.clone())],
        subject: cast.say(subjects[number % subjects.len()]),
        text: cast.say("Dear {them},\n\nfollowing our talk I would like to suggest {n} {goods} for {city}. The total would be {sum}.\n\nMore on this by {day}.\n"),
        ..plain_letter(cast.owner.clone(), 0, date, format!("draft-{:012x}@{DOMAIN}", random.next() >> 16))
    }
}

/// How many contacts each owner has, and how many of them the CRM does not know.
const CARDS: usize = 12;
const NEW_CARDS: usize = 5;

/// An owner's contacts as an address book writes them.
fn cards(owner: usize, contacts: &[Contact], now: Time) -> String {
    let rev = moment(now.0 - 30 * DAY).format("%Y%m%dT%H%M%SZ");
    let card = |n: usize, (first, name, address): (&str, &str, &str), company: usize| {
        let (house, _, city, prefix) = COMPANIES[company];
        let last = name.strip_prefix(first).unwrap_or(name).trim();
        let mut card = String::new();
        for line in [
            "BEGIN:VCARD".to_owned(),
            "VERSION:3.0".into(),
            format!("UID:contact-{owner}-{n}@{DOMAIN}"),
            format!("FN:{name}"),
            format!("N:{last};{first};;;"),
            format!("EMAIL;TYPE=INTERNET,WORK:{address}"),
            format!("TEL;TYPE=WORK,VOICE:{prefix} 555 {:04}", owner * 100 + n),
            format!("TEL;TYPE=CELL:+49 171 555 {:04}", owner * 100 + n),
            format!("TITLE:{}", TITLES[(owner + n) % TITLES.len()]),
            format!("ORG:{}", house.replace(',', "\\,")),
            format!("ADR;TYPE=WORK:;;;{city};;;"),
            format!("REV:{rev}"),
            "END:VCARD".into(),
        ] {
            card.push_str(&fold(&line));
        }
        card
    };
    (0..CARDS)
        .map(|n| {
            if n < NEW_CARDS {
                let company = (owner * 11 + n * 5) % COMPANIES.len();
                let (first, last) = (
                    FIRST[(owner * 5 + n * 3 + 1) % FIRST.len()],
                    LAST[(owner * 7 + n * 11 + 5) % LAST.len()],
                );
                let address = format!("{}.office@{}", local_part(first, last), COMPANIES[company].1);
                card(n, (first, &format!("{first} {last}"), &address), company)
            } else {
                let known = &contacts[(owner * 23 + n * 3) % contacts.len()];
                card(n, (known.first, &known.name, &known.address), known.company)
            }
        })
        .collect()
}

fn calendar(random: &mut Random, owner: usize, contacts: &[Contact], now: Time) -> String {
    const ZONE: &str = "Europe/Berlin";
    let mut out = String::from(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Harbor Lane Trading//Sample//EN\r\nMETHOD:PUBLISH\r\n",
    );
    let (name, address, _) = OWNERS[owner];
    let today = moment(now.0).date_naive();
    let stamp = moment(now.0).format("%Y%m%dT%H%M%SZ").to_string();
    let titles = [
        "Review with {co}",
        "Quote {ref}: walk-through",
        "Call with {them}",
        "Site visit {city}",
        "Renewal {co}",
        "Lunch with {them}",
        "Samples for {co}",
        "Kick-off {goods}",
    ];
    let mut number = 0;
    let mut event = |lines: &[String]| {
        out.push_str("BEGIN:VEVENT\r\n");
        out.push_str(&format!("DTSTAMP:{stamp}\r\n"));
        for line in lines {
            out.push_str(&fold(line));
        }
        out.push_str("END:VEVENT\r\n");
        number += 1;
        number < APPOINTMENTS
    };
    let uid = |kind: &str, n: usize| format!("UID:{kind}-{owner}-{n}@{DOMAIN}");
    let me = format!("ORGANIZER;CN=\"{name}\":mailto:{address}");
    // A weekly series with one occurrence moved and one whole-day trip.
    let monday = today - TimeDelta::days(i64::from(today.weekday().num_days_from_monday()) + 56);
    let at = |day: chrono::NaiveDate, hour: i64, minute: i64| {
        format!("{}T{hour:02}{minute:02}00", day.format("%Y%m%d"))
    };
    let mates: Vec<String> = COLLEAGUES
        .iter()
        .take(3)
        .map(|(n, a, _)| format!("ATTENDEE;CN=\"{n}\";ROLE=REQ-PARTICIPANT:mailto:{a}"))
        .collect();
    let mut series = vec![
        uid("series", 1),
        "SUMMARY:Sales round".into(),
        me.clone(),
        format!("DTSTART;TZID={ZONE}:{}", at(monday, 9, 0)),
        format!("DTEND;TZID={ZONE}:{}", at(monday, 9, 45)),
        "RRULE:FREQ=WEEKLY;BYDAY=MO".into(),
        "LOCATION:Room Kestrel".into(),
        "SEQUENCE:1".into(),
    ];
    series.extend(mates.iter().cloned());
    event(&series);
    let moved = monday + TimeDelta::days(63);
    event(&[
        uid("series", 1),
        "SUMMARY:Sales round (moved)".into(),
        me.clone(),
        format!("RECURRENCE-ID;TZID={ZONE}:{}", at(moved, 9, 0)),
        format!("DTSTART;TZID={ZONE}:{}", at(moved, 14, 0)),
        format!("DTEND;TZID={ZONE}:{}", at(moved, 14, 45)),
        "SEQUENCE:2".into(),
    ]);
    let trip = today + TimeDelta::days(9);
    event(&[
        uid("trip", 1),
        "SUMMARY:Trade fair Stuttgart".into(),
        me.clone(),
        format!("DTSTART;VALUE=DATE:{}", trip.format("%Y%m%d")),
        format!(
            "DTEND;VALUE=DATE:{}",
            (trip + TimeDelta::days(2)).format("%Y%m%d")
        ),
        "X-MICROSOFT-CDO-BUSYSTATUS:OOF".into(),
        "LOCATION:Messe Stuttgart".into(),
    ]);
    event(&[
        uid("private", 1),
        "SUMMARY:Dentist".into(),
        "CLASS:PRIVATE".into(),
        format!(
            "DTSTART;TZID=W. Europe Standard Time:{}",
            at(today + TimeDelta::days(3), 8, 0)
        ),
        "DURATION:PT1H".into(),
    ]);
    let mut n = 0;
    loop {
        n += 1;
        let contact = random.pick(contacts);
        let cast = Cast::new(random, owner, contact);
        let day = today + TimeDelta::days(random.between(-40, 40));
        let (hour, length) = (random.between(8, 16), *random.pick(&[30, 60, 60, 90]));
        let end = hour * 60 + length;
        let theirs = random.chance(30);
        let organizer = if theirs {
            format!("ORGANIZER;CN=\"{}\":mailto:{}", contact.name, contact.address)
        } else {
            me.clone()
        };
        let guest = if theirs {
            (name, address)
        } else {
            (contact.name.as_str(), contact.address.as_str())
        };
        let mut lines = vec![
            uid("meeting", n),
            format!("SUMMARY:{}", escaped(&cast.say(random.pick::<&str>(&titles)))),
            organizer,
            format!("DTSTART;TZID={ZONE}:{}", at(day, hour, 0)),
            format!("DTEND;TZID={ZONE}:{}", at(day, end / 60, end % 60)),
            format!(
                "ATTENDEE;CN=\"{}\";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:{}",
                guest.0, guest.1
            ),
            format!(
                "LOCATION:{}",
                escaped(&cast.say(random.pick::<&str>(&["{city}", "Room Osprey", "Online", "Room Kestrel"])))
            ),
            format!(
                "DESCRIPTION:{}",
                escaped(
                    &cast.say("Open points:\n- {n} {goods} for {city}\n- order {ref}, {sum}\n- next steps")
                )
            ),
        ];
        if random.chance(35) {
            let mate = random.pick(&COLLEAGUES);
            lines.push(format!(
                "ATTENDEE;CN=\"{}\";ROLE=OPT-PARTICIPANT:mailto:{}",
                mate.0, mate.1
            ));
        }
        match random.below(12) {
            0 => lines.push("STATUS:CANCELLED".into()),
            1 => lines.push("STATUS:TENTATIVE".into()),
            2 => lines.push("TRANSP:TRANSPARENT".into()),
            _ => {}
        }
        if !event(&lines) {
            break;
        }
    }
    out.push_str("END:VCALENDAR\r\n");
    out
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace(';', "\\;")
        .replace(',', "\\,")
        .replace('\n', "\\n")
}

/// Lines of at most 75 bytes (RFC 5545 §3.1).
fn fold(line: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for c in line.chars() {
        if width + c.len_utf8() > 74 {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(c);
        width += c.len_utf8();
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, ops::ControlFlow};

    use behalf_core::{
        mailbox::{import, read, text::TextIndex},
        store::Store,
    };

    use super::*;

    fn now() -> Time {
        Time::parse("2026-11-20T09:00:00Z").unwrap()
    }

    #[test]
    fn the_same_seed_is_the_same_world() {
        assert_eq!(World::new(1, now()), World::new(1, now()));
        assert_ne!(World::new(1, now()).tables, World::new(2, now()).tables);
    }

    #[test]
    fn it_has_what_the_specification_asks_for() {
        let world = World::new(1, now());
        let rows: usize = world
            .tables
            .iter()
            .filter(|t| t.name != "systemuser")
            .map(|t| t.rows.len())
            .sum();
        assert_eq!((rows, world.households.len(), world.delegates.len()), (200, 3, 2));
        for table in &world.tables {
            assert!(
                table.rows.iter().all(|r| r.len() == table.columns.len()),
                "{}",
                table.name
            );
        }
        let mut shared: BTreeMap<&str, usize> = BTreeMap::new();
        for table in &world.tables {
            let at = table
                .columns
                .iter()
                .position(|c| c.starts_with("emailaddress"))
                .unwrap_or(0);
            for row in &table.rows {
                *shared.entry(&row[at]).or_default() += 1;
            }
        }
        assert!(
            shared.values().filter(|n| **n > 1).count() > 20,
            "addresses that mean several rows"
        );
    }

    #[test]
    fn it_can_be_imported_whole() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::new(1, now());
        world.write(folder.path()).unwrap();
        let data = folder.path().join("data");
        let store = Store::open(&data).unwrap();
        let text = TextIndex::open(&data.join("text")).unwrap();
        let (mut mails, mut appointments) = (0, 0);
        for household in &world.households {
            let owner = &household.owner.address;
            let go = &mut |_: &_| ControlFlow::Continue(());
            for (name, path) in World::mail_files(folder.path(), owner) {
                let report = import::mail(&store, &text, owner, &[path], Some(name), go).unwrap();
                assert!(report.rejected.is_empty() && report.duplicates == 0, "{report:?}");
                mails += report.imported;
            }
            let ics = folder
                .path()
                .join("owners")
                .join(owner.as_str())
                .join("calendar.ics");
            let report = import::calendar(&store, owner, &[ics], go).unwrap();
            assert!(report.rejected.is_empty() && report.duplicates == 0, "{report:?}");
            appointments += report.imported;
            let vcf = folder
                .path()
                .join("owners")
                .join(owner.as_str())
                .join("contacts.vcf");
            let report = import::contacts(&store, owner, &[vcf], go).unwrap();
            assert_eq!((report.imported as usize, report.rejected.len()), (CARDS, 0));
            let sight = read::Sight {
                private: true,
                ..read::Sight::default()
            };
            let newest = &read::list(&store, owner, Some("Inbox"), &sight, 1, None)
                .unwrap()
                .entries[0];
            let age = now().0 - Time::parse(&newest.date).unwrap().0;
            assert!((0..2 * DAY).contains(&age), "{newest:?}");
            let all = read::list(&store, owner, None, &sight, 1000, None)
                .unwrap()
                .entries;
            assert!(
                all.iter()
                    .all(|e| !e.subject.contains('{') && !e.preview.contains('{')),
                "a placeholder is left"
            );
            assert!(all.iter().any(|e| e.subject == "お見積りのお願い"));
        }
        assert_eq!((mails, appointments), (2000, 150));
    }

    #[test]
    fn bulk_mail_weighs_what_mail_weighs() {
        let sizes: Vec<usize> = bulk(600, 3).map(|raw| raw.len()).collect();
        let mean = sizes.iter().sum::<usize>() / sizes.len();
        assert!((50_000..75_000).contains(&mean), "{mean}");
        assert!(bulk(3, 3).eq(bulk(600, 3).take(3)));
    }
}
