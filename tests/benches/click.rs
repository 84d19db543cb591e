//! From the click to the disk: how long Set Regarding takes until it is durable, beside the least any program can
//! take, a bare commit of the same bytes on the same disk (SQLite, WAL, `synchronous=FULL`), and beside the least a
//! program with Automerge documents can take, one edit in such a commit.
//!
//! They are measured in turn, click by click, so that a busy disk disturbs all alike.

mod split;
mod table;

use std::{collections::BTreeMap, error::Error, ops::ControlFlow, time::Instant};

use automerge::{AutoCommit, ROOT, transaction::Transactable};
use behalf_cli::sample;
use behalf_core::{
    desk::Desk,
    mailbox::write_mbox,
    model::{Address, RowRef},
};
use rusqlite::Connection;
use table::{median, print, quantile};

const CLICKS: usize = 1_000;
/// About what one click writes: a change with the mail's text, and the projection.
const BYTES: usize = 8_192;
/// Of it the mail's text, as it stands in the document.
const TEXT: usize = 4_096;
/// The parts of a click, in order.
const PARTS: [(&str, &str); 5] = [
    ("read", "reads: may I, and what does the mail say"),
    ("edit", "the edit of the document"),
    ("write", "the operation, the item, the log"),
    ("answer", "what the screen shows"),
    ("commit", "the commit"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::Builder::new()
        .prefix("behalf-click")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let owner = Address::parse("alex@harborlane.example")?;
    let relay = format!("folder:{}", folder.path().join("relay").display());
    let desk = Desk::init(&folder.path().join("alex"), &owner, "Alex", &relay)?;
    let keys = fill(&desk, &owner, folder.path())?;
    tracing::subscriber::set_global_default(split::Split)?;

    let mut bare = bare_store(&folder.path().join("bare.db"))?;
    let mut edited = bare_store(&folder.path().join("edited.db"))?;
    let payload = vec![7_u8; BYTES];
    let text = "word ".repeat(TEXT / 5);
    let row = RowRef::new("account", "A1");
    let (mut clicks, mut commits, mut edits) = (Vec::new(), Vec::new(), Vec::new());
    let mut parts: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for key in &keys {
        commits.push(timed(|| commit(&mut bare, &payload))?);
        edits.push(timed(|| {
            let mut document = AutoCommit::new();
            document.put(ROOT, "text", &text)?;
            document.commit();
            let change = document.get_last_local_change().ok_or("nothing was changed")?;
            commit(&mut edited, change.raw_bytes())
        })?);
        split::take();
        clicks.push(timed(|| {
            desk.track(&owner, key, Some(&row))?;
            Ok(())
        })?);
        for (part, spent) in split::take() {
            parts.entry(part).or_default().push(spent);
        }
    }
    println!(
        "\n## Click to durable: {} clicks, milliseconds (wall)\n",
        keys.len()
    );
    let line = |name: &str, figures: &[f64]| {
        let ratio = median(figures) / median(&commits);
        let p = |share| format!("{:.2}", quantile(figures, share));
        [name.to_owned(), p(0.5), p(0.95), p(0.99), format!("{ratio:.2}")]
    };
    let mut rows = vec![
        line("bare commit of 8 KiB (the limit)", &commits),
        line("one Automerge edit in a bare commit", &edits),
        line("Set Regarding", &clicks),
    ];
    for (part, words) in PARTS {
        rows.push(line(
            &format!("- {words}"),
            parts.get(part).map_or(&[], Vec::as_slice),
        ));
    }
    print(["", "p50", "p95", "p99", "p50 : limit"], &rows);
    Ok(())
}

fn commit(store: &mut Connection, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let tx = store.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    tx.prepare_cached("INSERT INTO bare (bytes) VALUES (?1)")?
        .execute([bytes])?;
    Ok(tx.commit()?)
}

/// Mails and the row they are set regarding; the mails' keys.
fn fill(desk: &Desk, owner: &Address, folder: &std::path::Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mbox = folder.join("mail.mbox");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&mbox)?);
    for raw in sample::bulk(CLICKS, 1) {
        write_mbox(&mut file, "a@b.example", "Fri Nov 20 10:00:00 2026", &raw)?;
    }
    std::io::Write::flush(&mut file)?;
    let go_on = &mut |_: &_| ControlFlow::Continue(());
    desk.import_mail(owner, &[mbox], None, go_on)?;
    let csv = folder.join("rows.csv");
    std::fs::write(&csv, "id,name\nA1,Alpine Ski House\n")?;
    desk.import_rows(&csv, "account", &[], go_on)?;
    let page = desk.list(owner, None, u32::try_from(CLICKS)?, None)?;
    Ok(page.entries.into_iter().map(|e| e.key).collect())
}

fn bare_store(file: &std::path::Path) -> Result<Connection, Box<dyn Error>> {
    let connection = Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute(
        "CREATE TABLE bare (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
        [],
    )?;
    Ok(connection)
}

fn timed(work: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1_000.0)
}
