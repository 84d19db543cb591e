//! Views: a filter of one's own, kept under a name (D-04).

use std::fs;

use behalf_tests::office::{Office, utf8};

#[test]
fn d_04_rows_are_searched_within_a_view() {
    let office = Office::at_work();
    let kim = &office.kim;
    let file = office.path("more.csv");
    fs::write(
        &file,
        "accountid,name,industry,statecode\nS-1,Harbour Boats,Shipping,0\nS-2,Harbour Bakery,Food,0\nS-3,Harbour Tugs,Shipping,1\n",
    )
    .unwrap();
    kim.does(&["import", "rows", utf8(&file), "--table", "account"]);
    let found = |more: &[&str]| -> Vec<String> {
        let found = kim.does(&[&["search", "harbour"], more].concat());
        let ids = found.as_array().unwrap().iter();
        ids.map(|hit| hit["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found(&[]), ["S-1", "S-2", "S-3"], "closed rows come last");

    kim.does(&[
        "views",
        "save",
        "Shipping companies",
        "--table",
        "account",
        "--where",
        "industry=shipping",
    ]);
    let view = ["--view", "shipping COMPANIES"];
    assert_eq!(found(&view), ["S-1", "S-3"]);
    assert_eq!(found(&[&view[..], &["--only-enabled"]].concat()), ["S-1"]);
    assert_eq!(found(&["--where", "industry!=shipping"]), ["S-2"]);
    assert_eq!(found(&["--where", "name~=tug"]), ["S-3"]);
    assert_eq!(kim.does(&["views"])[0]["filter"]["tables"][0], "account");

    kim.does(&["views", "remove", "Shipping Companies"]);
    let gone = kim
        .asks(&[&["search", "harbour"], &view[..]].concat())
        .turned_down(4);
    assert!(gone.contains("no view called shipping COMPANIES"), "{gone}");
    let nameless = kim.asks(&["views", "save", " ", "--only-mine"]).turned_down(2);
    assert!(nameless.contains("A view needs a name"), "{nameless}");
    kim.asks(&["search", "x", "--where", "industry"]).turned_down(2);
}
