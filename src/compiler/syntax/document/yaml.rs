//! YAML to a tree that knows where everything stands. JSON is read by the same code.
//!
//! In:      a file.
//! Out:     a `Node`, every key and scalar with its bytes; or a diagnostic.
//! Imports: `base`, `compiler::source`, `diag`.
//! Source:  YAML 1.2.2, less what policies may not use: anchors, aliases, tags, merge keys, keys
//!          that are not words, more than one document.

use std::borrow::Cow;

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, StructureStyle};
use rustc_hash::FxHashMap;

use crate::base::limits::{
    SOURCE_BYTES_MAX, YAML_DEPTH_MAX, YAML_NODES_MAX, YAML_SCALAR_BYTES_MAX,
};
use crate::base::span::{FileId, Span, Spanned};
use crate::compiler::source::embed::Embedded;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::error::{DocumentError, Feature, Limit};
use crate::compiler::syntax::document::scalar::{self, Spelling, Style};
use crate::compiler::syntax::document::{json, yaml_error};
use crate::diag::sink::Sink;

/// Most parts of a document that are refused one by one; then it is not read further.
const REFUSED_MAX: usize = 100;

/// A value of a document.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its bytes, quotes and brackets included.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Text, or what text may stand for.
    Scalar(Scalar),
    /// A list.
    Sequence {
        /// Its elements, in order.
        items: Vec<Node>,
        /// Whether it is written in brackets.
        flow: bool,
    },
    /// A mapping.
    Mapping {
        /// Its entries, in order; no key twice.
        entries: Vec<Entry>,
        /// Whether it is written in braces.
        flow: bool,
    },
    /// A value that was refused and reported: nothing more is to be said about it.
    Refused,
}

/// A scalar.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// How it is spelled.
    pub style: Style,
    /// Its text, and the bytes that spell it; empty for a value that is not there.
    pub text: Embedded,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key, without quotes.
    pub key: Spanned<String>,
    /// Its value.
    pub value: Node,
}

/// What a scalar stands for: only a plain one can be anything but text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`, `~`, or nothing.
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number above the ints.
    Uint(u64),
    /// A number with a point or an exponent, or a whole number that fits neither.
    Double(f64),
    /// Text.
    Text(&'a str),
}

impl Node {
    /// What the scalar stands for by the core schema; `None` for anything but a scalar.
    #[must_use]
    pub fn value(&self) -> Option<Value<'_>> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar.value()),
            NodeKind::Sequence { .. } | NodeKind::Mapping { .. } | NodeKind::Refused => None,
        }
    }

    /// The scalar.
    #[must_use]
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            NodeKind::Sequence { .. } | NodeKind::Mapping { .. } | NodeKind::Refused => None,
        }
    }

    /// The text of a scalar, whatever it stands for; `None` where nothing is written.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.scalar().filter(|scalar| scalar.value() != Value::Null).map(|it| it.text.text.as_str())
    }

    /// The elements of a list.
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        match &self.kind {
            NodeKind::Sequence { items, .. } => Some(items),
            NodeKind::Scalar(_) | NodeKind::Mapping { .. } | NodeKind::Refused => None,
        }
    }

    /// The entries of a mapping.
    #[must_use]
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            NodeKind::Mapping { entries, .. } => Some(entries),
            NodeKind::Scalar(_) | NodeKind::Sequence { .. } | NodeKind::Refused => None,
        }
    }

    /// The entry `key` of a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| entry.key.value == key)
    }

    /// Whether nothing is written, or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value() == Some(Value::Null)
    }

    /// What it is, as people say it.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::Sequence { .. } => "a list",
            NodeKind::Mapping { .. } => "a mapping",
            NodeKind::Refused => "not readable",
            NodeKind::Scalar(scalar) => match scalar.value() {
                Value::Null if scalar.text.text.is_empty() => "empty",
                Value::Null => "null",
                Value::Bool(_) => "a boolean",
                Value::Int(_) | Value::Uint(_) | Value::Double(_) => "a number",
                Value::Text(_) => "text",
            },
        }
    }
}

impl Scalar {
    /// The text as CEL Policy documents mean it: the lines of a block scalar as they stand in
    /// `source`, its file; else the decoded text.
    #[must_use]
    pub fn raw(&self, source: &str) -> Cow<'_, Embedded> {
        let block = matches!(self.style, Style::Literal | Style::Folded);
        let span = self.text.span;
        let lines = source.get(span.start as usize..span.end as usize).filter(|_| block);
        lines.map_or(Cow::Borrowed(&self.text), |lines| {
            Cow::Owned(Embedded::verbatim(lines, span.file, span.start))
        })
    }

    /// What it stands for by the core schema of YAML 1.2.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        let text = self.text.text.as_str();
        if self.style != Style::Plain {
            return Value::Text(text);
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            _ => number(text).unwrap_or(Value::Text(text)),
        }
    }
}

/// A number as the core schema spells it.
fn number(text: &str) -> Option<Value<'static>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().map(whole);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok().map(whole);
    }
    match unsigned {
        ".inf" | ".Inf" | ".INF" => {
            let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
            return Some(Value::Double(sign * f64::INFINITY));
        }
        ".nan" | ".NaN" | ".NAN" if unsigned == text => return Some(Value::Double(f64::NAN)),
        _ => {}
    }
    let starts = unsigned.strip_prefix('.').unwrap_or(unsigned);
    if !starts.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        if let Ok(int) = text.parse() {
            return Some(Value::Int(int));
        }
        if let Ok(uint) = text.parse() {
            return Some(Value::Uint(uint));
        }
    }
    let spelled =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    if !unsigned.bytes().all(spelled) {
        return None;
    }
    text.parse().ok().map(Value::Double)
}

fn whole(number: u64) -> Value<'static> {
    i64::try_from(number).map_or(Value::Uint(number), Value::Int)
}

/// Reads the file as one document. An empty file is a null at its start.
///
/// `None` if it is not YAML or breaks a limit; then an error was reported. Where a part of it was
/// refused and reported, the rest is there all the same.
#[must_use]
pub fn parse(file: FileId, files: &SourceMap, sink: &mut Sink) -> Option<Node> {
    let whole = files.get(file)?;
    let source = whole.text.as_str();
    if source.len() > SOURCE_BYTES_MAX {
        let at = Span::new(file, 0, 0);
        sink.report(DocumentError::Beyond { at, limit: Limit::SourceBytes(SOURCE_BYTES_MAX) });
        return None;
    }
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = YAML_DEPTH_MAX;
    options.block_nesting_limit = YAML_DEPTH_MAX;
    options.disallow_directives = true;
    options.emit_anchor_events = true;
    options.emit_unresolved_aliases = true;
    let mut builder = Builder::new(file, source, sink);
    for next in Parser::new_from_str_with_options(source, options) {
        match next {
            Ok((event, span)) => {
                if !builder.event(event, &span) {
                    return None;
                }
            }
            Err(error) => {
                builder.not_yaml(&error);
                return None;
            }
        }
    }
    let spoken = builder.refused > 0;
    let root = builder.finish();
    // What this reader says is more than what a reader of JSON says; else that one speaks.
    (spoken || root.is_null() || json::is_sound(file, whole, sink)).then_some(root)
}

/// A list or mapping that is not closed yet.
struct Frame {
    start: u32,
    end: u32,
    flow: bool,
    refused: bool,
    kind: FrameKind,
}

enum FrameKind {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, seen: FxHashMap<String, Span>, key: Key },
}

/// The key that waits for its value.
enum Key {
    /// None: a key comes next.
    Awaited,
    /// A good one.
    Read(Spanned<String>),
    /// One that was reported; its value is dropped.
    Refused,
}

struct Builder<'a> {
    file: FileId,
    source: &'a str,
    sink: &'a mut Sink,
    stack: Vec<Frame>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
    refused: usize,
}

impl<'a> Builder<'a> {
    fn new(file: FileId, source: &'a str, sink: &'a mut Sink) -> Self {
        Self {
            file,
            source,
            sink,
            stack: Vec::new(),
            root: None,
            nodes: 0,
            documents: 0,
            refused: 0,
        }
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or_default();
        Span::new(self.file, scalar::narrow(range.start), scalar::narrow(range.end))
    }

    /// Takes an event; false if the rest of the document is not worth reading.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser's events may grow")]
    fn event(&mut self, event: Event<'_>, place: &granit_parser::Span) -> bool {
        if self.refused > REFUSED_MAX {
            return false;
        }
        let at = self.span(place);
        let tag = match &event {
            Event::Scalar(_, _, _, tag)
            | Event::SequenceStart(_, _, tag)
            | Event::MappingStart(_, _, tag) => tag.is_some(),
            _ => false,
        };
        let tag = tag.then(|| place.tag_span().map_or(at, |tag| self.span(&tag)));
        match event {
            Event::DocumentStart(..) => self.document(at),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.feature(at, Feature::Alias);
                self.count(at) && self.attach(Node { span: at, kind: NodeKind::Refused })
            }
            Event::Anchor(..) => {
                self.feature(at, Feature::Anchor);
                true
            }
            Event::Scalar(value, style, ..) => {
                let style = match style {
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                    ScalarStyle::Plain => Style::Plain,
                };
                self.count(at) && self.scalar(&value, style, tag, place)
            }
            Event::SequenceStart(style, ..) => {
                let kind = FrameKind::Sequence(Vec::new());
                self.open(at, style == StructureStyle::Flow, tag, kind)
            }
            Event::MappingStart(style, ..) => {
                let (entries, seen) = (Vec::new(), FxHashMap::default());
                let kind = FrameKind::Mapping { entries, seen, key: Key::Awaited };
                self.open(at, style == StructureStyle::Flow, tag, kind)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(at),
            _ => true,
        }
    }

    fn finish(self) -> Node {
        let at = Span::new(self.file, 0, 0);
        self.root.unwrap_or(Node {
            span: at,
            kind: NodeKind::Scalar(Scalar {
                style: Style::Plain,
                text: Embedded { text: String::new(), span: at, segments: Vec::new() },
            }),
        })
    }

    fn feature(&mut self, at: Span, feature: Feature) {
        self.refused += 1;
        self.sink.report(DocumentError::Feature { at, feature });
    }

    fn document(&mut self, at: Span) -> bool {
        self.documents += 1;
        if self.documents == 2 {
            self.feature(at, Feature::SecondDocument);
        }
        self.documents == 1
    }

    /// Counts a node; false beyond the limit.
    fn count(&mut self, at: Span) -> bool {
        self.nodes += 1;
        if self.nodes > YAML_NODES_MAX {
            self.sink.report(DocumentError::Beyond { at, limit: Limit::Nodes(YAML_NODES_MAX) });
        }
        self.nodes <= YAML_NODES_MAX
    }

    fn open(&mut self, at: Span, flow: bool, tag: Option<Span>, kind: FrameKind) -> bool {
        if self.stack.len() >= YAML_DEPTH_MAX {
            self.sink.report(DocumentError::Beyond { at, limit: Limit::Depth(YAML_DEPTH_MAX) });
            return false;
        }
        if let Some(tag) = tag {
            self.tagged(tag);
        }
        let refused = tag.is_some();
        self.stack.push(Frame { start: at.start, end: at.end, flow, refused, kind });
        self.count(at)
    }

    fn close(&mut self, at: Span) -> bool {
        let Some(frame) = self.stack.pop() else { return true };
        let end = if frame.flow { at.end } else { frame.end.max(frame.start) };
        let span = Span::new(self.file, frame.start, end);
        let flow = frame.flow;
        let kind = match frame.kind {
            _ if frame.refused => NodeKind::Refused,
            FrameKind::Sequence(items) => NodeKind::Sequence { items, flow },
            FrameKind::Mapping { entries, .. } => NodeKind::Mapping { entries, flow },
        };
        self.attach(Node { span, kind })
    }

    fn scalar(
        &mut self,
        value: &str,
        style: Style,
        tag: Option<Span>,
        place: &granit_parser::Span,
    ) -> bool {
        let range = place.byte_range().unwrap_or_default();
        let quoted = matches!(style, Style::Single | Style::Double);
        let content =
            if quoted { range.start + 1..range.end.saturating_sub(1) } else { range.clone() };
        // The parser spells a value that is not there as `~`, of no bytes, in front of the colon.
        let absent = style == Style::Plain && content.is_empty();
        let colon = self.source.as_bytes().get(content.start) == Some(&b':');
        let content = if absent && colon { range.end + 1..range.end + 1 } else { content };
        let value = if absent { "" } else { value };
        // Lines may be long, so their starts are only looked for where they matter.
        let column = || range.start - scalar::line_start(self.source, range.start);
        let block = matches!(style, Style::Literal | Style::Folded);
        let indent = if block { place.indent.unwrap_or_else(column) } else { 0 };
        let spelling = Spelling { source: self.source, content, style, indent };
        let text = scalar::embed(self.file, &spelling, value);
        let span = if quoted { self.span(place) } else { text.span };
        if value.len() > YAML_SCALAR_BYTES_MAX {
            let limit = Limit::ScalarBytes(YAML_SCALAR_BYTES_MAX);
            self.sink.report(DocumentError::Beyond { at: span, limit });
            return self.attach(Node { span, kind: NodeKind::Refused });
        }
        if let Some(tag) = tag {
            self.tagged(tag);
            return self.attach(Node { span, kind: NodeKind::Refused });
        }
        self.attach(Node { span, kind: NodeKind::Scalar(Scalar { style, text }) })
    }

    /// A tag: in an expression it is a `!` that CEL was to read.
    fn tagged(&mut self, at: Span) {
        match yaml_error::at_tag(self.file, self.source, at.start as usize) {
            Some(found) => {
                self.refused += 1;
                self.sink.report(found);
            }
            None => self.feature(at, Feature::Tag),
        }
    }

    /// Hands a finished node to what it stands in.
    fn attach(&mut self, node: Node) -> bool {
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return true;
        };
        frame.end = frame.end.max(node.span.end);
        let (entries, seen, key) = match &mut frame.kind {
            FrameKind::Sequence(items) => {
                yaml_boolean(&node, self.sink);
                items.push(node);
                return true;
            }
            FrameKind::Mapping { entries, seen, key } => (entries, seen, key),
        };
        match std::mem::replace(key, Key::Awaited) {
            Key::Refused => {}
            Key::Read(name) => {
                yaml_boolean(&node, self.sink);
                frame.end = frame.end.max(name.span.end);
                entries.push(Entry { key: name, value: node });
            }
            Key::Awaited => {
                *key = Key::Refused;
                let name = match node.kind {
                    NodeKind::Scalar(scalar) => Spanned::new(scalar.text.text, scalar.text.span),
                    NodeKind::Refused => return true,
                    NodeKind::Sequence { .. } | NodeKind::Mapping { .. } => {
                        self.feature(node.span, Feature::ComplexKey);
                        return true;
                    }
                };
                if let Some(first) = seen.get(&name.value).copied() {
                    self.duplicate(name, first);
                } else if name.value == "<<" {
                    self.feature(name.span, Feature::MergeKey);
                } else {
                    seen.insert(name.value.clone(), name.span);
                    *key = Key::Read(name);
                }
            }
        }
        true
    }

    fn duplicate(&mut self, key: Spanned<String>, first: Span) {
        let above = self.stack.iter().rev().nth(2).map(|frame| &frame.kind);
        let in_rules = match above {
            Some(FrameKind::Mapping { key: Key::Read(name), .. }) => name.value == "rules",
            _ => false,
        };
        let what = match self.stack.len() {
            1 => "a document",
            _ if in_rules => "a rule",
            _ => "a mapping",
        };
        let at = key.span;
        self.sink.report(DocumentError::DuplicateKey { at, first, key: key.value, what });
    }

    fn not_yaml(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(0);
        self.sink.report(yaml_error::refused(self.file, self.source, at, error.kind()));
    }
}

/// Warns of words that are booleans in YAML 1.1.
fn yaml_boolean(node: &Node, sink: &mut Sink) {
    let Some(scalar) = node.scalar() else { return };
    let text = scalar.text.text.as_str();
    if scalar.style != Style::Plain || !(2..=3).contains(&text.len()) {
        return;
    }
    if ["yes", "no", "on", "off"].iter().any(|word| word.eq_ignore_ascii_case(text)) {
        sink.report(DocumentError::YamlBoolean { at: node.span, word: text.to_owned() });
    }
}
