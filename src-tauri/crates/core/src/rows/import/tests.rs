use super::*;
use crate::{
    Code,
    model::RowRef,
    rows::{self, Row, testing::*},
};

fn get(store: &Store, row: &str) -> Row {
    store.read(|c| rows::row(c, &row.parse()?)).unwrap().unwrap()
}

fn addresses(store: &Store, row: &RowRef) -> Vec<String> {
    store
        .read(|c| {
            let mut s = c.prepare(
                "SELECT address FROM row_address WHERE table_name = ?1 AND row_id = ?2 ORDER BY 1",
            )?;
            let found = s.query_map((&row.table, &row.id), |r| r.get(0))?;
            Ok(found.collect::<rusqlite::Result<_>>()?)
        })
        .unwrap()
}

#[test]
fn rows_are_new_then_the_same_then_changed() {
    let (folder, store) = store();
    let csv = "accountid,Name,EMailAddress1,owner,statecode,createdon,founded in\n\
        A1,Alpine,Info@Alpine.example,Lee@X,0,2024-02-29,1999\nA2,Berg,,,Inactive,,\n";
    let first = import_text(&store, folder.path(), "Account", csv, &[]).unwrap();
    assert_eq!(
        (first.seen, first.imported, first.updated, first.duplicates),
        (2, 2, Some(0), 0)
    );
    let row = get(&store, "account:A1");
    assert_eq!(
        (row.name.as_str(), row.owner.as_str(), row.active),
        ("Alpine", "lee@x", true)
    );
    assert_eq!(row.created, 1_709_164_800_000);
    assert_eq!(row.columns["founded_in"], "1999");
    assert_eq!(addresses(&store, &row.row), ["info@alpine.example"]);
    assert!(!get(&store, "account:A2").active);

    let again = import_text(&store, folder.path(), "account", csv, &[]).unwrap();
    assert_eq!((again.imported, again.updated, again.duplicates), (0, Some(0), 2));

    let other = "id,name,emailaddress1,emailaddress2\nA1,Alpine AG,office@alpine.example,a@b; C@d\n";
    let changed = import_text(&store, folder.path(), "account", other, &[]).unwrap();
    assert_eq!(
        (changed.imported, changed.updated, changed.duplicates),
        (0, Some(1), 0)
    );
    let row = get(&store, "account:A1");
    assert_eq!(row.name, "Alpine AG");
    assert_eq!(
        row.columns["founded_in"], "1999",
        "columns that are not in the file stay"
    );
    assert_eq!(
        addresses(&store, &row.row),
        ["a@b", "c@d", "office@alpine.example"]
    );
}

#[test]
fn every_change_counts_up_over_all_tables() {
    let (folder, store) = store();
    import_text(&store, folder.path(), "account", "id,name\n1,A\n2,B\n", &[]).unwrap();
    import_text(&store, folder.path(), "lead", "id,fullname\n1,C\n", &[]).unwrap();
    import_text(&store, folder.path(), "account", "id,name\n1,A\n2,Bee\n", &[]).unwrap();
    let changed: Vec<(String, i64)> = store
        .read(|c| {
            let mut s = c.prepare("SELECT name, changed FROM crm_row ORDER BY changed")?;
            let found = s.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
            Ok(found.collect::<rusqlite::Result<_>>()?)
        })
        .unwrap();
    let expected = [("A", 1), ("C", 3), ("Bee", 4)].map(|(name, n)| (name.to_owned(), n));
    assert_eq!(changed, expected);
}

#[test]
fn bad_lines_are_listed_and_the_others_stored() {
    let (folder, store) = store();
    let csv = b"\xEF\xBB\xBFid,name\n1,A\n2\n,C\n4,\xFF\n\"5\",\"E\n e\"\n6,F,x\n7,G\n";
    let report = import_text(&store, folder.path(), "account", csv, &[]).unwrap();
    let rejected: Vec<_> = report
        .rejected
        .iter()
        .map(|r| (r.position, r.reason.as_str()))
        .collect();
    assert_eq!(rejected.len(), 3, "{rejected:?}");
    assert_eq!(rejected[0], (4.0, "The key is empty."));
    assert!(rejected[1].0 == 5.0 && rejected[1].1.contains("UTF-8"));
    // A line break within quotes counts.
    assert_eq!(rejected[2], (8.0, "3 fields where the header has 2."));
    assert_eq!((report.seen, report.imported), (7, 4));
    assert_eq!(get(&store, "account:7").name, "G");
}

#[test]
fn a_file_without_a_key_says_what_it_has_and_what_to_do() {
    let (folder, store) = store();
    let error = import_text(&store, folder.path(), "account", "sourceid,name\n1,A\n", &[]).unwrap_err();
    assert_eq!(error.code(), Code::BadInput);
    assert!(error.to_string().contains("It has: sourceid, name."), "{error}");
    assert!(error.hint().contains("--map id=sourceid"), "{}", error.hint());
    let report = import_text(
        &store,
        folder.path(),
        "account",
        "sourceid,name\n1,A\n",
        &["id=SourceID"],
    )
    .unwrap();
    assert_eq!(report.imported, 1);
}

#[test]
fn a_file_without_a_name_says_so_too() {
    let (folder, store) = store();
    let csv = "id,company,city\n1,A,B\n";
    let error = import_text(&store, folder.path(), "account", csv, &[]).unwrap_err();
    assert!(error.hint().contains("--map name=company"), "{}", error.hint());
    import_text(&store, folder.path(), "account", csv, &["name=company"]).unwrap();
    assert_eq!(get(&store, "account:1").name, "A");
}

#[test]
fn a_map_that_does_not_fit_is_refused() {
    let (folder, store) = store();
    let import = |map: &[&str]| {
        import_text(&store, folder.path(), "account", "id,name,x\n1,A,B\n", map)
            .map(|report| report.imported)
            .map_err(|e| (e.code(), e.to_string()))
    };
    assert!(import(&["city=Town"]).unwrap_err().1.contains("no header “Town”"));
    assert!(import(&["name=name", "Name=x"]).unwrap_err().1.contains("twice"));
    assert!(import(&["1=x"]).unwrap_err().1.contains("column's name"));
    assert_eq!(import(&["address1_city=x"]).unwrap(), 1);
    assert_eq!(get(&store, "account:1").columns["address1_city"], "B");
}

#[test]
fn a_table_nobody_knows_is_made() {
    let (folder, store) = store();
    let csv = "Symbol,Security,GICS Sector,Date added,CIK,E-Mail\nMMM,3M,Industrials,1957-03-04,66740,ir@mmm.example\n";
    import_text(
        &store,
        folder.path(),
        "new_company",
        csv,
        &["id=Symbol", "name=Security"],
    )
    .unwrap();
    let table = store.read(|c| rows::table(c, "new_company")).unwrap().unwrap();
    assert_eq!(
        (table.label.as_str(), table.plural.as_str()),
        ("Company", "Companies")
    );
    assert!(table.activities && table.timeline);
    assert_eq!(table.name_column, "name");
    assert_eq!(table.quick_find, ["name", "gics_sector", "e_mail"]);
    assert_eq!(
        addresses(&store, &RowRef::new("new_company", "MMM")),
        ["ir@mmm.example"]
    );
    let bad = import_text(&store, folder.path(), "no table", csv, &["id=Symbol"]).unwrap_err();
    assert_eq!(bad.code(), Code::BadInput);
}

#[test]
fn contacts_are_named_by_their_parts() {
    let (folder, store) = store();
    let csv = "contactid,firstname,lastname\n1,Kim,Abel\n2,Lee,\n3,,\n";
    import_text(&store, folder.path(), "contact", csv, &[]).unwrap();
    let names: Vec<_> = (1..=3)
        .map(|n| get(&store, &format!("contact:{n}")).name)
        .collect();
    assert_eq!(names, ["Kim Abel", "Lee", "3"]);
}

#[test]
fn utf16_and_semicolons_are_read() {
    let (folder, store) = store();
    let text = "\u{feff}id;name\r\n1;Müller\r\n2;\u{1F680} Rakete\r\n";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let report = import_text(&store, folder.path(), "account", bytes, &[]).unwrap();
    assert_eq!(report.imported, 2);
    assert_eq!(get(&store, "account:1").name, "Müller");
    assert_eq!(get(&store, "account:2").name, "\u{1F680} Rakete");
}

#[test]
fn files_that_are_no_csv_are_refused() {
    let (folder, store) = store();
    for bytes in [
        &b""[..],
        b"\x89PNG\r\n\x1a\n\0\0\0",
        b"\xfc\xe4,name\n1,2\n",
        b"\n\n",
    ] {
        let error = import_text(&store, folder.path(), "account", bytes, &[]).unwrap_err();
        assert_eq!(error.code(), Code::BadInput, "{error}");
    }
    let missing = import(&store, &folder.path().join("no.csv"), "account", &[], &mut |_| {
        ControlFlow::Continue(())
    });
    assert_eq!(missing.unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_cancelled_import_keeps_what_it_has_and_goes_on() {
    let (folder, store) = store();
    let mut csv = "id,name\n".to_owned();
    for n in 0..2_500 {
        csv.push_str(&format!("{n},Row {n}\n"));
    }
    let file = folder.path().join("rows.csv");
    std::fs::write(&file, csv).unwrap();
    let first = import(&store, &file, "account", &[], &mut |p| {
        assert!(p.total > 0.0 && p.bytes > 0.0);
        ControlFlow::Break(())
    })
    .unwrap();
    assert!(first.cancelled);
    assert_eq!(first.imported, 1_000);
    let second = import(&store, &file, "account", &[], &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(
        (second.imported, second.duplicates, second.cancelled),
        (1_500, 1_000, false)
    );
}

#[test]
fn a_failure_in_the_middle_leaves_nothing() {
    let (folder, store) = store();
    store
        .write(|tx| {
            tx.execute_batch(
                "CREATE TRIGGER full BEFORE INSERT ON crm_row WHEN NEW.id = '3'
                 BEGIN SELECT RAISE(ABORT, 'no room'); END;",
            )?;
            Ok(())
        })
        .unwrap();
    let csv = "id,name\n1,A\n2,B\n3,C\n";
    assert!(import_text(&store, folder.path(), "new_thing", csv, &[]).is_err());
    let left: (i64, i64) = store
        .read(|c| {
            Ok(c.query_row(
                "SELECT (SELECT count(*) FROM crm_row), (SELECT count(*) FROM crm_table WHERE name = 'new_thing')",
                [],
                |r| Ok((r.get(0)?, r.get(1)?)),
            )?)
        })
        .unwrap();
    assert_eq!(left, (0, 0));
}

#[test]
fn a_quote_that_is_never_closed_rejects_its_line() {
    let (folder, store) = store();
    let mut csv = "id,name\n1,A\n2,\"B\n".to_owned();
    csv.push_str(&"3,C\n".repeat(300_000));
    let report = import_text(&store, folder.path(), "account", csv, &[]).unwrap();
    assert_eq!((report.imported, report.rejected.len()), (1, 1));
    assert!(report.rejected[0].reason.contains("quote"));
}

#[test]
fn one_header_may_fill_two_columns() {
    let (folder, store) = store();
    let csv = "company,mail,city\nAlpine,a@b,Bern\n";
    let map = [
        "id=company",
        "name=company",
        "emailaddress1=mail",
        "emailaddress2=mail",
    ];
    import_text(&store, folder.path(), "account", csv, &map).unwrap();
    let row = get(&store, "account:Alpine");
    assert_eq!(row.name, "Alpine");
    assert_eq!(
        (&row.columns["emailaddress1"], &row.columns["emailaddress2"]),
        (&"a@b".to_owned(), &"a@b".to_owned())
    );
}

#[test]
fn a_file_of_more_columns_than_a_table_has_is_refused() {
    let (folder, store) = store();
    let wide = |n: usize| {
        let header: String = (0..n).map(|n| format!(",c{n}")).collect();
        format!("id,name{header}\n1,A{}\n", ",x".repeat(n))
    };
    let import = |n| import_text(&store, folder.path(), "account", wide(n), &[]);
    assert_eq!(import(WIDEST - 2).unwrap().imported, 1);
    let error = import(WIDEST - 1).unwrap_err();
    assert_eq!(error.code(), Code::BadInput);
    assert!(error.to_string().contains("more than 1024 columns"), "{error}");
    // Columns that are all called the same get their numbers one after another.
    let same = format!("id,name{}\n2,B{}\n", ",a".repeat(1_000), ",x".repeat(1_000));
    let began = Instant::now();
    import_text(&store, folder.path(), "account", &same, &[]).unwrap();
    assert!(began.elapsed().as_secs() < 5);
    assert!(get(&store, "account:2").columns.contains_key("a_1000"));
}

#[test]
fn a_line_too_long_costs_only_itself_and_no_memory() {
    let (folder, store) = store();
    let long = "x".repeat(3 * LONGEST);
    let csv = format!(
        "id,name\n1,A\n\n2,\"{long}\n{long}\"\n3,B{}\n4,C\n5,\"{long}",
        ",".repeat(2 * WIDEST)
    );
    let report = import_text(&store, folder.path(), "account", &csv, &[]).unwrap();
    let rejected: Vec<_> = report
        .rejected
        .iter()
        .map(|r| (r.position, r.reason.as_str()))
        .collect();
    assert_eq!(
        rejected,
        [
            (4.0, "The line is over 1 MB: is a quote not closed?"),
            (6.0, "The line has more than 1024 fields."),
            (8.0, "The line is over 1 MB: is a quote not closed?"),
        ]
    );
    assert_eq!((report.seen, report.imported), (5, 2));
}

#[test]
fn a_row_does_not_grow_from_file_to_file_without_end() {
    let (folder, store) = store();
    let import = |from: usize| {
        let header: String = (from..from + 1_000).map(|n| format!(",c{n}")).collect();
        let csv = format!("id,name{header}\n1,A{}\n2,B\n", ",x".repeat(1_000));
        import_text(&store, folder.path(), "account", csv, &[]).unwrap()
    };
    assert_eq!(import(0).imported, 2);
    let second = import(1_000);
    assert_eq!((second.seen, second.duplicates, second.rejected.len()), (2, 1, 1));
    assert!(second.rejected[0].reason.contains("more than 1024 columns"));
    let kept = get(&store, "account:1").columns;
    assert!(kept.contains_key("c999") && !kept.contains_key("c1000"));
}
