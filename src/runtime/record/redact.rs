//! Contexts without what is to be withheld: marks stand in the place of values.
//!
//! In:      a context; rules; what the host keeps secret.
//! Out:     the same as a record holds it, with marks, or that it is no JSON.
//! Imports: `base`, `lang`, `runtime::program`.
//! Source:  `docs/redaction.md`.
//!
//! Values are withheld while the context is copied into its line. Open containers into which rules
//! lead wait on a stack of their own, each with those rules; in others nobody looks for anything.
//! Memory is kept.

use std::ops::Range;

use crate::base::pointer;
use crate::lang::value::json;
use crate::runtime::program::withheld::{RedactionClass, RedactionRules};
use crate::runtime::record::context::{ContextCopier, DollarKeys, JsonCopy, SeenKey, Watch};
use crate::runtime::record::mark::{self, Mark, Plain, RedactedValue};
use crate::runtime::record::seal::{Keeper, Sealed};
use crate::runtime::record::text::{Line, based};

/// That a context is no JSON, or nests too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;

/// Withholds values of contexts; keeps its memory.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    copier: ContextCopier,
    way: CopyPath,
    out: Withheld,
}

/// The way to the value that is copied.
#[derive(Clone, Debug, Default)]
struct CopyPath {
    /// The open containers into which rules lead.
    frames: Vec<Frame>,
    /// Containers that are open in those and that no rule leads into.
    quiet: u32,
    /// The rules whose paths lead into the open containers, and of each whether the key at its end
    /// was seen in the last of them.
    active: Vec<(u16, bool)>,
    /// Where those begin that lead to the value at hand.
    inside: usize,
    /// The rule about that value, and where the value begins in the line.
    found: Option<(u16, usize)>,
    /// The way to it, as a JSON Pointer.
    path: String,
}

/// What was withheld.
#[derive(Clone, Debug, Default)]
struct Withheld {
    /// What was sealed, and the text that it points into.
    sealed: Vec<Row>,
    text: String,
    /// How many values.
    count: usize,
    /// A value that was spelled with escapes, as it is meant.
    plain: String,
}

/// An object or list that is being written.
#[derive(Clone, Copy, Debug)]
struct Frame {
    object: bool,
    /// Number of the part that comes next.
    next: u32,
    /// Where its rules begin in `active`.
    active: usize,
    /// Length of the path to it.
    path: usize,
}

/// Withholds while a context is copied.
struct Withholding<'a, 'k> {
    rules: &'a RedactionRules,
    keeper: Option<&'a mut (dyn Keeper + 'k)>,
    way: &'a mut CopyPath,
    out: &'a mut Withheld,
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

impl Redactor {
    /// Forgets what was sealed.
    pub fn clear(&mut self) {
        self.out.sealed.clear();
        self.out.text.clear();
        self.out.count = 0;
    }

    /// How many values were withheld since `clear`.
    #[must_use]
    pub const fn withheld(&self) -> usize {
        self.out.count
    }

    /// Appends `context`, which stands in a record, to `out`, without what `rules` withhold. What
    /// was appended before a mistake was found stays there.
    ///
    /// # Errors
    /// `NotJson` for what is no context of a record.
    pub fn redact(
        &mut self,
        rules: &RedactionRules,
        context: &[u8],
        keeper: Option<&mut (dyn Keeper + '_)>,
        out: &mut Vec<u8>,
    ) -> Result<(), NotJson> {
        self.redact_spelled(rules, (context, DollarKeys::Keep), keeper, out)
    }

    /// The same of a context whose keys begin with `$` as `dollar` says.
    pub(super) fn redact_spelled(
        &mut self,
        rules: &RedactionRules,
        (context, dollar): (&[u8], DollarKeys),
        keeper: Option<&mut (dyn Keeper + '_)>,
        out: &mut Vec<u8>,
    ) -> Result<(), NotJson> {
        let Self { copier, way, out: withheld } = self;
        let start = out.len();
        way.begin(rules);
        let mut watch = Withholding { rules, keeper, way, out: withheld };
        copier.watched(context, dollar, out, &mut watch).map_err(|_| NotJson)?;
        if matches!(out.get(start), Some(b'{' | b'[')) { Ok(()) } else { Err(NotJson) }
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
            if let Some(commitment) = self.out.seal(("", "bytes", memory), keeper) {
                line.put(",\"c\":");
                line.hex("s256", &commitment);
            }
        }
        line.put("}");
    }

    /// Hands what was sealed since `clear` to its keeper.
    pub fn hand_over(&mut self, keeper: &mut (dyn Keeper + '_)) {
        let Withheld { sealed, text, .. } = &mut self.out;
        for row in sealed.drain(..) {
            let Row { path, kind, salt, commitment, value } = row;
            let part = |range: Range<usize>| text.get(range).unwrap_or_default();
            let (path, value) = (part(path), part(value));
            keeper.keep(&Sealed { path, kind, salt, commitment, value });
        }
    }
}

impl CopyPath {
    /// To a context as a whole.
    fn begin(&mut self, rules: &RedactionRules) {
        self.frames.clear();
        self.active.clear();
        self.path.clear();
        let numbers = (0..).zip(rules.rows());
        self.active.extend(numbers.map(|(number, _)| (number, false)));
        (self.quiet, self.inside, self.found) = (0, 0, None);
    }

    /// Finds the rules that lead to the part that comes of the last container.
    fn find(&mut self, rules: &RedactionRules, frame: Frame, key: Option<&[u8]>) -> Option<u16> {
        let (depth, inside) = (self.frames.len() - 1, self.active.len());
        self.inside = inside;
        let mut found = None;
        for place in frame.active..inside {
            let Some((number, seen)) = self.active.get_mut(place) else { continue };
            let Some(rule) = rules.rows().get(usize::from(*number)) else { continue };
            if !rule.leads_to(depth, key) {
                continue;
            }
            let number = *number;
            if rule.len() == depth + 1 {
                *seen = true;
                found = found.or(Some(number));
            }
            self.active.push((number, false));
        }
        // The way to a value counts where a rule asks for it.
        if self.active.len() > inside {
            self.path.truncate(frame.path);
            match key {
                // A key was read as UTF-8.
                Some(key) => pointer::push(&mut self.path, str::from_utf8(key).unwrap_or_default()),
                None => mark::point_at(frame.next, &mut self.path),
            }
        }
        found
    }
}

impl Watch for Withholding<'_, '_> {
    #[inline]
    fn part(&mut self, key: Option<SeenKey<'_>>, copy: &mut JsonCopy<'_>) {
        let way = &mut *self.way;
        if way.quiet > 0 {
            return;
        }
        let depth = way.frames.len();
        let Some(last) = way.frames.last_mut() else { return };
        let frame = *last;
        last.next += 1;
        if frame.next == 0 && depth > 1 && key.is_some_and(|key| key.marks) {
            // Nothing lies in what is no object of the user.
            way.frames.pop();
            way.active.truncate(frame.active);
            (way.quiet, way.inside) = (1, frame.active);
            return;
        }
        if let Some(rule) = way.find(self.rules, frame, key.map(|key| key.key)) {
            copy.flush();
            way.found = Some((rule, copy.out.len()));
        }
    }

    #[inline]
    fn open(&mut self, object: bool) {
        let way = &mut *self.way;
        let leads_on = way.quiet == 0 && way.found.is_none() && way.active.len() > way.inside;
        if leads_on {
            let (active, path) = (way.inside, way.path.len());
            way.frames.push(Frame { object, next: 0, active, path });
        } else {
            way.quiet += 1;
        }
    }

    /// Of what is hidden and was not there is said what is said of all that is hidden.
    #[inline]
    fn close(&mut self, copy: &mut JsonCopy<'_>) {
        let way = &mut *self.way;
        if way.quiet > 0 {
            way.quiet -= 1;
            return;
        }
        let Some(frame) = way.frames.pop() else { return };
        let depth = way.frames.len();
        let mut is_empty = frame.next == 0;
        for (number, seen) in way.active.drain(frame.active..) {
            let Some(rule) = self.rules.rows().get(usize::from(number)) else { continue };
            let hidden = matches!(rule.class(), RedactionClass::Hide) && rule.len() == depth + 1;
            let Some(key) = rule.last().filter(|_| hidden && frame.object && !seen) else {
                continue;
            };
            copy.flush();
            if !std::mem::take(&mut is_empty) {
                copy.out.push(b',');
            }
            let mark = if key.starts_with('$') { "$" } else { "" };
            // Writing to bytes does not fail.
            let _ = json::write_string(&mut Line(copy.out), mark, key);
            copy.out.extend_from_slice(b":{\"$x\":\"hide\"}");
            self.out.count += 1;
        }
        way.inside = frame.active;
    }

    #[inline]
    fn end(&mut self, copy: &mut JsonCopy<'_>) {
        if self.way.quiet > 0 {
            return;
        }
        self.way.active.truncate(self.way.inside);
        let Some((rule, start)) = self.way.found.take() else { return };
        copy.flush();
        self.withhold(rule, start, copy.out);
    }
}

impl Withholding<'_, '_> {
    /// Writes what stands for a value in its place: it is the last of a line, and begins at
    /// `start`.
    fn withhold(&mut self, rule: u16, start: usize, line: &mut Vec<u8>) {
        let value = line.get(start..).unwrap_or_default();
        let mark = Mark::at(value, 0);
        let Some(rule) = self.rules.rows().get(usize::from(rule)) else { return };
        if mark == Some(Mark::Withheld) {
            return;
        }
        self.out.count += 1;
        let plain = Plain::of(value, mark);
        let kind = plain.kind();
        let told = match (rule.class(), self.keeper.as_deref_mut()) {
            (RedactionClass::Hide, _) => Some(RedactedValue::Nothing),
            (RedactionClass::Drop, _) | (RedactionClass::Seal | RedactionClass::Token(_), None) => {
                None
            }
            (RedactionClass::Seal, Some(keeper)) => {
                let commitment = self.out.seal((&self.way.path, kind, value), keeper);
                commitment.map(RedactedValue::Seal)
            }
            (RedactionClass::Token(name), Some(keeper)) => {
                let key = keeper.key(name);
                let token = key.and_then(|key| plain.token(key, &mut self.out.plain));
                token.map(|token| RedactedValue::Token(name, token))
            }
            (RedactionClass::Shape, _) => plain.size().map(RedactedValue::Size),
            (RedactionClass::Range(bounds), _) => plain.bucket(bounds).map(RedactedValue::Bucket),
        };
        line.truncate(start);
        mark::write(kind, &told.unwrap_or(RedactedValue::Kind), &mut Line(line));
    }
}

impl Withheld {
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
}
