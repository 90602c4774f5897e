//! A context as a record holds it: JSON as it was spelled, without white space, with keys that
//! begin with `$` marked.
//!
//! In:      JSON that was read once, and so is JSON.
//! Out:     the same on one line, or that a key is given twice.
//! Imports: `base`, `lang`, `runtime::vm`.
//!
//! Numbers and texts stay as they were spelled, for what a number is depends on who reads it.
//! Whoever watches may write something else than a value behind it (`redact`).
//! Open containers wait on a stack of their own, so nesting costs no stack of the machine.

use crate::base::limits::CONTEXT_DEPTH_MAX;
use crate::lang::value::scan;
use crate::runtime::vm::request::reader::Reader;

/// Keys up to which all pairs of an object are compared; more are sorted.
const FEW: usize = 12;

/// Why JSON cannot stand in a record as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A key is given twice in one object.
    Twice,
    /// It is no JSON, or nests too deep.
    Json,
}

/// What becomes of keys that begin with `$`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DollarKeys {
    /// They are the user's, and get another one in front.
    Mark,
    /// They stay.
    Keep,
    /// The one in front goes; what has one alone is a mark, and no text of a user.
    Unmark,
}

/// Copies contexts; keeps its memory.
#[derive(Clone, Debug, Default)]
pub(super) struct ContextCopier {
    /// The keys of the objects that are open.
    keys: Vec<Key>,
    /// Where the keys of each open container begin; of a list `LIST`.
    open: Vec<u32>,
    /// Keys that were spelled with escapes.
    unescaped: Vec<u8>,
}

const LIST: u32 = u32::MAX;

/// A key of an object.
#[derive(Clone, Copy, Debug)]
struct Key {
    /// Its length and first bytes.
    bits: u64,
    /// Where it begins: in the JSON, or among what was unescaped.
    at: u32,
    escaped: bool,
}

/// JSON on its way into a line.
pub(super) struct JsonCopy<'a> {
    json: &'a [u8],
    pub(super) out: &'a mut Vec<u8>,
    /// Where that begins which is not copied yet.
    from: u32,
    at: u32,
}

/// A key that a watcher sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeenKey<'k> {
    /// What the user meant: escapes resolved, without the `$` that records put in front.
    pub(super) key: &'k [u8],
    /// Whether the key makes a mark of the object that it is the first one of.
    pub(super) marks: bool,
}

/// Whoever sees a context pass.
pub(super) trait Watch {
    /// A member with this key comes, or an element: the copy stands in front of its value.
    fn part(&mut self, key: Option<SeenKey<'_>>, copy: &mut JsonCopy<'_>);

    /// The value that comes is an object, or a list.
    fn open(&mut self, object: bool);

    /// The copy stands at the bracket that closes an object or a list.
    fn close(&mut self, copy: &mut JsonCopy<'_>);

    /// The copy stands behind a value.
    fn end(&mut self, copy: &mut JsonCopy<'_>);
}

/// Nobody.
impl Watch for () {
    fn part(&mut self, _key: Option<SeenKey<'_>>, _copy: &mut JsonCopy<'_>) {}
    fn open(&mut self, _object: bool) {}
    fn close(&mut self, _copy: &mut JsonCopy<'_>) {}
    fn end(&mut self, _copy: &mut JsonCopy<'_>) {}
}

impl ContextCopier {
    pub(super) fn new() -> Self {
        Self {
            keys: Vec::with_capacity(256),
            open: Vec::with_capacity(CONTEXT_DEPTH_MAX),
            unescaped: Vec::with_capacity(1_024),
        }
    }

    /// Appends `json` to `out`. What was appended before a fault was found stays there.
    pub(super) fn copy(
        &mut self,
        json: &[u8],
        dollar: DollarKeys,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        self.watched(json, dollar, out, &mut ())
    }

    /// The same while somebody watches.
    pub(super) fn watched(
        &mut self,
        json: &[u8],
        dollar: DollarKeys,
        out: &mut Vec<u8>,
        watch: &mut impl Watch,
    ) -> Result<(), Fault> {
        self.keys.clear();
        self.open.clear();
        self.unescaped.clear();
        let mut copy = JsonCopy { json, out, from: 0, at: 0 };
        loop {
            match copy.token() {
                b'"' => copy.text().map(drop)?,
                byte @ (b'{' | b'[') => {
                    if self.enter(&mut copy, byte == b'{', dollar, watch)? {
                        continue;
                    }
                }
                0 => return Err(Fault::Json),
                _ => copy.word()?,
            }
            watch.end(&mut copy);
            if !self.go_on(&mut copy, dollar, watch)? {
                break;
            }
        }
        copy.token();
        if (copy.at as usize) < json.len() {
            return Err(Fault::Json);
        }
        copy.flush();
        Ok(())
    }

    /// Opens a container; false where it is empty, and closed again.
    fn enter(
        &mut self,
        copy: &mut JsonCopy<'_>,
        object: bool,
        dollar: DollarKeys,
        watch: &mut impl Watch,
    ) -> Result<bool, Fault> {
        copy.at += 1;
        watch.open(object);
        if copy.token() == if object { b'}' } else { b']' } {
            watch.close(copy);
            copy.at += 1;
            return Ok(false);
        }
        if self.open.len() >= CONTEXT_DEPTH_MAX {
            return Err(Fault::Json);
        }
        let keys = u32::try_from(self.keys.len()).map_err(|_| Fault::Json)?;
        self.open.push(if object { keys } else { LIST });
        self.begin(copy, object, dollar, watch)?;
        Ok(true)
    }

    /// Goes on behind a value to the next one; false at the end of all.
    fn go_on(
        &mut self,
        copy: &mut JsonCopy<'_>,
        dollar: DollarKeys,
        watch: &mut impl Watch,
    ) -> Result<bool, Fault> {
        while let Some(first) = self.open.last().copied() {
            let object = first != LIST;
            let byte = copy.token();
            if byte == b',' {
                copy.at += 1;
                if object {
                    copy.token();
                }
                self.begin(copy, object, dollar, watch)?;
                return Ok(true);
            }
            if byte != if object { b'}' } else { b']' } {
                return Err(Fault::Json);
            }
            watch.close(copy);
            copy.at += 1;
            self.open.pop();
            if object && self.any_twice(copy.json, first as usize) {
                return Err(Fault::Twice);
            }
            watch.end(copy);
        }
        Ok(false)
    }

    /// Begins a member, whose key stands here, or an element.
    #[inline]
    fn begin(
        &mut self,
        copy: &mut JsonCopy<'_>,
        object: bool,
        dollar: DollarKeys,
        watch: &mut impl Watch,
    ) -> Result<(), Fault> {
        if !object {
            watch.part(None, copy);
            return Ok(());
        }
        let (first, second) = self.key(copy, dollar)?;
        let key = self.keys.last().map(|key| key.text(copy.json, &self.unescaped));
        let key = key.unwrap_or_default();
        // Of two in a record one was put in front.
        let put = key.starts_with(b"$$") && (first != b'$' || dollar == DollarKeys::Keep);
        let key = if put { key.get(1..).unwrap_or_default() } else { key };
        let marks = first == b'$' && second != b'$' && dollar == DollarKeys::Keep;
        watch.part(Some(SeenKey { key, marks }), copy);
        Ok(())
    }

    /// Reads a key and its colon; the first two bytes of it, as it is spelled.
    #[inline]
    fn key(&mut self, copy: &mut JsonCopy<'_>, dollar: DollarKeys) -> Result<(u8, u8), Fault> {
        let (json, quote) = (copy.json, copy.at);
        if scan::byte(json, quote) != b'"' {
            return Err(Fault::Json);
        }
        let start = quote + 1;
        let word = scan::word(json, start);
        let [first, second, ..] = word.to_le_bytes();
        if first == b'$' && dollar != DollarKeys::Keep {
            copy.dollar(start, (dollar, second))?;
        }
        let end = scan::end_from(json, start, word);
        let key = if scan::byte(json, end) == b'"' {
            copy.at = end + 1;
            Key { bits: u64::from(end - start) | word << 32, at: start, escaped: false }
        } else {
            copy.at = quote;
            copy.text()?;
            let text = json.get(start as usize..copy.at as usize - 1).unwrap_or_default();
            self.unescape(text)?
        };
        // Of a short key what stands behind it counts for nothing.
        let key = Key { bits: scan::low(key.bits, 4 + key.len().min(4)), ..key };
        self.keys.push(key);
        if copy.token() != b':' {
            return Err(Fault::Json);
        }
        copy.at += 1;
        Ok((first, second))
    }

    #[cold]
    fn unescape(&mut self, text: &[u8]) -> Result<Key, Fault> {
        let start = self.unescaped.len();
        let mut reader = Reader::new(text);
        while !reader.is_at_end() {
            let end = scan::text_end(text, reader.at);
            let plain = text.get(reader.at as usize..end as usize);
            self.unescaped.extend_from_slice(plain.unwrap_or_default());
            reader.at = end;
            if !reader.is_at_end() {
                let character = reader.escape().map_err(|_| Fault::Json)?;
                let mut buffer = [0; 4];
                self.unescaped.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
        }
        let text = self.unescaped.get(start..).unwrap_or_default();
        let at = u32::try_from(start).map_err(|_| Fault::Json)?;
        let len = text.len() as u64 & 0xFFFF_FFFF;
        Ok(Key { bits: len | scan::word(text, 0) << 32, at, escaped: true })
    }

    /// Whether a key from number `first` on stands there twice. They are forgotten.
    fn any_twice(&mut self, json: &[u8], first: usize) -> bool {
        let unescaped = &self.unescaped;
        let keys = self.keys.get_mut(first..).unwrap_or_default();
        let twice = if keys.len() <= FEW {
            keys.iter().enumerate().any(|(at, key)| {
                let before = keys.get(..at).unwrap_or_default();
                before.iter().any(|other| {
                    other.bits == key.bits
                        && other.text(json, unescaped) == key.text(json, unescaped)
                })
            })
        } else {
            let order = |a: &Key, b: &Key| {
                let by_bits = a.bits.cmp(&b.bits);
                by_bits.then_with(|| a.text(json, unescaped).cmp(b.text(json, unescaped)))
            };
            keys.sort_unstable_by(order);
            keys.array_windows().any(|[a, b]| order(a, b).is_eq())
        };
        self.keys.truncate(first);
        twice
    }
}

impl Key {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the length is the low half")]
    const fn len(&self) -> u32 {
        self.bits as u32
    }

    fn text<'t>(&self, json: &'t [u8], unescaped: &'t [u8]) -> &'t [u8] {
        let (from, start) = (if self.escaped { unescaped } else { json }, self.at as usize);
        let len = self.len() as usize;
        from.get(start..start + len).unwrap_or_default()
    }
}

impl JsonCopy<'_> {
    /// The byte behind white space, which is not copied.
    #[inline]
    fn token(&mut self) -> u8 {
        let (at, byte) = scan::token(self.json, self.at);
        if at != self.at {
            self.flush();
            (self.from, self.at) = (at, at);
        }
        byte
    }

    /// Begins a key that begins with `$`, and with `second` behind it.
    #[cold]
    fn dollar(&mut self, start: u32, (dollar, second): (DollarKeys, u8)) -> Result<(), Fault> {
        self.at = start;
        self.flush();
        match dollar {
            DollarKeys::Mark => self.out.push(b'$'),
            DollarKeys::Unmark if second != b'$' => return Err(Fault::Json),
            DollarKeys::Unmark => self.from = start + 1,
            DollarKeys::Keep => {}
        }
        Ok(())
    }

    /// Copies what lies in front of the place.
    pub(super) fn flush(&mut self) {
        let part = self.json.get(self.from as usize..self.at as usize);
        self.out.extend_from_slice(part.unwrap_or_default());
        self.from = self.at;
    }

    /// Goes past a string; whether it holds escapes.
    #[inline]
    fn text(&mut self) -> Result<bool, Fault> {
        let mut end = scan::short_end(self.json, self.at + 1);
        let mut escaped = false;
        loop {
            match scan::byte(self.json, end) {
                b'"' => break,
                b'\\' if (end as usize) + 1 < self.json.len() => {
                    escaped = true;
                    end = scan::text_end(self.json, end + 2);
                }
                _ => return Err(Fault::Json),
            }
        }
        self.at = end + 1;
        Ok(escaped)
    }

    /// Goes past a number, a bool or null.
    #[inline]
    fn word(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(
            scan::byte(self.json, self.at),
            b'0'..=b'9' | b'a'..=b'z' | b'.' | b'-' | b'+' | b'E'
        ) {
            self.at += 1;
        }
        if self.at == start { Err(Fault::Json) } else { Ok(()) }
    }
}
