//! The colours a message brings along. Text and what is behind it belong together: where one half was lost with a style sheet
//! or never there, the other goes too, so that nobody reads white on white or dark on dark.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicBool, Ordering},
};

/// How far into a tag its attributes are read, in bytes.
const LONGEST_TAG: usize = 4096;

/// What was seen of a message's colours, and which of them go.
#[derive(Debug, Default)]
pub(super) struct Colours {
    drops: Drops,
    any: AtomicBool,
    pale_text: AtomicBool,
    deep_ground: AtomicBool,
}

/// Which colours go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Drops {
    /// Text that can only be read on something dark, of which there is nothing.
    pale_text: bool,
    /// Grounds that only pale text can be read on, of which there is none.
    deep_ground: bool,
}

impl Colours {
    /// For a message whose colours were seen before, and `drops` of them go.
    pub(super) fn without(drops: Drops) -> Self {
        Self {
            drops,
            ..Self::default()
        }
    }

    /// Does the message set colours that stay?
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// What of them has no other half; `None` when all is well.
    pub(super) fn halves(&self) -> Option<Drops> {
        let (pale, deep) = (
            self.pale_text.load(Ordering::Relaxed),
            self.deep_ground.load(Ordering::Relaxed),
        );
        (pale != deep).then_some(Drops {
            pale_text: pale,
            deep_ground: deep,
        })
    }

    /// A colour of text; false when it goes.
    pub(super) fn text(&self, colour: &str) -> bool {
        let pale = light(colour).is_some_and(|light| light > PALE);
        self.keep(pale, &self.pale_text, self.drops.pale_text)
    }

    /// A colour behind text; false when it goes.
    pub(super) fn ground(&self, colour: &str) -> bool {
        let deep = light(colour).is_some_and(|light| light < DEEP);
        self.keep(deep, &self.deep_ground, self.drops.deep_ground)
    }

    fn keep(&self, is_half: bool, seen: &AtomicBool, goes: bool) -> bool {
        seen.fetch_or(is_half, Ordering::Relaxed);
        let stays = !(is_half && goes);
        self.any.fetch_or(stays, Ordering::Relaxed);
        stays
    }

    /// A style with the colours that stay; a plain colour as `background` is one.
    pub(super) fn style<'a>(&self, style: &'a str) -> Cow<'a, str> {
        // Most styles are about other things.
        if !holds(style, "color") && !holds(style, "background") {
            return Cow::Borrowed(style);
        }
        let kept: Vec<Cow<'_, str>> = style
            .split(';')
            .filter_map(|one| {
                let Some((property, value)) = one.split_once(':') else {
                    return Some(Cow::Borrowed(one));
                };
                match property.trim().to_ascii_lowercase().as_str() {
                    "color" => self.text(value).then_some(Cow::Borrowed(one)),
                    "background-color" => self.ground(value).then_some(Cow::Borrowed(one)),
                    "background" => {
                        let colour = value.split_whitespace().find(|word| is_colour(word))?;
                        self.ground(colour)
                            .then(|| Cow::Owned(format!("background-color:{colour}")))
                    }
                    _ => Some(Cow::Borrowed(one)),
                }
            })
            .collect();
        Cow::Owned(kept.join(";"))
    }
}

/// Lightness from 0 to 1: text above [`PALE`] cannot be read on white, nor dark text on a ground below [`DEEP`].
const PALE: f32 = 0.8;
const DEEP: f32 = 0.35;

/// The message with its body's own direction and colours on a block around it: a sanitiser takes only what is inside of a
/// body. White paper with dark text is what every message is on; it is left away.
pub(super) fn framed(html: &str) -> Cow<'_, str> {
    let Some((at, end, body)) = tag(html, "<body") else {
        return Cow::Borrowed(html);
    };
    let of = |name: &str| attribute(body, name).map(|value| value.replace(['"', '<', '>'], ""));
    let outer = tag(html, "<html").map_or("", |(_, _, outer)| outer);
    let direction = of("dir").or_else(|| attribute(outer, "dir").map(str::to_owned));
    let direction = direction
        .filter(|dir| dir.eq_ignore_ascii_case("rtl") || dir.eq_ignore_ascii_case("ltr"))
        .map_or(String::new(), |dir| format!(" dir=\"{dir}\""));
    let style = of("style").unwrap_or_default();
    let mut declared: Vec<String> = Vec::new();
    declared.extend(of("bgcolor").map(|colour| format!("background-color:{colour}")));
    declared.extend(of("text").map(|colour| format!("color:{colour}")));
    declared.extend(style.split(';').map(str::to_owned));
    let is_paper = declared.iter().all(|one| {
        let (property, value) = one.split_once(':').unwrap_or_default();
        match property.trim().to_ascii_lowercase().as_str() {
            "color" => light(value).is_none_or(|light| light < DEEP),
            "background" | "background-color" => light(value).is_none_or(|light| light > 0.97),
            _ => true,
        }
    });
    declared.retain(|one| {
        let property = one
            .split(':')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        !(is_paper && matches!(property.as_str(), "color" | "background" | "background-color"))
    });
    let style = declared.join(";");
    Cow::Owned(format!(
        "{}<div{direction} style=\"{style}\">{}",
        &html[..at],
        &html[end..]
    ))
}

/// The first tag of this name: where it begins and ends, and what it says between.
fn tag<'a>(html: &'a str, name: &str) -> Option<(usize, usize, &'a str)> {
    let at = memchr::memchr_iter(b'<', html.as_bytes()).find(|&at| {
        let rest = &html.as_bytes()[at..];
        rest.len() > name.len()
            && rest[..name.len()].eq_ignore_ascii_case(name.as_bytes())
            && (rest[name.len()].is_ascii_whitespace() || rest[name.len()] == b'>')
    })?;
    let from = at + name.len();
    let mut quote = None;
    for (n, byte) in html.as_bytes()[from..].iter().take(LONGEST_TAG).enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            (None, b'>') => return Some((at, from + n + 1, &html[from..from + n])),
            _ => {}
        }
    }
    None
}

/// The value of an attribute in what a tag says.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once('=') {
        let named = before.split_whitespace().next_back().unwrap_or_default();
        let after = after.trim_start();
        let (value, next) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            _ => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        if named.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = next;
    }
    None
}

fn holds(text: &str, word: &str) -> bool {
    text.as_bytes()
        .windows(word.len())
        .any(|some| some.eq_ignore_ascii_case(word.as_bytes()))
}

/// Words of a `background` that are something else.
const NO_COLOURS: [&str; 17] = [
    "none",
    "transparent",
    "inherit",
    "initial",
    "unset",
    "repeat",
    "no-repeat",
    "repeat-x",
    "repeat-y",
    "scroll",
    "fixed",
    "local",
    "center",
    "top",
    "bottom",
    "left",
    "right",
];

fn is_colour(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let named =
        word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') && !NO_COLOURS.contains(&word.as_str());
    named || light(&word).is_some()
}

/// Some names, with how light they are.
const NAMED: [(&str, f32); 24] = [
    ("white", 1.0),
    ("snow", 0.98),
    ("ivory", 0.99),
    ("whitesmoke", 0.96),
    ("ghostwhite", 0.97),
    ("floralwhite", 0.97),
    ("azure", 0.98),
    ("mintcream", 0.98),
    ("beige", 0.95),
    ("linen", 0.94),
    ("lavender", 0.91),
    ("gainsboro", 0.86),
    ("lightgray", 0.83),
    ("lightgrey", 0.83),
    ("lightyellow", 0.98),
    ("yellow", 0.89),
    ("black", 0.0),
    ("navy", 0.06),
    ("midnightblue", 0.15),
    ("darkblue", 0.06),
    ("maroon", 0.15),
    ("darkgreen", 0.23),
    ("indigo", 0.21),
    ("darkslategray", 0.26),
];

/// How light a colour is as the eye sees it, from 0 to 1; `None` for what is not understood, or can be seen through.
fn light(colour: &str) -> Option<f32> {
    let colour = colour.to_ascii_lowercase();
    let colour = colour.split("!important").next().unwrap_or_default().trim();
    if let Some((_, light)) = NAMED.iter().find(|(name, _)| *name == colour) {
        return Some(*light);
    }
    let parts: Vec<f32> = if let Some(hex) = colour.strip_prefix('#') {
        let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
        match digits.len() {
            3 => digits.iter().map(|d| (d * 17) as f32).collect(),
            6 => digits.chunks(2).map(|d| (d[0] * 16 + d[1]) as f32).collect(),
            _ => return None,
        }
    } else {
        let inside = colour.strip_prefix("rgb(")?.strip_suffix(')')?;
        inside
            .split([',', ' '])
            .filter(|part| !part.is_empty())
            .map(|part| part.parse::<f32>().ok())
            .collect::<Option<_>>()?
    };
    match *parts.as_slice() {
        [red, green, blue] => Some((0.299 * red + 0.587 * green + 0.114 * blue) / 255.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn light_is_what_the_eye_sees() {
        for (colour, from, to) in [
            ("#fff", 0.99, 1.01),
            ("#FFFFFF !important", 0.99, 1.01),
            ("rgb(255, 255, 255)", 0.99, 1.01),
            ("#1f3864", 0.1, 0.35),
            ("navy", 0.0, 0.35),
            (" Black ", 0.0, 0.01),
        ] {
            let light = light(colour).unwrap();
            assert!((from..to).contains(&light), "{colour}: {light}");
        }
        for colour in [
            "",
            "inherit",
            "#ff",
            "rgba(0,0,0,0)",
            "var(--x)",
            "rgb(1,2)",
            "#ggg",
        ] {
            assert_eq!(light(colour), None, "{colour}");
        }
    }

    #[test]
    fn a_plain_background_is_a_colour() {
        for (style, kept) in [
            ("background:#222;color:#fff", "background-color:#222;color:#fff"),
            ("background: #222 none repeat", "background-color:#222"),
            ("background: none", ""),
            ("BACKGROUND:Navy", "background-color:Navy"),
            ("font-size:12px", "font-size:12px"),
        ] {
            assert_eq!(Colours::default().style(style), kept);
        }
    }

    #[test]
    fn a_body_brings_its_direction_and_its_colours() {
        for (html, framed_html) in [
            ("<p>x", "<p>x"),
            ("<body>x", "<div style=\"\">x"),
            (
                "<html><BODY dir=rtl bgcolor='#222' text=white>x",
                "<html><div dir=\"rtl\" style=\"background-color:#222;color:white;\">x",
            ),
            (
                "<html lang=he dir=\"RTL\"><body style=\"margin:0\">x",
                "<html lang=he dir=\"RTL\"><div dir=\"RTL\" style=\"margin:0\">x",
            ),
            ("<body bgcolor=white text=\"#000\">x", "<div style=\"\">x"),
            (
                "<body style=\"background:#ffffff\" onload=\"a>b\">x",
                "<div style=\"\">x",
            ),
            (
                "<body style='font-family:\"A\"'>x",
                "<div style=\"font-family:A\">x",
            ),
            ("<body", "<body"),
            ("<bodyguard>x", "<bodyguard>x"),
        ] {
            assert_eq!(framed(html), framed_html, "{html}");
        }
    }

    proptest! {
        #[test]
        fn any_body_and_any_style_do(
            html in "(<body|<html|>|<| |=|\"|'|dir|rtl|style|bgcolor|text|color:|#fff|;|é|\\PC){0,40}"
        ) {
            framed(&html);
            Colours::default().style(&html);
            light(&html);
        }
    }
}
