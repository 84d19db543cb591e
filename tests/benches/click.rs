//! From the click to the disk: how long Set Regarding takes until it is durable, beside the least any program can
//! take, a bare commit of the same bytes on the same disk (SQLite, WAL, `synchronous=FULL`).
//!
//! The two are measured in turn, click by click, so that a busy disk disturbs both alike.

mod table;

use std::{error::Error, ops::ControlFlow, time::Instant};

use behalf_cli::sample;
use behalf_core::{
    desk::Desk,
    mailbox::write_mbox,
    model::{Address, RowRef},
};
use rusqlite::Connection;
use table::{median, print, quantile};

const CLICKS: usize = 1_000;
/// About what one click writes: a document, an operation, an activity with its parties, the log.
const BYTES: usize = 8_192;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::Builder::new()
        .prefix("behalf-click")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let owner = Address::parse("alex@harborlane.example")?;
    let relay = format!("folder:{}", folder.path().join("relay").display());
    let desk = Desk::init(&folder.path().join("alex"), &owner, "Alex", &relay)?;
    let keys = fill(&desk, &owner, folder.path())?;

    let mut bare = bare_store(&folder.path().join("bare.db"))?;
    let payload = vec![7_u8; BYTES];
    let row = RowRef::new("account", "A1");
    let (mut clicks, mut commits) = (Vec::new(), Vec::new());
    for key in &keys {
        commits.push(timed(|| {
            let tx = bare.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            tx.prepare_cached("INSERT INTO bare (bytes) VALUES (?1)")?
                .execute([&payload])?;
            Ok(tx.commit()?)
        })?);
        clicks.push(timed(|| {
            desk.track(&owner, key, Some(&row))?;
            Ok(())
        })?);
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
    let rows = [
        line("bare commit of 8 KiB (the limit)", &commits),
        line("Set Regarding", &clicks),
    ];
    print(["", "p50", "p95", "p99", "p50 : limit"], &rows);
    Ok(())
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
