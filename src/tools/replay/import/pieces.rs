//! Takes events out of the objects that envelop them.
//!
//! In:      the bytes of an event, and the keys of the lists to take apart.
//! Out:     a `Piece` for each element of the innermost list; the event itself where the first key
//!          is missing.
//! Imports: `lang`.
//!
//! Only brackets, quotes and commas are looked at: whether a piece is JSON is found out by whoever
//! reads it. A piece never holds a comma or a closing bracket of what is around it.

use crate::lang::value::scan;

/// A key, in its quotes, and its value.
pub(super) type Member<'a> = (&'a [u8], &'a [u8]);

/// An event, and what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What the objects around it hold, without the lists that were taken apart. Of two members
    /// with one key the inner.
    pub around: Vec<Member<'a>>,
}

/// What is wrong with an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceFault {
    /// It is not JSON at this byte.
    Syntax(usize),
    /// What the key with this number holds is no list of objects.
    NotAList(usize),
}

/// The events in `event`. `keys` are the names of the lists, from the outermost on.
pub(super) fn pieces<'a>(event: &'a [u8], keys: &[String]) -> Result<Vec<Piece<'a>>, PieceFault> {
    let at = |part: &[u8]| part.as_ptr().addr().saturating_sub(event.as_ptr().addr());
    let whole = Piece { bytes: event.trim_ascii(), around: Vec::new() };
    let mut found = vec![whole];
    for (level, key) in keys.iter().enumerate() {
        let mut inner = Vec::new();
        for piece in found {
            if !piece.bytes.starts_with(b"{") {
                if level == 0 {
                    return Ok(vec![piece]);
                }
                return Err(PieceFault::NotAList(level - 1));
            }
            let members = members(piece.bytes).map_err(|rest| PieceFault::Syntax(at(rest)))?;
            let is_list = |(name, _): &&Member<'_>| inside(name) == key.as_bytes();
            let Some((_, list)) = members.iter().find(is_list) else {
                if level == 0 {
                    return Ok(vec![piece]);
                }
                continue;
            };
            let items = match list.first() {
                Some(b'[') => items(list).map_err(|rest| PieceFault::Syntax(at(rest)))?,
                _ if *list == b"null" => Vec::new(),
                _ => return Err(PieceFault::NotAList(level)),
            };
            let beside = members.iter().filter(|member| !is_list(member));
            let mut around: Vec<_> = beside.copied().collect();
            let is_new = |(name, _): &&Member<'_>| !members.iter().any(|(own, _)| own == name);
            around.extend(piece.around.iter().filter(is_new));
            inner.extend(items.into_iter().map(|bytes| Piece { bytes, around: around.clone() }));
        }
        found = inner;
    }
    Ok(found)
}

/// What stands between the quotes of a key.
fn inside(name: &[u8]) -> &[u8] {
    name.get(1..name.len().saturating_sub(1)).unwrap_or_default()
}

/// The members of an object.
///
/// # Errors
/// The rest of it from where it is no object.
fn members(object: &[u8]) -> Result<Vec<Member<'_>>, &[u8]> {
    let mut members = Vec::new();
    let mut rest = object.strip_prefix(b"{").ok_or(object)?.trim_ascii_start();
    if let Some(behind) = rest.strip_prefix(b"}") {
        return at_end(behind).map(|()| members);
    }
    loop {
        let (key, behind) = split(rest, text_len(rest))?;
        let behind = behind.trim_ascii_start();
        let behind = behind.strip_prefix(b":").ok_or(behind)?.trim_ascii_start();
        let (value, behind) = split(behind, value_len(behind))?;
        members.push((key, value));
        let behind = behind.trim_ascii_start();
        match behind.split_first() {
            Some((b',', next)) => rest = next.trim_ascii_start(),
            Some((b'}', end)) => return at_end(end).map(|()| members),
            Some(_) | None => return Err(behind),
        }
    }
}

/// The elements of a list.
///
/// # Errors
/// The rest of it from where it is no list.
fn items(list: &[u8]) -> Result<Vec<&[u8]>, &[u8]> {
    let mut items = Vec::new();
    let mut rest = list.strip_prefix(b"[").ok_or(list)?.trim_ascii_start();
    if let Some(behind) = rest.strip_prefix(b"]") {
        return at_end(behind).map(|()| items);
    }
    loop {
        let (item, behind) = split(rest, value_len(rest))?;
        items.push(item);
        let behind = behind.trim_ascii_start();
        match behind.split_first() {
            Some((b',', next)) => rest = next.trim_ascii_start(),
            Some((b']', end)) => return at_end(end).map(|()| items),
            Some(_) | None => return Err(behind),
        }
    }
}

fn at_end(rest: &[u8]) -> Result<(), &[u8]> {
    let rest = rest.trim_ascii_start();
    if rest.is_empty() { Ok(()) } else { Err(rest) }
}

/// The first `len` bytes and the others.
fn split(bytes: &[u8], len: Option<usize>) -> Result<(&[u8], &[u8]), &[u8]> {
    let len = len.filter(|len| *len > 0).ok_or(bytes)?;
    bytes.split_at_checked(len).ok_or(bytes)
}

/// Bytes of the text at the start, its quotes included.
fn text_len(bytes: &[u8]) -> Option<usize> {
    bytes.first().filter(|byte| **byte == b'"')?;
    let mut at = 1;
    loop {
        let end = scan::text_end(bytes, u32::try_from(at).ok()?) as usize;
        match bytes.get(end)? {
            b'"' => return Some(end + 1),
            b'\\' => at = end + 2,
            // No text may hold it, which whoever reads the text finds out.
            _ => at = end + 1,
        }
    }
}

/// Bytes of the value at the start, up to a comma or bracket of what is around it.
fn value_len(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_u64);
    loop {
        match (bytes.get(at)?, depth) {
            (b',' | b']' | b'}', 0) => return Some(bytes.get(..at)?.trim_ascii_end().len()),
            (b'"', _) => at += text_len(bytes.get(at..)?)? - 1,
            (b'{' | b'[', _) => depth += 1,
            (b'}' | b']', _) => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

/// How deep in brackets a reader is, and whether inside a text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scan {
    /// Brackets that are open.
    pub depth: u64,
    /// Whether the last byte belongs to a text that is not closed.
    pub in_text: bool,
    escaped: bool,
}

impl Scan {
    /// Takes the next byte.
    pub(super) const fn step(&mut self, byte: u8) {
        if self.in_text {
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.in_text = false;
            }
            return;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, PieceFault, pieces};

    fn taken(event: &str, keys: &[&str]) -> Result<Vec<(String, String)>, PieceFault> {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let shown = |piece: Piece<'_>| {
            let around = piece.around.iter().map(|(key, value)| text(key) + ":" + &text(value));
            (text(piece.bytes), around.collect::<Vec<_>>().join(","))
        };
        let found = pieces(event.as_bytes(), &keys)?;
        Ok(found.into_iter().map(shown).collect())
    }

    #[test]
    fn lists_are_taken_apart() {
        let event = r#" {"a":[{"b":[1,{"x":"],}\""} ],"r":{"y":[]},"s":1},{"b":null}],"s":2} "#;
        let around = r#""r":{"y":[]},"s":1"#.to_owned();
        let inner = r#"{"x":"],}\""}"#.to_owned();
        let wanted = vec![("1".to_owned(), around.clone()), (inner, around)];
        assert_eq!(taken(event, &["a", "b"]), Ok(wanted));
        assert_eq!(taken(r#"{"a":[]}"#, &["a"]), Ok(vec![]));
        assert_eq!(taken(r#"{"c":[]}"#, &["a"]), Ok(vec![(r#"{"c":[]}"#.into(), String::new())]));
        assert_eq!(taken("7", &["a"]), Ok(vec![("7".into(), String::new())]));
    }

    #[test]
    fn what_is_torn_is_told() {
        let cases = [
            (r#"{"a":[1,2"#, PieceFault::Syntax(5)),
            (r#"{"a":[1,,2]}"#, PieceFault::Syntax(8)),
            (r#"{"a":1}"#, PieceFault::NotAList(0)),
            (r#"{"a":[1]} x"#, PieceFault::Syntax(10)),
            (r#"{"a" [1]}"#, PieceFault::Syntax(5)),
            ("{a:[1]}", PieceFault::Syntax(1)),
            (r#"{"a":[1],}"#, PieceFault::Syntax(9)),
        ];
        for (event, why) in cases {
            assert_eq!(taken(event, &["a"]), Err(why), "{event}");
        }
    }
}
