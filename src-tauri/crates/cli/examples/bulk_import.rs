//! Measures the import: `bulk_import write FILE N` makes an mbox, `parse FILE` is the limit to compare with,
//! `import FILE DATA` imports it. Run each under `/usr/bin/time -v`.

use std::{fs, io, ops::ControlFlow, path::Path};

use behalf_cli::sample;
use behalf_core::{
    Error, Result,
    mailbox::{import, text::TextIndex, write_mbox},
    model::Address,
    store::Store,
};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["write", file, n] => write(Path::new(file), n.parse().unwrap_or(25_000)),
        ["import", file, data] => import(Path::new(file), Path::new(data)),
        ["parse", file] => parse(Path::new(file)),
        _ => Err(Error::bad_input(
            "Say what to measure.",
            "bulk_import write FILE N | parse FILE | import FILE DATA",
        )),
    }
}

fn write(path: &Path, n: usize) -> Result<()> {
    let mut out = io::BufWriter::new(fs::File::create(path).map_err(Error::io(path))?);
    for raw in sample::bulk(n, 1) {
        write_mbox(
            &mut out,
            "bulk@harborlane.example",
            "Fri Nov 20 18:58:20 2026",
            &raw,
        )
        .map_err(Error::io(path))?;
    }
    Ok(())
}

/// The bare parser over the same file: nothing can be faster and still know what it read.
fn parse(path: &Path) -> Result<()> {
    let reader = io::BufReader::with_capacity(1 << 20, fs::File::open(path).map_err(Error::io(path))?);
    let parser = mail_parser::MessageParser::default();
    let mut words = 0;
    for message in mail_parser::mailbox::mbox::MessageIterator::new(reader) {
        let message = message.map_err(Error::io(path))?;
        words += parser
            .parse(message.contents())
            .and_then(|m| m.body_text(0).map(|t| t.len()))
            .unwrap_or(0);
    }
    println!("{words} bytes of text");
    Ok(())
}

fn import(path: &Path, data: &Path) -> Result<()> {
    let store = Store::open(data)?;
    let text = TextIndex::open(&data.join("text"))?;
    let owner = Address::lenient("dana.whitfield@harborlane.example");
    let report = import::mail(&store, &text, &owner, &[path.to_owned()], None, &mut |_| {
        ControlFlow::Continue(())
    })?;
    println!(
        "seen {} imported {} duplicates {} rejected {} in {:.1} s; {} found for “warranty”",
        report.seen,
        report.imported,
        report.duplicates,
        report.rejected.len(),
        report.seconds,
        text.search("warranty", &owner, 100_000)?.len()
    );
    Ok(())
}
