//! What a stranger's HTML may cost. It is looked at before it is parsed, parsed once without making anything of it, and
//! timed whenever it is parsed: a few kilobytes can ask for hours and for all memory there is.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell},
    io::{self, Read, Write},
    rc::Rc,
    time::{Duration, Instant},
};

use html5ever::{
    Attribute, ParseOpts, QualName,
    interface::QuirksMode,
    local_name, ns, parse_fragment,
    tendril::{StrTendril, TendrilSink},
    tree_builder::{ElementFlags, NodeOrText, TreeSink},
};

/// Of one tag: a parser compares each with all before it.
const MAX_ATTRIBUTES: usize = 256;
/// Elements of a message, those the parser repeats included.
const MAX_ELEMENTS: usize = 100_000;
/// Their attributes, and the bytes in those.
const MAX_ALL_ATTRIBUTES: usize = 500_000;
const MAX_VALUES: usize = 4 << 20;
/// How deep they nest: what is open is searched for every tag.
const MAX_DEPTH: usize = 512;
/// What writing the text takes: for each character that is escaped the serialiser looks ahead to the next `<` or `>`, or to
/// the end of the text. In bytes it looks at.
const MAX_ESCAPING: usize = 2 << 30;
/// How long one look at a message may take; an ordinary one takes milliseconds.
const TIME: Duration = Duration::from_secs(2);
/// The clock is looked at between pieces of this many bytes.
const PIECE: usize = 1024;

/// It would cost more than a message may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMuch;

/// The time for one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// Begins now.
    pub(super) fn begin() -> Self {
        Self(Instant::now() + TIME)
    }

    fn has_passed(self) -> bool {
        Instant::now() > self.0
    }
}

/// Would parsing it make no more than a message may hold, in time?
///
/// # Errors
/// When it would not.
pub(super) fn weigh(html: &str, deadline: Deadline) -> Result<(), TooMuch> {
    if most_attributes(html) > MAX_ATTRIBUTES {
        return Err(TooMuch);
    }
    let weight = Rc::new(Weight::default());
    let scale = Scale {
        document: Rc::default(),
        weight: Rc::clone(&weight),
    };
    // As the sanitiser parses it.
    let place = QualName::new(None, ns!(html), local_name!("div"));
    let mut parser = parse_fragment(scale, ParseOpts::default(), place, Vec::new(), false);
    let mut rest = html;
    while !rest.is_empty() {
        let piece = match super::prefix(rest, PIECE) {
            "" => rest,
            piece => piece,
        };
        parser.process(StrTendril::from_slice(piece));
        rest = &rest[piece.len()..];
        if weight.is_too_much() || deadline.has_passed() {
            return Err(TooMuch);
        }
    }
    parser.finish();
    match weight.is_too_much() {
        true => Err(TooMuch),
        false => Ok(()),
    }
}

/// Hands HTML to a parser in small pieces, and fails when the time is over.
pub(super) struct Timed<'a> {
    rest: &'a [u8],
    deadline: Deadline,
}

impl<'a> Timed<'a> {
    pub(super) fn new(html: &'a str, deadline: Deadline) -> Self {
        Self {
            rest: html.as_bytes(),
            deadline,
        }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.deadline.has_passed() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let room = buffer.len().min(PIECE);
        self.rest.read(&mut buffer[..room])
    }
}

/// Keeps what is written, and fails when the time is over.
pub(super) struct Written {
    bytes: Vec<u8>,
    deadline: Deadline,
    untimed: usize,
}

impl Written {
    pub(super) fn new(deadline: Deadline) -> Self {
        Self {
            bytes: Vec::new(),
            deadline,
            untimed: 0,
        }
    }

    pub(super) fn text(self) -> String {
        String::from_utf8(self.bytes).unwrap_or_default()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.untimed += 1;
        if self.untimed == PIECE {
            self.untimed = 0;
            if self.deadline.has_passed() {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The attributes of the tag that has most, as the standard's tokenizer sees them. What stands in comments, scripts and
/// style sheets is no tag. One pass: an end that is nowhere is looked for once.
fn most_attributes(html: &str) -> usize {
    let mut raw = vec!["script", "style", "title", "textarea"];
    let mut comments_end = true;
    let bytes = html.as_bytes();
    let (mut at, mut most) = (0, 0);
    while let Some(open) = memchr::memchr(b'<', &bytes[at..]) {
        at += open + 1;
        let rest = &bytes[at..];
        if rest.starts_with(b"!--") {
            if comments_end {
                let end = memchr::memmem::find(rest, b"-->");
                comments_end = end.is_some();
                at += end.unwrap_or(0);
            }
            continue;
        }
        // A closing tag may have them too.
        let rest = rest.strip_prefix(b"/").unwrap_or(rest);
        at = bytes.len() - rest.len();
        if !rest.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        let name = rest
            .iter()
            .position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'))
            .unwrap_or(rest.len());
        let (attributes, length) = attributes(&rest[name..]);
        most = most.max(attributes);
        at += name + length;
        let is_raw = |raw: &&str| rest[..name].eq_ignore_ascii_case(raw.as_bytes());
        if let Some(found) = raw.iter().position(is_raw) {
            match end_of(raw[found], &bytes[at..]) {
                Some(end) => at += end,
                None => drop(raw.remove(found)),
            }
        }
    }
    most
}

/// Where `</name` begins.
fn end_of(name: &str, bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(bytes, b"</").find(|at| {
        bytes
            .get(at + 2..at + 2 + name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
    })
}

/// How many attributes follow a tag's name, and how long they are with the `>`.
fn attributes(tag: &[u8]) -> (usize, usize) {
    let (mut count, mut at) = (0, 0);
    let blank = |b: &u8| b.is_ascii_whitespace() || *b == b'/';
    loop {
        at += tag[at..].iter().take_while(|b| blank(b)).count();
        match tag.get(at) {
            None => return (count, at),
            Some(b'>') => return (count, at + 1),
            Some(_) => count += 1,
        }
        // Its name; an `=` in front belongs to it.
        at += 1;
        at += tag[at..]
            .iter()
            .take_while(|b| !blank(b) && !matches!(b, b'=' | b'>'))
            .count();
        let blanks = tag[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        if tag.get(at + blanks) != Some(&b'=') {
            continue;
        }
        at += blanks + 1;
        at += tag[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        at += match tag.get(at) {
            Some(quote @ (b'"' | b'\'')) => {
                memchr::memchr(*quote, &tag[at + 1..]).map_or(tag.len() - at, |end| end + 2)
            }
            _ => tag[at..]
                .iter()
                .take_while(|b| !b.is_ascii_whitespace() && **b != b'>')
                .count(),
        };
    }
}

/// What has been met so far.
#[derive(Default)]
struct Weight {
    elements: Cell<usize>,
    attributes: Cell<usize>,
    values: Cell<usize>,
    depth: Cell<usize>,
    escaping: Cell<usize>,
    /// Characters to be escaped in the text at hand, since the last `<` or `>` in it.
    escaped: Cell<usize>,
}

impl Weight {
    /// More of a text.
    fn text(&self, text: &str) {
        for piece in text.split_inclusive(['<', '>']) {
            let escaped = self.escaped.get() + escapes(piece);
            add(&self.escaping, escaped.saturating_mul(piece.len()));
            self.escaped.set(match piece.ends_with(['<', '>']) {
                true => 0,
                false => escaped,
            });
        }
    }

    fn is_too_much(&self) -> bool {
        self.elements.get() > MAX_ELEMENTS
            || self.attributes.get() > MAX_ALL_ATTRIBUTES
            || self.values.get() > MAX_VALUES
            || self.depth.get() > MAX_DEPTH
            || self.escaping.get() > MAX_ESCAPING
    }
}

fn add(to: &Cell<usize>, more: usize) {
    to.set(to.get().saturating_add(more));
}

/// How many characters of a text the serialiser stops at: `&`, and what begins as a hard blank does.
fn escapes(text: &str) -> usize {
    memchr::memchr2_iter(b'&', 0xc2, text.as_bytes()).count()
}

/// A tree that is weighed and not kept: a node lives as long as the parser looks at it.
struct Scale {
    document: Handle,
    weight: Rc<Weight>,
}

type Handle = Rc<Node>;

struct Node {
    name: QualName,
    depth: Cell<usize>,
    contents: OnceCell<Handle>,
}

impl Default for Node {
    fn default() -> Self {
        Self::new(QualName::new(None, ns!(), local_name!("")))
    }
}

impl Node {
    fn new(name: QualName) -> Self {
        Self {
            name,
            depth: Cell::new(0),
            contents: OnceCell::new(),
        }
    }
}

impl Scale {
    fn put(&self, depth: usize, child: &NodeOrText<Handle>) {
        match child {
            NodeOrText::AppendNode(node) => {
                node.depth.set(depth);
                self.weight.depth.set(self.weight.depth.get().max(depth));
                self.weight.escaped.set(0);
            }
            NodeOrText::AppendText(text) => self.weight.text(text),
        }
    }
}

impl TreeSink for Scale {
    type Handle = Handle;
    type Output = ();
    type ElemName<'a> = &'a QualName;

    fn finish(self) {}
    fn parse_error(&self, _: Cow<'static, str>) {}
    fn get_document(&self) -> Handle {
        Rc::clone(&self.document)
    }
    fn elem_name<'a>(&'a self, target: &'a Handle) -> &'a QualName {
        &target.name
    }
    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Handle {
        add(&self.weight.elements, 1);
        add(&self.weight.attributes, attributes.len());
        for attribute in &attributes {
            let value = &attribute.value;
            add(&self.weight.values, value.len());
            add(&self.weight.escaping, escapes(value).saturating_mul(value.len()));
        }
        Rc::new(Node::new(name))
    }
    fn create_comment(&self, _: StrTendril) -> Handle {
        Rc::default()
    }
    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Handle {
        Rc::default()
    }
    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.put(parent.depth.get() + 1, &child);
    }
    fn append_based_on_parent_node(&self, element: &Handle, before: &Handle, child: NodeOrText<Handle>) {
        self.put(element.depth.get().max(before.depth.get() + 1), &child);
    }
    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}
    fn get_template_contents(&self, target: &Handle) -> Handle {
        let contents = target.contents.get_or_init(Rc::default);
        contents.depth.set(target.depth.get() + 1);
        Rc::clone(contents)
    }
    fn same_node(&self, x: &Handle, y: &Handle) -> bool {
        Rc::ptr_eq(x, y)
    }
    fn set_quirks_mode(&self, _: QuirksMode) {}
    fn append_before_sibling(&self, sibling: &Handle, child: NodeOrText<Handle>) {
        self.put(sibling.depth.get(), &child);
    }
    fn add_attrs_if_missing(&self, _: &Handle, _: Vec<Attribute>) {}
    fn remove_from_parent(&self, _: &Handle) {}
    fn reparent_children(&self, _: &Handle, _: &Handle) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(html: &str) -> bool {
        weigh(html, Deadline::begin()).is_ok()
    }

    #[test]
    fn attributes_are_counted_as_they_are_read() {
        for (html, count) in [
            ("<p>", 0),
            ("<p a b=c d='e f' g=\"h>i\" / j = k l>x y", 6),
            ("<p =a =b c>", 2),
            ("<p a='", 1),
            ("<!-- <p a b> --><script>if (a<b c d e f) x</script><i a>", 1),
            ("a < b c d", 0),
            ("</p a b>", 2),
            ("<p a/b/c>", 3),
            ("<p a=b/c>", 1),
        ] {
            assert_eq!(most_attributes(html), count, "{html}");
        }
    }

    #[test]
    fn what_people_write_fits() {
        let row = "<tr><td style=\"color:red\"><p>Hello <b>you</b><br>there</td></tr>";
        assert!(fits(&format!("<table>{}</table>", row.repeat(5_000))));
        assert!(fits(&"<b><i>misnested</b></i>".repeat(3_000)));
        assert!(fits(&"<p>left open".repeat(20_000)));
        assert!(fits(&"<table><tr><td>x".repeat(20)));
        assert!(fits(
            &"a hard\u{a0}blank and Q&amp;A, line after line\n".repeat(1_000)
        ));
        let link = format!("<a href=\"https://x.example/?{}\">x</a>", "a=b&amp;".repeat(100));
        assert!(fits(&link.repeat(1_000)));
    }

    #[test]
    fn what_only_serves_to_harm_does_not() {
        let fonts: String = (0..400).map(|n| format!("<font size={n}>")).collect();
        let names: String = (0..100_000).map(|n| format!(" a{n}")).collect();
        let style = "color:red;".repeat(1 << 17);
        for harm in [
            format!("<p{names}>x"),
            // Comments and scripts that are none to the parser: then the clock runs.
            format!("<svg><style><p{names}>x"),
            "<div>".repeat(200_000),
            "<div></q>".repeat(200_000),
            "<span><div></span>".repeat(100_000),
            format!("<p>{fonts}</p>{}", "<p>x</p>".repeat(200_000)),
            format!("<p><font style=\"{style}\"></p>{}", "<p>x</p>".repeat(100)),
            "<i></i>".repeat(150_000),
            "&".repeat(200_000),
            "&amp;</q>".repeat(200_000),
        ] {
            let began = Instant::now();
            assert!(!fits(&harm), "{}", &harm[..40]);
            assert!(
                began.elapsed() < TIME * 2,
                "{:?}: {}",
                began.elapsed(),
                &harm[..40]
            );
        }
    }

    #[test]
    fn what_is_written_stops_when_the_time_is_over() {
        let mut written = Written::new(Deadline(Instant::now()));
        std::thread::sleep(Duration::from_millis(2));
        assert!((0..2 * PIECE).any(|_| written.write(b"x").is_err()));
    }

    #[test]
    fn a_reader_stops_when_the_time_is_over() {
        let mut timed = Timed::new("abc", Deadline(Instant::now()));
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(
            timed.read(&mut [0; 8]).unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
    }
}
