//! The index of message texts: subject, sender and body.
//!
//! It holds nothing that the mail itself does not, so it is never repaired, only made anew. Its commit carries the
//! highest message it has seen; what an import or a crash left above that is read again by [`TextIndex::catch_up`].

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tantivy::{
    Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError, Term,
    collector::TopDocs,
    directory::MmapDirectory,
    merge_policy::NoMergePolicy,
    query::{BooleanQuery, BoostQuery, FuzzyTermQuery, Occur, Query, TermQuery},
    schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{Token, TokenStream, Tokenizer},
};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{
    Error, Result,
    mailbox::message_head,
    model::{Address, Mention, Time},
    store::{Pack, Store, private},
};

/// Memory of the one writing thread, in bytes: 25,000 messages make a handful of segments.
const MEMORY: usize = 32 << 20;
/// A search looks at this many words.
const MAX_WORDS: usize = 12;
/// Longer words are not words.
const MAX_WORD: usize = 40;
/// More segments than this are merged when a writer ends.
const MAX_SEGMENTS: usize = 12;
const CATCH_UP: usize = 500;

#[derive(Clone, Copy)]
struct Fields {
    id: Field,
    mailbox: Field,
    head: Field,
    body: Field,
}

/// What is indexed of a message.
pub trait Indexed {
    /// Its subject.
    fn subject(&self) -> &str;
    /// Its sender.
    fn from(&self) -> &Mention;
    /// Its body, as text.
    fn text(&self) -> &str;
}

/// The index in its folder.
pub struct TextIndex {
    folder: PathBuf,
    open: Mutex<(Index, IndexReader)>,
    fields: Fields,
}

impl TextIndex {
    /// Opens the index, making it where it is missing or damaged.
    ///
    /// # Errors
    /// I/O errors; `Index` when not even a new one can be made.
    pub fn open(folder: &Path) -> Result<Self> {
        let (schema, fields) = schema();
        let open = match open(folder, &schema) {
            Ok(open) => open,
            Err(error) => {
                tracing::warn!(%error, "the index of message texts is made anew");
                make(folder, &schema)?
            }
        };
        Ok(Self {
            folder: folder.to_owned(),
            open: Mutex::new(open),
            fields,
        })
    }

    /// The highest message it has seen; 0 when it is new.
    pub fn position(&self) -> i64 {
        let (index, _) = &*self.lock();
        index
            .load_metas()
            .ok()
            .and_then(|m| m.payload)
            .and_then(|p| p.parse().ok())
            .unwrap_or(0)
    }

    /// Forgets everything; [`TextIndex::catch_up`] reads it again.
    ///
    /// # Errors
    /// I/O errors; `Index` when a new one cannot be made.
    pub fn clear(&self) -> Result<()> {
        let mut open = self.lock();
        *open = make(&self.folder, &schema().0)?;
        Ok(())
    }

    /// A writer; `None` when another process writes: it, or the next [`TextIndex::catch_up`], sees to these messages.
    ///
    /// # Errors
    /// `Index` for anything but the lock.
    pub fn writer(&self) -> Result<Option<Writer<'_>>> {
        let index = self.lock().0.clone();
        match index.writer_with_num_threads(1, MEMORY) {
            Ok(writer) => {
                writer.set_merge_policy(Box::new(NoMergePolicy));
                Ok(Some(Writer {
                    of: self,
                    index,
                    writer,
                    last: self.position(),
                }))
            }
            Err(TantivyError::LockFailure(..)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Indexes the messages that came in after the last commit. Returns how many.
    ///
    /// # Errors
    /// Database, I/O and `Index` errors. A message that cannot be read is left out.
    pub fn catch_up(&self, store: &Store) -> Result<usize> {
        let newest = |after: i64| -> Result<bool> {
            store.read(|c| {
                Ok(c.prepare_cached("SELECT 1 FROM message WHERE id > ?1 LIMIT 1")?
                    .exists([after])?)
            })
        };
        if !newest(self.position())? {
            return Ok(0);
        }
        let Some(mut writer) = self.writer()? else {
            return Ok(0);
        };
        let pack = Pack::new(store.folder());
        let mut done = 0;
        loop {
            let batch: Vec<(i64, String, i64, i64)> = store.read(|c| {
                let mut query = c.prepare_cached(
                    "SELECT id, mailbox, pack_offset, size FROM message WHERE id > ?1 ORDER BY id LIMIT ?2",
                )?;
                let rows = query.query_map((writer.last, CATCH_UP as i64), |r| {
                    Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
                })?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })?;
            if batch.is_empty() {
                break;
            }
            for (id, mailbox, offset, size) in batch {
                let raw = pack.read(offset as u64, size as u64)?;
                if let Some(head) = message_head(&raw, Time::default()) {
                    writer.add(id, &Address::lenient(&mailbox), &head)?;
                }
                writer.last = writer.last.max(id);
                done += 1;
            }
        }
        writer.finish()?;
        tracing::info!(messages = done, "the index of message texts has caught up");
        Ok(done)
    }

    /// Messages of a mailbox that hold every word of `text` (the last one may be unfinished): id and score, best first.
    ///
    /// A damaged index is thrown away; nothing is found until [`TextIndex::catch_up`] has read the mail again.
    ///
    /// # Errors
    /// `Index` when not even a new one can be made.
    pub fn search(&self, text: &str, mailbox: &Address, limit: usize) -> Result<Vec<(i64, f32)>> {
        match self.find(text, mailbox, limit) {
            Ok(found) => Ok(found),
            Err(error) => {
                tracing::warn!(%error, "the index of message texts is damaged and made anew");
                self.clear()?;
                Ok(Vec::new())
            }
        }
    }

    fn find(&self, text: &str, mailbox: &Address, limit: usize) -> tantivy::Result<Vec<(i64, f32)>> {
        let words = words(text);
        if words.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let reader = self.lock().1.clone();
        let searcher = reader.searcher();
        let unfinished = text.chars().next_back().is_some_and(char::is_alphanumeric);
        let mut all: Vec<(Occur, Box<dyn Query>)> = vec![(
            Occur::Must,
            Box::new(BoostQuery::new(
                Box::new(TermQuery::new(
                    Term::from_field_text(self.fields.mailbox, mailbox.as_str()),
                    IndexRecordOption::Basic,
                )),
                0.0,
            )),
        )];
        for (at, word) in words.iter().enumerate() {
            let mut either: Vec<(Occur, Box<dyn Query>)> = Vec::new();
            for (field, weight) in [(self.fields.head, 3.0), (self.fields.body, 1.0)] {
                let term = Term::from_field_text(field, word);
                let exact = TermQuery::new(term.clone(), IndexRecordOption::WithFreqs);
                either.push((Occur::Should, Box::new(BoostQuery::new(Box::new(exact), weight))));
                if unfinished && at + 1 == words.len() {
                    let begun = FuzzyTermQuery::new_prefix(term, 0, false);
                    either.push((
                        Occur::Should,
                        Box::new(BoostQuery::new(Box::new(begun), weight * 0.5)),
                    ));
                }
            }
            all.push((Occur::Must, Box::new(BooleanQuery::new(either))));
        }
        let top = searcher.search(
            &BooleanQuery::new(all),
            &TopDocs::with_limit(limit).order_by_score(),
        )?;
        let mut found = Vec::with_capacity(top.len());
        for (score, at) in top {
            let ids = searcher.segment_reader(at.segment_ord).fast_fields().u64("id")?;
            if let Some(id) = ids.first(at.doc_id) {
                found.push((id as i64, score));
            }
        }
        Ok(found)
    }

    fn lock(&self) -> MutexGuard<'_, (Index, IndexReader)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds messages. What is not committed when it is dropped is read again by [`TextIndex::catch_up`].
pub struct Writer<'a> {
    of: &'a TextIndex,
    index: Index,
    writer: IndexWriter,
    last: i64,
}

impl Writer<'_> {
    /// Adds a message already parsed. Ids must come in rising order.
    ///
    /// # Errors
    /// `Index`.
    pub fn add(&mut self, id: i64, mailbox: &Address, message: &impl Indexed) -> Result<()> {
        let fields = self.of.fields;
        let mut document = TantivyDocument::new();
        document.add_u64(fields.id, id as u64);
        document.add_text(fields.mailbox, mailbox.as_str());
        document.add_text(fields.head, message.subject());
        document.add_text(fields.head, &message.from().name);
        document.add_text(fields.head, &message.from().address);
        document.add_text(fields.body, message.text());
        self.writer.add_document(document)?;
        self.last = self.last.max(id);
        Ok(())
    }

    /// Makes what was added durable and visible.
    ///
    /// # Errors
    /// `Index`.
    pub fn commit(&mut self) -> Result<()> {
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&self.last.to_string());
        commit.commit()?;
        self.of.lock().1.reload()?;
        Ok(())
    }

    /// Commits, and tidies the index when it has many parts.
    ///
    /// # Errors
    /// `Index`.
    pub fn finish(mut self) -> Result<()> {
        self.commit()?;
        let mut parts = self.index.searchable_segment_metas()?;
        if parts.len() > MAX_SEGMENTS {
            // The smallest ones: merging the large ones again each time would cost more than it brings.
            parts.sort_by_key(tantivy::index::SegmentMeta::num_docs);
            let small: Vec<_> = parts[..=parts.len() - MAX_SEGMENTS / 2]
                .iter()
                .map(tantivy::index::SegmentMeta::id)
                .collect();
            self.writer.merge(&small).wait()?;
        }
        self.writer.wait_merging_threads()?;
        private::close_all(&self.of.folder);
        self.of.lock().1.reload()?;
        Ok(())
    }
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let indexed = |record, norms| {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer("words")
                .set_index_option(record)
                .set_fieldnorms(norms),
        )
    };
    let raw = TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_index_option(IndexRecordOption::Basic)
            .set_fieldnorms(false),
    );
    let fields = Fields {
        id: schema.add_u64_field("id", FAST),
        mailbox: schema.add_text_field("mailbox", raw),
        head: schema.add_text_field("head", indexed(IndexRecordOption::Basic, true)),
        // No positions: phrases are not searched for, and they are half of the work.
        body: schema.add_text_field("body", indexed(IndexRecordOption::WithFreqs, true)),
    };
    (schema.build(), fields)
}

fn open(folder: &Path, schema: &Schema) -> Result<(Index, IndexReader)> {
    private::folder(folder).map_err(Error::io(folder))?;
    let directory = MmapDirectory::open(folder).map_err(TantivyError::from)?;
    let index = if Index::exists(&directory).map_err(TantivyError::from)? {
        Index::open(directory)?
    } else {
        Index::create(directory, schema.clone(), IndexSettings::default())?
    };
    if index.schema() != *schema {
        return Err(TantivyError::SchemaError("of another release".into()).into());
    }
    index.tokenizers().register("words", Words::default());
    let reader = index
        .reader_builder()
        .reload_policy(ReloadPolicy::OnCommitWithDelay)
        .try_into()?;
    private::close_all(folder);
    Ok((index, reader))
}

fn make(folder: &Path, schema: &Schema) -> Result<(Index, IndexReader)> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(Error::io(folder))?;
    }
    open(folder, schema)
}

fn words(text: &str) -> Vec<String> {
    let mut tokenizer = Words::default();
    let mut stream = tokenizer.token_stream(text);
    let mut words = Vec::new();
    while words.len() < MAX_WORDS && stream.advance() {
        words.push(stream.token().text.clone());
    }
    words
}

/// Where in a text the words stand that were looked for, the last one perhaps unfinished, in order.
pub fn places(text: &str, looked_for: &str) -> Vec<std::ops::Range<usize>> {
    let wanted = words(looked_for);
    let unfinished = looked_for.chars().next_back().is_some_and(char::is_alphanumeric);
    let mut tokenizer = Words::default();
    let mut stream = tokenizer.token_stream(text);
    let mut places = Vec::new();
    while stream.advance() {
        let token = stream.token();
        let is = |(at, word): (usize, &String)| {
            token.text == *word
                || unfinished && at + 1 == wanted.len() && token.text.starts_with(word.as_str())
        };
        if wanted.iter().enumerate().any(is) {
            places.push(token.offset_from..token.offset_to);
        }
    }
    places
}

/// Runs of letters and digits, in lower case, without accents: `Müller` is found as `muller`.
#[derive(Clone, Default)]
struct Words {
    token: Token,
}

struct WordStream<'a> {
    text: &'a str,
    at: usize,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream {
            text,
            at: 0,
            token: &mut self.token,
        }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            // Most text is ASCII: bytes are told apart much faster than characters.
            let skip = rest
                .iter()
                .position(|b| b.is_ascii_alphanumeric() || !b.is_ascii())
                .unwrap_or(rest.len());
            let word = rest[skip..]
                .iter()
                .position(|b| !b.is_ascii_alphanumeric())
                .unwrap_or(rest.len() - skip);
            let (from, mut to) = (self.at + skip, self.at + skip + word);
            if from == self.text.len() {
                return false;
            }
            self.token.text.clear();
            if self.text.as_bytes().get(to).is_none_or(u8::is_ascii) {
                if word <= MAX_WORD {
                    self.token.text.push_str(&self.text[from..to]);
                    self.token.text.make_ascii_lowercase();
                }
            } else {
                to = from
                    + self.text[from..]
                        .find(|c: char| !c.is_alphanumeric() && !is_combining_mark(c))
                        .unwrap_or(self.text.len() - from);
                if to == from {
                    // Something that is no letter.
                    self.at = from + self.text[from..].chars().next().map_or(1, char::len_utf8);
                    continue;
                }
                if to - from <= 4 * MAX_WORD {
                    let folded = self.text[from..to]
                        .nfkd()
                        .filter(|c| !is_combining_mark(*c))
                        .flat_map(char::to_lowercase);
                    self.token.text.extend(folded);
                }
            }
            self.at = to;
            if !self.token.text.is_empty() {
                self.token.offset_from = from;
                self.token.offset_to = to;
                self.token.position = self.token.position.wrapping_add(1);
                return true;
            }
        }
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests;
