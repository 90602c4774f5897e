//! CEL's extension of string functions.
//!
//! In:      strings, positions in code points.
//! Out:     strings, positions, lists of strings.
//! Imports: its own room alone.
//! Source:  the conformance tests `string_ext`; where they are silent, cel-go's `ext/strings`.

use crate::lang::error::EvalError;
use crate::lang::functions::format::format;
use crate::lang::functions::{Cost, Function, Library, Outcome, Sig, expect, global, member};
use crate::lang::value::heap::Heap;
use crate::lang::value::text::{byte_offset, code_points};
use crate::lang::value::{Space, Tag, Value};

/// The first version.
pub const STRINGS: Library = Library { name: "strings", since: 0 };
/// What came with version 1.
pub const STRINGS_1: Library = Library { name: "strings", since: 1 };
/// What came with version 3.
pub const STRINGS_3: Library = Library { name: "strings", since: 3 };

/// The rows.
pub const ROWS: &[Function] = &[
    member(204, "charAt", "string_char_at_int")
        .takes(&[Sig::String, Sig::Int], Sig::String)
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The code point at a position, as a string; empty at the end.",
            &[("'hello'.charAt(4)", "'o'"), ("'hello'.charAt(5)", "''")],
        )
        .calls(char_at),
    member(205, "indexOf", "string_index_of_string")
        .takes(&[Sig::String, Sig::String], Sig::Int)
        .of(STRINGS)
        .costs(Cost::Linear)
        .doc(
            "Where the argument first occurs, in code points; -1 if it does not.",
            &[("'hello mellow'.indexOf('ello')", "1"), ("'hello'.indexOf('z')", "-1")],
        )
        .calls(index_of),
    member(206, "indexOf", "string_index_of_string_int")
        .takes(&[Sig::String, Sig::String, Sig::Int], Sig::Int)
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "Where the argument first occurs at a position or after it; -1 if it does not.",
            &[("'hello mellow'.indexOf('ello', 2)", "7")],
        )
        .calls(index_of),
    member(207, "lastIndexOf", "string_last_index_of_string")
        .takes(&[Sig::String, Sig::String], Sig::Int)
        .of(STRINGS)
        .costs(Cost::Linear)
        .doc(
            "Where the argument last occurs, in code points; -1 if it does not.",
            &[("'hello mellow'.lastIndexOf('ello')", "7")],
        )
        .calls(last_index_of),
    member(208, "lastIndexOf", "string_last_index_of_string_int")
        .takes(&[Sig::String, Sig::String, Sig::Int], Sig::Int)
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "Where the argument last occurs at a position or before it; -1 if it does not.",
            &[("'hello mellow'.lastIndexOf('ello', 6)", "1")],
        )
        .calls(last_index_of),
    member(209, "lowerAscii", "string_lower_ascii")
        .takes(&[Sig::String], Sig::String)
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The text with ASCII letters in lower case.",
            &[("'TacoCat'.lowerAscii()", "'tacocat'")],
        )
        .calls(lower_ascii),
    member(210, "upperAscii", "string_upper_ascii")
        .takes(&[Sig::String], Sig::String)
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The text with ASCII letters in upper case.",
            &[("'TacoCat'.upperAscii()", "'TACOCAT'")],
        )
        .calls(upper_ascii),
    member(211, "replace", "string_replace_string_string")
        .takes(&[Sig::String, Sig::String, Sig::String], Sig::String)
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The text with every occurrence of one string replaced by another.",
            &[("'hello hello'.replace('he', 'we')", "'wello wello'")],
        )
        .calls(replace),
    member(212, "replace", "string_replace_string_string_int")
        .takes(&[Sig::String, Sig::String, Sig::String, Sig::Int], Sig::String)
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The text with the first so many occurrences replaced; a negative number replaces all.",
            &[("'hello hello'.replace('he', 'we', 1)", "'wello hello'")],
        )
        .calls(replace),
    member(213, "split", "string_split_string")
        .takes(&[Sig::String, Sig::String], Sig::List(&Sig::String))
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The parts between the occurrences of a separator.",
            &[("'a,b,c'.split(',')", "['a', 'b', 'c']")],
        )
        .calls(split),
    member(214, "split", "string_split_string_int")
        .takes(&[Sig::String, Sig::String, Sig::Int], Sig::List(&Sig::String))
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "At most so many parts, the last with what is left; a negative number sets no limit.",
            &[("'a,b,c'.split(',', 2)", "['a', 'b,c']")],
        )
        .calls(split),
    member(215, "substring", "string_substring_int")
        .takes(&[Sig::String, Sig::Int], Sig::String)
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc("The text from a position on.", &[("'tacocat'.substring(4)", "'cat'")])
        .calls(substring),
    member(216, "substring", "string_substring_int_int")
        .takes(&[Sig::String, Sig::Int, Sig::Int], Sig::String)
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc("The text from a position up to another.", &[("'tacocat'.substring(0, 4)", "'taco'")])
        .calls(substring),
    member(217, "trim", "string_trim")
        .takes(&[Sig::String], Sig::String)
        .of(STRINGS)
        .costs(Cost::Linear)
        .doc("The text without white space at its ends.", &[("'  a b\\t'.trim()", "'a b'")])
        .calls(trim),
    member(218, "join", "list_join")
        .takes(&[Sig::List(&Sig::String)], Sig::String)
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc("The strings of a list, one after the other.", &[("['a', 'b'].join()", "'ab'")])
        .calls(join),
    member(219, "join", "list_join_string")
        .takes(&[Sig::List(&Sig::String), Sig::String], Sig::String)
        .of(STRINGS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The strings of a list with a separator between them.",
            &[("['a', 'b'].join(', ')", "'a, b'")],
        )
        .calls(join),
    member(220, "reverse", "string_reverse")
        .takes(&[Sig::String], Sig::String)
        .of(STRINGS_3)
        .fails()
        .costs(Cost::Linear)
        .doc("The code points in reverse order.", &[("'gums'.reverse()", "'smug'")])
        .calls(reverse),
    member(221, "format", "string_format")
        .takes(&[Sig::String, Sig::List(&Sig::Dyn)], Sig::String)
        .of(STRINGS_1)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The text with `%s %d %f %e %x %X %o %b` replaced by the elements of a list.",
            &[("'%s has %d'.format(['a', 2])", "'a has 2'"), ("'%.1f'.format([2.25])", "'2.2'")],
        )
        .calls(format),
    global(222, "strings.quote", "strings_quote")
        .takes(&[Sig::String], Sig::String)
        .of(STRINGS_1)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The text in double quotes, with escapes.",
            &[("strings.quote('two words')", "'\"two words\"'")],
        )
        .calls(quote),
];

/// The argument at `at`, if it is a string.
fn string(args: &[Value], at: usize) -> Result<&Value, EvalError> {
    let value = args.get(at).ok_or(EvalError::NoSuchOverload)?;
    expect(value, Tag::String)?;
    Ok(value)
}

/// The argument at `at`, if it is an int; `None` if it was not given.
fn int(args: &[Value], at: usize) -> Result<Option<i64>, EvalError> {
    let Some(value) = args.get(at) else { return Ok(None) };
    expect(value, Tag::Int)?;
    Ok(Some(value.signed()))
}

/// Where a position in code points lies, in bytes.
fn offset(text: &[u8], position: i64) -> Result<usize, EvalError> {
    let position = usize::try_from(position).map_err(|_| EvalError::OutOfRange)?;
    byte_offset(text, position).ok_or(EvalError::OutOfRange)
}

/// A part of a string; it lies inside the text of the whole.
fn part(heap: &Heap<'_>, whole: &Value, start: usize, end: usize) -> Outcome {
    let text = heap.bytes(whole).get(start..end).ok_or(EvalError::OutOfRange)?;
    let off = u32::try_from(start).ok().and_then(|start| whole.off().checked_add(start));
    Ok(Value::text(Tag::String, whole.space(), off.ok_or(EvalError::Budget)?, text))
}

fn position(count: usize) -> Outcome {
    i64::try_from(count).map(Value::int).map_err(|_| EvalError::Overflow)
}

fn char_at(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = string(args, 0)?;
    let at = int(args, 1)?.ok_or(EvalError::NoSuchOverload)?;
    let text = heap.bytes(value);
    let start = offset(text, at)?;
    let end = offset(text, at.saturating_add(1)).unwrap_or(start);
    part(heap, value, start, end)
}

fn index_of(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (text, wanted) = (heap.str(string(args, 0)?), heap.str(string(args, 1)?));
    let start = offset(text.as_bytes(), int(args, 2)?.unwrap_or(0))?;
    let found = text.get(start..).and_then(|rest| rest.find(wanted));
    match found.and_then(|found| text.as_bytes().get(..start + found)) {
        Some(before) => position(code_points(before)),
        None => Ok(Value::int(-1)),
    }
}

fn last_index_of(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (text, wanted) = (heap.str(string(args, 0)?), heap.str(string(args, 1)?));
    let last = match int(args, 2)? {
        Some(last) => offset(text.as_bytes(), last)?,
        None => text.len(),
    };
    // An occurrence that begins at `last` ends later.
    let end = last.saturating_add(wanted.len()).min(text.len());
    let range = text.as_bytes().get(..end).unwrap_or_default();
    let found = rfind(range, wanted.as_bytes());
    match found.and_then(|found| range.get(..found)) {
        Some(before) => position(code_points(before)),
        None => Ok(Value::int(-1)),
    }
}

/// Where `wanted` last occurs in `text`, which may end inside of a code point.
fn rfind(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let whole = match std::str::from_utf8(text) {
        Ok(whole) => whole,
        Err(error) => std::str::from_utf8(text.get(..error.valid_up_to())?).ok()?,
    };
    whole.rfind(std::str::from_utf8(wanted).ok()?)
}

fn lower_ascii(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    in_place(heap, string(args, 0)?, <[u8]>::make_ascii_lowercase)
}

fn upper_ascii(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    in_place(heap, string(args, 0)?, <[u8]>::make_ascii_uppercase)
}

/// A copy of a string, changed.
fn in_place(heap: &mut Heap<'_>, value: &Value, change: fn(&mut [u8])) -> Outcome {
    let start = heap.store.mark().0;
    heap.append(value)?;
    change(heap.store.tail_mut(start));
    heap.finish_text(Tag::String, start)
}

/// Pushes where `wanted` occurs in `text`, in bytes, at most so many times. An empty one occurs
/// before and behind every code point.
///
/// One pass counts and one notes, so that the text is searched in linear time.
fn push_occurrences(
    heap: &mut Heap<'_>,
    text: &Value,
    wanted: &Value,
    most: usize,
) -> Result<(), EvalError> {
    let height = heap.store.height();
    let count = heap.str(text).matches(heap.str(wanted)).take(most).count();
    for _ in 0..count {
        heap.store.push_stack(Value::NULL)?;
    }
    let (view, slots) = heap.split(height);
    let found = view.str(text).match_indices(view.str(wanted));
    for (slot, (at, _)) in slots.iter_mut().zip(found) {
        *slot = Value::uint(at as u64);
    }
    Ok(())
}

/// The occurrence that was noted at `height`, as start and end in bytes.
fn occurrence(heap: &mut Heap<'_>, height: usize, len: usize) -> Option<(usize, usize)> {
    let (_, slots) = heap.split(height);
    let start = usize::try_from(slots.first()?.bits()).ok()?;
    Some((start, start + len))
}

/// How many: a negative number sets no limit.
fn limit(args: &[Value], at: usize) -> Result<usize, EvalError> {
    Ok(usize::try_from(int(args, at)?.unwrap_or(-1)).unwrap_or(usize::MAX))
}

fn replace(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let height = heap.store.height();
    let replaced = replace_noted(heap, args, height);
    heap.store.drop_stack(height);
    replaced
}

fn replace_noted(heap: &mut Heap<'_>, args: &[Value], height: usize) -> Outcome {
    let (text, old, new) = (string(args, 0)?, string(args, 1)?, string(args, 2)?);
    push_occurrences(heap, text, old, limit(args, 3)?)?;
    let (start, mut from) = (heap.store.mark().0, 0);
    for noted in height..heap.store.height() {
        let found = occurrence(heap, noted, old.len() as usize);
        let (at, end) = found.ok_or(EvalError::OutOfRange)?;
        let kept = part(heap, text, from, at)?;
        heap.append(&kept)?;
        heap.append(new)?;
        from = end;
    }
    let rest = part(heap, text, from, text.len() as usize)?;
    heap.append(&rest)?;
    heap.finish_text(Tag::String, start)
}

fn split(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let height = heap.store.height();
    let parts = split_noted(heap, args, height);
    heap.store.drop_stack(height);
    parts
}

fn split_noted(heap: &mut Heap<'_>, args: &[Value], height: usize) -> Outcome {
    let (text, separator) = (string(args, 0)?, string(args, 1)?);
    let most = limit(args, 2)?;
    let off = u32::try_from(heap.store.mark().1).map_err(|_| EvalError::Budget)?;
    if most == 0 || (text.is_empty() && separator.is_empty()) {
        return Ok(Value::list(Space::Arena, off, 0, 1));
    }
    // An empty separator cuts neither before the first code point nor behind the last.
    let cuts = (most - 1).saturating_add(usize::from(separator.is_empty()));
    push_occurrences(heap, text, separator, cuts)?;
    let (whole, mut from, mut len) = (text.len() as usize, 0, 1);
    for noted in height..heap.store.height() {
        let found = occurrence(heap, noted, separator.len() as usize);
        let (at, end) = found.ok_or(EvalError::OutOfRange)?;
        if end == 0 || (at == whole && separator.is_empty()) {
            continue;
        }
        let part = part(heap, text, from, at)?;
        heap.store.push_elements(&[part])?;
        (from, len) = (end, len + 1);
    }
    let rest = part(heap, text, from, whole)?;
    heap.store.push_elements(&[rest])?;
    Ok(Value::list(Space::Arena, off, len, 1))
}

fn substring(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = string(args, 0)?;
    let text = heap.bytes(value);
    let start = offset(text, int(args, 1)?.ok_or(EvalError::NoSuchOverload)?)?;
    let end = match int(args, 2)? {
        Some(end) => offset(text, end)?,
        None => text.len(),
    };
    part(heap, value, start, end)
}

fn trim(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = string(args, 0)?;
    let text = heap.str(value);
    let start = text.len() - text.trim_start().len();
    let end = start + text.trim().len();
    part(heap, value, start, end)
}

fn join(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let list = args.first().ok_or(EvalError::NoSuchOverload)?;
    expect(list, Tag::List)?;
    let separator = if args.len() > 1 { Some(string(args, 1)?) } else { None };
    let start = heap.store.mark().0;
    for position in 0..list.len() {
        let element = heap.elements(list).get(position as usize).copied();
        let element = element.ok_or(EvalError::NoSuchOverload)?;
        expect(&element, Tag::String)?;
        if let Some(separator) = separator.filter(|_| position > 0) {
            heap.append(separator)?;
        }
        heap.append(&element)?;
    }
    heap.finish_text(Tag::String, start)
}

/// Reverses the bytes, and then those of each code point again.
fn reverse(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    in_place(heap, string(args, 0)?, |text| {
        text.reverse();
        for code_point in text.chunk_by_mut(|byte, _| byte & 0xC0 == 0x80) {
            code_point.reverse();
        }
    })
}

fn quote(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = string(args, 0)?;
    let start = heap.store.mark().0;
    heap.store.push_text(b"\"")?;
    let mut at = 0;
    while let Some(byte) = heap.bytes(value).get(at).copied() {
        let escape = match byte {
            0x07 => b'a',
            0x08 => b'b',
            0x0B => b'v',
            0x0C => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            b'"' | b'\\' => byte,
            _ => 0,
        };
        if escape == 0 {
            heap.store.push_text(&[byte])?;
        } else {
            heap.store.push_text(&[b'\\', escape])?;
        }
        at += 1;
    }
    heap.store.push_text(b"\"")?;
    heap.finish_text(Tag::String, start)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lang::functions::{Style, named};
    use crate::lang::value::heap::Store;
    use crate::lang::value::json;

    /// What `name` answers to these texts and this number, as JSON.
    fn call(name: &str, texts: &[&str], number: Option<i64>) -> Result<String, EvalError> {
        let mut store = Store::new(4_096, 256);
        let mut heap = Heap::of(&mut store);
        let strings = texts.iter().map(|text| heap.new_string(text).expect("room"));
        let mut args: Vec<Value> = strings.collect();
        args.extend(number.map(Value::int));
        let row = named(name, Style::Member).find(|row| row.params.len() == args.len());
        let value = (row.expect("a row").call)(&mut heap, &args)?;
        assert_eq!(heap.store.height(), 0);
        let mut shown = String::new();
        json::write(&heap.view(), &value, json::Form::Plain, &mut shown)?;
        Ok(shown)
    }

    #[test]
    fn splits_and_replaces() {
        let cases = [
            ("split", &["abc", ""][..], None, r#"["a","b","c"]"#),
            ("split", &["éb", ""], None, r#"["é","b"]"#),
            ("split", &["abc", ""], Some(2), r#"["a","bc"]"#),
            ("split", &["abc", ""], Some(9), r#"["a","b","c"]"#),
            ("split", &["", ""], None, "[]"),
            ("split", &["", ","], None, r#"[""]"#),
            ("split", &[",a,", ","], None, r#"["","a",""]"#),
            ("split", &["a,b", ","], Some(0), "[]"),
            ("split", &["a,b,c", ","], Some(1), r#"["a,b,c"]"#),
            ("split", &["a,b,c", ","], Some(2), r#"["a","b,c"]"#),
            ("replace", &["abc", "", "x"], None, r#""xaxbxcx""#),
            ("replace", &["abc", "", "x"], Some(2), r#""xaxbc""#),
            ("replace", &["aaa", "aa", "b"], None, r#""ba""#),
            ("replace", &["aaa", "a", "b"], Some(0), r#""aaa""#),
        ];
        for (name, texts, number, wanted) in cases {
            let answer = call(name, texts, number);
            assert_eq!(answer.as_deref(), Ok(wanted), "{name} {texts:?} {number:?}");
        }
    }

    #[test]
    fn positions_are_checked() {
        for (name, texts) in [("charAt", &["ab"][..]), ("indexOf", &["ab", ""])] {
            for position in [-1, 3, i64::MAX, i64::MIN] {
                assert_eq!(call(name, texts, Some(position)), Err(EvalError::OutOfRange));
            }
        }
        assert_eq!(call("lastIndexOf", &["ab", ""], Some(2)).as_deref(), Ok("2"));
        assert_eq!(call("lastIndexOf", &["aéb", "é"], Some(1)).as_deref(), Ok("1"));
        assert_eq!(call("lastIndexOf", &["aéb", "b"], Some(1)).as_deref(), Ok("-1"));
        assert_eq!(call("lastIndexOf", &["aé", "a"], Some(1)).as_deref(), Ok("0"));
    }

    proptest! {
        #[test]
        fn agree_with_the_standard_library(
            text in "[a-cé,]{0,12}",
            part in "[a-cé]{0,2}",
            last in 0_usize..12,
        ) {
            let quoted = |text: &str| Ok(format!("\"{text}\""));
            let reversed: String = text.chars().rev().collect();
            prop_assert_eq!(call("reverse", &[&text], None), quoted(&reversed));
            let replaced = text.replace(&part, "-");
            prop_assert_eq!(call("replace", &[&text, &part, "-"], None), quoted(&replaced));
            let shown = |at: Option<usize>| Ok(at.map_or("-1".to_owned(), |at| at.to_string()));
            let places: Vec<usize> = text
                .char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .enumerate()
                .filter(|(_, at)| text.get(*at..).is_some_and(|rest| rest.starts_with(&part)))
                .map(|(place, _)| place)
                .collect();
            let both = &[&*text, &*part];
            prop_assert_eq!(call("indexOf", both, None), shown(places.first().copied()));
            prop_assert_eq!(call("lastIndexOf", both, None), shown(places.last().copied()));
            if last <= text.chars().count() {
                let number = i64::try_from(last).ok();
                let after = places.iter().copied().find(|at| *at >= last);
                prop_assert_eq!(call("indexOf", both, number), shown(after));
                let before = places.iter().copied().rfind(|at| *at <= last);
                prop_assert_eq!(call("lastIndexOf", both, number), shown(before));
            }
        }
    }
}
