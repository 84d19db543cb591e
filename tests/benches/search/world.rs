//! The replica whose rows are searched. It is kept between runs: making a million rows takes longer than searching.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use behalf_cli::sample::crm::{self, Class, Crm, CrmRow, Known, OWNER};
use behalf_core::{desk::Desk, model::Address};
use rusqlite::Connection;

use super::Outcome;

pub struct World {
    crm: Crm,
    folder: PathBuf,
}

impl World {
    pub fn of(crm: Crm) -> Outcome<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("search-{}-{}", crm.rows, crm.seed));
        let world = Self { crm, folder };
        if !world.folder.join("made").exists() {
            let _ = fs::remove_dir_all(&world.folder);
            fs::create_dir_all(&world.folder)?;
            world.make()?;
            fs::write(world.folder.join("made"), "")?;
        }
        let _ = fs::remove_dir_all(world.scratch());
        fs::create_dir_all(world.scratch())?;
        Ok(world)
    }

    pub fn data(&self) -> &'static Path {
        // Leaked once a run: threads and children name it.
        Box::leak(self.folder.join("alex").into_boxed_path())
    }

    /// What people type, kept as well: a line each, of its class, the row's table and key, and the text.
    pub fn queries(&self) -> Outcome<Vec<Known>> {
        let file = self.folder.join("queries");
        if let Ok(text) = fs::read_to_string(&file) {
            return text.lines().map(read_query).collect();
        }
        let known = crm::queries(&self.crm, 2);
        let line = |one: &Known| [one.class.label(), one.table, &one.id, &one.text].join("\t");
        fs::write(&file, known.iter().map(line).collect::<Vec<_>>().join("\n"))?;
        Ok(known)
    }

    /// Where the peers put their files.
    pub fn scratch(&self) -> PathBuf {
        self.folder.join("peers")
    }

    fn make(&self) -> Outcome<()> {
        let relay = format!("folder:{}", self.folder.join("relay").display());
        drop(Desk::init(self.data(), &Address::parse(OWNER)?, "Alex", &relay)?);
        let mut conn = self.connect()?;
        let tx = conn.transaction()?;
        for (n, row) in self.crm.iter().enumerate() {
            put(&tx, &row, n as i64 + 1)?;
        }
        Ok(tx.commit()?)
    }

    fn connect(&self) -> Outcome<Connection> {
        let conn = Connection::open(self.data().join("behalf.db"))?;
        conn.busy_timeout(Duration::from_secs(30))?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        Ok(conn)
    }

    /// Changes rows, so many a second, until told to stop; says how many.
    pub fn change(&self, rate: usize, but: &HashSet<&str>, stop: &AtomicBool) -> Outcome<usize> {
        let mut conn = self.connect()?;
        let begin = Instant::now();
        let mut done = 0;
        while !stop.load(Ordering::Relaxed) {
            let due = (begin.elapsed().as_secs_f64() * rate as f64) as usize;
            if due > done {
                let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
                let newest: i64 = tx.query_row("SELECT max(changed) FROM crm_row", [], |r| r.get(0))?;
                for n in done..due {
                    let row = self
                        .crm
                        .edited((n * 7_919) % self.crm.rows, (n / self.crm.rows) as u64);
                    if !but.contains(row.id.as_str()) {
                        put(&tx, &row, newest + 1 + (n - done) as i64)?;
                    }
                }
                tx.commit()?;
                done = due;
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(done)
    }
}

fn read_query(line: &str) -> Outcome<Known> {
    let tables = ["account", "contact", "lead", "opportunity", "incident"];
    let kept = || {
        let [label, table, id, text] = line.splitn(4, '\t').collect::<Vec<_>>().try_into().ok()?;
        Some(Known {
            class: Class::ALL
                .into_iter()
                .find(|(class, _)| class.label() == label)?
                .0,
            table: tables.into_iter().find(|&known| known == table)?,
            id: id.to_owned(),
            text: text.to_owned(),
        })
    };
    Ok(kept().ok_or("the kept queries cannot be read; remove target/tmp/search-*")?)
}

fn put(conn: &Connection, row: &CrmRow, changed: i64) -> Outcome<()> {
    let columns: serde_json::Map<_, _> = row
        .columns
        .iter()
        .map(|(column, value)| ((*column).to_owned(), value.clone().into()))
        .collect();
    conn.prepare_cached(
        "INSERT INTO crm_row (table_name, id, name, owner, active, appendable, created, columns, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8)
         ON CONFLICT (table_name, id) DO UPDATE SET
            name = excluded.name, columns = excluded.columns, changed = excluded.changed",
    )?
    .execute((
        row.table,
        &row.id,
        &row.name,
        &row.owner,
        row.active,
        row.created,
        serde_json::to_string(&columns)?,
        changed,
    ))?;
    Ok(())
}
