use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::{
    model::{RowRef, Time},
    rows::testing::import_text,
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
        self.index
            .search(&self.store, text, &tables, 50, options)
            .unwrap()
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
        ("alp", &["1", "4", "2", "6", "5"][..]),
        ("ski", &["2", "3", "1"]),
        ("hisk", &["4"]),
        ("Muller", &["2", "1"]),
        ("Mueller", &["2", "1"]),
        ("Müller", &["2", "1"]),
        ("muler", &["1", "2"]),
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
                "Alpine Closed",
                "prefix",
                "Name begins with “alp”",
                "You may not append to this row."
            ),
            (
                "Alpine Old",
                "prefix",
                "Name begins with “alp”",
                "This row is inactive."
            ),
        ]
    );
    assert_eq!(hits[0].columns["City"], "Zürich");
    assert_eq!(hits[0].table_label, "Account");
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
        only_owned: false,
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
    assert_eq!(world.catch_up().rows, 1);
    assert!(world.ids("skills").is_empty());
    assert!(world.index.is_sound(&world.store).unwrap());
}

#[test]
fn a_second_process_skips_and_reads_along() {
    let world = world();
    let other = RowIndex::open(&world.folder.path().join("index")).unwrap();
    let open = world.index.current();
    let writer: IndexWriter = open.index.writer_with_num_threads(1, 16 << 20).unwrap();
    import_text(
        &world.store,
        world.folder.path(),
        "lead",
        "id,fullname\n1,Newcomer\n",
        &[],
    )
    .unwrap();
    assert!(other.catch_up(&world.store, &mut |_, _| {}).unwrap().skipped);
    drop(writer);
    world.catch_up();
    assert_eq!(
        other.catch_up(&world.store, &mut |_, _| {}).unwrap(),
        CaughtUp::default()
    );
    let hits = other
        .search(&world.store, "newc", &[], 5, &SearchOptions::default())
        .unwrap();
    assert_eq!(hits.len(), 1);
}

#[test]
fn a_damaged_or_foreign_index_is_built_again() {
    let World { folder, store, index } = world();
    let path = folder.path().join("index");
    drop(index);
    let damage: [&dyn Fn(); 3] = [
        &|| std::fs::write(path.join("meta.json"), "{ nonsense").unwrap(),
        &|| {
            for file in std::fs::read_dir(&path).unwrap() {
                let file = file.unwrap().path();
                if file.extension().is_some_and(|e| e != "json" && e != "lock") {
                    std::fs::write(file, "x").unwrap();
                }
            }
        },
        &|| {
            let meta = std::fs::read_to_string(path.join("meta.json")).unwrap();
            let foreign = meta.replace(&format!("\"{FORMAT}:"), "\"0:");
            assert_ne!(meta, foreign);
            std::fs::write(path.join("meta.json"), foreign).unwrap();
        },
    ];
    for damage in damage {
        damage();
        let index = RowIndex::open(&path).unwrap();
        index.catch_up(&store, &mut |_, _| {}).unwrap();
        assert!(index.is_sound(&store).unwrap());
        let hits = index
            .search(&store, "alpine ski", &[], 5, &SearchOptions::default())
            .unwrap();
        assert_eq!(hits[0].name, "Alpine Ski House");
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
