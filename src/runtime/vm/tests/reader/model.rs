//! What becomes of a document, by `serde_json` and by the types of the program.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::lang::value::heap::View;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{NodeMode, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::program::paths::Node;
use crate::runtime::vm::request::whole::row;

/// JSON as `serde_json` reads it, keys that are given twice among its members.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// What must become of a document.
pub(super) enum Expectation {
    /// It is no text from this byte on.
    NotText(usize),
    /// `serde_json` refuses it.
    Refused(String),
    /// Nothing is wrong but a number that doubles cannot hold, which may be skipped, and behind it
    /// perhaps half of a surrogate pair.
    Beyond { surrogates: bool },
    /// It breaks what the program takes.
    Breaks(&'static str),
    /// Doubles do not tell: a number was rounded that is wanted as a whole one.
    Open,
    /// It is read.
    Fits(Tree),
}

pub(super) fn judge(program: &Program, bytes: &[u8]) -> Expectation {
    if let Err(error) = std::str::from_utf8(bytes) {
        return Expectation::NotText(error.valid_up_to());
    }
    let tree = match serde_json::from_slice::<Tree>(bytes) {
        Ok(tree) => tree,
        Err(error) if error.to_string().starts_with("number out of range") => {
            // Behind the number nothing is known but the grammar, without its surrogates.
            let surrogates = bytes.windows(3).any(|it| it.eq_ignore_ascii_case(b"\\ud"));
            return match serde_json::from_slice::<IgnoredAny>(bytes) {
                Ok(IgnoredAny) => Expectation::Beyond { surrogates },
                Err(error) => Expectation::Refused(error.to_string()),
            };
        }
        Err(error) => return Expectation::Refused(error.to_string()),
    };
    let Some(root) = program.paths.get(0) else { return Expectation::Breaks("no root") };
    match admitted(program, root, &tree) {
        Verdict::Fits => Expectation::Fits(tree),
        Verdict::Open => Expectation::Open,
        Verdict::Breaks(why) => Expectation::Breaks(why),
    }
}

/// How a part fits; of several parts the worst counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Fits,
    Open,
    Breaks(&'static str),
}

fn check(fits: bool, why: &'static str) -> Verdict {
    if fits { Verdict::Fits } else { Verdict::Breaks(why) }
}

fn all(parts: impl Iterator<Item = Verdict>) -> Verdict {
    parts.max().unwrap_or(Verdict::Fits)
}

fn twice(members: &[(String, Tree)]) -> Verdict {
    let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    check(!keys.windows(2).any(|pair| pair[0] == pair[1]), "a key twice")
}

fn key<'p>(program: &'p Program, node: &Node) -> &'p str {
    let start = node.key.off() as usize;
    std::str::from_utf8(&program.text[start..start + node.key.len() as usize]).unwrap()
}

fn member<'t>(members: &'t [(String, Tree)], key: &str) -> Option<&'t Tree> {
    members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// Whether a value fits a node of the path trie.
fn admitted(program: &Program, node: &Node, tree: &Tree) -> Verdict {
    let children = |members: &[(String, Tree)]| {
        let parts = program.paths.children(node).iter().map(|child| {
            match member(members, key(program, child)) {
                Some(value) => admitted(program, child, value),
                None => check(!child.required, "a field is missing"),
            }
        });
        all(parts).max(twice(members))
    };
    match (node.mode, tree) {
        (NodeMode::Object(_), Tree::Object(members)) if node.children > 0 => children(members),
        (NodeMode::Object(strict), tree) => {
            check(!strict || matches!(tree, Tree::Object(_)), "no object")
        }
        (NodeMode::Rows, Tree::List(items)) => {
            let rows = items.iter().map(|item| {
                let Tree::Object(members) = item else { return Verdict::Breaks("no row") };
                children(members)
            });
            all(rows).max(check(items.len() <= 3, "too long"))
        }
        (NodeMode::Rows, _) => Verdict::Breaks("no list of rows"),
        (NodeMode::Whole, tree) => typed(program, row(&program.module, node.ty), tree),
    }
}

fn typed(program: &Program, ty: &TypeRow, tree: &Tree) -> Verdict {
    let row_of = |ty: u16| row(&program.module, ty);
    match (ty, tree) {
        (TypeRow::Uint, Tree::Int(value)) => check(*value >= 0, "below zero"),
        (TypeRow::Int, Tree::Uint(value)) => check(i64::try_from(*value).is_ok(), "above"),
        // What it was before it was rounded is not known.
        (TypeRow::Int | TypeRow::Uint, Tree::Double(_)) => Verdict::Open,
        (TypeRow::Dyn, Tree::Double(value)) => {
            // An integer beyond 64 bits looks like this, and is refused.
            if value.abs() < 9e18 { Verdict::Fits } else { Verdict::Open }
        }
        (TypeRow::Dyn | TypeRow::List(..), Tree::List(items)) => {
            let list =
                if let TypeRow::List(element, most) = ty { Some((element, most)) } else { None };
            let element = list.map_or(ty, |(element, _)| row_of(*element));
            let most = list.and_then(|(_, most)| *most);
            let fits = most.is_none_or(|most| items.len() <= most as usize);
            all(items.iter().map(|item| typed(program, element, item))).max(check(fits, "too long"))
        }
        (TypeRow::Dyn | TypeRow::Map(..), Tree::Object(members)) => {
            let value = if let TypeRow::Map(_, value) = ty { row_of(*value) } else { ty };
            all(members.iter().map(|(_, item)| typed(program, value, item))).max(twice(members))
        }
        (TypeRow::Dyn, _)
        | (TypeRow::Bool, Tree::Bool(_))
        | (TypeRow::String, Tree::String(_))
        | (TypeRow::Int, Tree::Int(_))
        | (TypeRow::Uint, Tree::Uint(_))
        | (TypeRow::Double, Tree::Int(_) | Tree::Uint(_) | Tree::Double(_)) => Verdict::Fits,
        _ => Verdict::Breaks("another type"),
    }
}

/// The first place where slots differ from a document that fits.
pub(super) fn compare(
    program: &Program,
    view: &View<'_>,
    file: &[Value],
    tree: &Tree,
) -> Option<String> {
    let root = program.paths.get(0)?;
    let Tree::Object(members) = tree else { return Some("no object".to_owned()) };
    slots(program, view, file, root, Some(members))
}

fn slots(
    program: &Program,
    view: &View<'_>,
    file: &[Value],
    node: &Node,
    members: Option<&[(String, Tree)]>,
) -> Option<String> {
    program.paths.children(node).iter().find_map(|child| {
        let name = key(program, child);
        let value = members.and_then(|members| member(members, name));
        let slot = file.get(usize::from(child.slot))?;
        match child.mode {
            NodeMode::Object(_) => {
                let inner =
                    if let Some(Tree::Object(inner)) = value { Some(&inner[..]) } else { None };
                let presence = file[usize::from(child.presence)].as_bool();
                if presence != value.map(|_| inner.is_some()) {
                    return Some(format!("presence of {name}"));
                }
                slots(program, view, file, child, inner)
            }
            NodeMode::Rows => {
                cells(program, view, child, slot, value).map(|at| format!("{name} {at}"))
            }
            NodeMode::Whole => different(view, slot, value).then(|| name.to_owned()),
        }
    })
}

fn cells(
    program: &Program,
    view: &View<'_>,
    node: &Node,
    slot: &Value,
    value: Option<&Tree>,
) -> Option<String> {
    let Some(Tree::List(items)) = value else {
        return (slot.tag() != Tag::Absent).then(|| "is there".to_owned());
    };
    if (slot.tag(), slot.len() as usize) != (Tag::List, items.len()) {
        return Some("is no such list".to_owned());
    }
    let rows = view.elements(slot).chunks(usize::from(node.children));
    for (at, (row, item)) in rows.zip(items).enumerate() {
        let Tree::Object(members) = item else { return Some(format!("{at}")) };
        for (cell, column) in row.iter().zip(program.paths.children(node)) {
            let name = key(program, column);
            let value = member(members, name);
            let wrong = match column.mode {
                NodeMode::Object(_) => {
                    cell.as_bool() != value.map(|value| matches!(value, Tree::Object(_)))
                }
                NodeMode::Rows | NodeMode::Whole => different(view, cell, value),
            };
            if wrong {
                return Some(format!("{at} {name}"));
            }
        }
    }
    None
}

fn different(view: &View<'_>, value: &Value, tree: Option<&Tree>) -> bool {
    tree.map_or(value.tag() != Tag::Absent, |tree| !same(view, value, tree))
}

#[expect(clippy::cast_precision_loss, reason = "a double is the nearest one")]
fn same(view: &View<'_>, value: &Value, tree: &Tree) -> bool {
    // `serde_json` may miss the nearest double by one.
    let near = |a: f64| a.to_bits().abs_diff(value.float().to_bits()) <= 1;
    match (tree, value.tag()) {
        (Tree::Null, Tag::Null) => true,
        (Tree::Bool(wanted), Tag::Bool) => value.as_bool() == Some(*wanted),
        (Tree::Int(wanted), Tag::Int) => value.signed() == *wanted,
        (Tree::Int(wanted), Tag::Uint) => u64::try_from(*wanted) == Ok(value.bits()),
        (Tree::Uint(wanted), Tag::Int) => i64::try_from(*wanted) == Ok(value.signed()),
        (Tree::Uint(wanted), Tag::Uint) => value.bits() == *wanted,
        (Tree::Int(wanted), Tag::Double) => near(*wanted as f64),
        (Tree::Uint(wanted), Tag::Double) => near(*wanted as f64),
        (Tree::Double(wanted), Tag::Double) => near(*wanted),
        // `-0` is an int to us.
        (Tree::Double(wanted), Tag::Int) => *wanted == 0.0 && value.signed() == 0,
        (Tree::String(wanted), Tag::String) => view.bytes(value) == wanted.as_bytes(),
        (Tree::List(items), Tag::List) => {
            let elements = view.elements(value);
            items.len() == elements.len()
                && items.iter().zip(elements).all(|(item, element)| same(view, element, item))
        }
        (Tree::Object(members), Tag::Map) => {
            let (entries, _) = view.elements(value).as_chunks::<2>();
            members.len() == entries.len()
                && entries.iter().all(|[name, value]| {
                    member(members, view.str(name)).is_some_and(|item| same(view, value, item))
                })
        }
        _ => false,
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Maker)
    }
}

struct Maker;

impl<'de> Visitor<'de> for Maker {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(i64::try_from(value).map_or(Tree::Uint(value), Tree::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Double(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Tree::Object(object))
    }
}
