//! `textDocument/semanticTokens/full`: what the words of expressions are.
//!
//! In:      a file.
//! Out:     its words, each by its distance from the one before.
//! Imports: `base`, `compiler::check`, `compiler::syntax`.

use serde_json::{Value as Json, json};

use crate::base::span::Span;
use crate::compiler::check::analysis::Use;
use crate::compiler::syntax::ast::{ExprId, Literal};
use crate::tools::lsp::names::{Word, name_span, word};
use crate::tools::lsp::request::FileRequest;

/// What words can be, in the order of their numbers.
const KINDS: [&str; 9] = [
    "variable",
    "parameter",
    "property",
    "function",
    "macro",
    "namespace",
    "string",
    "number",
    "keyword",
];

/// The numbers of kinds.
#[derive(Clone, Copy)]
enum Kind {
    Variable,
    Parameter,
    Property,
    Function,
    Macro,
    Namespace,
    String,
    Number,
    Keyword,
}

/// What the numbers of kinds mean.
pub(super) fn legend() -> Json {
    json!({ "tokenTypes": KINDS, "tokenModifiers": [] })
}

/// `textDocument/semanticTokens/full`
pub(super) fn tokens(ask: &FileRequest<'_>) -> Json {
    let exprs = ask.front().parsed.ast.written();
    let own = exprs.filter(|(_, expr)| expr.span.file == ask.file);
    let mut words: Vec<(Span, Kind)> = own.filter_map(|(id, _)| own_word(ask, id)).collect();
    words.sort_by_key(|(span, _)| *span);
    words.dedup_by_key(|(span, _)| *span);
    let (mut data, mut last) = (Vec::new(), (0, 0));
    let mut end = 0;
    for (span, kind) in words {
        let number = |at: &Json, key: &str| at.get(key).and_then(Json::as_u64).unwrap_or(0);
        let Some(range) = ask.places.range(span) else { continue };
        let place = |key: &str| {
            let at = range.get(key).unwrap_or(&Json::Null);
            (number(at, "line"), number(at, "character"))
        };
        let (start, stop) = (place("start"), place("end"));
        // A word of several lines, as a long string, is left to the grammar.
        if start.0 != stop.0 || stop.1 <= start.1 || span.start < end {
            continue;
        }
        end = span.end;
        let column = if start.0 == last.0 { start.1 - last.1 } else { start.1 };
        data.extend([start.0 - last.0, column, stop.1 - start.1, kind as u64, 0]);
        last = start;
    }
    json!({ "data": data })
}

/// The word of an expression that is its own, and what it is.
fn own_word(ask: &FileRequest<'_>, id: ExprId) -> Option<(Span, Kind)> {
    let ast = &ask.front().parsed.ast;
    let used = ask.front().analysis.uses.get(id);
    let kind = match (word(ast, id), used) {
        (Word::None, _) => return None,
        (Word::Literal(literal), _) => of_literal(literal),
        (Word::Ident(_) | Word::Field(..), Some(Use::Part)) => Kind::Namespace,
        (Word::Ident(_), Some(Use::Local(_))) => Kind::Parameter,
        (Word::Ident(_), _) | (Word::Field(..), Some(Use::Variable(_) | Use::Root(_))) => {
            Kind::Variable
        }
        (Word::Field(..), _) => Kind::Property,
        (Word::Function(..), Some(Use::Macro(_))) => Kind::Macro,
        (Word::Function(..), _) => Kind::Function,
    };
    Some((name_span(ask.front(), id), kind))
}

const fn of_literal(literal: &Literal) -> Kind {
    match literal {
        Literal::Null | Literal::Bool(_) => Kind::Keyword,
        Literal::Int(_) | Literal::Uint(_) | Literal::Double(_) => Kind::Number,
        Literal::String(_) | Literal::Bytes(_) => Kind::String,
    }
}
