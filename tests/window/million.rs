//! Set Regarding over a million rows in the window, typed by keyboard. Not for every day: `./x bench window`.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    time::{Duration, Instant},
};

use behalf_cli::sample::crm::Crm;
use behalf_core::model::Time;

use super::{SCREEN, World};
use crate::driver::Window;

const BACKSPACE: &str = "\u{E003}";

/// What a person types, and the row they mean: one of their own, one they used before, the newest of their own with such a
/// number, the only one of which all that is said.
const TYPED: [(&str, &str); 4] = [
    ("alpien ski", "Alpine Ski House"),
    ("muler", "Daniel Müller"),
    ("0171 23", "Lehmann & Söhne"),
    ("ski hous contoso", "Ski Lehrer"),
];

/// Those of them that are not in the sample world as they must be.
const MEANT: [(&str, &str); 2] = [
    (
        "contact",
        "id,fullname,parentcustomerid,createdon\nM-1,Ski Lehrer,Alpine House of Contoso,2024-02-29\n",
    ),
    (
        "account",
        "id,name,telephone1,owner,createdon\nA1001,Alpine Ski House,,OWNER,2026-11-25\n\
         M-2,Lehmann & Söhne,0171 23 99 99,OWNER,2026-11-25\n",
    ),
];

/// Notes, for every letter typed, how long the first change of the list took to be painted.
const WATCH: &str = "window.painted = []; let from = null; \
    document.addEventListener('input', () => { from = performance.now(); }, true); \
    new MutationObserver((changes) => { \
        const inside = changes.some(({target}) => (target.nodeType === 1 ? target : target.parentElement) \
            ?.closest('[data-testid=regarding-list]') || target.querySelector?.('[data-testid=regarding-list]')); \
        if (from === null || !inside) return; \
        const began = from; from = null; \
        requestAnimationFrame(() => { const after = new MessageChannel(); \
            after.port1.onmessage = () => window.painted.push(performance.now() - began); \
            after.port2.postMessage(null); }); \
    }).observe(document.body, {subtree: true, childList: true, characterData: true})";

/// The rows as the CRM would export them: a file for each table.
fn exports(rows: usize) -> BTreeMap<&'static str, String> {
    let crm = Crm { rows, seed: 1 };
    let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in crm.iter().take(2_000) {
        let columns = tables.entry(row.table).or_default();
        for (column, _) in row.columns {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
    }
    let mut files: BTreeMap<&str, String> = tables
        .iter()
        .map(|(table, columns)| (*table, format!("id,owner,createdon,{}\n", columns.join(","))))
        .collect();
    for row in crm.iter() {
        let (file, columns) = (files.get_mut(row.table).unwrap(), &tables[row.table]);
        write!(file, "{},{},{}", row.id, row.owner, Time(row.created).rfc3339()).unwrap();
        for column in columns {
            write!(file, ",\"{}\"", row.value(column).replace('"', "\"\"")).unwrap();
        }
        file.push('\n');
    }
    files
}

/// D-01, D-03: the row that is meant is listed first, among a million, however it is misspelled.
#[tokio::test]
#[ignore = "makes a million rows; run by ./x bench window"]
async fn d_01_the_row_that_is_meant_is_first_among_a_million() {
    let _screen = SCREEN.lock().await;
    let world = World::make();
    let (owner, delegate) = (&world.owner, &world.delegate);
    let rows = std::env::var("ROWS").map_or(1_000_000, |rows| rows.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let import = |table: &str, csv: &str| {
        let file = folder.path().join(format!("{table}.csv"));
        std::fs::write(&file, csv).unwrap();
        let file = file.to_str().unwrap();
        delegate.behalf(&["import", "rows", file, "--table", table])["imported"]
            .as_u64()
            .unwrap()
    };
    let begun = Instant::now();
    let mut imported = 0;
    for (table, csv) in exports(rows) {
        imported += import(table, &csv);
    }
    for (table, csv) in MEANT {
        import(table, &csv.replace("OWNER", &delegate.address));
    }
    assert_eq!(imported, rows as u64);
    println!(
        "{imported} rows imported in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let begun = Instant::now();
    delegate.behalf(&["search", "alp"]);
    println!("indexed in {:.0} s", begun.elapsed().as_secs_f64());
    let mail = world.untracked_mail();

    let window = Window::open(delegate).await;
    window.open_mail(&owner.name, &mail).await;
    window.open_pane().await;
    window.pane_says("Not tracked").await;
    window.click("//input[@data-testid='set-regarding']").await;
    window.run(WATCH).await;
    let mut painted: Vec<f64> = Vec::new();
    for (n, (typed, meant)) in TYPED.into_iter().enumerate() {
        for letter in typed.chars() {
            window.keys(&letter.to_string()).await;
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        window
            .find(&format!(
                "(//*[@data-testid='regarding-list']//*[@role='option'])[1][@aria-selected='true'][contains(., '{meant}')]"
            ))
            .await;
        window.picture(&format!("million-{}", n + 1)).await;
        let times = window
            .run("return window.painted.splice(0).map(ms => Math.round(ms))")
            .await;
        println!("{typed:?}: {meant} is first; ms from key to paint, letter by letter: {times}");
        painted.extend(times.as_array().unwrap().iter().filter_map(|ms| ms.as_f64()));
        window.keys(&BACKSPACE.repeat(typed.chars().count())).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        window.run("window.painted.length = 0").await;
    }
    painted.sort_by(f64::total_cmp);
    println!(
        "{} letters: median {} ms from key to paint, worst {} ms",
        painted.len(),
        painted[painted.len() / 2],
        painted[painted.len() - 1]
    );
    window.close().await;
}
