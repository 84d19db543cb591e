//! The searches one would otherwise take, as their documentation recommends them. All hold the same text of the same rows,
//! stored in the order of the list (open rows first, then the owner's, then the newest), and give the first ten.

use std::{fs, path::Path};

use behalf_cli::sample::crm::{Crm, CrmRow, Known, OWNER};
use rusqlite::Connection;
use rustix::time::ClockId;
use tantivy::{
    Index, IndexReader, IndexWriter, Order, TantivyDocument, Term,
    collector::TopDocs,
    query::{BooleanQuery, FuzzyTermQuery, Occur, PhrasePrefixQuery, Query},
    schema::{FAST, Field, IndexRecordOption, STORED, Schema, TextFieldIndexing, TextOptions, Value},
    tokenizer::{AsciiFoldingFilter, LowerCaser, SimpleTokenizer, TextAnalyzer},
};

use super::{LIMIT, Measured, Outcome, SAMPLE, cpu, sample, size, type_all};

/// A peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    Like,
    Fts5Prefix,
    Fts5Trigram,
    TantivyFuzzy,
    TantivyPhrasePrefix,
}

impl Peer {
    pub const ALL: [Self; 5] = [
        Self::Like,
        Self::Fts5Prefix,
        Self::Fts5Trigram,
        Self::TantivyFuzzy,
        Self::TantivyPhrasePrefix,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Like => "SQLite LIKE, a fixed sample",
            Self::Fts5Prefix => "FTS5 prefix",
            Self::Fts5Trigram => "FTS5 trigram",
            Self::TantivyFuzzy => "tantivy fuzzy prefix",
            Self::TantivyPhrasePrefix => "tantivy phrase prefix",
        }
    }

    /// What it types: LIKE, which reads every row at most keystrokes, would take hours for all.
    fn asked(self, known: &[Known]) -> Vec<Known> {
        match self {
            Self::Like => sample(known, SAMPLE),
            _ => known.to_vec(),
        }
    }

    pub fn measure(self, crm: Crm, known: &[Known], scratch: &Path) -> Outcome<Measured> {
        let folder = scratch.join(format!("{self:?}"));
        fs::create_dir_all(&folder)?;
        let before = cpu(ClockId::ProcessCPUTime);
        let making = |crm: Crm| {
            // What it costs to make the rows up is not the peer's.
            let before = cpu(ClockId::ProcessCPUTime);
            ordered(crm).for_each(drop);
            cpu(ClockId::ProcessCPUTime) - before
        };
        let mut measured = match self {
            Self::Like | Self::Fts5Prefix | Self::Fts5Trigram => {
                let conn = self.sqlite(crm, &folder)?;
                let build = cpu(ClockId::ProcessCPUTime) - before;
                Measured {
                    build,
                    ..type_all(&self.asked(known), |text| self.ask_sqlite(&conn, text))?
                }
            }
            Self::TantivyFuzzy | Self::TantivyPhrasePrefix => {
                let tantivy = Tantivy::build(crm, &folder)?;
                let build = cpu(ClockId::ProcessCPUTime) - before;
                Measured {
                    build,
                    ..type_all(&self.asked(known), |text| tantivy.ask(self, text))?
                }
            }
        };
        measured.build -= making(crm);
        measured.name = self.name().to_owned();
        measured.megabytes = size(&folder)?;
        fs::remove_dir_all(&folder)?;
        Ok(measured)
    }

    fn sqlite(self, crm: Crm, folder: &Path) -> Outcome<Connection> {
        let mut conn = Connection::open(folder.join("peer.db"))?;
        conn.pragma_update(None, "journal_mode", "off")?;
        conn.execute_batch("CREATE TABLE key (n INTEGER PRIMARY KEY, row TEXT, id TEXT)")?;
        conn.execute_batch(match self {
            Self::Like => "CREATE TABLE body (rowid INTEGER PRIMARY KEY, text TEXT)",
            Self::Fts5Prefix => {
                "CREATE VIRTUAL TABLE body USING fts5(text, content='', detail='none', prefix='1 2 3',
                 tokenize='unicode61 remove_diacritics 2')"
            }
            _ => "CREATE VIRTUAL TABLE body USING fts5(text, content='', tokenize='trigram remove_diacritics 1')",
        })?;
        let tx = conn.transaction()?;
        for (n, row) in ordered(crm).enumerate() {
            let n = n as i64 + 1;
            tx.prepare_cached("INSERT INTO key VALUES (?1, ?2, ?3)")?
                .execute((n, row.table, &row.id))?;
            tx.prepare_cached("INSERT INTO body (rowid, text) VALUES (?1, ?2)")?
                .execute((n, text(&row)))?;
        }
        tx.commit()?;
        if self != Self::Like {
            conn.execute_batch("INSERT INTO body (body) VALUES ('optimize')")?;
        }
        Ok(conn)
    }

    fn ask_sqlite(self, conn: &Connection, typed: &str) -> Outcome<Vec<(String, String)>> {
        let words = words(typed);
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let (sql, asked) = match self {
            Self::Like => {
                let all = vec!["text LIKE ?"; words.len()].join(" AND ");
                (
                    format!(
                        "SELECT row, id FROM body JOIN key ON n = body.rowid WHERE {all} ORDER BY body.rowid LIMIT {LIMIT}"
                    ),
                    words.iter().map(|word| format!("%{word}%")).collect(),
                )
            }
            _ => {
                let mark = if self == Self::Fts5Prefix { "*" } else { "" };
                let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"{mark}")).collect();
                (
                    format!(
                        "SELECT row, id FROM (SELECT rowid AS r FROM body WHERE body MATCH ? ORDER BY rowid LIMIT {LIMIT})
                         JOIN key ON n = r"
                    ),
                    vec![quoted.join(" ")],
                )
            }
        };
        let mut statement = conn.prepare_cached(&sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(asked), |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

struct Tantivy {
    reader: IndexReader,
    text: Field,
    table: Field,
    id: Field,
}

impl Tantivy {
    fn build(crm: Crm, folder: &Path) -> Outcome<Self> {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("folded")
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let text_field = schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
        let table = schema.add_text_field("table", STORED);
        let id = schema.add_text_field("id", STORED);
        let rank = schema.add_u64_field("rank", FAST);
        let index = Index::create_in_dir(folder, schema.build())?;
        let analyzer = TextAnalyzer::builder(SimpleTokenizer::default())
            .filter(LowerCaser)
            .filter(AsciiFoldingFilter)
            .build();
        index.tokenizers().register("folded", analyzer);
        let mut writer: IndexWriter = index.writer_with_num_threads(1, 256 << 20)?;
        for (n, row) in ordered(crm).enumerate() {
            let mut document = TantivyDocument::default();
            document.add_text(text_field, text(&row));
            document.add_text(table, row.table);
            document.add_text(id, &row.id);
            document.add_u64(rank, n as u64);
            writer.add_document(document)?;
        }
        writer.commit()?;
        let segments = index.searchable_segment_ids()?;
        writer.merge(&segments).wait()?;
        writer.wait_merging_threads()?;
        Ok(Self {
            reader: index.reader()?,
            text: text_field,
            table,
            id,
        })
    }

    fn ask(&self, peer: Peer, typed: &str) -> Outcome<Vec<(String, String)>> {
        let terms: Vec<Term> = words(typed)
            .iter()
            .map(|word| Term::from_field_text(self.text, word))
            .collect();
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let query: Box<dyn Query> = match peer {
            Peer::TantivyFuzzy => Box::new(BooleanQuery::new(
                terms
                    .into_iter()
                    .map(|term| {
                        // The documentation's advice: no fuzziness in words too short to have a typo.
                        let distance =
                            u8::from(term.value().as_str().is_some_and(|word| word.chars().count() > 3));
                        let fuzzy: Box<dyn Query> =
                            Box::new(FuzzyTermQuery::new_prefix(term, distance, true));
                        (Occur::Must, fuzzy)
                    })
                    .collect(),
            )),
            _ => Box::new(PhrasePrefixQuery::new(terms)),
        };
        let searcher = self.reader.searcher();
        let best = TopDocs::with_limit(LIMIT).order_by_fast_field::<u64>("rank", Order::Asc);
        let mut rows = Vec::new();
        for (_, at) in searcher.search(&*query, &best)? {
            let document: TantivyDocument = searcher.doc(at)?;
            let value = |field| {
                document
                    .get_first(field)
                    .and_then(|v| v.as_str())
                    .unwrap_or_default()
                    .to_owned()
            };
            rows.push((value(self.table), value(self.id)));
        }
        Ok(rows)
    }
}

/// The rows in the order they are listed.
fn ordered(crm: Crm) -> impl Iterator<Item = CrmRow> {
    let mut order: Vec<_> = crm
        .iter()
        .enumerate()
        .map(|(n, row)| (!row.active, row.owner != OWNER, -row.created, n))
        .collect();
    order.sort_unstable();
    order.into_iter().map(move |(_, _, _, n)| crm.row(n))
}

/// What a row is found by.
fn text(row: &CrmRow) -> String {
    let searched = [
        "parentcustomerid",
        "companyname",
        "customerid",
        "accountnumber",
        "ticketnumber",
        "telephone1",
        "mobilephone",
        "emailaddress1",
        "address1_city",
    ];
    let mut text = row.name.clone();
    for column in searched {
        text.push(' ');
        text.push_str(row.value(column));
    }
    text
}

/// Lower case and without accents, which the peers' tokenizers do for the text and not always for the query.
fn words(typed: &str) -> Vec<String> {
    behalf_core::model::fold::words(typed)
        .map(|word| word.plain)
        .collect()
}
