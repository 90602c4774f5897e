//! What names stand for: definitions, references, and the same name elsewhere.
//!
//! In:      a place in a file.
//! Out:     `Target`, where it is declared and where it is used.
//! Imports: `base`, `compiler`, `compiler::check`, `compiler::syntax`, `lang`.

use serde_json::{Value as Json, json};

use crate::base::name::Name;
use crate::base::span::{FileId, Span, Spanned};
use crate::compiler::Front;
use crate::compiler::check::analysis::{HostId, LocalId, RootId, Use, VariableId, WindowId};
use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind, Field, Literal};
use crate::compiler::syntax::document::model::{CelRule, Outcome, SchemaSource, Variable};
use crate::compiler::syntax::document::path::{file_and_message, join};
use crate::lang::types::{RecordField, Type};
use crate::tools::lsp::request::{FileRequest, RequestError};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A variable of a policy.
    Variable(VariableId),
    /// A variable that a macro introduces.
    Local(LocalId),
    /// A root of the context.
    Root(RootId),
    /// A field of an object, by where it is declared.
    Field(Span),
    /// A tool.
    Tool(Name),
    /// A function of the host.
    Host(HostId),
    /// A window of time.
    Window(WindowId),
}

/// Whether `span` is of `file` and holds byte `at`, or ends there.
pub(super) fn holds(span: Span, file: FileId, at: u32) -> bool {
    span.file == file && span.start <= at && at <= span.end
}

/// The smallest expression at byte `at`.
pub(super) fn expression_at(front: &Front, file: FileId, at: u32) -> Option<ExprId> {
    let around = front.parsed.ast.written().filter(|(_, expr)| holds(expr.span, file, at));
    around.min_by_key(|(_, expr)| expr.span.end - expr.span.start).map(|(id, _)| id)
}

/// The expression of which `id` is a direct operand.
pub(super) fn parent(front: &Front, id: ExprId) -> Option<ExprId> {
    let ast = &front.parsed.ast;
    let after = ast.exprs.ids().skip_while(|parent| *parent <= id);
    after.into_iter().find(|parent| ast.children(*parent).contains(&id))
}

/// What an expression is written with, as far as it has a word of its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Word<'a> {
    /// A value.
    Literal(&'a Literal),
    /// A plain name.
    Ident(&'a str),
    /// A field behind a dot, and what stands in front of it.
    Field(ExprId, &'a Field),
    /// A function, and what it is called on.
    Function(Option<ExprId>, &'a Spanned<Name>),
    /// Operators and brackets.
    None,
}

/// The word that `id` is written with.
pub(super) fn word(ast: &Ast, id: ExprId) -> Word<'_> {
    match ast.kind(id) {
        ExprKind::Literal(literal) => Word::Literal(literal),
        ExprKind::Ident { name, .. } => Word::Ident(name),
        ExprKind::Select { operand, field, .. } => Word::Field(*operand, field),
        ExprKind::Call { target, name, .. } => Word::Function(*target, name),
        ExprKind::Error
        | ExprKind::Index { .. }
        | ExprKind::Unary { .. }
        | ExprKind::Binary { .. }
        | ExprKind::Logic { .. }
        | ExprKind::Conditional { .. }
        | ExprKind::List { .. }
        | ExprKind::Map { .. }
        | ExprKind::Message { .. } => Word::None,
    }
}

/// The bytes of the name that an expression is about: the last one of a chain.
pub(super) fn name_span(front: &Front, id: ExprId) -> Span {
    let ast = &front.parsed.ast;
    match word(ast, id) {
        Word::Field(_, field) => field.span,
        Word::Function(_, name) => name.span,
        Word::Literal(_) | Word::Ident(_) | Word::None => ast.span(id),
    }
}

/// The name that `id` is, selects or calls.
pub(super) fn named(ast: &Ast, id: ExprId) -> Option<&str> {
    match word(ast, id) {
        Word::Ident(name) => Some(name),
        Word::Field(_, field) => Some(&field.name),
        Word::Function(_, name) => Some(&name.value),
        Word::Literal(_) | Word::None => None,
    }
}

/// What stands in front of the last dot of `id`: of a selection its operand, of a call its
/// receiver.
pub(super) fn operand(ast: &Ast, id: ExprId) -> Option<ExprId> {
    match word(ast, id) {
        Word::Field(operand, _) => Some(operand),
        Word::Function(target, _) => target,
        Word::Literal(_) | Word::Ident(_) | Word::None => None,
    }
}

/// What an expression refers to.
pub(super) fn target(front: &Front, id: ExprId) -> Option<Target> {
    match front.analysis.uses.get(id)? {
        Use::Variable(variable) => Some(Target::Variable(*variable)),
        Use::Local(local) => Some(Target::Local(*local)),
        Use::Root(root) => Some(Target::Root(*root)),
        Use::Host(host) => Some(Target::Host(*host)),
        Use::Window(window) => Some(Target::Window(*window)),
        Use::Plain => field(front, id).and_then(|field| field.span).map(Target::Field),
        Use::Part
        | Use::Answered(_)
        | Use::Now
        | Use::Result
        | Use::Constant(_)
        | Use::Message(_)
        | Use::Enum(..)
        | Use::EnumOf(_)
        | Use::EnumNumber
        | Use::Overloads(_)
        | Use::Decision(_)
        | Use::Macro(_) => None,
    }
}

/// The declared field that a selection reads.
pub(super) fn field(front: &Front, id: ExprId) -> Option<&RecordField> {
    let ExprKind::Select { operand, field, .. } = front.parsed.ast.kind(id) else { return None };
    let types = &front.analysis.types;
    let mut ty = *front.analysis.expr_types.get(*operand)?;
    if let Type::Optional(inner) = types.get(ty) {
        ty = *inner;
    }
    let Type::Record(record) = types.get(ty) else { return None };
    types.field(*record, &field.name)
}

/// All variables that documents declare.
pub(super) fn variables(front: &Front) -> Vec<&Variable> {
    let parsed = &front.parsed;
    let mut found: Vec<&Variable> =
        parsed.policies.iter().flat_map(|policy| &policy.variables).collect();
    let mut open: Vec<&CelRule> = parsed.cel_policies.iter().map(|it| &it.rule).collect();
    while let Some(rule) = open.pop() {
        found.extend(&rule.variables);
        open.extend(rule.choices.iter().filter_map(|choice| match &choice.outcome {
            Outcome::Rule(rule) => Some(&**rule),
            Outcome::Output(_) => None,
        }));
    }
    found
}

/// Where a variable is written.
pub(super) fn variable(front: &Front, id: VariableId) -> Option<&Variable> {
    let info = front.analysis.variables.get(id)?;
    variables(front).into_iter().find(|it| it.expr == info.expr && it.name.value == info.name)
}

/// Where something is declared.
pub(super) fn declaration(front: &Front, target: &Target) -> Option<Span> {
    let (parsed, analysis) = (&front.parsed, &front.analysis);
    let policies = || parsed.policies.iter();
    match target {
        Target::Variable(id) => Some(variable(front, *id)?.name.span),
        Target::Local(id) => Some(analysis.locals.get(*id)?.span),
        Target::Root(id) => analysis.roots.get(*id)?.span,
        Target::Field(span) => Some(*span),
        Target::Tool(name) => {
            analysis.tools.iter().find(|tool| tool.name == *name).and_then(|tool| tool.span)
        }
        Target::Host(id) => {
            let name = &analysis.hosts.get(*id)?.name;
            let mut found = policies().flat_map(|policy| &policy.functions);
            Some(found.find(|function| function.name.value == *name)?.name.span)
        }
        Target::Window(id) => {
            let name = &analysis.windows.get(*id)?.name;
            let mut found = policies().flat_map(|policy| &policy.windows);
            Some(found.find(|window| window.name.value == *name)?.name.span)
        }
    }
}

/// The names of tools that documents write, with their places: in `on`, sinks and capabilities.
fn patterns(front: &Front) -> impl Iterator<Item = (&Name, Span)> {
    let policies = || front.parsed.policies.iter();
    let rules = policies().flat_map(|policy| &policy.rules).filter(|rule| !rule.made);
    let sinks = policies().flat_map(|policy| &policy.flow).flat_map(|flow| &flow.sink.tools);
    let sections = policies().filter_map(|policy| policy.capabilities.as_ref());
    let ceilings = sections.flat_map(|section| &section.roles);
    let ceilings = ceilings.flat_map(|role| role.allow.iter().chain(&role.deny));
    let meters = policies().flat_map(|policy| &policy.meters).flat_map(|meter| &meter.on);
    let written = rules.flat_map(|rule| &rule.on).chain(sinks).chain(ceilings).chain(meters);
    written.map(|pattern| (&pattern.value, pattern.span))
}

/// What the name at byte `at` stands for, and its bytes.
pub(super) fn target_at(front: &Front, file: FileId, at: u32) -> Option<(Target, Span)> {
    let here = |span: &Span| holds(*span, file, at);
    if let Some((name, span)) = patterns(front).find(|(_, span)| here(span)) {
        return Some((Target::Tool(name.clone()), span));
    }
    let analysis = &front.analysis;
    let tool = analysis.tools.iter().find(|tool| tool.span.is_some_and(|span| here(&span)));
    if let Some((tool, span)) = tool.and_then(|tool| Some((tool, tool.span?))) {
        return Some((Target::Tool(tool.name.clone()), span));
    }
    if let Some(own) = variables(front).into_iter().find(|it| here(&it.name.span)) {
        let mut ids = analysis.variables.iter_ids();
        let (id, _) = ids.find(|(_, it)| it.expr == own.expr && it.name == own.name.value)?;
        return Some((Target::Variable(id), own.name.span));
    }
    if let Some((id, local)) = analysis.locals.iter_ids().find(|(_, local)| here(&local.span)) {
        return Some((Target::Local(id), local.span));
    }
    let mut id = expression_at(front, file, at)?;
    // `variables` of `variables.x` alone is no name: the whole is.
    while matches!(analysis.uses.get(id), Some(Use::Part)) {
        id = parent(front, id)?;
    }
    let span = name_span(front, id);
    Some((target(front, id)?, span))
}

/// Where the file at `at` names another one: the schema and data of a document.
fn file_at(ask: &FileRequest<'_>, at: u32) -> Option<FileId> {
    let files = &ask.places.view.project.files;
    let mut named = Vec::new();
    for policy in ask.front().parsed.policies.iter().filter(|policy| policy.file == ask.file) {
        if let Some(SchemaSource::File(path)) = &policy.schema {
            named.push(path);
        }
        named.extend(policy.data.iter().map(|data| &data.path));
    }
    let path = named.into_iter().find(|path| holds(path.span, ask.file, at))?;
    let base = files.get(ask.file)?.path.as_str();
    files.find(&join(base, file_and_message(&path.value).0))
}

/// `textDocument/definition`
pub(super) fn definition(ask: &FileRequest<'_>) -> Result<Json, RequestError> {
    let at = ask.at()?;
    if let Some(file) = file_at(ask, at) {
        return Ok(ask.places.location(Span::new(file, 0, 0)).unwrap_or_default());
    }
    let found = target_at(ask.front(), ask.file, at);
    let span = found.and_then(|(target, _)| declaration(ask.front(), &target));
    Ok(span.and_then(|span| ask.places.location(span)).unwrap_or_default())
}

/// Every place where the name of `target` is written, each once, in order; its declaration is the
/// first where `declared` asks for it.
pub(super) fn uses(front: &Front, target: &Target, declared: bool) -> Vec<Span> {
    let mut spans: Vec<Span> = match target {
        Target::Tool(name) => {
            patterns(front).filter(|(own, _)| *own == name).map(|(_, span)| span).collect()
        }
        Target::Variable(_)
        | Target::Local(_)
        | Target::Root(_)
        | Target::Field(_)
        | Target::Host(_)
        | Target::Window(_) => {
            let ids = front.parsed.ast.written().map(|(id, _)| id);
            let ids = ids.filter(|id| self::target(front, *id).as_ref() == Some(target));
            ids.map(|id| name_span(front, id)).collect()
        }
    };
    let own = declaration(front, target);
    spans.retain(|span| Some(*span) != own);
    spans.sort();
    spans.dedup();
    if declared {
        spans.splice(0..0, own);
    }
    spans
}

/// `textDocument/references`
pub(super) fn references(ask: &FileRequest<'_>) -> Result<Json, RequestError> {
    let declared = ask.params.pointer("/context/includeDeclaration");
    let declared = declared.and_then(Json::as_bool).unwrap_or(true);
    let found = target_at(ask.front(), ask.file, ask.at()?);
    let spans = found.map_or(Vec::new(), |(target, _)| uses(ask.front(), &target, declared));
    Ok(spans.into_iter().filter_map(|span| ask.places.location(span)).collect())
}

/// `textDocument/documentHighlight`
pub(super) fn highlights(ask: &FileRequest<'_>) -> Result<Json, RequestError> {
    let found = target_at(ask.front(), ask.file, ask.at()?);
    let spans = found.map_or(Vec::new(), |(target, _)| uses(ask.front(), &target, true));
    let own = spans.into_iter().filter(|span| span.file == ask.file);
    Ok(own.filter_map(|span| Some(json!({ "range": ask.places.range(span)? }))).collect())
}
