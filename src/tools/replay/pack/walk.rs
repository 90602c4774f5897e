//! Where in a line the values of columns stand.
//!
//! In:      a line that `Record::read` took, and the trie of a layout.
//! Out:     the places of values, and the states of nodes of the context; whether a context is one
//!          that every reader reads alike.
//! Imports: its own room alone.
//!
//! Only objects on the way to a column are gone into, so open ones are as many as a path is long.
//! Values are passed by their brackets and quotes, as `Record::read` does.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::tools::replay::pack::layout::TrieNode;

/// The state of a node that is not there.
pub const ABSENT: u8 = b'-';
/// .. that is an object, and no column.
pub const OBJECT: u8 = b'{';
/// .. whose value its column holds.
pub const HELD: u8 = b'+';
/// .. whose column of doubles holds what is spelled as an int.
pub const HELD_INT: u8 = b'i';
/// .. that is null.
pub const NULL: u8 = b'n';
/// .. whose value is withheld.
pub const WITHHELD: u8 = b'x';
/// .. whose value stands in `rest` alone.
pub const OTHER: u8 = b'o';

/// What was found in a line.
#[derive(Clone, Debug, Default)]
pub struct ShreddedLine {
    /// Columns and the bytes of their values, in order.
    pub spans: Vec<(usize, std::ops::Range<usize>)>,
    /// A letter for each node.
    pub states: Vec<u8>,
    /// Whether a key on the way was given twice.
    pub twice: bool,
    open: Vec<usize>,
}

impl ShreddedLine {
    /// Looks for the values of a line. `None` if it is no object.
    pub fn walk(&mut self, line: &[u8], trie: &[TrieNode], nodes: usize) -> Option<()> {
        self.spans.clear();
        self.states.clear();
        self.states.resize(nodes, ABSENT);
        self.twice = false;
        self.open.clear();
        let mut at = behind_space(line, 0);
        if line.get(at) != Some(&b'{') {
            return None;
        }
        self.open.push(0);
        at += 1;
        while let Some(own) = self.open.last().and_then(|own| trie.get(*own)) {
            at = behind_space(line, at);
            match line.get(at)? {
                b'}' => {
                    at += 1;
                    self.open.pop();
                }
                b',' => at += 1,
                b'"' => {
                    let end = behind_text(line, at)?;
                    let key = line.get(at..end)?;
                    at = behind_space(line, end);
                    if line.get(at) != Some(&b':') {
                        return None;
                    }
                    at = self.value(line, behind_space(line, at + 1), (own, key), trie)?;
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// Takes the value at `at`; gives the place behind it, or behind the bracket of an object that
    /// is gone into.
    fn value(
        &mut self,
        line: &[u8],
        at: usize,
        (own, key): (&TrieNode, &[u8]),
        trie: &[TrieNode],
    ) -> Option<usize> {
        let Some(child) = child(own, key) else { return behind_value(line, at) };
        let node = trie.get(child)?;
        let state = match line.get(at)? {
            b'{' if is_marked(line, at) => WITHHELD,
            b'{' => OBJECT,
            b'n' => NULL,
            _ => OTHER,
        };
        if let Some(known) = node.state.and_then(|at| self.states.get_mut(at)) {
            if *known != ABSENT {
                self.twice = true;
                return behind_value(line, at);
            }
            // What a column may hold its reader says.
            *known = if node.column.is_some() && state == OBJECT { OTHER } else { state };
        }
        let end = behind_value(line, at)?;
        if let Some(column) = node.column {
            if self.spans.iter().any(|(known, _)| *known == column) {
                self.twice = true;
                return Some(end);
            }
            if state != NULL && state != WITHHELD {
                self.spans.push((column, at..end));
            }
        }
        if state == OBJECT && !node.children.is_empty() {
            self.open.push(child);
            return Some(at + 1);
        }
        Some(end)
    }
}

/// The node below `own` with this key, which stands between its quotes.
fn child(own: &TrieNode, key: &[u8]) -> Option<usize> {
    let inside = key.get(1..key.len().saturating_sub(1))?;
    let mut known = own.children.iter();
    if inside.contains(&b'\\') {
        let key: Cow<'_, str> = serde_json::from_slice(key).ok()?;
        return known.find(|(known, _)| *known == key).map(|(_, node)| *node);
    }
    known.find(|(known, _)| known.as_bytes() == inside).map(|(_, node)| *node)
}

/// Whether the object at `at` begins with a key that begins with `$`, but not with two.
fn is_marked(line: &[u8], at: usize) -> bool {
    let quote = behind_space(line, at + 1);
    let start = line.get(quote..quote + 3).unwrap_or_default();
    matches!(start, [b'"', b'$', next] if *next != b'$')
}

fn behind_space(line: &[u8], at: usize) -> usize {
    let rest = line.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// The place behind the string whose quote stands at `at`.
fn behind_text(line: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        let rest = line.get(at..)?;
        at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        match line.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// The place behind the value at `at`, by its brackets and quotes.
fn behind_value(line: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match line.get(at)? {
            b'"' => at = behind_text(line, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            _ => {
                let rest = line.get(at..)?;
                let word = |byte: &&u8| !matches!(byte, b'"' | b'{' | b'[' | b'}' | b']' | b',');
                let inner = |byte: &&u8| word(byte) || depth > 0 && **byte == b',';
                let count = rest.iter().take_while(inner).count();
                if depth == 0 {
                    let word = rest.get(..count)?.trim_ascii_end();
                    return (!word.is_empty()).then_some(at + word.len());
                }
                at += count;
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Most bytes, levels, values and keys of an object of a context that is called regular: each far
/// below what a program refuses.
const BYTES_MAX: usize = 256 << 10;
const DEPTH_MAX: usize = 24;
const VALUES_MAX: usize = 20_000;
const KEYS_MAX: usize = 64;

/// Whether a context is JSON that every program reads alike: an object, within all limits, without
/// a key that is given twice or begins with `$`.
#[must_use]
pub fn is_regular(context: &[u8]) -> bool {
    if context.len() > BYTES_MAX || context.first() != Some(&b'{') {
        return false;
    }
    let mut left = ContextBudget { depth: DEPTH_MAX, values: VALUES_MAX };
    let mut reader = serde_json::Deserializer::from_slice(context);
    let read = serde::de::DeserializeSeed::deserialize(&mut left, &mut reader);
    read.is_ok() && reader.end().is_ok()
}

/// How much more a context may hold.
struct ContextBudget {
    depth: usize,
    values: usize,
}

impl<'de> serde::de::DeserializeSeed<'de> for &mut ContextBudget {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        self.values = self.values.checked_sub(1).ok_or_else(too_much)?;
        from.deserialize_any(self)
    }
}

fn too_much<E: serde::de::Error>() -> E {
    E::custom("it is not regular")
}

impl<'de> Visitor<'de> for &mut ContextBudget {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.depth = self.depth.checked_sub(1).ok_or_else(too_much)?;
        while list.next_element_seed(&mut *self)?.is_some() {}
        self.depth += 1;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        self.depth = self.depth.checked_sub(1).ok_or_else(too_much)?;
        let mut keys: Vec<Key<'de>> = Vec::new();
        while let Some(key) = object.next_key::<Key<'de>>()? {
            if key.0.starts_with('$') || keys.contains(&key) || keys.len() >= KEYS_MAX {
                return Err(too_much());
            }
            keys.push(key);
            object.next_value_seed(&mut *self)?;
        }
        self.depth += 1;
        Ok(())
    }
}

/// A key, borrowed where it is spelled without escapes.
#[derive(PartialEq, Eq)]
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Text)
    }
}
