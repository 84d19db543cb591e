use std::collections::HashSet;

use proptest::prelude::*;
use tantivy::directory::{Directory, INDEX_WRITER_LOCK};
use tempfile::TempDir;

use super::*;
use crate::{
    model::{Address, RowRef, Time},
    rows::{Condition, Test, testing::import_text},
};

struct World {
    folder: TempDir,
    store: Store,
    index: RowIndex,
}

impl World {
    fn new() -> Self {
        let (folder, store) = crate::rows::testing::store();
        let index = RowIndex::open(&folder.path().join("index")).unwrap();
        Self { folder, store, index }
    }

    fn add(&self, table: &str, csv: &str) {
        import_text(&self.store, self.folder.path(), table, csv, &[]).unwrap();
        self.catch_up();
    }

    fn catch_up(&self) -> CaughtUp {
        self.index.catch_up(&self.store, &mut |_, _| {}).unwrap()
    }

    fn search(&self, text: &str) -> Vec<Hit> {
        self.with(text, &[], &SearchOptions::default())
    }

    fn with(&self, text: &str, tables: &[&str], options: &SearchOptions) -> Vec<Hit> {
        let tables: Vec<_> = tables.iter().map(|&table| table.to_owned()).collect();
        let options = SearchOptions {
            tables,
            limit: 50,
            ..options.clone()
        };
        self.index.search(&self.store, text, &options).unwrap()
    }

    fn ids(&self, text: &str) -> Vec<String> {
        self.search(text).into_iter().map(|hit| hit.id).collect()
    }
}

const ACCOUNTS: &str = "id,name,telephone1,emailaddress1,address1_city,owner,statecode,appendable\n\
    1,Alpine Ski House,+49 171 2345678,info@alpine-ski.example,Zürich,kim@x,0,1\n\
    2,Müller & Söhne,0171 23 99 99,post@mueller.example,Köln,lee@x,0,1\n\
    3,Skills Academy,030 1234567,,Berlin,,0,1\n\
    4,Contoso Whisky,,,Alpnach,,0,1\n\
    5,Alpine Old,,,,,1,1\n\
    6,Alpine Closed,,,,,0,0\n\
    7,山田太郎商店,,,,,0,1\n\
    8,İstanbul Ticaret,,,,,0,1\n\
    9,חברת שלום,,,,,0,1\n";

fn world() -> World {
    let world = World::new();
    world.add("account", ACCOUNTS);
    world.add(
        "contact",
        "id,fullname,parentcustomerid\n1,Ann Muller,Contoso\n2,Ski Lehrer,Alpine House of Contoso\n",
    );
    world.add(
        "systemuser",
        "id,fullname,internalemailaddress\nu,Alpine User,u@x\n",
    );
    world
}

#[test]
fn what_people_type_is_found() {
    let world = world();
    for (text, expected) in [
        ("alp", &["1", "4", "2", "5", "6"][..]),
        ("ski", &["3", "2", "1"]),
        ("hisk", &["4"]),
        ("Muller", &["2", "1"]),
        ("Mueller", &["2", "1"]),
        ("Müller", &["2", "1"]),
        ("muler", &["2", "1"]),
        ("alpien ski", &["1", "2"]),
        ("ski hous contoso", &["2"]),
        ("0171 23", &["2", "1"]),
        ("zür", &["1"]),
        ("koeln", &["2"]),
        ("@mueller", &["2", "1"]),
        ("*house", &["1", "2"]),
        ("al*hou", &["1", "2"]),
        ("商店", &["7"]),
        ("istanbul", &["8"]),
        ("שלום", &["9"]),
        ("🚀", &[]),
        ("nobody", &[]),
        ("?!", &[]),
    ] {
        let found = world.ids(text);
        assert_eq!(found, expected, "{text}: {:#?}", world.search(text));
    }
}

#[test]
fn d_02_d_04_hits_say_why_and_whether_they_may_be_chosen() {
    let world = world();
    let hits = world.search("alp");
    let said: Vec<_> = hits
        .iter()
        .map(|hit| {
            (
                hit.name.as_str(),
                hit.match_kind.as_str(),
                hit.why.as_str(),
                hit.disabled.as_str(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("Alpine Ski House", "prefix", "Name begins with “alp”", ""),
            ("Contoso Whisky", "prefix", "City begins with “alp”", ""),
            ("Ski Lehrer", "prefix", "Company begins with “alp”", ""),
            (
                "Alpine Old",
                "prefix",
                "Name begins with “alp”",
                "This row is inactive."
            ),
            (
                "Alpine Closed",
                "prefix",
                "Name begins with “alp”",
                "You may not append to this row."
            ),
        ]
    );
    assert_eq!(hits[0].columns["City"], "Zürich");
    assert_eq!(hits[0].table_label, "Account");
}

/// Nothing but the data folder is asked: there is no relay, and no network, in this world.
#[test]
fn d_01_each_letter_lists_rows_of_every_table_that_takes_activities() {
    let world = World::new();
    let tables = world.store.read(rows::tables).unwrap();
    for table in &tables {
        let csv = format!("id,{}\n1,Quarry Bridge\n2,Other\n", table.name_column);
        world.add(&table.name, &csv);
    }
    let with_activities: HashSet<&str> = tables
        .iter()
        .filter(|table| table.activities)
        .map(|table| table.name.as_str())
        .collect();
    assert!(with_activities.len() >= 5 && with_activities.len() < tables.len());
    let text = "quarry bridge";
    for typed in (1..=text.len()).map(|end| &text[..end]) {
        let hits = world.search(typed);
        let listed: HashSet<&str> = hits.iter().map(|hit| hit.table.as_str()).collect();
        assert_eq!(listed, with_activities, "{typed}");
        assert!(hits.iter().all(|hit| hit.name == "Quarry Bridge"), "{typed}");
    }
    // A row that came, or changed, between two letters is there with the next one.
    world.add("lead", "id,fullname\n2,Quarry Broom\n");
    assert_eq!(world.search("quarry br").len(), with_activities.len() + 1);
    assert_eq!(world.search("quarry brid").len(), with_activities.len());
    // A kept row is never an old one.
    world.add("lead", "id,fullname\n1,Quarry Hill\n");
    assert_eq!(world.search("quarry bridge").len(), with_activities.len() - 1);
}

#[test]
fn tables_without_activities_only_when_asked() {
    let world = world();
    assert!(world.search("alpine").iter().all(|hit| hit.table != "systemuser"));
    let asked = world.with("alpine", &["systemuser"], &SearchOptions::default());
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].disabled, "Users cannot have activities.");
    assert!(
        world
            .with("alpine", &["nothing"], &SearchOptions::default())
            .is_empty()
    );
}

#[test]
fn used_rows_then_the_owners_come_first_within_their_kind() {
    let world = World::new();
    let mut csv = "id,name,owner\n".to_owned();
    for n in 0..300 {
        csv.push_str(&format!(
            "{n},Row {n:03},{}\n",
            if n == 250 { "lee@x" } else { "kim@x" }
        ));
    }
    csv.push_str("w,A Row,lee@x\n");
    world.add("account", &csv);
    world
        .store
        .write(|tx| rows::used(tx, &RowRef::new("account", "280"), Time(1)))
        .unwrap();
    let options = SearchOptions {
        owner: Some(Address::lenient("lee@x")),
        ..SearchOptions::default()
    };
    let ids: Vec<_> = world
        .with("row", &[], &options)
        .into_iter()
        .map(|hit| hit.id)
        .collect();
    assert_eq!(ids[..4], ["280", "250", "0", "1"]);
    assert_eq!(ids.len(), 50);
    let only = SearchOptions {
        only_owned: true,
        ..options
    };
    let ids: Vec<_> = world
        .with("row", &[], &only)
        .into_iter()
        .map(|hit| hit.id)
        .collect();
    assert_eq!(ids, ["250", "w"]);
}

#[test]
fn d_02_before_typing_the_recent_rows() {
    let world = world();
    assert!(world.search("  ").is_empty());
    world
        .store
        .write(|tx| rows::used(tx, &RowRef::new("account", "3"), Time(1)))
        .unwrap();
    assert_eq!(world.search("")[0].match_kind, "recent");
}

#[test]
fn the_index_follows_the_database() {
    let world = world();
    assert_eq!(world.catch_up(), CaughtUp::default());
    world.add("account", "id,name\n1,Renamed\n");
    assert_eq!(world.ids("renam"), ["1"]);
    assert!(!world.ids("alpine ski house").contains(&"1".to_owned()));
    world
        .store
        .write(|tx| {
            tx.execute(
                "UPDATE crm_row SET deleted = 1, changed = (SELECT max(changed) + 1 FROM crm_row) WHERE id = '3'",
                [],
            )?;
            Ok(())
        })
        .unwrap();
    assert!(world.ids("skills").is_empty(), "gone even before the index knows");
    assert!(world.ids("skills").is_empty());
    assert!(world.index.is_sound(&world.store).unwrap());
}

#[test]
fn a_second_process_reads_along_while_the_first_one_writes() {
    let world = world();
    let path = world.folder.path().join("index");
    let other = RowIndex::open(&path).unwrap();
    let writing = MmapDirectory::open(&path)
        .unwrap()
        .acquire_lock(&INDEX_WRITER_LOCK)
        .unwrap();
    let many: String = (0..2_000).map(|n| format!("{n},Newcomer {n}\n")).collect();
    let csv = format!("id,fullname\n{many}");
    import_text(&world.store, world.folder.path(), "lead", csv, &[]).unwrap();
    let options = SearchOptions {
        limit: 5,
        ..SearchOptions::default()
    };
    assert_eq!(other.search(&world.store, "newc", &options).unwrap().len(), 5);
    assert_eq!(other.shown().committed, 0, "only one process writes");
    drop(writing);
    world.catch_up();
    assert!(world.index.shown().committed > 0);
    world.add("lead", "id,fullname\n7,Somebody Else\n");
    assert_eq!(other.search(&world.store, "somebody", &options).unwrap().len(), 1);
    assert!(other.is_sound(&world.store).unwrap());
}

/// A world whose index has files.
fn large() -> World {
    let world = world();
    let many: String = (0..3_000).map(|n| format!("m{n},Bulk {n}\n")).collect();
    world.add("account", &format!("id,name\n{many}"));
    world
}

#[test]
fn a_damaged_or_foreign_index_is_built_again() {
    let World { folder, store, index } = large();
    let path = folder.path().join("index");
    drop(index);
    let list = path.join("meta.json");
    let each = |change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        for file in std::fs::read_dir(&path).unwrap() {
            let file = file.unwrap().path();
            let of_segment = ["term", "idx", "fast"].map(Some);
            if of_segment.contains(&file.extension().and_then(|e| e.to_str())) {
                std::fs::write(&file, change(std::fs::read(&file).unwrap())).unwrap();
            }
        }
    };
    let damage: [(&str, &dyn Fn()); 7] = [
        ("nonsense for a list", &|| {
            std::fs::write(&list, "{ nonsense").unwrap()
        }),
        ("no list", &|| std::fs::remove_file(&list).unwrap()),
        ("a file that is gone", &|| {
            let mut files = std::fs::read_dir(&path)
                .unwrap()
                .map(|entry| entry.unwrap().path());
            std::fs::remove_file(
                files
                    .find(|file| file.extension().is_some_and(|e| e == "term"))
                    .unwrap(),
            )
            .unwrap();
        }),
        ("a file cut short", &|| {
            each(&|bytes| bytes[..bytes.len() / 2].to_vec())
        }),
        ("another release", &|| {
            let text = std::fs::read_to_string(&list).unwrap();
            std::fs::write(&list, text.replace("\"beginning\"", "\"begin\"")).unwrap();
        }),
        ("an empty file", &|| each(&|_| Vec::new())),
        ("a byte turned over", &|| {
            each(&|mut bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0x55;
                bytes
            });
        }),
    ];
    for (what, damage) in damage {
        damage();
        let index = RowIndex::open(&path).unwrap();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| index.follow(&store, &stop));
            let until = std::time::Instant::now() + Duration::from_secs(30);
            while !index.is_sound(&store).unwrap() {
                assert!(std::time::Instant::now() < until, "{what}");
                thread::sleep(Duration::from_millis(10));
            }
            stop.store(true, Ordering::Release);
        });
        assert_eq!(index.state().note, DAMAGED, "{what}");
        let options = SearchOptions {
            limit: 5,
            ..SearchOptions::default()
        };
        let hits = index.search(&store, "alpine ski", &options).unwrap();
        assert_eq!(hits[0].name, "Alpine Ski House");
    }
}

/// A search does not wait until all files were looked at.
#[test]
fn a_damaged_index_never_stops_a_search() {
    let World { folder, store, index } = large();
    let path = folder.path().join("index");
    drop(index);
    let files: Vec<_> = std::fs::read_dir(&path)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e != "json"))
        .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
        .collect();
    assert!(files.iter().any(|(path, _)| path.extension().unwrap() == "term"));
    let list = std::fs::read(path.join("meta.json")).unwrap();
    for part in 0..40 {
        std::fs::write(path.join("meta.json"), &list).unwrap();
        for (file, whole) in &files {
            let mut bytes = whole.clone();
            let from = bytes.len() * part / 40;
            for byte in bytes.iter_mut().skip(from).take(8) {
                *byte = !*byte;
            }
            std::fs::write(file, bytes).unwrap();
        }
        let index = RowIndex::open(&path).unwrap();
        for text in ["bulk 12", "alpien ski", "0171 23", "ulk", "a*use", "m"] {
            index
                .search(&store, text, &SearchOptions::default())
                .unwrap_or_else(|error| panic!("{part}: {error}"));
        }
    }
}

#[test]
fn whatever_a_crash_leaves_behind_is_no_harm() {
    let World { folder, store, index } = large();
    let path = folder.path().join("index");
    drop(index);
    // Begun and not committed; a list that was not renamed any more.
    let begun = format!("{}.term", "0".repeat(32));
    std::fs::write(path.join(&begun), "half a segment").unwrap();
    std::fs::write(path.join(".tmp-meta.json"), "{").unwrap();
    let index = RowIndex::open(&path).unwrap();
    import_text(&store, folder.path(), "account", "id,name\n1,Renamed\n", &[]).unwrap();
    index.catch_up(&store, &mut |_, _| {}).unwrap();
    assert!(index.is_sound(&store).unwrap());
    assert_eq!((index.state().all, index.state().note), (0, String::new()));
}

#[test]
fn small_segments_are_merged_and_large_ones_left_alone() {
    for (rows, ratio, expected) in [
        (&[][..], 4, 0),
        (&[9], 4, 0),
        (&[1, 4, 20], 4, 3),
        (&[1, 5, 20], 4, 0),
        (&[250, 250, 250, 250], 4, 4),
        (&[1_000, 1_000, 1_000_000], 4, 2),
        (&[1, 1_000], u64::MAX, 2),
    ] {
        assert_eq!(mergeable(rows, ratio), expected, "{rows:?}");
    }
}

#[test]
fn a_restored_older_database_builds_the_index_again() {
    let world = world();
    world
        .store
        .write(|tx| Ok(tx.execute("DELETE FROM crm_row WHERE changed > 9", [])?))
        .unwrap();
    world.catch_up();
    assert!(world.index.is_sound(&world.store).unwrap());
}

#[test]
fn hostile_queries_are_answered() {
    let world = world();
    for text in [
        "*",
        "**a**",
        &"*a".repeat(5_000),
        &"alpine ".repeat(2_000),
        &"x".repeat(10_000),
        "\u{0}\u{202E}ski",
        "a\u{300}\u{301}\u{302}",
    ] {
        let _ = world.search(text);
    }
    assert!(world.search("*").len() >= 9);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    /// Against plain text: nothing that must be found is missing, and it says the right kind.
    #[test]
    fn everything_that_must_match_is_found(
        names in prop::collection::vec("[abm]{1,5}( [abm]{1,6}){0,3}", 1..30),
        queries in prop::collection::vec("[abm]{1,5}( [abm]{1,3})?", 1..12),
    ) {
        let world = World::new();
        let mut csv = "id,name\n".to_owned();
        for (n, name) in names.iter().enumerate() {
            csv.push_str(&format!("{n},{name}\n"));
        }
        world.add("account", &csv);
        for query in queries {
            let hits: HashMap<String, String> =
                world.search(&query).into_iter().map(|hit| (hit.id, hit.match_kind)).collect();
            for (n, name) in names.iter().enumerate() {
                let words: Vec<_> = name.split(' ').collect();
                let all = |test: &dyn Fn(&str, &str) -> bool| {
                    query.split(' ').all(|part| words.iter().any(|word| test(word, part)))
                };
                let expected = if name.starts_with(&query) {
                    Some("prefix")
                } else if all(&|word, part| word.starts_with(part)) {
                    Some("word")
                } else if all(&|word, part| word.starts_with(part) || (part.len() >= 3 && word.contains(part))) {
                    Some("infix")
                } else {
                    None
                };
                let kind = hits.get(&n.to_string()).map(String::as_str);
                match expected {
                    Some(expected) => prop_assert_eq!(kind, Some(expected), "{} in {}", query, name),
                    None => prop_assert!(matches!(kind, None | Some("fuzzy")), "{} in {}: {:?}", query, name, kind),
                }
            }
        }
    }
}

/// What a person or the CRM does to the rows, and what the computer does to the index.
#[derive(Debug, Clone)]
enum Step {
    Put {
        id: usize,
        name: String,
        company: String,
        phone: String,
        active: bool,
    },
    Delete(usize),
    Use(usize),
    Reopen,
    Ask(String),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let word = prop::sample::select(vec![
        "alpine",
        "alpina",
        "ski",
        "skill",
        "house",
        "Müller",
        "Mueller",
        "muller",
        "Ann",
        "anna",
        "2024",
        "AC-104",
        "contoso",
        "con",
        "Łódź",
        "ıstanbul",
        "商店",
        "🚀",
    ]);
    let text = prop::collection::vec(word, 1..4).prop_map(|words| words.join(" "));
    let piece = (text.clone(), 0_usize..8, 1_usize..14)
        .prop_map(|(text, from, length)| text.chars().skip(from).take(length).collect::<String>());
    let digits = "(\\+49 |0)1[57]1 [0-3]{4}";
    let ask = prop_oneof![4 => text.clone(), 4 => piece.clone(), 1 => digits, 1 => "[0-3]{1,5}",
        1 => (piece.clone(), piece).prop_map(|(a, b)| format!("{a}*{b}"))];
    let step = prop_oneof![
        8 => (0_usize..40, text.clone(), text, digits, prop::bool::weighted(0.9))
            .prop_map(|(id, name, company, phone, active)| Step::Put { id, name, company, phone, active }),
        1 => (0_usize..40).prop_map(Step::Delete),
        1 => (0_usize..40).prop_map(Step::Use),
        1 => Just(Step::Reopen),
        6 => ask.prop_map(Step::Ask),
    ];
    prop::collection::vec(step, 20..70)
}

/// All rows, one by one, by the judge alone: rank and key.
fn plainly(store: &Store, text: &str) -> Vec<(bool, String, bool, String)> {
    let Some(query) = Query::parse(text) else {
        return Vec::new();
    };
    let found = store.read(|conn| {
        let used: Vec<i64> = rows::used_numbers(conn)?;
        let tables = rows::tables(conn)?;
        let mut statement = conn.prepare(&format!("{} WHERE deleted = 0 ORDER BY number", rows::ROW))?;
        let all: Vec<_> = statement
            .query_map([], rows::read_row)?
            .collect::<rusqlite::Result<_>>()?;
        let mut found = Vec::new();
        for row in all {
            let row = row.into_row()?;
            let table = tables.iter().find(|table| table.name == row.row.table).unwrap();
            let values: Vec<&str> = kept::values(table, &row.name, |column| row.value(column)).collect();
            let fields = values.iter().map(|&value| ("", value));
            if let Some(matched) = crate::rows::search::matching::matches(
                &query,
                &crate::rows::search::matching::Prepared::new(fields),
            ) {
                let used = used.contains(&row.number);
                let rank = (!row.active, matched.kind, !used, matched.field > 0, row.number);
                found.push((
                    rank,
                    (!row.active, matched.kind.as_str().to_owned(), used, row.row.id),
                ));
            }
        }
        found.sort();
        Ok(found)
    });
    found.unwrap().into_iter().map(|(_, row)| row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    /// Rows change, go, are used; the index is closed and opened in between: it always says what reading every row says,
    /// in the same order.
    #[test]
    fn d_03_the_index_says_what_reading_every_row_says(steps in steps()) {
        let World { folder, store, mut index } = World::new();
        let path = folder.path().join("index");
        for step in steps {
            match step {
                Step::Put { id, name, company, phone, active } => {
                    let state = u8::from(!active);
                    let csv = format!("id,fullname,parentcustomerid,telephone1,statecode\nr{id},{name},{company},{phone},{state}\n");
                    import_text(&store, folder.path(), "contact", csv, &[]).unwrap();
                }
                Step::Delete(id) => {
                    store
                        .write(|tx| {
                            Ok(tx.execute(
                                "UPDATE crm_row SET deleted = 1, changed = (SELECT max(changed) + 1 FROM crm_row) WHERE id = ?1",
                                [format!("r{id}")],
                            )?)
                        })
                        .unwrap();
                }
                Step::Use(id) => {
                    store.write(|tx| rows::used(tx, &RowRef::new("contact", format!("r{id}")), Time(1))).unwrap();
                }
                Step::Reopen => {
                    drop(index);
                    index = RowIndex::open(&path).unwrap();
                }
                Step::Ask(text) => {
                    let options = SearchOptions { limit: 200, ..SearchOptions::default() };
                    if text.trim().is_empty() {
                        continue;
                    }
                    let hits = index.search(&store, &text, &options).unwrap();
                    let said: Vec<_> = hits.into_iter().map(|hit| (hit.disabled.is_empty(), hit.match_kind, hit.id)).collect();
                    let plain: Vec<_> = plainly(&store, &text).into_iter().map(|(off, kind, _, id)| (!off, kind, id)).collect();
                    prop_assert_eq!(said, plain, "{}", text);
                }
            }
        }
    }
}

/// The rows a view lets through are known however rows change, whatever is typed, and however few they are (D-04).
#[test]
fn d_04_a_view_follows_the_rows() {
    let world = World::new();
    let mut csv = "id,name,industry,owner\n".to_owned();
    for n in 0..3_000 {
        let industry = if n % 1_000 == 7 { "Schiffbau" } else { "Food" };
        csv.push_str(&format!("R{n},Alpine {n} House,{industry},kim@x\n"));
    }
    world.add("account", &csv);
    let options = SearchOptions {
        conditions: vec![Condition {
            column: "industry".into(),
            test: Test::Is,
            value: "schiffbau".into(),
        }],
        ..SearchOptions::default()
    };
    let found = |text: &str| -> Vec<String> {
        let mut ids: Vec<_> = world
            .with(text, &[], &options)
            .into_iter()
            .map(|hit| hit.id)
            .collect();
        ids.sort();
        ids
    };
    for text in ["alp", "alpine house", "ouse", "alpien", "a*"] {
        assert_eq!(found(text), ["R1007", "R2007", "R7"], "{text}");
    }
    assert_eq!(found("1007"), ["R1007"]);

    world.add(
        "account",
        "id,name,industry\nR7,Alpine 7 House,Food\nR8,Alpine 8 House,Schiffbau\n",
    );
    assert_eq!(found("alpine"), ["R1007", "R2007", "R8"]);
    world
        .store
        .write(|tx| {
            tx.execute(
                "UPDATE crm_row SET deleted = 1, changed = (SELECT max(changed) + 1 FROM crm_row) WHERE id = 'R8'",
                [],
            )?;
            Ok(())
        })
        .unwrap();
    world.catch_up();
    assert_eq!(found("alpine"), ["R1007", "R2007"]);
}
