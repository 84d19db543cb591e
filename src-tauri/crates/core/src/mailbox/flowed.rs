//! Text whose lines were broken for the way (RFC 3676).

/// Joins the lines that belong together. `delsp`: the blank at the end of a line was put there to say so.
pub fn join(text: &str, delsp: bool) -> String {
    let mut joined = String::with_capacity(text.len());
    // How deep the line is quoted that goes on; `None` when none does.
    let mut open: Option<usize> = None;
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let quoted = line.bytes().take_while(|b| *b == b'>').count();
        let words = &line[quoted..];
        let words = words.strip_prefix(' ').unwrap_or(words);
        let is_signature = words == "-- ";
        if open != Some(quoted) || is_signature {
            if open.is_some() {
                joined.push('\n');
            }
            if quoted > 0 {
                joined.extend(std::iter::repeat_n('>', quoted));
                joined.push(' ');
            }
        }
        let goes_on = words.ends_with(' ') && !is_signature;
        joined.push_str(match goes_on && delsp {
            true => &words[..words.len() - 1],
            false => words,
        });
        if !goes_on {
            joined.push('\n');
        }
        open = goes_on.then_some(quoted);
    }
    // The last line ended with the text.
    if open.is_none() {
        joined.pop();
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_belong_together_are_one() {
        for (text, delsp, read) in [
            ("one \r\nline\r\n\r\nnext", false, "one line\n\nnext"),
            ("one \nline\n", false, "one line\n"),
            ("to \ngether", true, "together"),
            ("> quoted \n> words\nanswer", false, "> quoted words\nanswer"),
            (">> deep \n> less", false, ">> deep \n> less"),
            (" >stuffed\n From me", false, ">stuffed\nFrom me"),
            ("Bye \n-- \nKim", false, "Bye \n-- \nKim"),
            ("", false, ""),
            ("open ", false, "open "),
        ] {
            assert_eq!(join(text, delsp), read, "{text}");
        }
    }
}
