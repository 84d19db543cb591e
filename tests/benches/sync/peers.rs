//! The same work done by other libraries, in a program of its own: see `tests/benches/peers`.

use std::path::Path;

use crate::{OPERATIONS, Outcome, RUNS, Rows, World, measured_program, table::median, table::print};

/// Their names, and how many edits each replica makes: one big Automerge document takes minutes to make 100,000.
const PEERS: [(&str, &str, usize); 3] = [
    (
        "yrs",
        "yrs, one document, overwritten values forgotten",
        OPERATIONS,
    ),
    ("loro", "loro, one document", OPERATIONS),
    ("automerge", "Automerge, one document", 10_000),
];

/// Two replicas take in each other's edits as one update: open, apply, save. `limit` is the bare cost.
pub fn compare(home: &Path, program: &Path, limit: f64) -> Outcome<()> {
    let world = World::of(home, OPERATIONS, crate::DOCUMENTS)?;
    let folder = world.path("");
    let mut rows = Rows::default();
    let mut sizes = Vec::new();
    for (peer, name, edits) in PEERS {
        measured_program(program, &[peer, "make", &folder, &edits.to_string()])?;
        for _ in 0..RUNS {
            let alex = measured_program(program, &[peer, "merge", &folder, "alex"])?;
            let kim = measured_program(program, &[peer, "merge", &folder, "kim"])?;
            let says = |run: &crate::Run| run.said.split(' ').map(str::to_owned).collect::<Vec<_>>();
            let (a, k) = (says(&alex), says(&kim));
            if a.get(2) != k.get(2) {
                return Err(format!("{peer}: the two do not agree: {a:?} {k:?}").into());
            }
            rows.add(name, alex.cpu + kim.cpu, alex.peak.max(kim.peak));
            if rows.runs(name) == 1 {
                sizes.push((edits, a.first().cloned(), a.get(1).cloned()));
            }
        }
    }
    let megabytes = |text: &Option<String>| {
        let bytes: f64 = text.as_ref().and_then(|t| t.parse().ok()).unwrap_or(f64::NAN);
        format!("{:.1}", bytes / 1e6)
    };
    let lines: Vec<_> = rows
        .0
        .iter()
        .zip(&sizes)
        .map(|((name, cpu, peak), (edits, update, document))| {
            [
                name.clone(),
                edits.to_string(),
                format!("{:.2}", median(cpu)),
                format!("{:.0}", median(peak)),
                match *edits == OPERATIONS {
                    true => format!("{:.2}", median(cpu) / limit),
                    false => String::new(),
                },
                megabytes(update),
                megabytes(document),
            ]
        })
        .collect();
    println!(
        "\n## Sync: the same edits in one document of another library, both replicas, medians of {RUNS}\n"
    );
    print(
        [
            "",
            "edits each",
            "CPU s",
            "peak MiB",
            "CPU : limit",
            "update MB",
            "document MB",
        ],
        &lines,
    );
    Ok(())
}
