//! Many realistic mails for measuring: mostly text of 1 to 6 kB, a third with attachments, 60 kB on average.

use super::{
    letter::{Letter, Writing},
    people::{COMPANIES, FIRST, LAST, OWNERS, local_part},
    random::Random,
    stories::STORIES,
};

const SYLLABLES: [&str; 40] = [
    "al", "ber", "con", "da", "en", "for", "ge", "har", "in", "jo", "ka", "lin", "mer", "no", "or", "pre",
    "qui", "ra", "sta", "ter", "un", "ver", "wil", "ex", "yo", "ze", "tion", "ment", "ing", "er", "ly",
    "ous", "able", "ist", "ure", "ant", "ive", "ness", "ship", "ward",
];

/// `n` raw messages, one at a time; the same for the same seed.
pub fn bulk(n: usize, seed: u64) -> impl Iterator<Item = Vec<u8>> {
    let mut random = Random::new(seed);
    // Attachments are cut from one block of noise: as incompressible as a real PDF, and quick to make.
    let noise: Vec<u8> = (0..(1 << 18)).flat_map(|_| random.next().to_le_bytes()).collect();
    (0..n).map(move |i| one(i, &mut random, &noise))
}

fn one(i: usize, random: &mut Random, noise: &[u8]) -> Vec<u8> {
    let company = random.pick(&COMPANIES);
    let (first, last) = (*random.pick(&FIRST), *random.pick(&LAST));
    let owner = OWNERS[i % OWNERS.len()];
    let length = random.between(1000, 6000) as usize;
    let story = random.pick(STORIES);
    let mut text = format!("Dear {},\n\n", owner.0);
    while text.len() < length {
        if random.chance(60) {
            let step = random.pick(story.steps);
            text.push_str(
                &random
                    .pick(step.text)
                    .replace("{co}", company.0)
                    .replace("{goods}", &word(random)),
            );
        } else {
            for _ in 0..random.between(8, 20) {
                text.push_str(&word(random));
                text.push(' ');
            }
        }
        text.push_str(if random.chance(30) { "\n\n" } else { " " });
    }
    let files = if random.chance(33) {
        let size = random.between(20_000, 230_000) as usize;
        let from = random.below(noise.len() - size);
        vec![(
            format!("Document-{i}.pdf"),
            "application/pdf",
            noise[from..from + size].to_vec(),
        )]
    } else {
        Vec::new()
    };
    Letter {
        from: (
            format!("{first} {last}"),
            format!("{}@{}", local_part(first, last), company.1),
        ),
        to: vec![(owner.0.into(), owner.1.into())],
        cc: Vec::new(),
        date: 1_700_000_000_000 + i as i64 * 1_500_000,
        id: format!("bulk-{i}-{:016x}@{}", random.next(), company.1),
        references: Vec::new(),
        subject: story
            .subject
            .replace("{co}", company.0)
            .replace("{goods}", &word(random))
            .replace("{ref}", &i.to_string()),
        html: random.chance(40).then(|| {
            format!(
                "<html><body><p>{}</p></body></html>",
                text.replace("\n\n", "</p><p>")
            )
        }),
        text,
        picture: None,
        files,
        writing: *random.pick(&[Writing::Quoted, Writing::Plain, Writing::Base64, Writing::Latin]),
        read: true,
        urgent: false,
    }
    .raw()
}

/// A made-up word; short ones come up far more often, as words do.
fn word(random: &mut Random) -> String {
    let rank = random.below(40).min(random.below(40));
    let mut word = SYLLABLES[rank].to_owned();
    for _ in 0..random.below(4).min(random.below(4)) {
        word.push_str(SYLLABLES[random.below(40)]);
    }
    word
}
