//! What may stand in an expression.
//!
//! In:      the place of a name in a tree.
//! Out:     the names that have a meaning there.
//! Imports: `base`, `compiler`, `compiler::check`, `compiler::govern`, `compiler::syntax`, `lang`.

use crate::base::span::Span;
use crate::compiler::Front;
use crate::compiler::check::analysis::{LocalId, MacroUse, Use};
use crate::compiler::check::macros::{MACROS, MacroKind, MacroStyle};
use crate::compiler::govern::ARG;
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::model::Form;
use crate::lang::functions::{self, CROSS_TYPE, POLICYC, Style};
use crate::lang::types::{RecordField, Type, TypeId, TypeTable};
use crate::tools::lsp::complete::{Items, Kind};
use crate::tools::lsp::names::{Word, operand, parent, variables, word};
use crate::tools::lsp::request::FileRequest;
use crate::tools::lsp::words::{fits, macro_doc, macro_signature, signature};

/// Words of CEL.
const WORDS: &[&str] = &["true", "false", "null", "in"];

/// What may stand where the name `id` does.
pub(super) fn in_expression(ask: &FileRequest<'_>, front: &Front, id: ExprId, items: &mut Items) {
    match operand(&front.parsed.ast, id) {
        Some(operand) => members(ask, front, operand, items),
        None => names(ask, front, id, items),
    }
}

/// What may stand behind the dot of `operand`.
fn members(ask: &FileRequest<'_>, front: &Front, operand: ExprId, items: &mut Items) {
    if let Some(space) = spelled(front, operand) {
        in_space(ask, front, &space, items);
        if items.count() > 0 {
            return;
        }
    }
    let types = &front.analysis.types;
    let ty = front.analysis.expr_types.get(operand).copied().unwrap_or(TypeTable::DYN);
    for field in fields(types, ty) {
        let doc = if field.required { "" } else { "It may be missing." };
        items.add(&field.name, Kind::Field, types.show(field.ty), doc);
    }
    let shape = types.get(ty);
    for row in functions::all().filter(|row| row.style == Style::Member) {
        if row.params.first().is_some_and(|sig| fits(sig, shape)) {
            items.call(row.name, Kind::Method, signature(row), row.doc);
        }
    }
    let walks = matches!(shape, Type::List(_) | Type::Map(..) | Type::Record(_) | Type::Dyn);
    let optional = matches!(shape, Type::Optional(_) | Type::Dyn);
    for row in MACROS.iter().filter(|row| row.style == MacroStyle::Member) {
        let of_optional = matches!(row.kind, MacroKind::OptMap | MacroKind::OptFlatMap);
        if (of_optional && optional) || (!of_optional && walks) {
            items.call(row.name, Kind::Method, macro_signature(row), macro_doc(row.kind));
        }
    }
}

/// The fields of an object, or of the one that an optional holds.
fn fields(types: &TypeTable, ty: TypeId) -> &[RecordField] {
    let inner = if let Type::Optional(inner) = types.get(ty) { *inner } else { ty };
    types.fields(inner).unwrap_or_default()
}

/// A chain of plain names, as `variables` or `a.b`.
fn spelled(front: &Front, id: ExprId) -> Option<String> {
    let ast = &front.parsed.ast;
    let mut names = Vec::new();
    let mut at = id;
    loop {
        match word(ast, at) {
            Word::Field(operand, field) => {
                names.push(field.name.as_str());
                at = operand;
            }
            Word::Ident(name) => {
                names.push(name);
                names.reverse();
                return Some(names.join("."));
            }
            Word::Literal(_) | Word::Function(..) | Word::None => return None,
        }
    }
}

/// What is declared with `space` and a dot in front of its name.
fn in_space(ask: &FileRequest<'_>, front: &Front, space: &str, items: &mut Items) {
    let mut names = Items::default();
    declared(ask, front, &mut names);
    namespaced(&mut names);
    for (name, item) in names.take() {
        if let Some(rest) = name.strip_prefix(space).and_then(|rest| rest.strip_prefix('.')) {
            items.put(rest.split('.').next().unwrap_or(rest).to_owned(), item);
        }
    }
}

/// Functions whose names have dots, as `math.greatest`.
fn namespaced(items: &mut Items) {
    for row in functions::all().filter(|row| row.style == Style::Global && row.name.contains('.')) {
        items.call(row.name, Kind::Function, signature(row), row.doc);
    }
    for row in MACROS {
        if let MacroStyle::Namespace(space) = row.style {
            let name = format!("{space}.{}", row.name);
            items.call(&name, Kind::Function, macro_signature(row), macro_doc(row.kind));
        }
    }
}

/// What may stand by itself.
fn names(ask: &FileRequest<'_>, front: &Front, id: ExprId, items: &mut Items) {
    for local in locals(front, id) {
        if let Some(local) = front.analysis.locals.get(local) {
            let ty = front.analysis.types.show(local.ty);
            items.add(&local.name, Kind::Variable, ty, "A variable of a macro.");
        }
    }
    if stands_in_unless(front, id) {
        items.add(ARG, Kind::Variable, "", "The argument that the flow rule is about.");
    }
    let mut all = Items::default();
    declared(ask, front, &mut all);
    namespaced(&mut all);
    for (name, item) in all.take() {
        match name.split_once('.') {
            Some((space, _)) => items.add(space, Kind::Module, "", ""),
            None => items.put(name, item),
        }
    }
    let ours = front.parsed.policies.iter().any(|policy| policy.file == ask.file);
    for row in functions::all() {
        let here =
            row.library.name != CROSS_TYPE.name && (ours || row.library.name != POLICYC.name);
        if row.style == Style::Global && here && !row.name.contains('.') {
            items.call(row.name, Kind::Function, signature(row), row.doc);
        }
    }
    for row in MACROS.iter().filter(|row| row.style == MacroStyle::Global) {
        items.call(row.name, Kind::Function, macro_signature(row), macro_doc(row.kind));
    }
    for word in WORDS {
        items.add(word, Kind::Keyword, "", "");
    }
}

/// Whether an expression is part of the `unless` of a flow rule that is about arguments.
fn stands_in_unless(front: &Front, id: ExprId) -> bool {
    let root = std::iter::successors(Some(id), |at| parent(front, *at)).last();
    let flows = front.parsed.policies.iter().flat_map(|policy| &policy.flow);
    flows.into_iter().any(|flow| flow.unless == root && !flow.sink.args.is_empty())
}

/// The variables of the macros around an expression.
fn locals(front: &Front, id: ExprId) -> Vec<LocalId> {
    let mut found = Vec::new();
    let mut at = id;
    while let Some(above) = parent(front, at) {
        at = above;
        let Some(Use::Macro(used)) = front.analysis.uses.get(at) else { continue };
        if let MacroUse::Bind(local) | MacroUse::OptMap(local) | MacroUse::OptFlatMap(local) = used
        {
            found.push(*local);
        }
        if let Some(vars) = used.loops() {
            found.push(vars.first);
            found.extend(vars.second);
        }
    }
    found
}

/// What the document and its schema declare.
fn declared(ask: &FileRequest<'_>, front: &Front, items: &mut Items) {
    let analysis = &front.analysis;
    let types = &analysis.types;
    let (parsed, file) = (&front.parsed, ask.file);
    for (policy, info) in parsed.policies.iter().zip(&analysis.policies) {
        if policy.file != file {
            continue;
        }
        let roots = info.context.map_or(&[][..], |context| fields(types, context));
        for root in roots {
            items.add(&root.name, Kind::Variable, types.show(root.ty), "Of the context.");
        }
        for (id, own) in info.variables.iter().zip(&policy.variables) {
            let ty = analysis.variables.get(*id).map_or(TypeTable::DYN, |info| info.ty);
            let doc = own.description.as_deref().unwrap_or("A variable of the policy.");
            let name = format!("variables.{}", own.name.value);
            items.add(&name, Kind::Variable, types.show(ty), doc);
        }
        for data in &policy.data {
            items.add(&format!("data.{}", data.name.value), Kind::Variable, "", "A constant.");
        }
        for window in &policy.windows {
            let name = format!("windows.{}", window.name.value);
            items.add(&name, Kind::Variable, "", "A window of time.");
        }
        for host in &policy.functions {
            items.add(&host.name.value, Kind::Function, "", "A function of the host.");
        }
        if policy.form == Form::Ours || policy.form == Form::PlainCel {
            items.add("now", Kind::Variable, "google.protobuf.Timestamp", "When it is decided.");
        }
    }
    if analysis.about_tools {
        items.add("action", Kind::Variable, "", "The call: `tool`, `args`.");
        items.add("args", Kind::Variable, "", "The arguments of the call.");
    }
    for policy in parsed.cel_policies.iter().filter(|policy| policy.file == file) {
        let own = parsed.environments.iter().filter(|it| it.file == policy.environment);
        for variable in own.flat_map(|environment| &environment.variables) {
            let ty = ask.places.written(variable.ty.span);
            items.add(&variable.name.value, Kind::Variable, ty, "Of the environment.");
        }
        let here = |span: Span| span.file == file;
        for own in variables(front).into_iter().filter(|own| here(own.name.span)) {
            let doc = own.description.as_deref().unwrap_or("A variable of the policy.");
            items.add(&format!("variables.{}", own.name.value), Kind::Variable, "", doc);
        }
    }
}
