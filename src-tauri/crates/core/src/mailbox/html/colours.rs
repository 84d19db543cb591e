//! Colours in pairs: what a mail writes on, and what with. One without the other is white on white, or dark on dark.

use std::borrow::Cow;

/// A style whose colours go together: `background` says its colour as `background-color`, the only one that stays, and
/// where it says none that can be kept, the text's goes as well. Where only what is behind the text is coloured, the text
/// gets a colour that can be read on it: its own may have stood in the style sheet, which is left out.
pub fn paired(style: &str) -> Cow<'_, str> {
    let (mut behind, mut lost, mut text) = (None, false, false);
    for (property, value) in declarations(style) {
        match property.to_ascii_lowercase().as_str() {
            "background-color" => behind = Some((value, false)),
            "background" => match colour(value) {
                Some(colour) => behind = Some((colour, true)),
                None => lost = true,
            },
            "color" => text = true,
            _ => {}
        }
    }
    match behind {
        None if lost && text => {
            let kept = declarations(style).filter(|(property, _)| !property.eq_ignore_ascii_case("color"));
            Cow::Owned(
                kept.map(|(property, value)| format!("{property}:{value};"))
                    .collect(),
            )
        }
        Some((colour, shorthand)) if shorthand || !text => {
            let mut style = style.trim_end().trim_end_matches(';').to_owned();
            if shorthand {
                style += &format!(";background-color:{colour}");
            }
            if let Some(dark) = is_dark(colour).filter(|_| !text) {
                style += if dark { ";color:#ffffff" } else { ";color:#242424" };
            }
            Cow::Owned(style)
        }
        _ => Cow::Borrowed(style),
    }
}

/// The colours of the page itself, which stand in its `body`, as a style; empty when it has none.
pub fn of_page(html: &str) -> String {
    let Some(tag) = tag(html, "<body") else {
        return String::new();
    };
    let mut style = String::new();
    for (name, property) in [("bgcolor", "background-color"), ("text", "color")] {
        if let Some(colour) = attribute(&tag, name).and_then(colour) {
            style += &format!("{property}:{colour};");
        }
    }
    let own = attribute(&tag, "style").unwrap_or_default();
    for (property, value) in declarations(own) {
        let property = property.to_ascii_lowercase();
        if let ("color" | "background" | "background-color", Some(colour)) =
            (property.as_str(), colour(value))
        {
            style += &format!("{property}:{colour};");
        }
    }
    // A white page is what a page is.
    match paired(&style) {
        style
            if declarations(&style)
                .any(|(property, value)| property.starts_with("background") && is_white(value)) =>
        {
            String::new()
        }
        style => style.into_owned(),
    }
}

/// Which way the page is written, if it says so: `rtl` or `ltr`.
pub fn direction(html: &str) -> Option<&'static str> {
    ["<body", "<html"].into_iter().find_map(|name| {
        let tag = tag(html, name)?;
        let said = attribute(&tag, "dir")?;
        ["rtl", "ltr"]
            .into_iter()
            .find(|dir| dir.eq_ignore_ascii_case(said.trim()))
    })
}

/// The first tag of this name, up to its end.
fn tag(html: &str, name: &str) -> Option<String> {
    /// So far into a mail its body begins, in bytes, and so long is its tag.
    const FAR: usize = 256 << 10;
    const LONG: usize = 2048;
    let head = &html.as_bytes()[..html.len().min(FAR)];
    let begins = |at: &usize| {
        let tag = &head[*at..];
        tag.get(..name.len())
            .is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes()))
            && tag.get(name.len()).is_some_and(u8::is_ascii_whitespace)
    };
    let at = memchr::memchr_iter(b'<', head).find(begins)?;
    let tag = &head[at..head.len().min(at + LONG)];
    Some(String::from_utf8_lossy(&tag[..memchr::memchr(b'>', tag).unwrap_or(0)]).into_owned())
}

pub(super) fn declarations(style: &str) -> impl Iterator<Item = (&str, &str)> {
    style
        .split(';')
        .filter_map(|one| one.split_once(':'))
        .map(|(property, value)| (property.trim(), value.trim()))
}

/// The value of an attribute, from a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let lower = tag.to_ascii_lowercase();
    let at = memchr::memmem::find_iter(lower.as_bytes(), name.as_bytes()).find(|at| {
        lower[..*at].ends_with(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\''))
            && lower[at + name.len()..].trim_start().starts_with('=')
    })?;
    let value = tag
        .get(at + name.len()..)?
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    match value.chars().next()? {
        mark @ ('"' | '\'') => value[1..].split(mark).next(),
        _ => value.split(|c: char| c.is_whitespace() || c == '>').next(),
    }
}

/// The colour in a value that may say more; `None` where it is a picture, runs from one to another, or is none.
fn colour(value: &str) -> Option<&str> {
    let is_colour = |word: &&str| match word.strip_prefix('#') {
        Some(digits) => {
            matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit())
        }
        None => named(word).is_some(),
    };
    let value = value.split('!').next().unwrap_or_default().trim();
    if value
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("rgb"))
    {
        let end = value.find(')')?;
        let numbers = value[..end]
            .trim_start_matches(|c: char| c.is_ascii_alphabetic())
            .strip_prefix('(')?;
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, ',' | '.' | '%' | '/' | ' ');
        return numbers.chars().all(is_number).then_some(&value[..=end]);
    }
    if value.contains('(') {
        return None;
    }
    value.split_whitespace().find(is_colour)
}

/// The colours mails name; others are rare enough to be lost.
fn named(word: &str) -> Option<[u8; 3]> {
    Some(match word.to_ascii_lowercase().as_str() {
        "black" => [0, 0, 0],
        "white" => [255, 255, 255],
        "gray" | "grey" => [128, 128, 128],
        "silver" => [192, 192, 192],
        "lightgray" | "lightgrey" => [211, 211, 211],
        "whitesmoke" => [245, 245, 245],
        "red" => [255, 0, 0],
        "maroon" => [128, 0, 0],
        "green" => [0, 128, 0],
        "lime" => [0, 255, 0],
        "olive" => [128, 128, 0],
        "yellow" => [255, 255, 0],
        "orange" => [255, 165, 0],
        "navy" => [0, 0, 128],
        "blue" => [0, 0, 255],
        "teal" => [0, 128, 128],
        "aqua" | "cyan" => [0, 255, 255],
        "purple" => [128, 0, 128],
        "fuchsia" | "magenta" => [255, 0, 255],
        "darkblue" => [0, 0, 139],
        "darkgreen" => [0, 100, 0],
        "darkred" => [139, 0, 0],
        _ => return None,
    })
}

/// Red, green and blue.
fn parts(colour: &str) -> Option<[u8; 3]> {
    if let Some(digits) = colour.strip_prefix('#').filter(|digits| digits.is_ascii()) {
        let width = if digits.len() < 6 { 1 } else { 2 };
        let part = |at: usize| {
            let digits = digits.get(at * width..(at + 1) * width)?;
            let value = u8::from_str_radix(digits, 16).ok()?;
            Some(if width == 1 { value * 17 } else { value })
        };
        return Some([part(0)?, part(1)?, part(2)?]);
    }
    if let Some((name, inside)) = colour.split_once('(')
        && name.to_ascii_lowercase().starts_with("rgb")
    {
        let mut numbers = inside
            .split(|c: char| !c.is_ascii_digit())
            .filter(|number| !number.is_empty())
            .map(|number| number.parse::<u8>().ok());
        return Some([numbers.next()??, numbers.next()??, numbers.next()??]);
    }
    named(colour)
}

/// Is white text the better one to read on it? `None` for what is no colour, as `transparent`.
fn is_dark(colour: &str) -> Option<bool> {
    Some(light(colour)? < 0.5)
}

/// How light a colour is as the eye sees it, from 0 to 1; `None` for what is none.
pub(super) fn light(colour: &str) -> Option<f32> {
    let colour = colour.split('!').next().unwrap_or_default().trim();
    let [red, green, blue] = parts(colour)?.map(f32::from);
    Some((red * 0.299 + green * 0.587 + blue * 0.114) / 255.0)
}

fn is_white(colour: &str) -> bool {
    parts(colour).is_some_and(|parts| parts == [255; 3])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn colours_stay_in_pairs() {
        for (style, kept) in [
            ("color:red", "color:red"),
            (
                "color:#fff;background-color:#000",
                "color:#fff;background-color:#000",
            ),
            (
                "color:#fff;background:#000",
                "color:#fff;background:#000;background-color:#000",
            ),
            (
                "background:#111 none repeat; color:white;",
                "background:#111 none repeat; color:white;background-color:#111",
            ),
            (
                "background:linear-gradient(#000,#111);color:#fff;margin:0",
                "background:linear-gradient(#000,#111);margin:0;",
            ),
            ("background-color:navy", "background-color:navy;color:#ffffff"),
            (
                "background-color:rgb(250, 250, 240)",
                "background-color:rgb(250, 250, 240);color:#242424",
            ),
            ("background-color:transparent", "background-color:transparent"),
            ("margin:0", "margin:0"),
        ] {
            assert_eq!(paired(style), kept, "{style}");
        }
    }

    #[test]
    fn the_page_has_colours_too() {
        for (html, style) in [
            (
                "<html><BODY bgcolor=\"#000000\" text='#ffffff'>x",
                "background-color:#000000;color:#ffffff;",
            ),
            (
                "<body style=\"margin:0; background:#222; color: #eee\">",
                "background:#222;color:#eee;background-color:#222",
            ),
            ("<body bgcolor=black>", "background-color:black;color:#ffffff"),
            ("<body bgcolor=white text=black>", ""),
            ("<body>", ""),
            ("<p>no body", ""),
        ] {
            assert_eq!(of_page(html), style, "{html}");
        }
    }

    #[test]
    fn the_page_has_a_direction() {
        for (html, dir) in [
            ("<html dir=rtl><body>x", Some("rtl")),
            ("<html lang=he dir='RTL'><body class=a dir=\"ltr\">x", Some("ltr")),
            ("<html ><body dir=auto>x", None),
            ("<p dir=rtl>x", None),
        ] {
            assert_eq!(direction(html), dir, "{html}");
        }
    }

    proptest! {
        #[test]
        fn any_style_does(style in "(color|background|-color|[:;# ()]|rgb|fff|black|\\PC){0,20}", html in "(<body |bgcolor|style|text|=|[\"'#> ]|fff|\\PC){0,20}") {
            paired(&style);
            of_page(&html);
            direction(&html);
        }
    }
}
