//! Messages: text with CEL in braces.
//!
//! In:      the text of a message, and the bytes that spell it.
//! Out:     its parts; expressions in the `Ast`.
//! Imports: `compiler::source`, `diag`.
//!
//! `{{` and `}}` are braces. An expression ends at the brace that matches, strings of CEL aside.

use std::ops::Range;

use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::ast::Ast;
use crate::compiler::syntax::document::error::{DocumentError, MessageProblem};
use crate::compiler::syntax::document::model::{Template, TemplatePart};
use crate::compiler::syntax::document::scalar::part;
use crate::compiler::syntax::parser::parse_expression;
use crate::diag::sink::Sink;

/// A piece of a message; ranges are bytes of its text.
enum Piece<'t> {
    /// Words, as they are shown; of `{{` and `}}` one brace.
    Text(&'t str),
    /// An expression, without its braces.
    Expression(Range<usize>),
    /// What cannot be read.
    Bad(Range<usize>, MessageProblem),
}

/// The pieces of a message, in order.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.find(['{', '}']).unwrap_or(rest.len());
        if plain > 0 {
            pieces.extend(rest.get(..plain).map(Piece::Text));
            at += plain;
            continue;
        }
        let brace = rest.get(..1).unwrap_or_default();
        if rest.get(1..2) == Some(brace) {
            pieces.push(Piece::Text(brace));
            at += 2;
        } else if brace == "}" {
            pieces.push(Piece::Bad(at..at + 1, MessageProblem::Unopened));
            at += 1;
        } else if let Some(end) = closing(text, at + 1) {
            let blank = text.get(at + 1..end).is_some_and(|inner| inner.trim().is_empty());
            pieces.push(if blank {
                Piece::Bad(at..end + 1, MessageProblem::Empty)
            } else {
                Piece::Expression(at + 1..end)
            });
            at = end + 1;
        } else {
            pieces.push(Piece::Bad(at..at + 1, MessageProblem::Unclosed));
            break;
        }
    }
    pieces
}

/// Where the expressions of a message stand in its text, without their braces, in order.
#[must_use]
pub fn expressions(text: &str) -> Vec<Range<usize>> {
    let expression = |piece| match piece {
        Piece::Expression(range) => Some(range),
        Piece::Text(_) | Piece::Bad(..) => None,
    };
    pieces(text).into_iter().filter_map(expression).collect()
}

/// Reads a message. What cannot be read is reported and left out.
pub fn parse(source: &Embedded, ast: &mut Ast, sink: &mut Sink) -> Template {
    let mut parts = Vec::new();
    let mut plain = String::new();
    for piece in pieces(&source.text) {
        match piece {
            Piece::Text(text) => plain.push_str(text),
            Piece::Bad(range, problem) => {
                let at = source.span_of(range.start, range.end);
                sink.report(DocumentError::BadMessage { at, problem });
            }
            Piece::Expression(range) => {
                if !plain.is_empty() {
                    parts.push(TemplatePart::Text(std::mem::take(&mut plain)));
                }
                let inner = part(source, range.start, range.end);
                parts.push(TemplatePart::Expr(parse_expression(&inner, ast, sink)));
            }
        }
    }
    if !plain.is_empty() {
        parts.push(TemplatePart::Text(plain));
    }
    Template { span: source.span, parts, otherwise: None }
}

/// The place of the `}` that closes the expression from `start`.
fn closing(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                at = string_end(bytes, at);
                continue;
            }
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The end of the string of CEL that starts at `at`; a raw one keeps its backslashes.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let quote = bytes.get(at).copied().unwrap_or(b'"');
    let before = |back: usize| at.checked_sub(back).and_then(|place| bytes.get(place)).copied();
    let raw_mark = |byte: Option<u8>| matches!(byte, Some(b'r' | b'R'));
    let byte_mark = |byte: Option<u8>| matches!(byte, Some(b'b' | b'B'));
    let raw = raw_mark(before(1)) || (byte_mark(before(1)) && raw_mark(before(2)));
    let triple = bytes.get(at..at + 3) == Some(&[quote; 3]);
    let mut next = at + if triple { 3 } else { 1 };
    while let Some(byte) = bytes.get(next) {
        if *byte == b'\\' && !raw {
            next += 2;
        } else if triple && bytes.get(next..next + 3) == Some(&[quote; 3]) {
            return next + 3;
        } else if !triple && *byte == quote {
            return next + 1;
        } else {
            next += 1;
        }
    }
    bytes.len()
}
