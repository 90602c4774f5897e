//! CEL's extension of regular expressions.
//!
//! In:      strings, patterns in the syntax of RE2.
//! Out:     strings, optionals, lists of strings.
//! Imports: its own room alone.
//! Source:  cel-go's `ext/regex`.
//!
//! A pattern whose groups are wanted is compiled when it is met, which takes memory: these rows
//! are the only ones that do, beside `matches` with a pattern that is no constant.

use std::ops::Range;

use crate::lang::error::EvalError;
use crate::lang::functions::{Cost, Function, Library, Outcome, Sig, expect, global};
use crate::lang::pattern::Groups;
use crate::lang::value::heap::Heap;
use crate::lang::value::{Space, Tag, Value};

/// Regular expressions.
pub const REGEX: Library = Library { name: "regex", since: 0 };

/// The rows.
pub const ROWS: &[Function] = &[
    global(314, "regex.replace", "regex_replace_string_string_string")
        .takes(&[Sig::String, Sig::String, Sig::String], Sig::String)
        .of(REGEX)
        .fails()
        .costs(Cost::Product)
        .doc(
            "The text with every match of the pattern replaced; `\\1` stands for what the first \
            group matched.",
            &[("regex.replace('ab ac', 'a(.)', '<\\\\1>')", "'<b> <c>'")],
        )
        .calls(replace),
    global(315, "regex.replace", "regex_replace_string_string_string_int")
        .takes(&[Sig::String, Sig::String, Sig::String, Sig::Int], Sig::String)
        .of(REGEX)
        .fails()
        .costs(Cost::Product)
        .doc(
            "As `regex.replace`, at most so many matches; a negative number replaces all.",
            &[("regex.replace('ab ac', 'a', 'x', 1)", "'xb ac'")],
        )
        .calls(replace),
    global(316, "regex.extract", "regex_extract_string_string")
        .takes(&[Sig::String, Sig::String], Sig::Optional(&Sig::String))
        .of(REGEX)
        .fails()
        .costs(Cost::Product)
        .doc(
            "What the only group of the pattern first matched, or the whole match of a pattern \
            without groups.",
            &[
                ("regex.extract('id 12', '[0-9]+').orValue('')", "'12'"),
                ("regex.extract('id', '[0-9]+').hasValue()", "false"),
            ],
        )
        .calls(extract),
    global(317, "regex.extractAll", "regex_extractAll_string_string")
        .takes(&[Sig::String, Sig::String], Sig::List(&Sig::String))
        .of(REGEX)
        .fails()
        .costs(Cost::Product)
        .doc(
            "What `regex.extract` finds in every match.",
            &[("regex.extractAll('1 and 2', '[0-9]+')", "['1', '2']")],
        )
        .calls(extract_all),
];

pub(super) fn string(args: &[Value], at: usize) -> Result<&Value, EvalError> {
    let value = args.get(at).ok_or(EvalError::NoSuchOverload)?;
    expect(value, Tag::String)?;
    Ok(value)
}

/// A part of a string; it lies inside the text of the whole.
pub(super) fn part(heap: &Heap<'_>, whole: &Value, range: Range<usize>) -> Outcome {
    let off = u32::try_from(range.start).ok().and_then(|start| whole.off().checked_add(start));
    let text = heap.bytes(whole).get(range).ok_or(EvalError::OutOfRange)?;
    Ok(Value::text(Tag::String, whole.space(), off.ok_or(EvalError::Budget)?, text))
}

/// A piece of a replacement.
enum Piece {
    Text(Range<usize>),
    Group(usize),
}

/// Reads a replacement: `\0` to `\9` are groups, two backslashes are one.
fn pieces(replacement: &[u8], groups: usize) -> Result<Vec<Piece>, EvalError> {
    let (mut found, mut at, mut start) = (Vec::new(), 0, 0);
    while let Some(byte) = replacement.get(at) {
        if *byte != b'\\' {
            at += 1;
            continue;
        }
        found.push(Piece::Text(start..at));
        match replacement.get(at + 1) {
            Some(digit @ b'0'..=b'9') if usize::from(digit - b'0') <= groups => {
                found.push(Piece::Group(usize::from(digit - b'0')));
                start = at + 2;
            }
            Some(b'\\') => start = at + 1,
            Some(_) | None => return Err(EvalError::InvalidArgument),
        }
        at += 2;
    }
    found.push(Piece::Text(start..at));
    Ok(found)
}

fn replace(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (text, pattern, with) = (string(args, 0)?, string(args, 1)?, string(args, 2)?);
    let most = match args.get(3) {
        Some(count) => {
            expect(count, Tag::Int)?;
            usize::try_from(count.signed()).unwrap_or(usize::MAX)
        }
        None => usize::MAX,
    };
    let groups = Groups::of(heap.str(pattern))?;
    let pieces = pieces(heap.bytes(with), groups.count())?;
    let matches = groups.matches(heap.bytes(text), most);
    let (start, mut from) = (heap.store.mark().0, 0);
    for found in matches {
        let whole = found.whole();
        append_part(heap, text, from..whole.start)?;
        for piece in &pieces {
            match piece {
                Piece::Text(range) => append_part(heap, with, range.clone())?,
                Piece::Group(at) => {
                    append_part(heap, text, found.group(*at).unwrap_or_default())?;
                }
            }
        }
        from = whole.end;
    }
    append_part(heap, text, from..text.len() as usize)?;
    heap.finish_text(Tag::String, start)
}

fn append_part(heap: &mut Heap<'_>, whole: &Value, range: Range<usize>) -> Result<(), EvalError> {
    let part = part(heap, whole, range)?;
    heap.append(&part)
}

/// What `most` matches hold: the only group, or all of a pattern without groups. An empty group
/// holds nothing.
fn extracted(heap: &Heap<'_>, args: &[Value], most: usize) -> Result<Vec<Range<usize>>, EvalError> {
    let (text, pattern) = (string(args, 0)?, string(args, 1)?);
    let groups = Groups::of(heap.str(pattern))?;
    let wanted = groups.count();
    if wanted > 1 {
        return Err(EvalError::InvalidArgument);
    }
    let matches = groups.matches(heap.bytes(text), most).into_iter();
    let found = matches.filter_map(|found| match wanted {
        0 => Some(found.whole()),
        _ => found.group(1).filter(|range| !range.is_empty()),
    });
    Ok(found.collect())
}

fn extract(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    match extracted(heap, args, 1)?.into_iter().next() {
        Some(range) => {
            let part = part(heap, string(args, 0)?, range)?;
            heap.new_optional(part)
        }
        None => Ok(Value::optional(Space::Arena, None)),
    }
}

fn extract_all(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let text = string(args, 0)?;
    let ranges = extracted(heap, args, usize::MAX)?.into_iter();
    let parts = ranges.map(|range| part(heap, text, range)).collect::<Result<Vec<_>, _>>()?;
    heap.new_list(&parts)
}
