//! JSON of events: members of an object, and all values of a tree with the ways to them.
//!
//! In:      text.
//! Out:     members as they are written; leaves with their JSON Pointers. The grammar is checked
//!          everywhere.
//! Imports: `base`, `lang`, `runtime::vm`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

use crate::base::limits::{CONTEXT_DEPTH_MAX, SESSION_POINTER_BYTES_MAX};
use crate::base::pointer;
use crate::lang::value::scan;
use crate::runtime::vm::request::error::InputKind;
use crate::runtime::vm::request::reader::{Read, Reader, Text};

/// Keys of an object up to which each is compared with all before it.
const FEW: usize = 16;

/// Members that most objects have at most: their memory is got at once.
const MEMBERS: usize = 8;
/// The same of the bytes of pointers.
const POINTER_BYTES: usize = 64;

/// A value without parts, or an empty container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leaf<'a> {
    /// A string, escapes resolved.
    Text(Cow<'a, str>),
    /// A number as it is spelled.
    Number(&'a str),
    /// `true` or `false`.
    Bool(&'static str),
    /// `null`, `[]` or `{}`.
    Nothing(&'static str),
}

/// What a walk through a tree meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TreeItem<'a> {
    /// The key of a member, whose pointer this is.
    Key(Cow<'a, str>),
    /// A value.
    Leaf(Leaf<'a>),
}

/// The value that stands at the reader of `text`, which goes past it.
fn value<'a>(reader: &mut Reader<'a>, text: &'a str) -> Read<&'a str> {
    reader.peek();
    let start = reader.at as usize;
    reader.skip(1)?;
    text.get(start..reader.at as usize).ok_or(InputKind::NotUtf8)
}

/// The members of the object that `text` is, in order; a key that is given twice is refused.
pub(super) fn members(text: &str) -> Read<Vec<(Cow<'_, str>, &str)>> {
    let mut reader = Reader::new(text.as_bytes());
    if reader.peek() != b'{' {
        let marked = text.starts_with('\u{feff}');
        return Err(if marked { InputKind::ByteOrderMark } else { InputKind::NotAnObject });
    }
    reader.at += 1;
    let mut found: Vec<(Cow<'_, str>, &str)> = Vec::new();
    let mut known: Option<HashSet<Cow<'_, str>>> = None;
    let mut seen = 0_u64;
    while reader.more(found.is_empty(), b'}')? {
        let key = reader.key()?;
        let key = resolved(text, &reader, key)?;
        // Few keys are compared; of many a set is kept.
        let is_new = if found.len() < FEW {
            // Most differ in what is looked at first.
            let bit = 1 << (kind_of(&key) % u64::BITS);
            let may_be_known = seen & bit != 0;
            seen |= bit;
            !(may_be_known && found.iter().any(|(other, _)| *other == key))
        } else {
            let all = || found.iter().map(|(key, _)| key.clone()).collect();
            known.get_or_insert_with(all).insert(key.clone())
        };
        if !is_new {
            return Err(InputKind::DuplicateKey);
        }
        let value = value(&mut reader, text)?;
        if found.is_empty() {
            found.reserve(MEMBERS);
        }
        found.push((key, value));
    }
    reader.peek();
    if reader.is_at_end() { Ok(found) } else { Err(InputKind::Trailing) }
}

/// A number that is the same for equal keys.
fn kind_of(key: &str) -> u32 {
    let byte = |byte: Option<&u8>| u32::from(byte.copied().unwrap_or(0));
    let bytes = key.as_bytes();
    byte(bytes.first()) ^ byte(bytes.last()) << 2 ^ byte(bytes.get(bytes.len() / 2)) << 3
}

/// Whether a key is given twice.
pub(super) fn has_twins(keys: &[Cow<'_, str>]) -> bool {
    if keys.len() > FEW {
        let mut known = HashSet::new();
        return !keys.iter().all(|key| known.insert(key));
    }
    let mut others = keys;
    while let Some((key, rest)) = others.split_first() {
        if rest.contains(key) {
            return true;
        }
        others = rest;
    }
    false
}

/// The items of the list that `text` is, in order.
pub(super) fn items(text: &str) -> Read<Vec<&str>> {
    let mut reader = Reader::new(text.as_bytes());
    if reader.peek() != b'[' {
        return Err(InputKind::Syntax);
    }
    reader.at += 1;
    let mut found = Vec::new();
    while reader.more(found.is_empty(), b']')? {
        found.push(value(&mut reader, text)?);
    }
    reader.peek();
    if reader.is_at_end() { Ok(found) } else { Err(InputKind::Trailing) }
}

/// Values with their keys.
type Children<'t> = Vec<(Cow<'t, str>, &'t str)>;

/// The members of an object, or the items of a list by their numbers; `None` of any other value.
pub(super) fn children(text: &str) -> Read<Option<Children<'_>>> {
    Ok(match text.trim_start().as_bytes().first() {
        Some(b'{') => Some(members(text)?),
        Some(b'[') => {
            let items = items(text)?.into_iter().enumerate();
            Some(items.map(|(at, item)| (Cow::Owned(at.to_string()), item)).collect())
        }
        _ => None,
    })
}

/// The key of a child.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key<'k> {
    Name(&'k str),
    Number(usize),
}

impl Key<'_> {
    /// Whether it is the one that is wanted.
    pub(super) fn is(self, wanted: &str) -> bool {
        match self {
            Self::Name(name) => name == wanted,
            Self::Number(at) => wanted.parse() == Ok(at) && wanted == at.to_string(),
        }
    }

    /// Appends it to a pointer.
    pub(super) fn push(self, place: &mut String) {
        match self {
            Self::Name(name) => pointer::push(place, name),
            // Writing to a string cannot fail.
            Self::Number(at) => drop(write!(place, "/{at}")),
        }
    }
}

/// Shows all children of a value one after the other, in the same order as `children`, until `show`
/// says that this is enough; of what is no container none. `keys` is memory.
pub(super) fn each_child<'t>(
    text: &'t str,
    keys: &mut Vec<Cow<'t, str>>,
    mut show: impl FnMut(Key<'_>, &'t str) -> bool,
) -> Read<()> {
    let mut reader = Reader::new(text.as_bytes());
    let object = match reader.peek() {
        b'{' => true,
        b'[' => false,
        _ => return Ok(()),
    };
    reader.at += 1;
    keys.clear();
    let mut count = 0;
    while reader.more(count == 0, if object { b'}' } else { b']' })? {
        let goes_on = if object {
            let key = reader.key()?;
            let key = resolved(text, &reader, key)?;
            let value = value(&mut reader, text)?;
            let goes_on = show(Key::Name(&key), value);
            keys.push(key);
            goes_on
        } else {
            show(Key::Number(count), value(&mut reader, text)?)
        };
        if !goes_on {
            return Ok(());
        }
        count += 1;
    }
    reader.peek();
    if !reader.is_at_end() {
        return Err(InputKind::Trailing);
    }
    if has_twins(keys) { Err(InputKind::DuplicateKey) } else { Ok(()) }
}

/// The parts of a tree that a path leads to, with their pointers; `None` in it is any key.
pub(super) fn elements<'t>(text: &'t str, path: &[Option<&str>]) -> Read<Vec<(String, &'t str)>> {
    let mut left = SESSION_POINTER_BYTES_MAX;
    let mut found = vec![(String::new(), text)];
    for step in path {
        let mut below = Vec::new();
        for (place, text) in found {
            let Some(children) = children(text)? else { continue };
            let meant = |key: &str| step.is_none_or(|wanted| wanted == key);
            for (key, child) in children.into_iter().filter(|(key, _)| meant(key)) {
                let mut own = place.clone();
                pointer::push(&mut own, &key);
                left = left.checked_sub(own.len()).ok_or(InputKind::TooManyValues)?;
                below.push((own, child));
            }
        }
        found = below;
    }
    Ok(found)
}

/// The string that `text` is; `None` if it is none.
pub(super) fn string(text: &str) -> Option<Cow<'_, str>> {
    let mut reader = Reader::new(text.as_bytes());
    let found = reader.string().ok()?;
    resolved(text, &reader, found).ok()
}

/// The whole number that `text` is, if it is one.
pub(super) fn count(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// A string of `text` with its escapes resolved.
#[inline]
fn resolved<'a>(text: &'a str, reader: &Reader<'a>, found: Text) -> Read<Cow<'a, str>> {
    let spelled = reader.slice(found);
    if !found.is_escaped() {
        let start = found.start as usize;
        let plain = text.get(start..start + spelled.len());
        return plain.map(Cow::Borrowed).ok_or(InputKind::NotUtf8);
    }
    unescaped(spelled)
}

/// A string with its escapes resolved.
#[inline(never)]
fn unescaped<'a>(spelled: &'a [u8]) -> Read<Cow<'a, str>> {
    let utf8 = |bytes: &'a [u8]| std::str::from_utf8(bytes).map_err(|_| InputKind::NotUtf8);
    let mut inner = Reader::new(spelled);
    let mut text = String::with_capacity(spelled.len());
    while !inner.is_at_end() {
        let end = scan::text_end(spelled, inner.at);
        let plain = spelled.get(inner.at as usize..end as usize).unwrap_or_default();
        text.push_str(utf8(plain)?);
        inner.at = end;
        if !inner.is_at_end() {
            text.push(inner.escape()?);
        }
    }
    Ok(Cow::Owned(text))
}

/// An open container.
struct Open {
    object: bool,
    /// Members or items so far.
    count: usize,
    /// Length of the pointer to the container.
    pointer: usize,
}

/// Walks through the tree that `text` is, and shows what it meets with its pointer. All pointers
/// together are bounded, for a long key stands in those of all that lies below it.
///
/// # Errors
/// What is wrong with it.
pub(super) fn walk<'a>(text: &'a str, mut show: impl FnMut(&str, TreeItem<'a>)) -> Read<()> {
    let mut reader = Reader::new(text.as_bytes());
    let mut left = SESSION_POINTER_BYTES_MAX;
    let mut see = |place: &str, met: TreeItem<'a>| {
        left = left.checked_sub(place.len()).ok_or(InputKind::TooManyValues)?;
        show(place, met);
        Ok(())
    };
    let mut place = String::new();
    // The innermost container that is open, and those around it.
    let (mut inner, mut around): (Option<Open>, Vec<Open>) = (None, Vec::new());
    loop {
        reader.count()?;
        let byte = reader.peek();
        if matches!(byte, b'{' | b'[') {
            let opened = Open { object: byte == b'{', count: 0, pointer: place.len() };
            match inner.replace(opened) {
                Some(_) if around.len() + 1 >= CONTEXT_DEPTH_MAX => {
                    return Err(InputKind::TooDeep);
                }
                Some(outer) => around.push(outer),
                None => place.reserve(POINTER_BYTES),
            }
            reader.at += 1;
        } else {
            let leaf = leaf(text, &mut reader)?;
            see(&place, TreeItem::Leaf(leaf))?;
        }
        // To the next value, out of all containers that end here.
        loop {
            let Some(top) = &mut inner else {
                reader.peek();
                return if reader.is_at_end() { Ok(()) } else { Err(InputKind::Trailing) };
            };
            place.truncate(top.pointer);
            if reader.more(top.count == 0, if top.object { b'}' } else { b']' })? {
                if top.object {
                    let key = reader.key()?;
                    let key = resolved(text, &reader, key)?;
                    pointer::push(&mut place, &key);
                    see(&place, TreeItem::Key(key))?;
                } else {
                    // Writing to a string cannot fail.
                    let _ = write!(place, "/{}", top.count);
                }
                top.count += 1;
                break;
            }
            if top.count == 0 {
                see(&place, TreeItem::Leaf(Leaf::Nothing(if top.object { "{}" } else { "[]" })))?;
            }
            inner = around.pop();
        }
    }
}

fn leaf<'a>(text: &'a str, reader: &mut Reader<'a>) -> Read<Leaf<'a>> {
    Ok(match reader.byte() {
        b'"' => {
            let found = reader.string()?;
            Leaf::Text(resolved(text, reader, found)?)
        }
        b't' => {
            reader.word(b"true")?;
            Leaf::Bool("true")
        }
        b'f' => {
            reader.word(b"false")?;
            Leaf::Bool("false")
        }
        b'n' => {
            reader.word(b"null")?;
            Leaf::Nothing("null")
        }
        b'-' | b'0'..=b'9' => {
            let start = reader.at as usize;
            reader.number()?;
            Leaf::Number(text.get(start..reader.at as usize).unwrap_or_default())
        }
        _ => return Err(reader.unexpected()),
    })
}

#[cfg(test)]
mod tests {
    use super::{FEW, Leaf, TreeItem, members, walk};
    use crate::runtime::vm::request::error::InputKind;

    fn leaves(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        walk(text, |pointer, met| {
            found.push(match met {
                TreeItem::Key(key) => format!("{pointer} key {key}"),
                TreeItem::Leaf(Leaf::Text(text)) => format!("{pointer} = {text}"),
                TreeItem::Leaf(Leaf::Number(text)) => format!("{pointer} # {text}"),
                TreeItem::Leaf(Leaf::Bool(word) | Leaf::Nothing(word)) => {
                    format!("{pointer} {word}")
                }
            });
        })
        .expect("JSON");
        found
    }

    #[test]
    fn every_value_is_met_with_its_pointer() {
        let text = r#"{"a": [1.50, "x\ny", {}], "b/c": {"~": true, "": null}, "e": []}"#;
        let wanted = [
            "/a key a",
            "/a/0 # 1.50",
            "/a/1 = x\ny",
            "/a/2 {}",
            "/b~1c key b/c",
            "/b~1c/~0 key ~",
            "/b~1c/~0 true",
            "/b~1c/ key ",
            "/b~1c/ null",
            "/e key e",
            "/e []",
        ];
        assert_eq!(leaves(text), wanted);
        assert_eq!(leaves(" \"a\" "), [" = a"]);
    }

    #[test]
    fn long_ways_are_bounded() {
        let text = format!("{{\"{}\": [{}1]}}", "k".repeat(1 << 20), "1,".repeat(1_000));
        assert_eq!(walk(&text, |_, _| {}), Err(InputKind::TooManyValues));
        let many: Vec<String> = (0..90_000).map(|at| format!("\"k{at}\":1")).collect();
        let found = members(&format!("{{{}}}", many.join(","))).map(|found| found.len());
        assert_eq!(found, Ok(90_000));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "[1,]", "{\"a\" 1}", "nul", "1 2", "\"\\x\"", "\"a", "[01]", "\u{1}"]
        {
            assert!(walk(text, |_, _| {}).is_err(), "{text}");
        }
        assert!(members(r#"{"a": 1, "\u0061": 2}"#).is_err());
        let found = members(r#"{"a": {"b": [1]}, "c": "d"}"#).expect("an object");
        assert_eq!(found[0].1, r#"{"b": [1]}"#);
    }

    #[test]
    fn a_key_that_is_given_twice_is_found_among_few_and_many() {
        for count in [1, FEW - 1, FEW, FEW + 1, 3 * FEW] {
            let keys: Vec<String> = (0..count).map(|at| format!("\"k{at}\":{at}")).collect();
            let whole = format!("{{{}}}", keys.join(","));
            assert_eq!(members(&whole).map(|it| it.len()), Ok(count));
            for again in [0, count / 2, count - 1] {
                let twice = format!("{{{},\"\\u006b{again}\":0}}", keys.join(","));
                assert_eq!(members(&twice).map(|it| it.len()), Err(InputKind::DuplicateKey));
            }
        }
    }
}
