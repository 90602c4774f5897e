//! `textDocument/hover`: the type and the meaning of what the pointer is on.
//!
//! In:      a place in a file.
//! Out:     Markdown, and the bytes that it is about.
//! Imports: `base`, `compiler::check`, `compiler::syntax`, `diag`, `lang`.

use serde_json::{Value as Json, json};

use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::analysis::Use;
use crate::compiler::check::macros::of_call;
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::compiler::syntax::document::yaml::{self, Entry, Node, NodeKind};
use crate::diag::sink::Sink;
use crate::lang::functions::by_number;
use crate::tools::lsp::keys;
use crate::tools::lsp::names::{
    Target, expression_at, field, name_span, parent, target_at, variable,
};
use crate::tools::lsp::request::{FileRequest, RequestError};
use crate::tools::lsp::words::{functions, macro_text, type_text};

/// `textDocument/hover`
pub(super) fn hover(ask: &FileRequest<'_>) -> Result<Json, RequestError> {
    let at = ask.at()?;
    let found = of_name(ask, at)
        .or_else(|| of_expression(ask, at))
        .or_else(|| keys::about(ask, at).map(|(text, span)| (text.to_owned(), span)));
    let drawn = found.and_then(|(text, span)| {
        let contents = json!({ "kind": "markdown", "value": text });
        Some(json!({ "contents": contents, "range": ask.places.range(span)? }))
    });
    Ok(drawn.unwrap_or_default())
}

/// A name and its type, as code.
fn typed(name: &str, ty: &str) -> String {
    format!("```cel\n{name}: {ty}\n```\n")
}

fn of_name(ask: &FileRequest<'_>, at: u32) -> Option<(String, Span)> {
    let front = ask.front();
    let analysis = &front.analysis;
    let (target, span) = target_at(front, ask.file, at)?;
    let show = |ty| type_text(&analysis.types, ty);
    let text = match target {
        Target::Variable(id) => {
            let info = analysis.variables.get(id)?;
            let mut text = typed(&format!("variables.{}", info.name), &show(info.ty));
            if let Some(own) = variable(front, id) {
                text.extend(own.description.iter().map(|it| format!("\n{it}\n")));
                let value = front.parsed.ast.outer(own.expr);
                text.extend(["\n```cel\n", ask.places.written(value), "\n```"]);
            }
            text
        }
        Target::Local(id) => {
            let local = analysis.locals.get(id)?;
            typed(&local.name, &show(local.ty))
        }
        Target::Root(id) => {
            let root = analysis.roots.get(id)?;
            let seen = expression_at(front, ask.file, at);
            let ty = seen.and_then(|id| analysis.expr_types.get(id)).copied().unwrap_or(root.ty);
            let name: Vec<&str> = root.path.iter().map(Name::as_str).collect();
            typed(&name.join("."), &show(ty)) + &described(ask, root.span)
        }
        Target::Field(declared) => of_field(ask, at, declared)?,
        Target::Tool(name) => {
            let tool = analysis.tools.iter().find(|tool| tool.name == name)?;
            format!("```cel\ntool {name}\nargs: {}\n```\n", show(tool.args))
        }
        Target::Host(id) => {
            let host = analysis.hosts.get(id)?;
            let params: Vec<String> = host.params.iter().map(|ty| show(*ty)).collect();
            let call = format!("{}({}) -> {}", host.name, params.join(", "), show(host.result));
            format!("```cel\n{call}\n```\n\nA function of the host.")
        }
        Target::Window(id) => {
            let window = analysis.windows.get(id)?;
            let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
            let (from, to) = (time(window.from_minute), time(window.to_minute));
            format!("The window `{}`: {from} to {to}, {}.", window.name, window.zone)
        }
    };
    Some((text, span))
}

fn of_field(ask: &FileRequest<'_>, at: u32, declared: Span) -> Option<String> {
    let id = expression_at(ask.front(), ask.file, at)?;
    let field = field(ask.front(), id)?;
    let mut text = typed(&field.name, &type_text(&ask.front().analysis.types, field.ty));
    let facts = [
        (!field.required, "It may be missing."),
        (field.response_only, "It is there in the response phase only."),
        (field.sensitive, "No message may quote it."),
    ];
    text.extend(facts.iter().filter(|(holds, _)| *holds).map(|(_, fact)| format!("\n{fact}")));
    Some(text + &described(ask, Some(declared)))
}

/// The `description` of what a JSON Schema declares at `span`.
fn described(ask: &FileRequest<'_>, span: Option<Span>) -> String {
    let files = &ask.places.view.project.files;
    let found = span.and_then(|span| {
        let source = files.get(span.file)?;
        if !source.text.contains("description") {
            return None;
        }
        let root = yaml::parse(span.file, files, &mut Sink::new())?;
        let entry = entry_at(&root, span)?;
        Some(entry.value.get("description")?.value.text()?.to_owned())
    });
    found.map_or(String::new(), |text| format!("\n{text}"))
}

/// The entry whose key is written at `span`.
fn entry_at(root: &Node, span: Span) -> Option<&Entry> {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        match &node.kind {
            NodeKind::Mapping { entries, .. } => {
                let around = |key: Span| key.start <= span.start && span.end <= key.end;
                if let Some(entry) = entries.iter().find(|entry| around(entry.key.span)) {
                    return Some(entry);
                }
                open.extend(entries.iter().map(|entry| &entry.value));
            }
            NodeKind::Sequence { items, .. } => open.extend(items),
            NodeKind::Scalar(_) | NodeKind::Refused => {}
        }
    }
    None
}

fn of_expression(ask: &FileRequest<'_>, at: u32) -> Option<(String, Span)> {
    let front = ask.front();
    let id = expression_at(front, ask.file, at)?;
    let span = name_span(front, id);
    let call = matches!(front.parsed.ast.kind(id), ExprKind::Call { .. });
    let on_name = span.start <= at && at <= span.end;
    let ty = type_of(ask, id);
    match front.analysis.uses.get(id)? {
        Use::Macro(_) if on_name => {
            let row = of_call(&front.parsed.ast, id)?;
            Some((macro_text(row) + &format!("\n\nHere it is `{ty}`."), span))
        }
        Use::Overloads(rows) if call && on_name => {
            let rows = rows.iter().filter_map(|number| by_number(*number));
            Some((functions(rows) + &format!("\n\nHere it is `{ty}`."), span))
        }
        Use::Overloads(rows) if !call => {
            let rows = rows.iter().filter_map(|number| by_number(*number));
            let text = functions(rows.take(1)) + &format!("\n\nHere it is `{ty}`.");
            Some((text, front.parsed.ast.span(id)))
        }
        Use::Decision(decision) if on_name => {
            let word = decision.effect.word();
            Some((format!("A decision: `{word}`, with the reason that is given."), span))
        }
        Use::Now => Some((typed("now", &ty) + "\nThe time of the decision.", span)),
        Use::Constant(_) => Some((typed(ask.places.written(span), &ty), span)),
        Use::Part => {
            let whole = parent(front, id)?;
            Some((typed(ask.places.written(span), &type_of(ask, whole)), span))
        }
        Use::Plain
        | Use::Root(_)
        | Use::Answered(_)
        | Use::Local(_)
        | Use::Variable(_)
        | Use::Result
        | Use::Message(_)
        | Use::Enum(..)
        | Use::EnumOf(_)
        | Use::EnumNumber
        | Use::Overloads(_)
        | Use::Host(_)
        | Use::Window(_)
        | Use::Decision(_)
        | Use::Macro(_) => {
            let whole = front.parsed.ast.span(id);
            Some((format!("```cel\n{ty}\n```"), whole))
        }
    }
}

/// The type of an expression, with its fields.
fn type_of(ask: &FileRequest<'_>, id: ExprId) -> String {
    let analysis = &ask.front().analysis;
    analysis.expr_types.get(id).map_or(String::new(), |ty| type_text(&analysis.types, *ty))
}
