//! Messages: text with CEL in braces.
//!
//! In:      the text of a message, and the bytes that spell it.
//! Out:     its parts; expressions in the `Ast`.
//! Imports: `base`, `diag`, `compiler::source`, `compiler::syntax`.
//!
//! `{{` and `}}` are braces. An expression ends at the brace that matches, strings of CEL aside.

use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::ast::Ast;
use crate::compiler::syntax::document::error::{DocumentError, MessageProblem};
use crate::compiler::syntax::document::model::{Template, TemplatePart};
use crate::compiler::syntax::document::scalar::part;
use crate::compiler::syntax::parser::parse_expression;
use crate::diag::sink::Sink;

/// Reads a message. What cannot be read is reported and left out.
pub fn parse(source: &Embedded, ast: &mut Ast, sink: &mut Sink) -> Template {
    let text = source.text.as_str();
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let next = at + letter.len_utf8();
        let doubled = text.get(next..).is_some_and(|rest| rest.starts_with(letter));
        match letter {
            '{' | '}' if doubled => {
                plain.push(letter);
                at = next + 1;
            }
            '}' => {
                let problem = MessageProblem::Unopened;
                sink.report(DocumentError::BadMessage { at: source.span_of(at, next), problem });
                at = next;
            }
            '{' => {
                let Some(end) = closing(text, next) else {
                    let problem = MessageProblem::Unclosed;
                    let at = source.span_of(at, next);
                    sink.report(DocumentError::BadMessage { at, problem });
                    break;
                };
                if text.get(next..end).is_some_and(|inner| inner.trim().is_empty()) {
                    let problem = MessageProblem::Empty;
                    let at = source.span_of(at, end + 1);
                    sink.report(DocumentError::BadMessage { at, problem });
                } else {
                    if !plain.is_empty() {
                        parts.push(TemplatePart::Text(std::mem::take(&mut plain)));
                    }
                    let inner = part(source, next, end);
                    parts.push(TemplatePart::Expr(parse_expression(&inner, ast, sink)));
                }
                at = end + 1;
            }
            _ => {
                plain.push(letter);
                at = next;
            }
        }
    }
    if !plain.is_empty() {
        parts.push(TemplatePart::Text(plain));
    }
    Template { span: source.span, parts }
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
