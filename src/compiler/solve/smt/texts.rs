//! Texts, and tests of them, in the theory of strings.
//!
//! In:      texts, cuts in their order, tests.
//! Out:     literals and regular expressions of SMT-LIB.
//! Imports: `lang`.
//!
//! The order of code points is that of the bytes of UTF-8.

use std::fmt::Write as _;

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use crate::compiler::solve::smt::Unsupported;
use crate::compiler::solve::store::TextTest;
use crate::lang::pattern;

/// The last character that a script names.
pub(super) const NAMED_MAX: usize = 0x1_FFFF;
/// Most texts of a script: why is said where scripts are made.
pub(super) const TEXTS_MAX: usize = 180;
/// The last character of the theory.
const LAST: u32 = 0x2_FFFF;
/// Most repetitions that are written out.
const REPEATS_MAX: u32 = 1_000;
/// Deepest nesting of a pattern that is written.
const DEPTH_MAX: usize = 100;

/// A text as a literal.
///
/// # Errors
/// `Unsupported::Character`
pub(super) fn quoted(text: &str) -> Result<String, Unsupported> {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        if u32::from(character) as usize > NAMED_MAX {
            return Err(Unsupported::Character);
        }
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '-' | '_' | '.' | ':' | '/' | '@' => {
                quoted.push(character);
            }
            // Writing to a string cannot fail.
            _ => drop(write!(quoted, "\\u{{{:x}}}", u32::from(character))),
        }
    }
    Ok(quoted + "\"")
}

/// The least text that lies at a cut or above, as a literal; `None` where there is none. What is
/// cut off behind a prefix need not be UTF-8: its last byte is one more than that of a text.
///
/// # Errors
/// `Unsupported::Character`
pub(super) fn cut(bytes: &[u8]) -> Result<Option<String>, Unsupported> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return quoted(text).map(Some);
    }
    let mut before = bytes.to_vec();
    if let Some(last) = before.last_mut() {
        *last = last.wrapping_sub(1);
    }
    let Ok(mut text) = String::from_utf8(before) else { return Err(Unsupported::Character) };
    while let Some(last) = text.pop() {
        // Surrogates are no characters.
        let next = if last == '\u{D7FF}' { 0xE000 } else { u32::from(last) + 1 };
        if let Some(next) = char::from_u32(next) {
            text.push(next);
            return quoted(&text).map(Some);
        }
    }
    Ok(None)
}

/// That `value` passes a test.
///
/// # Errors
/// What the theory does not have.
pub(super) fn test(value: &str, test: &TextTest) -> Result<String, Unsupported> {
    Ok(match test {
        TextTest::Ends(end) => format!("(str.suffixof {} {value})", quoted(end)?),
        TextTest::Contains(part) => format!("(str.contains {value} {})", quoted(part)?),
        TextTest::Fits(pattern) => format!("(str.in_re {value} {})", glob(pattern)?),
        TextTest::Matches(pattern) => {
            let hir = pattern::read(pattern).map_err(|_| Unsupported::Pattern)?;
            format!("(str.in_re {value} {})", anywhere(&hir)?)
        }
    })
}

/// Any text.
const ANY: &str = "re.all";

fn joined(operator: &str, parts: &[String], none: &str) -> String {
    match parts {
        [] => none.to_owned(),
        [only] => only.clone(),
        _ => format!("({operator} {})", parts.join(" ")),
    }
}

fn concatenated(parts: &[String]) -> String {
    joined("re.++", parts, "(str.to_re \"\")")
}

fn glob(pattern: &str) -> Result<String, Unsupported> {
    let mut parts = Vec::new();
    for (at, part) in pattern.split('*').enumerate() {
        if at > 0 {
            parts.push(ANY.to_owned());
        }
        if !part.is_empty() {
            parts.push(format!("(str.to_re {})", quoted(part)?));
        }
    }
    Ok(concatenated(&parts))
}

/// The texts in which a pattern matches somewhere.
fn anywhere(hir: &Hir) -> Result<String, Unsupported> {
    if let HirKind::Alternation(ways) = hir.kind() {
        let ways: Result<Vec<String>, Unsupported> = ways.iter().map(anywhere).collect();
        return Ok(joined("re.union", &ways?, "re.none"));
    }
    if let HirKind::Capture(capture) = hir.kind() {
        return anywhere(&capture.sub);
    }
    let parts = match hir.kind() {
        HirKind::Concat(parts) => parts.as_slice(),
        HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_)
        | HirKind::Capture(_)
        | HirKind::Alternation(_) => std::slice::from_ref(hir),
    };
    let is = |hir: &&Hir, look: Look| matches!(hir.kind(), HirKind::Look(own) if *own == look);
    let starts = parts.iter().take_while(|part| is(part, Look::Start)).count();
    let ends = parts.iter().skip(starts).rev().take_while(|part| is(part, Look::End)).count();
    let inner = parts.get(starts..parts.len() - ends).unwrap_or_default();
    let mut all = Vec::new();
    if starts == 0 {
        all.push(ANY.to_owned());
    }
    for part in inner {
        all.push(expression(part, 0)?);
    }
    if ends == 0 {
        all.push(ANY.to_owned());
    }
    Ok(concatenated(&all))
}

/// The texts that a pattern fits as a whole.
fn expression(hir: &Hir, depth: usize) -> Result<String, Unsupported> {
    if depth > DEPTH_MAX {
        return Err(Unsupported::Pattern);
    }
    let all = |parts: &[Hir]| -> Result<Vec<String>, Unsupported> {
        parts.iter().map(|part| expression(part, depth + 1)).collect()
    };
    Ok(match hir.kind() {
        HirKind::Empty => concatenated(&[]),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).map_err(|_| Unsupported::Pattern)?;
            format!("(str.to_re {})", quoted(text)?)
        }
        HirKind::Class(class) => characters(class)?,
        HirKind::Look(_) => return Err(Unsupported::Pattern),
        HirKind::Repetition(repetition) => repeated(repetition, depth)?,
        HirKind::Capture(capture) => expression(&capture.sub, depth + 1)?,
        HirKind::Concat(parts) => concatenated(&all(parts)?),
        HirKind::Alternation(ways) => joined("re.union", &all(ways)?, "re.none"),
    })
}

fn repeated(repetition: &Repetition, depth: usize) -> Result<String, Unsupported> {
    let inner = expression(&repetition.sub, depth + 1)?;
    let Repetition { min, max, .. } = repetition;
    if *min > REPEATS_MAX || max.is_some_and(|max| max > REPEATS_MAX) {
        return Err(Unsupported::Pattern);
    }
    Ok(match (min, max) {
        (0, None) => format!("(re.* {inner})"),
        (1, None) => format!("(re.+ {inner})"),
        (0, Some(1)) => format!("(re.opt {inner})"),
        (min, None) => format!("(re.++ ((_ re.^ {min}) {inner}) (re.* {inner}))"),
        (min, Some(max)) => format!("((_ re.loop {min} {max}) {inner})"),
    })
}

fn characters(class: &Class) -> Result<String, Unsupported> {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => {
            class.ranges().iter().map(|it| (it.start().into(), it.end().into())).collect()
        }
        Class::Bytes(class) if class.is_ascii() => {
            class.ranges().iter().map(|it| (it.start().into(), it.end().into())).collect()
        }
        Class::Bytes(_) => return Err(Unsupported::Pattern),
    };
    let named = |at: u32| at as usize <= NAMED_MAX;
    let mut ways = Vec::new();
    for (start, end) in ranges {
        let open = end == u32::from(char::MAX);
        if !named(start) || !open && !named(end) {
            return Err(Unsupported::Character);
        }
        let end = if open { LAST } else { end };
        ways.push(format!("(re.range \"\\u{{{start:x}}}\" \"\\u{{{end:x}}}\")"));
    }
    Ok(joined("re.union", &ways, "re.none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted() {
        assert_eq!(quoted("a b"), Ok("\"a b\"".to_owned()));
        assert_eq!(quoted("\"\\\n\u{e9}"), Ok("\"\\u{22}\\u{5c}\\u{a}\\u{e9}\"".to_owned()));
        assert_eq!(quoted("\u{1ffff}"), Ok("\"\\u{1ffff}\"".to_owned()));
        assert_eq!(quoted("\u{20000}"), Err(Unsupported::Character));
    }

    /// Behind what begins with a text comes what goes on with the next character.
    #[test]
    fn cuts_are_least_texts() {
        let next = |bytes: &[u8]| cut(bytes).expect("near");
        let text = |text: &str| Some(quoted(text).expect("near"));
        assert_eq!(next(b"b"), text("b"));
        assert_eq!(next(b"a\0"), text("a\0"));
        // U+007F, U+00BF, U+07FF and U+D7FF, each with one more in its last byte.
        assert_eq!(next(b"x\x80"), text("x\u{80}"));
        assert_eq!(next(b"x\xC2\xC0"), text("x\u{c0}"));
        assert_eq!(next(b"\xDF\xC0"), text("\u{800}"));
        assert_eq!(next(b"\xED\x9F\xC0"), text("\u{e000}"));
        // Behind the last character of all comes what is behind the one in front of it.
        assert_eq!(next(b"a\xF4\x8F\xBF\xC0"), text("b"));
        assert_eq!(next(b"\xF4\x8F\xBF\xC0"), None);
    }

    fn matches(pattern: &str) -> Result<String, Unsupported> {
        test("s", &TextTest::Matches(pattern.into()))
    }

    #[test]
    fn patterns_are_expressions() {
        let anywhere = "(str.in_re s (re.++ re.all (str.to_re \"ab\") re.all))";
        assert_eq!(matches("ab").as_deref(), Ok(anywhere));
        assert_eq!(matches("^ab$").as_deref(), Ok("(str.in_re s (str.to_re \"ab\"))"));
        let either = "(str.in_re s (re.union (re.++ (str.to_re \"ab\") re.all) \
                      (re.++ re.all (str.to_re \"c\"))))";
        assert_eq!(matches("^ab|c$").as_deref(), Ok(either));
        let digits = "(str.in_re s ((_ re.loop 2 3) (re.range \"\\u{30}\" \"\\u{39}\")))";
        assert_eq!(matches("^[0-9]{2,3}$").as_deref(), Ok(digits));
        // What goes on to the last character goes on to the last of theirs.
        let other = "(str.in_re s (re.union (re.range \"\\u{0}\" \"\\u{60}\") \
                     (re.range \"\\u{62}\" \"\\u{2ffff}\")))";
        assert_eq!(matches("^[^a]$").as_deref(), Ok(other));
        let glob = test("s", &TextTest::Fits("a*.txt".into()));
        let wanted = "(str.in_re s (re.++ (str.to_re \"a\") re.all (str.to_re \".txt\")))";
        assert_eq!(glob.as_deref(), Ok(wanted));
    }

    #[test]
    fn what_is_no_expression_is_not_said() {
        for (pattern, why) in [
            ("\\bab", Unsupported::Pattern),
            ("a^b", Unsupported::Pattern),
            ("(^a|b)c", Unsupported::Pattern),
            ("(?m)^a", Unsupported::Pattern),
            ("\\x{2FFFF}", Unsupported::Character),
            ("[a-\\x{2FFFF}]", Unsupported::Character),
        ] {
            assert_eq!(matches(pattern), Err(why), "{pattern}");
        }
    }
}
