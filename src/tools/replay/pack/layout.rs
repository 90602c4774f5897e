//! Which columns a pack has.
//!
//! In:      the programs that people named.
//! Out:     `Layout`: columns by path of the line, in order; nodes of the context whose state is
//!          kept; the trie that finds both.
//! Imports: `base`, `runtime::bundle`, `runtime::program`.
//!
//! A place of the context that a program reads is a column, as its type is there. Where programs
//! read it with several types, or with one that no column has, the column holds JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::pointer::push;
use crate::runtime::bundle::module::{Module, NONE, NodeMode, Requirement, SlotRow, TypeRow};
use crate::runtime::program::Program;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Texts, escapes resolved.
    Text,
    /// JSON as it was spelled.
    Json,
    /// Whole numbers of 64 bits.
    Int,
    /// Doubles.
    Double,
    /// Bools.
    Bool,
    /// Nanoseconds since the epoch.
    Time,
    /// SHA-256: 32 bytes.
    Digest,
    /// Lists of texts.
    Texts,
    /// Bytes that nobody looks for.
    Bytes,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name. Those of the context are JSON Pointers.
    pub name: String,
    /// The keys that lead to its value in a line; none where it is made of the whole line.
    pub path: Vec<String>,
    /// What it holds.
    pub kind: Kind,
}

/// What a line is: `record`, `block`, `gap` or `other`.
pub const LINE: usize = 0;
/// Whether a decision about the record hangs on nothing but columns.
pub const PLAIN: usize = 1;
/// How many decisions the record stands for.
pub const WEIGHT: usize = 2;
/// The states of the nodes of the context, a letter each.
pub const STATE: usize = 3;

/// The name of the column of what was said, but for what messages quote.
pub const SAID: &str = "said";
/// In front of the name of a column: that of its answers.
const ANSWERS: &str = "answers";
/// .. that of its lists.
const LISTS: &str = "lists";

/// The columns in front of those of the context: their names, paths and kinds.
const HEAD: &[(&str, &[&str], Kind)] = &[
    ("line", &[], Kind::Text),
    ("plain", &[], Kind::Bool),
    ("weight", &[], Kind::Int),
    ("state", &[], Kind::Text),
    ("id", &["id"], Kind::Text),
    ("ts", &["ts"], Kind::Time),
    ("session", &["ses", "id"], Kind::Text),
    ("step", &["ses", "n"], Kind::Int),
    ("parent", &["ses", "parent"], Kind::Text),
    ("engine", &["eng"], Kind::Json),
    ("bundle_name", &["bun", "name"], Kind::Text),
    ("bundle", &["bun", "dig"], Kind::Digest),
    ("now", &["now"], Kind::Time),
    ("effect", &["out", "effect"], Kind::Text),
    ("rule", &["out", "rule"], Kind::Text),
    ("fired", &["out", "fired"], Kind::Texts),
    ("reason", &["out", "reason"], Kind::Text),
    ("errors", &["out", "err"], Kind::Json),
    ("cost", &["out", "cost"], Kind::Int),
    ("digest", &["out", "dig"], Kind::Digest),
    ("sig", &["sig"], Kind::Text),
    ("ns", &["ns"], Kind::Int),
    ("writer", &["ch", "w"], Kind::Text),
    ("number", &["ch", "n"], Kind::Int),
];

/// The key of the context in a line.
const CONTEXT: &str = "ctx";

/// Places that are columns whatever programs read: people ask for them.
const ALWAYS: &[&[&str]] = &[&["action", "tool"], &["principal", "id"]];

/// Something that is asked of the values of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Question {
    /// How a text stands to this one.
    Text(String),
    /// Whether it starts, ends, or holds this.
    Starts(String),
    /// ..
    Ends(String),
    /// ..
    Contains(String),
    /// How its size stands to this.
    Size(i64),
    /// How an int stands to this, which may be beyond ints.
    Int(String),
    /// How a double stands to that of these bits.
    Double(u64),
}

/// A column of what the values of another answer, two bits for each question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// The column of answers.
    pub column: usize,
    /// The one whose values are asked.
    pub of: usize,
    /// What they are asked, in order.
    pub questions: Vec<Question>,
}

/// A column of the lists of another as JSON, each a value of its dictionary. A group of many lists
/// has none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lists {
    /// The column of JSON.
    pub column: usize,
    /// The one of lists.
    pub of: usize,
}

/// The columns of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The columns, in order. The last is `rest`.
    pub columns: Vec<Column>,
    /// The nodes of the context whose state is kept, by their keys, in order.
    pub nodes: Vec<Vec<String>>,
    /// Columns of answers; older packs have none.
    #[serde(default)]
    pub answers: Vec<Answers>,
    /// Columns of lists as JSON; older packs have none.
    #[serde(default)]
    pub lists: Vec<Lists>,
}

/// A node of the trie of all paths; the first is the line itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrieNode {
    /// The nodes below, by key.
    pub children: Vec<(String, usize)>,
    /// The column that takes its value.
    pub column: Option<usize>,
    /// The place of its letter in `state`.
    pub state: Option<usize>,
}

impl Layout {
    /// The columns for what `programs` read.
    #[must_use]
    pub fn of<'p>(programs: impl Iterator<Item = &'p Program>) -> Self {
        let mut places: BTreeMap<Vec<String>, Option<Kind>> = BTreeMap::new();
        for program in programs {
            for (path, kind) in read_by(program.module()) {
                let known = places.entry(path).or_insert(kind);
                *known = match (*known, kind) {
                    (Some(one), Some(other)) if one != other => Some(Kind::Json),
                    (one, other) => one.or(other),
                };
            }
        }
        for path in ALWAYS {
            for len in 1..path.len() {
                places.entry(owned(path.get(..len).unwrap_or_default())).or_insert(None);
            }
            places.entry(owned(path)).or_insert(None).get_or_insert(Kind::Text);
        }
        let head = HEAD.iter().map(|(name, path, kind)| Column {
            name: (*name).to_owned(),
            path: owned(path),
            kind: *kind,
        });
        let shredded = places.iter().filter_map(|(path, kind)| {
            let path_in_line = [&[CONTEXT.to_owned()][..], path].concat();
            Some(Column { name: pointer(path), path: path_in_line, kind: (*kind)? })
        });
        let rest = Column { name: "rest".to_owned(), path: Vec::new(), kind: Kind::Bytes };
        let columns = head.chain(shredded).chain([rest]).collect();
        Self {
            columns,
            nodes: places.into_keys().collect(),
            answers: Vec::new(),
            lists: Vec::new(),
        }
    }

    /// The same with a column for what was said, one for what each of these columns answers, and
    /// one for the lists of every other.
    #[must_use]
    pub fn with_answers(mut self, asked: impl Iterator<Item = (usize, Vec<Question>)>) -> Self {
        let rest = self.columns.pop();
        let asked: BTreeMap<usize, Vec<Question>> = asked.collect();
        let context: Vec<(usize, Column)> =
            self.columns.iter().cloned().enumerate().skip(HEAD.len()).collect();
        let made = |name: String, kind| Column { name, path: Vec::new(), kind };
        self.columns.push(made(SAID.to_owned(), Kind::Json));
        for (of, Column { name, kind, .. }) in context {
            let column = self.columns.len();
            if let Some(questions) = asked.get(&of).cloned() {
                self.answers.push(Answers { column, of, questions });
                self.columns.push(made(format!("{ANSWERS}{name}"), Kind::Int));
            } else if kind == Kind::Texts {
                self.lists.push(Lists { column, of });
                self.columns.push(made(format!("{LISTS}{name}"), Kind::Json));
            }
        }
        self.columns.extend(rest);
        self
    }

    /// The number of the column with this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The number of the column that holds what stands behind no column.
    #[must_use]
    pub const fn rest(&self) -> usize {
        self.columns.len().saturating_sub(1)
    }

    /// The place in `state` of the node of the context with these keys.
    #[must_use]
    pub fn node(&self, path: &[String]) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.as_slice().cmp(path)).ok()
    }

    /// Whether it begins with the columns that this build knows, and ends with `rest`.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let head = self.columns.iter().zip(HEAD);
        let same = |(own, (name, path, kind)): (&Column, &(&str, &[&str], Kind))| {
            own.name == *name && own.path == owned(path) && own.kind == *kind
        };
        let ends = self.columns.last().is_some_and(|last| last.kind == Kind::Bytes);
        let is = |at: usize, kind| self.columns.get(at).is_some_and(|column| column.kind == kind);
        let more = self.answers.iter().all(|own| is(own.column, Kind::Int))
            && self.lists.iter().all(|own| is(own.column, Kind::Json) && is(own.of, Kind::Texts));
        self.columns.len() > HEAD.len() && head.into_iter().all(same) && ends && more
    }

    /// The trie of all paths.
    #[must_use]
    pub fn trie(&self) -> Vec<TrieNode> {
        let mut trie = vec![TrieNode::default()];
        for (at, column) in self.columns.iter().enumerate().filter(|(_, it)| !it.path.is_empty()) {
            let node = enter(&mut trie, column.path.iter());
            if let Some(node) = trie.get_mut(node) {
                node.column = Some(at);
            }
        }
        let context = CONTEXT.to_owned();
        for (at, path) in self.nodes.iter().enumerate() {
            let node = enter(&mut trie, [&context].into_iter().chain(path));
            if let Some(node) = trie.get_mut(node) {
                node.state = Some(at);
            }
        }
        trie
    }
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|key| (*key).to_owned()).collect()
}

/// Keys as a JSON Pointer.
#[must_use]
pub fn pointer(path: &[String]) -> String {
    let mut text = String::new();
    for key in path {
        push(&mut text, key);
    }
    text
}

/// The node that keys lead to, made where it is not there.
fn enter<'k>(trie: &mut Vec<TrieNode>, keys: impl Iterator<Item = &'k String>) -> usize {
    let mut at = 0;
    for key in keys {
        let next = trie.len();
        let Some(node) = trie.get_mut(at) else { return at };
        if let Some((_, child)) = node.children.iter().find(|(known, _)| known == key) {
            at = *child;
        } else {
            node.children.push((key.clone(), next));
            trie.push(TrieNode::default());
            at = next;
        }
    }
    at
}

/// The places of the context that a program reads, each with the kind of its column; places that
/// are looked through only have none.
fn read_by(module: &Module) -> Vec<(Vec<String>, Option<Kind>)> {
    let mut paths: Vec<Option<Vec<String>>> = vec![None; module.paths.len()];
    if let Some(root) = paths.first_mut() {
        *root = Some(Vec::new());
    }
    let mut places = Vec::new();
    for (at, node) in module.paths.iter().enumerate() {
        let Some(path) = paths.get_mut(at).and_then(Option::take) else { continue };
        let first = usize::from(node.first_child);
        // What lies in a list is in the column of the list.
        let below = if node.mode == NodeMode::Rows { 0 } else { usize::from(node.children) };
        for child in first..first + below {
            let key = module.paths.get(child).and_then(|row| module.strings.get(row.key as usize));
            let child = paths.get_mut(child);
            if let (Some(key), Some(child)) = (key, child) {
                let mut path = path.clone();
                path.push(key.to_owned());
                *child = Some(path);
            }
        }
        let kind = match node.mode {
            NodeMode::Object(_) => None,
            NodeMode::Rows => Some(Kind::Json),
            NodeMode::Whole => Some(kind_of_node(module, at, node.ty)),
        };
        if !path.is_empty() {
            places.push((path, kind));
        }
    }
    places
}

/// The kind of the column of a node of this type.
fn kind_of_node(module: &Module, node: usize, ty: u16) -> Kind {
    if !matches!(module.types.get(usize::from(ty)), Some(TypeRow::Dyn)) {
        return kind_of_type(module, ty);
    }
    // Of any type: what rules ask of it may agree on one.
    let is_own = |slot: &SlotRow| matches!(slot, SlotRow::Value(at) if usize::from(*at) == node);
    let slot = module.slots.iter().position(is_own);
    let own = |row: &&Requirement| Some(usize::from(row.slot)) == slot;
    let mut kinds =
        module.requirements.iter().filter(own).flat_map(|row| required_kinds(module, *row));
    let Some(first) = kinds.next() else { return Kind::Json };
    if kinds.all(|kind| kind == first) { first } else { Kind::Json }
}

/// The kinds of what a requirement asks of a slot.
fn required_kinds(module: &Module, row: Requirement) -> Vec<Kind> {
    let keyed = module.keyed.get(usize::from(row.keyed));
    let cases = keyed.iter().flat_map(|keyed| keyed.cases.iter().map(|(_, ty)| *ty));
    let types = cases.chain((row.ty != NONE).then_some(row.ty));
    types.map(|ty| kind_of_type(module, ty)).collect()
}

fn kind_of_type(module: &Module, ty: u16) -> Kind {
    let Some(row) = module.types.get(usize::from(ty)) else { return Kind::Json };
    match row {
        TypeRow::Bool => Kind::Bool,
        TypeRow::Int | TypeRow::Uint => Kind::Int,
        TypeRow::Double => Kind::Double,
        TypeRow::String | TypeRow::Bytes | TypeRow::Timestamp | TypeRow::Duration => Kind::Text,
        // The part of a type stands before it.
        TypeRow::Nullable(inner) if *inner < ty => kind_of_type(module, *inner),
        TypeRow::List(inner, _) => match module.types.get(usize::from(*inner)) {
            Some(TypeRow::String) => Kind::Texts,
            _ => Kind::Json,
        },
        TypeRow::Dyn
        | TypeRow::Null
        | TypeRow::Type
        | TypeRow::Nullable(_)
        | TypeRow::Map(..)
        | TypeRow::Optional(_)
        | TypeRow::Record { .. }
        | TypeRow::Message(_)
        | TypeRow::Enum(_) => Kind::Json,
    }
}
