//! `textDocument/completion`: what may be written at a place.
//!
//! In:      a place in a file, perhaps behind the beginning of a word.
//! Out:     names, fields, functions, tools, or keys and words of a document.
//! Imports: `base`, `compiler`, `compiler::syntax`.
//!
//! A word that nobody else writes is put at the place, and the project is checked with it: where
//! the word stands in the tree says what may stand there, whatever is wrong around it.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::base::span::Span;
use crate::compiler::Front;
use crate::compiler::syntax::ast::ExprId;
use crate::tools::lsp::keys::{at_path, path_by_indent, words_at};
use crate::tools::lsp::names::{holds, named};
use crate::tools::lsp::offers;
use crate::tools::lsp::request::{FileRequest, RequestError, with};

/// The word that is put at the place.
const MARK: &str = "zz_completed_here";

/// What something is, as LSP numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Called on a value.
    Method = 2,
    /// Called by itself.
    Function = 3,
    /// Of an object.
    Field = 5,
    /// Of a policy, a macro or the context.
    Variable = 6,
    /// A name in front of others, as `variables`.
    Module = 9,
    /// A key of a document.
    Property = 10,
    /// A word of a document, or a tool.
    Value = 12,
    /// A word of CEL.
    Keyword = 14,
}

/// Something that may be written.
pub(super) struct Item {
    kind: Kind,
    /// Its type, or its calls.
    detail: String,
    doc: String,
    /// What is written behind the name.
    more: &'static str,
}

/// What may be written, by name. Of two with one name the first counts.
#[derive(Default)]
pub(super) struct Items(BTreeMap<String, Item>);

impl Items {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Offers a name.
    pub(super) fn add(&mut self, name: &str, kind: Kind, detail: impl Into<String>, doc: &str) {
        let item = Item { kind, detail: detail.into(), doc: doc.to_owned(), more: "" };
        self.0.entry(name.to_owned()).or_insert(item);
    }

    /// Offers what was offered elsewhere.
    pub(super) fn put(&mut self, name: String, item: Item) {
        self.0.entry(name).or_insert(item);
    }

    /// All that was offered.
    pub(super) fn take(self) -> impl Iterator<Item = (String, Item)> {
        self.0.into_iter()
    }

    /// Offers a key of a document.
    fn key(&mut self, name: &str, doc: &str) {
        let (kind, detail) = (Kind::Property, String::new());
        let item = Item { kind, detail, doc: doc.to_owned(), more: ": " };
        self.0.entry(name.to_owned()).or_insert(item);
    }

    /// Offers a function, or one more way to call it.
    pub(super) fn call(&mut self, name: &str, kind: Kind, detail: String, doc: &str) {
        match self.0.get_mut(name) {
            Some(known) if known.kind == kind && !known.detail.contains(&detail) => {
                known.detail.extend(["\n", &detail]);
            }
            Some(_) => {}
            None => self.add(name, kind, detail, doc),
        }
    }
}

/// A project with the mark in it, and where the mark stands.
pub(super) struct MarkedProject {
    /// What the project would mean.
    pub(super) front: Front,
    /// The first byte of the word that the mark is in.
    pub(super) start: u32,
    /// The byte at which the mark was put.
    pub(super) at: u32,
}

/// Checks the project with the mark at byte `at` of a file.
pub(super) fn mark(ask: &FileRequest<'_>, at: u32) -> Option<MarkedProject> {
    let text = ask.text();
    let (before, after) = (text.get(..at as usize)?, text.get(at as usize..)?);
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let start = before.trim_end_matches(is_word).len();
    let files = &ask.places.view.project.files;
    let files = files.with_texts([(ask.file, [before, MARK, after].concat())]);
    let front = ask.places.view.front_of(&files);
    Some(MarkedProject { front, start: u32::try_from(start).ok()?, at })
}

/// `textDocument/completion`
pub(super) fn complete(ask: &FileRequest<'_>) -> Result<Json, RequestError> {
    let at = ask.at()?;
    let Some(marked) = mark(ask, at) else { return Ok(Json::Null) };
    let mut items = Items::default();
    match marked_expression(ask, &marked) {
        Some(id) => offers::in_expression(ask, &marked.front, id, &mut items),
        None => in_document(ask, at, &mut items),
    }
    let range = ask.places.range(Span::new(ask.file, marked.start, at));
    let drawn = items.0.into_iter().map(|(name, item)| {
        let mut drawn = json!({ "label": name.as_str(), "kind": item.kind as u8 });
        if !item.detail.is_empty() {
            drawn = with(drawn, "detail", item.detail);
        }
        if !item.doc.is_empty() {
            let doc = json!({ "kind": "markdown", "value": item.doc });
            drawn = with(drawn, "documentation", doc);
        }
        with(drawn, "textEdit", json!({ "range": range, "newText": name + item.more }))
    });
    Ok(json!({ "isIncomplete": false, "items": drawn.collect::<Vec<_>>() }))
}

/// The expression whose name is the marked word.
fn marked_expression(ask: &FileRequest<'_>, marked: &MarkedProject) -> Option<ExprId> {
    let ast = &marked.front.parsed.ast;
    let found = ast.written().find(|(id, expr)| {
        let here = holds(expr.span, ask.file, marked.at);
        here && named(ast, *id).is_some_and(|name| name.contains(MARK))
    });
    found.map(|(id, _)| id)
}

/// The keys and words of a document at byte `at`.
fn in_document(ask: &FileRequest<'_>, at: u32, items: &mut Items) {
    let (path, is_key) = path_by_indent(ask.text(), at as usize);
    if is_key {
        for (key, text) in at_path(&path) {
            items.key(key, text);
        }
    }
    for word in words_at(&path) {
        items.add(word, Kind::Value, "", "");
    }
    let is_rule = path.first().is_some_and(|first| first == "rules");
    if is_rule && path.last().is_some_and(|last| last == "on") {
        for tool in &ask.front().analysis.tools {
            items.add(&tool.name, Kind::Value, "", "A tool.");
        }
    }
}
