//! Contexts without what is to be withheld: marks stand in the place of values.
//!
//! In:      a context as a record holds it, without white space; rules; what the host keeps secret.
//! Out:     the same with marks, or that it is no JSON.
//! Imports: `base`, `lang`, `runtime::program`, `runtime::vm`.
//! Source:  `docs/redaction.md`.
//!
//! Open containers wait on a stack of their own, each with the rules whose paths lead into it.
//! What no path leads to is copied as it stands. Memory is kept.

use std::ops::Range;

use crate::base::limits::CONTEXT_DEPTH_MAX;
use crate::base::pointer;
use crate::lang::value::{json, scan};
use crate::runtime::program::withheld::{RedactionClass, RedactionRules};
use crate::runtime::record::context::{ContextCopier, Dollar};
use crate::runtime::record::mark::{self, Mark, Plain, RedactedValue};
use crate::runtime::record::seal::{Keeper, Sealed};
use crate::runtime::record::text::{Line, based};
use crate::runtime::vm::request::reader::Reader;

/// That a context is no JSON, or nests too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;

/// Withholds values of contexts; keeps its memory.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    frames: Vec<Frame>,
    /// The rules whose paths lead into the open containers, and of each whether the key at its end
    /// was seen in the last of them.
    active: Vec<(u16, bool)>,
    /// The way to the value at hand, as a JSON Pointer.
    path: String,
    /// A key, escapes resolved.
    key: String,
    /// What was sealed, and the text that it points into.
    sealed: Vec<Row>,
    text: String,
    /// How many values were withheld.
    withheld: usize,
}

/// An object or list that is being written.
#[derive(Clone, Copy, Debug)]
struct Frame {
    object: bool,
    /// Number of the element that comes next.
    next: u32,
    /// Where its rules begin in `active`.
    active: usize,
    /// Length of the path to it.
    path: usize,
}

/// A value that was sealed.
#[derive(Clone, Debug)]
struct Row {
    path: Range<usize>,
    kind: &'static str,
    salt: [u8; 32],
    commitment: [u8; 32],
    value: Range<usize>,
}

type WriteResult<T> = Result<T, NotJson>;

impl Redactor {
    /// Forgets what was sealed.
    pub fn clear(&mut self) {
        self.sealed.clear();
        self.text.clear();
        self.withheld = 0;
    }

    /// How many values were withheld since `clear`.
    #[must_use]
    pub const fn withheld(&self) -> usize {
        self.withheld
    }

    /// Appends `context` to `out`, without what `rules` withhold. What was appended before a
    /// mistake was found stays there.
    ///
    /// # Errors
    /// `NotJson` for what is no context of a record without white space.
    pub fn redact(
        &mut self,
        rules: &RedactionRules,
        context: &[u8],
        mut keeper: Option<&mut (dyn Keeper + '_)>,
        out: &mut Vec<u8>,
    ) -> Result<(), NotJson> {
        self.frames.clear();
        self.active.clear();
        self.path.clear();
        let numbers = (0..).zip(rules.rows());
        self.active.extend(numbers.map(|(number, _)| (number, false)));
        let mut at = self.enter(context, 0, 0, out)?;
        while let Some(frame) = self.frames.last_mut() {
            let close = if frame.object { b'}' } else { b']' };
            match scan::byte(context, at) {
                byte if byte == close => {
                    self.leave(rules, out);
                    out.push(close);
                    at += 1;
                }
                b',' if !matches!(out.last(), Some(b'{' | b'[')) => {
                    out.push(b',');
                    at = self.part(rules, (context, at + 1), keeper.as_deref_mut(), out)?;
                }
                _ if matches!(out.last(), Some(b'{' | b'[')) => {
                    at = self.part(rules, (context, at), keeper.as_deref_mut(), out)?;
                }
                _ => return Err(NotJson),
            }
        }
        if at as usize == context.len() { Ok(()) } else { Err(NotJson) }
    }

    /// The same of a context as it stands in a record, white space and all.
    ///
    /// # Errors
    /// `NotJson` for what is no context of a record.
    pub fn redact_spelled(
        &mut self,
        rules: &RedactionRules,
        context: &[u8],
        keeper: Option<&mut (dyn Keeper + '_)>,
        out: &mut Vec<u8>,
    ) -> Result<(), NotJson> {
        let mut compact = Vec::with_capacity(context.len());
        ContextCopier::new().copy(context, Dollar::Keep, &mut compact).map_err(|_| NotJson)?;
        self.redact(rules, &compact, keeper, out)
    }

    /// What stands for bytes that are no context: how many they are and, with a keeper, a
    /// commitment to them. `memory` is memory.
    pub fn refuse(
        &mut self,
        bytes: &[u8],
        keeper: Option<&mut (dyn Keeper + '_)>,
        memory: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) {
        let mut line = Line(out);
        line.put("{\"n\":");
        line.number(bytes.len() as u64);
        if let Some(keeper) = keeper {
            memory.clear();
            memory.extend_from_slice(b"{\"$b\":\"");
            based(bytes, memory);
            memory.extend_from_slice(b"\"}");
            if let Some(commitment) = self.seal(("", "bytes", memory), keeper) {
                line.put(",\"c\":");
                line.hex("s256", &commitment);
            }
        }
        line.put("}");
    }

    /// Seals a value; `None` without a salt.
    fn seal(
        &mut self,
        (path, kind, value): (&str, &'static str, &[u8]),
        keeper: &mut (dyn Keeper + '_),
    ) -> Option<[u8; 32]> {
        let salt = keeper.salt()?;
        let commitment = super::seal::commitment(path, kind, &salt, value);
        let (start, behind) = (self.text.len(), self.text.len() + path.len());
        self.text.push_str(path);
        // A value is a part of what was read as UTF-8.
        self.text.push_str(std::str::from_utf8(value).ok()?);
        let value = behind..self.text.len();
        self.sealed.push(Row { path: start..behind, kind, salt, commitment, value });
        Some(commitment)
    }

    /// Hands what was sealed since `clear` to its keeper.
    pub fn hand_over(&mut self, keeper: &mut (dyn Keeper + '_)) {
        for row in self.sealed.drain(..) {
            let Row { path, kind, salt, commitment, value } = row;
            let part = |range: Range<usize>| self.text.get(range).unwrap_or_default();
            let (path, value) = (part(path), part(value));
            keeper.keep(&Sealed { path, kind, salt, commitment, value });
        }
    }

    /// Opens a container that stands at `at`, into which the rules from `active` on lead. The
    /// place behind its bracket.
    fn enter(
        &mut self,
        context: &[u8],
        at: u32,
        active: usize,
        out: &mut Vec<u8>,
    ) -> WriteResult<u32> {
        let byte = scan::byte(context, at);
        if !matches!(byte, b'{' | b'[') || self.frames.len() >= CONTEXT_DEPTH_MAX {
            return Err(NotJson);
        }
        out.push(byte);
        let path = self.path.len();
        self.frames.push(Frame { object: byte == b'{', next: 0, active, path });
        Ok(at + 1)
    }

    /// Closes a container. Of what is hidden and was not there is said what is said of all that is
    /// hidden.
    fn leave(&mut self, rules: &RedactionRules, out: &mut Vec<u8>) {
        let Some(frame) = self.frames.pop() else { return };
        let depth = self.frames.len();
        for (number, seen) in self.active.drain(frame.active..) {
            let Some(rule) = rules.rows().get(usize::from(number)) else { continue };
            let hidden = matches!(rule.class(), RedactionClass::Hide) && rule.len() == depth + 1;
            let Some(key) = rule.last().filter(|_| hidden && frame.object && !seen) else {
                continue;
            };
            if out.last() != Some(&b'{') {
                out.push(b',');
            }
            let mark = if key.starts_with('$') { "$" } else { "" };
            // Writing to bytes does not fail.
            let _ = json::write_string(&mut Line(out), mark, key);
            out.extend_from_slice(b":{\"$x\":\"hide\"}");
            self.withheld += 1;
        }
        // What led to it was left in front of its own rules.
        self.path.truncate(self.frames.last().map_or(0, |frame| frame.path));
    }

    /// Writes a member or an element; the place behind it, or inside of it.
    fn part(
        &mut self,
        rules: &RedactionRules,
        (context, mut at): (&[u8], u32),
        keeper: Option<&mut (dyn Keeper + '_)>,
        out: &mut Vec<u8>,
    ) -> WriteResult<u32> {
        let Some(frame) = self.frames.last_mut() else { return Err(NotJson) };
        let (object, number) = (frame.object, frame.next);
        frame.next += 1;
        let (range, depth) = (frame.active..self.active.len(), self.frames.len() - 1);
        self.path.truncate(self.frames.last().map_or(0, |frame| frame.path));
        if object {
            let end = self.key(context, at)?;
            out.extend_from_slice(slice(context, at, end));
            at = end;
        }
        let key = object.then_some(self.key.as_str());
        let inside = self.active.len();
        let mut found = None;
        for place in range {
            let Some((number, seen)) = self.active.get_mut(place) else { continue };
            let Some(rule) = rules.rows().get(usize::from(*number)) else { continue };
            if !rule.leads_to(depth, key) {
                continue;
            }
            let number = *number;
            if rule.len() == depth + 1 {
                *seen = true;
                found = found.or(Some(rule));
            }
            self.active.push((number, false));
        }
        // The way to a value counts where a rule asks for it.
        if self.active.len() > inside && object {
            pointer::push(&mut self.path, &self.key);
        } else if self.active.len() > inside {
            mark::point_at(number, &mut self.path);
        }
        let mark = Mark::at(context, at);
        let found = found.filter(|_| mark != Some(Mark::Withheld));
        let leads_on = found.is_none() && mark.is_none() && self.active.len() > inside;
        if leads_on && matches!(scan::byte(context, at), b'{' | b'[') {
            return self.enter(context, at, inside, out);
        }
        self.active.truncate(inside);
        let end = end_of(context, at)?;
        match found {
            Some(rule) => {
                self.withhold(rule.class(), (slice(context, at, end), mark), keeper, out);
            }
            None => out.extend_from_slice(slice(context, at, end)),
        }
        Ok(end)
    }

    /// Reads a key, which goes to `self.key` as it is meant; the place behind its colon.
    fn key(&mut self, context: &[u8], at: u32) -> WriteResult<u32> {
        self.key.clear();
        let mut reader = Reader::new(context);
        reader.at = at;
        let key = reader.string().map_err(|_| NotJson)?;
        let spelled = reader.slice(key);
        if spelled.contains(&b'\\') {
            mark::unescape(spelled, |character| self.key.push(character)).ok_or(NotJson)?;
        } else {
            self.key.push_str(std::str::from_utf8(spelled).map_err(|_| NotJson)?);
        }
        if self.key.starts_with("$$") {
            self.key.remove(0);
        }
        reader.expect(b':').map_err(|_| NotJson)?;
        Ok(reader.at)
    }

    /// Writes what stands for a value.
    fn withhold(
        &mut self,
        class: &RedactionClass,
        (value, mark): (&[u8], Option<Mark>),
        keeper: Option<&mut (dyn Keeper + '_)>,
        out: &mut Vec<u8>,
    ) {
        self.withheld += 1;
        let plain = Plain::of(value, mark);
        let kind = plain.kind();
        let told = match (class, keeper) {
            (RedactionClass::Hide, _) => Some(RedactedValue::Nothing),
            (RedactionClass::Drop, _) | (RedactionClass::Seal | RedactionClass::Token(_), None) => {
                None
            }
            (RedactionClass::Seal, Some(keeper)) => {
                let path = std::mem::take(&mut self.path);
                let commitment = self.seal((&path, kind, value), keeper);
                self.path = path;
                commitment.map(RedactedValue::Seal)
            }
            (RedactionClass::Token(name), Some(keeper)) => {
                let key = keeper.key(name);
                let token = key.and_then(|key| plain.token(key, &mut self.key));
                token.map(|token| RedactedValue::Token(name, token))
            }
            (RedactionClass::Shape, _) => plain.size().map(RedactedValue::Size),
            (RedactionClass::Range(bounds), _) => plain.bucket(bounds).map(RedactedValue::Bucket),
        };
        mark::write(kind, &told.unwrap_or(RedactedValue::Kind), &mut Line(out));
    }
}

fn slice(context: &[u8], from: u32, to: u32) -> &[u8] {
    context.get(from as usize..to as usize).unwrap_or_default()
}

/// The place behind the value that stands at `at`.
fn end_of(context: &[u8], at: u32) -> WriteResult<u32> {
    let mut reader = Reader::new(context);
    reader.at = at;
    reader.skip(0).map_err(|_| NotJson)?;
    Ok(reader.at)
}
