//! `textDocument/signatureHelp`: how the function around a place is called.
//!
//! In:      a place in a file.
//! Out:     its calls, and which argument is being written.
//! Imports: `compiler::check`, `compiler::syntax`, `lang`.

use serde_json::{Value as Json, json};

use crate::compiler::check::macros::MACROS;
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::lang::functions::{self, Style};
use crate::tools::lsp::complete::{MarkedProject, mark};
use crate::tools::lsp::names::{Word, word};
use crate::tools::lsp::request::{FileRequest, RequestError};
use crate::tools::lsp::words::{macro_doc, macro_signature, signature};

/// `textDocument/signatureHelp`
pub(super) fn signature_help(ask: &FileRequest<'_>) -> Result<Json, RequestError> {
    let at = ask.at()?;
    let Some(marked) = mark(ask, at) else { return Ok(Json::Null) };
    Ok(around(ask, &marked).unwrap_or_default())
}

/// The innermost call whose arguments hold the mark.
fn around(ask: &FileRequest<'_>, marked: &MarkedProject) -> Option<Json> {
    let ast = &marked.front.parsed.ast;
    let calls = ast.written().filter(|(id, expr)| {
        let ExprKind::Call { name, .. } = ast.kind(*id) else { return false };
        let at = marked.at;
        expr.span.file == ask.file && name.span.end < at && at < expr.span.end
    });
    let (id, _) = calls.min_by_key(|(_, expr)| expr.span.end - expr.span.start)?;
    let ExprKind::Call { name, args, target, .. } = ast.kind(id) else { return None };
    let before = |arg: &&ExprId| ast.outer(**arg).end < marked.at;
    let active = args.iter().filter(before).count();
    let style = if target.is_some() { Style::Member } else { Style::Global };
    let space = target.and_then(|target| match word(ast, target) {
        Word::Ident(name) => Some(name),
        Word::Literal(_) | Word::Field(..) | Word::Function(..) | Word::None => None,
    });
    let full = space.map_or(name.value.to_string(), |space| format!("{space}.{}", name.value));
    let mut rows: Vec<Json> = functions::all()
        .filter(|row| (row.style == style && *row.name == *name.value) || row.name == full)
        .map(|row| signature_information(row.name, &signature(row), row.doc))
        .collect();
    let macros = MACROS.iter().filter(|row| *row.name == *name.value);
    rows.extend(
        macros
            .map(|row| signature_information(row.name, &macro_signature(row), macro_doc(row.kind))),
    );
    let first = rows.iter().position(|row| parameters(row) > active).unwrap_or(0);
    if rows.is_empty() {
        return None;
    }
    Some(json!({ "signatures": rows, "activeSignature": first, "activeParameter": active }))
}

/// A call of `name` with its parameters: what stands in the brackets behind the name.
fn signature_information(name: &str, label: &str, doc: &str) -> Json {
    let mut parameters = Vec::new();
    let call = label.find(&format!("{name}("));
    let open = call.map_or(label.len(), |at| at + name.len());
    let (mut depth, mut start) = (0_u32, open + 1);
    for (at, letter) in label.char_indices().skip_while(|(at, _)| *at < open) {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ',' if depth == 1 => {
                parameters.push((start, at));
                start = at + 2;
            }
            ')' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    if at > start {
                        parameters.push((start, at));
                    }
                    break;
                }
            }
            _ => {}
        }
    }
    let parameters: Vec<Json> =
        parameters.into_iter().map(|(from, to)| json!({ "label": [from, to] })).collect();
    let doc = json!({ "kind": "markdown", "value": doc });
    json!({ "label": label, "documentation": doc, "parameters": parameters })
}

/// How many parameters a signature has.
fn parameters(row: &Json) -> usize {
    row.get("parameters").and_then(Json::as_array).map_or(0, Vec::len)
}
