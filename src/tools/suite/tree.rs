//! Reads the YAML of test files: known keys, wanted kinds, and values as JSON.

use serde_json::{Map, Number, Value as Json};

use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::document::yaml::{Entry, Node, NodeKind, Value};
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;
use crate::tools::suite::error::SuiteError;

/// A mapping whose keys are known.
#[derive(Clone, Debug)]
pub(super) struct Keys<'a> {
    what: &'static str,
    span: Span,
    entries: &'a [Entry],
    /// Keys that others were told to be meant by.
    slips: Vec<&'static str>,
}

impl<'a> Keys<'a> {
    /// The mapping `node`, which is `what`; reports anything else, and every key but `known`.
    pub(super) fn open(
        node: &'a Node,
        what: &'static str,
        known: &[&'static str],
        sink: &mut Sink,
    ) -> Option<Self> {
        let Some(entries) = node.entries() else {
            unfit(node, what.to_owned(), "a mapping", sink);
            return None;
        };
        let mut slips = Vec::new();
        for entry in entries {
            let key = entry.key.value.as_str();
            if !known.contains(&key) {
                let near = nearest(key, known.iter().copied());
                let nearest = known.iter().copied().find(|name| Some(*name) == near);
                slips.extend(nearest);
                let (at, key) = (entry.key.span, key.to_owned());
                sink.report(SuiteError::UnknownKey { at, key, what, nearest });
            }
        }
        Some(Self { what, span: node.span, entries, slips })
    }

    /// What the mapping is, as "a case".
    pub(super) const fn what(&self) -> &'static str {
        self.what
    }

    /// The value of `key`; a null counts as none.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entry(key).map(|entry| &entry.value).filter(|node| !node.is_null())
    }

    /// The entry `key`, a null too.
    pub(super) fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key.value == key)
    }

    /// The value of `key`; reports its absence, if no slip of the pen was told of it before.
    pub(super) fn need(&self, key: &'static str, sink: &mut Sink) -> Option<&'a Node> {
        let found = self.get(key);
        let slip = || self.slips.contains(&key);
        if found.is_none() && !slip() {
            let at = self.entries.first().map_or(self.span, |entry| entry.key.span);
            sink.report(SuiteError::MissingKey { at, key, what: self.what });
        }
        found
    }

    /// The text of `key`.
    pub(super) fn text(&self, key: &str, sink: &mut Sink) -> Option<Spanned<String>> {
        text(self.get(key)?, key, sink)
    }

    /// The elements of `key`; none where it is not written.
    pub(super) fn items(&self, key: &str, sink: &mut Sink) -> &'a [Node] {
        let Some(node) = self.get(key) else { return &[] };
        node.items().unwrap_or_else(|| {
            wrong(node, key, "a list", sink);
            &[]
        })
    }

    /// Reports keys of parts that this version does not have.
    pub(super) fn not_built(&self, keys: &[&'static str], sink: &mut Sink) {
        for key in keys {
            if let Some(entry) = self.entry(key) {
                sink.report(SuiteError::NotBuilt { at: entry.key.span, key });
            }
        }
    }
}

/// Reports that `key` holds something else than what is `wanted`.
pub(super) fn wrong(node: &Node, key: &str, wanted: &'static str, sink: &mut Sink) {
    unfit(node, format!("`{key}`"), wanted, sink);
}

/// Reports that `what` is something else than what is `wanted`.
fn unfit(node: &Node, what: String, wanted: &'static str, sink: &mut Sink) {
    if !matches!(node.kind, NodeKind::Refused) {
        let (at, found) = (node.span, node.describe());
        sink.report(SuiteError::WrongNode { at, what, wanted, found });
    }
}

/// The text of a scalar; reports anything else.
pub(super) fn text(node: &Node, key: &str, sink: &mut Sink) -> Option<Spanned<String>> {
    let found = node.text();
    if found.is_none() {
        wrong(node, key, "text", sink);
    }
    Some(Spanned::new(found?.to_owned(), node.span))
}

/// A node as text of JSON, members in their order; `None` for what JSON cannot say, which was
/// reported.
pub(super) fn ordered(node: &Node, out: &mut String, sink: &mut Sink) -> Option<()> {
    let (open, close) = match &node.kind {
        NodeKind::Mapping { .. } => ('{', '}'),
        NodeKind::Sequence { .. } => ('[', ']'),
        NodeKind::Scalar(_) | NodeKind::Refused => {
            out.push_str(&json(node, sink)?.to_string());
            return Some(());
        }
    };
    out.push(open);
    let mut first = true;
    let mut comma = |out: &mut String| {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
    };
    for entry in node.entries().unwrap_or_default() {
        comma(out);
        out.push_str(&Json::from(entry.key.value.as_str()).to_string());
        out.push(':');
        ordered(&entry.value, out, sink)?;
    }
    for item in node.items().unwrap_or_default() {
        comma(out);
        ordered(item, out, sink)?;
    }
    out.push(close);
    Some(())
}

/// The value of a node as JSON; `None` for what JSON cannot say, which was reported.
pub(in crate::tools) fn json(node: &Node, sink: &mut Sink) -> Option<Json> {
    match &node.kind {
        NodeKind::Scalar(scalar) => Some(match scalar.value() {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(value),
            Value::Int(value) => Json::from(value),
            Value::Uint(value) => Json::from(value),
            Value::Double(value) => {
                let number = Number::from_f64(value);
                if number.is_none() {
                    unfit(node, "a number".to_owned(), "finite", sink);
                }
                Json::Number(number?)
            }
            Value::Text(value) => Json::from(value),
        }),
        NodeKind::Sequence { items, .. } => {
            items.iter().map(|item| json(item, sink)).collect::<Option<Vec<_>>>().map(Json::Array)
        }
        NodeKind::Mapping { entries, .. } => entries
            .iter()
            .map(|entry| Some((entry.key.value.clone(), json(&entry.value, sink)?)))
            .collect::<Option<Map<String, Json>>>()
            .map(Json::Object),
        NodeKind::Refused => None,
    }
}
