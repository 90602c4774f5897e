//! Reads mappings: known keys, required keys, and the kinds of values.
//!
//! In:      a `Node`.
//! Out:     its entries by key, or values of a wanted kind; what is wrong is reported.
//! Imports: `base`, `diag`.

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::document::error::DocumentError;
use crate::compiler::syntax::document::mappings::Mapping;
use crate::compiler::syntax::document::scalar::Style;
use crate::compiler::syntax::document::yaml::{Entry, Node, NodeKind, Value};
use crate::compiler::syntax::document::yaml_error::breaks_off;
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;

/// A mapping whose keys are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys<'a> {
    /// What the mapping is, as "a rule".
    pub what: &'static str,
    /// The mapping.
    pub span: Span,
    /// Its entries.
    pub entries: &'a [Entry],
}

impl<'a> Keys<'a> {
    /// The mapping `node`; reports anything else.
    pub(super) fn open(node: &'a Node, what: &'static str, sink: &mut Sink) -> Option<Self> {
        let entries = mapping(node, what, sink)?;
        Some(Self { what, span: node.span, entries })
    }

    /// The entry `key`.
    pub(super) fn get(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key.value == key)
    }

    /// The value of `key`.
    pub(super) fn value(&self, key: &str) -> Option<&'a Node> {
        self.get(key).map(|entry| &entry.value)
    }

    /// The entry `key`; reports its absence.
    pub(super) fn need(&self, key: &'static str, sink: &mut Sink) -> Option<&'a Entry> {
        let found = self.get(key);
        if found.is_none() {
            let (at, what) = (self.head(), self.what.to_owned());
            sink.report(DocumentError::MissingKey { at, key, what, help: None });
        }
        found
    }

    /// Where something about the whole mapping is said: at its first key.
    pub(super) fn head(&self) -> Span {
        self.entries.first().map_or(self.span, |entry| entry.key.span)
    }

    /// Reports every key that the mapping has not, and those that are not built yet.
    pub(super) fn known(&self, mapping: &Mapping, sink: &mut Sink) {
        self.known_labelled(mapping, "unknown", sink);
    }

    /// As `known`, where `label` says what follows from an unknown key.
    pub(super) fn known_labelled(&self, mapping: &Mapping, label: &'static str, sink: &mut Sink) {
        let all: Vec<&str> = mapping.all().collect();
        self.only_labelled(&all, label, sink);
        self.not_built(mapping.later, sink);
    }

    /// Reports every key that is not among `known`.
    pub(super) fn only(&self, known: &[&str], sink: &mut Sink) {
        self.only_labelled(known, "unknown", sink);
    }

    fn only_labelled(&self, known: &[&str], label: &'static str, sink: &mut Sink) {
        let mut spoiled = false;
        for entry in self.entries {
            let key = entry.key.value.as_str();
            if known.contains(&key) {
                spoiled = is_broken_expression(entry);
                continue;
            }
            // The rest of an expression that YAML cut at a comma: reported once, at the comma.
            spoiled = spoiled && entry.value.is_null();
            if spoiled {
                continue;
            }
            let nearest = elsewhere(key)
                .filter(|ours| known.contains(ours))
                .or_else(|| nearest(key, known.iter().copied()))
                .map(str::to_owned);
            let (at, key) = (entry.key.span, key.to_owned());
            sink.report(DocumentError::UnknownKey { at, key, what: self.what, nearest, label });
        }
    }

    /// Reports every key among `later` as not built yet.
    pub(super) fn not_built(&self, later: &[&str], sink: &mut Sink) {
        for entry in self.entries.iter().filter(|entry| later.contains(&entry.key.value.as_str())) {
            let (at, key) = (entry.key.span, entry.key.value.clone());
            sink.report(DocumentError::NotBuilt { at, key, what: self.what });
        }
    }

    /// The text of `key`, if it is there.
    pub(super) fn text(&self, key: &str, sink: &mut Sink) -> Option<Spanned<String>> {
        text(self.value(key)?, &format!("`{key}`"), sink)
    }

    /// The name in `key`, if it is there.
    pub(super) fn name(&self, key: &str, sink: &mut Sink) -> Option<Spanned<Name>> {
        name(self.value(key)?, &format!("`{key}`"), sink)
    }
}

/// Whether the value is an expression that breaks off, as in `{when: f(a, b)}`.
fn is_broken_expression(entry: &Entry) -> bool {
    let plain = entry.value.scalar().filter(|scalar| scalar.style == Style::Plain);
    plain.is_some_and(|scalar| breaks_off(&entry.key.value, &scalar.text.text))
}

/// Reports that `node` is not `wanted`; a refused node was reported already.
pub(super) fn wrong(node: &Node, what: &str, wanted: &'static str, sink: &mut Sink) {
    if matches!(node.kind, NodeKind::Refused) {
        return;
    }
    let (what, found) = (what.to_owned(), node.describe());
    sink.report(DocumentError::WrongNode { at: node.span, what, found, wanted });
}

/// The entries of a mapping.
pub(super) fn mapping<'a>(node: &'a Node, what: &str, sink: &mut Sink) -> Option<&'a [Entry]> {
    let entries = node.entries();
    if entries.is_none() {
        wrong(node, what, "a mapping", sink);
    }
    entries
}

/// The elements of a list.
pub(super) fn list<'a>(node: &'a Node, what: &str, sink: &mut Sink) -> Option<&'a [Node]> {
    let items = node.items();
    if items.is_none() {
        wrong(node, what, "a list", sink);
    }
    items
}

/// The elements of a list, or the one value that stands in its place.
pub(super) fn one_or_list<'a>(node: &'a Node, what: &str, sink: &mut Sink) -> &'a [Node] {
    match &node.kind {
        NodeKind::Sequence { items, .. } => items,
        NodeKind::Scalar(_) if !node.is_null() => std::slice::from_ref(node),
        NodeKind::Scalar(_) | NodeKind::Mapping { .. } | NodeKind::Refused => {
            wrong(node, what, "a list", sink);
            &[]
        }
    }
}

/// The text of a scalar, numbers and booleans as they are spelled.
pub(super) fn text(node: &Node, what: &str, sink: &mut Sink) -> Option<Spanned<String>> {
    let Some(text) = node.text() else {
        wrong(node, what, "text", sink);
        return None;
    };
    let span = node.scalar().map_or(node.span, |scalar| scalar.text.span);
    Some(Spanned::new(text.to_owned(), span))
}

/// The text of a scalar as a name; an empty one is refused.
pub(super) fn name(node: &Node, what: &str, sink: &mut Sink) -> Option<Spanned<Name>> {
    let text = text(node, what, sink)?;
    if text.value.is_empty() {
        bad(text.span, what, "", "a name", &[], sink);
        return None;
    }
    Some(Spanned::new(Name::from(text.value), text.span))
}

/// Texts as names.
pub(super) fn names(node: &Node, what: &str, sink: &mut Sink) -> Vec<Spanned<Name>> {
    let items = one_or_list(node, what, sink);
    items.iter().filter_map(|item| name(item, what, sink)).collect()
}

/// Texts as names, at least one.
pub(super) fn some_names(node: &Node, what: &str, sink: &mut Sink) -> Vec<Spanned<Name>> {
    if node.items().is_some_and(<[Node]>::is_empty) {
        bad(node.span, what, "[]", "a list with a name in it", &[], sink);
    }
    names(node, what, sink)
}

/// A whole number.
pub(super) fn int(node: &Node, what: &str, sink: &mut Sink) -> Option<i64> {
    if let Some(Value::Int(int)) = node.value() {
        return Some(int);
    }
    wrong(node, what, "a whole number", sink);
    None
}

/// A whole number from `least` to `most`.
pub(super) fn number<T: TryFrom<i64>>(
    node: &Node,
    what: &str,
    least: i64,
    sink: &mut Sink,
) -> Option<T> {
    let found = int(node, what, sink)?;
    let number = T::try_from(found).ok().filter(|_| found >= least);
    if number.is_none() {
        let wanted = format!("a whole number from {least}");
        bad(node.span, what, &found.to_string(), &wanted, &[], sink);
    }
    number
}

/// `true` or `false`.
pub(super) fn boolean(node: &Node, what: &str, sink: &mut Sink) -> Option<bool> {
    if let Some(Value::Bool(value)) = node.value() {
        return Some(value);
    }
    wrong(node, what, "true or false", sink);
    None
}

/// One of some words.
pub(super) fn choice<T: Copy>(
    node: &Node,
    what: &str,
    choices: &[(&str, T)],
    sink: &mut Sink,
) -> Option<T> {
    chosen(node, what, choices, one_of, sink)
}

/// The same, where mappings could stand as well: they, as they are written.
pub(super) fn choice_or<T: Copy>(
    node: &Node,
    what: &str,
    choices: &[(&str, T)],
    mappings: &[&str],
    sink: &mut Sink,
) -> Option<T> {
    chosen(node, what, choices, |words| one_of(&[words, mappings].concat()), sink)
}

fn chosen<T: Copy>(
    node: &Node,
    what: &str,
    choices: &[(&str, T)],
    wanted: impl FnOnce(&[&str]) -> String,
    sink: &mut Sink,
) -> Option<T> {
    let found = text(node, what, sink)?;
    let choice = choices.iter().find(|(word, _)| *word == found.value);
    if choice.is_none() {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        bad(found.span, what, &found.value, &wanted(&words), &words, sink);
    }
    choice.map(|(_, value)| *value)
}

/// An escalation where a word could stand.
pub(super) const ESCALATED: &str = "{escalate: {to: [people]}}";

/// What names are made of, in words.
pub(super) const IDENTIFIER: &str = "letters, digits and `_`, with no digit in front";

/// Reports that `found` cannot be `what`.
pub(super) fn bad(
    at: Span,
    what: &str,
    found: &str,
    wanted: &str,
    known: &[&str],
    sink: &mut Sink,
) {
    sink.report(DocumentError::BadValue {
        at,
        what: what.to_owned(),
        found: found.to_owned(),
        wanted: wanted.to_owned(),
        nearest: nearest(found, known.iter().copied()).map(str::to_owned),
    });
}

/// `a, b or c`, each in backticks.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}

/// Whether `text` is an identifier of CEL.
pub(super) fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether `text` is identifiers with dots between them.
pub(super) fn is_qualified(text: &str) -> bool {
    text.strip_prefix('.').unwrap_or(text).split('.').all(is_identifier)
}

/// Our key for what others call `key`.
fn elsewhere(key: &str) -> Option<&'static str> {
    matches!(key, "if" | "cond").then_some("when")
}
