//! Labels that are taken away: what sanitizers and declassifications are about.

pub(super) mod error;

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::govern::GovernContext;
use crate::compiler::govern::error::GovernError;
use crate::compiler::govern::trust::error::DowngradeError;
use crate::compiler::syntax::ast::{BinaryOp, ExprId, LogicOp};
use crate::compiler::syntax::document::agents::Output;
use crate::compiler::syntax::document::meters::{Term, TermResult};
use crate::compiler::syntax::document::model::{PolicyDocument, Tool};
use crate::compiler::syntax::document::trust::{Declassify, Sanitizer};
use crate::diag::suggest::nearest;
use crate::lang::session::OUT;

/// Checks both sections of a document, and gives what sessions evaluate for them.
pub(super) fn expand(work: &mut GovernContext<'_>, document: &mut PolicyDocument) -> Vec<Term> {
    let mut terms = Vec::new();
    for sanitizer in &mut document.sanitizers {
        check_sanitizer(work, sanitizer);
        if let Some(expr) = requires(work, sanitizer) {
            sanitizer.requires = Some(expr);
            terms.push(Term { expr, on: Vec::new(), gives: TermResult::Output });
        }
    }
    for entry in &document.declassify {
        check_declassify(work, entry);
    }
    for output in document.tools.iter().filter_map(|tool| tool.output.as_ref()).flatten() {
        let term = |expr: ExprId, gives| Term { expr, on: Vec::new(), gives };
        terms.extend(output.when.map(|expr| term(expr, TermResult::Output)));
        terms.extend(output.audience.map(|expr| term(expr, TermResult::Readers)));
    }
    terms
}

fn check_sanitizer(work: &mut GovernContext<'_>, sanitizer: &Sanitizer) {
    for label in sanitizer.removes.iter().chain(&sanitizer.adds) {
        check_label(work, label);
    }
    let Some(tool) = work.declared(&sanitizer.tool) else { return };
    let argument = sanitizer.arg.value.first();
    let has = |name: &Name| tool.args.iter().any(|field| field.name.value == *name);
    if let Some(name) = argument.filter(|name| tool.says_args && !has(name)) {
        let known = tool.args.iter().map(|field| field.name.value.as_str());
        let nearest = nearest(name, known).map(str::to_owned);
        let (at, tool, name) = (sanitizer.arg.span, tool.name.value.clone(), name.clone());
        work.sink.report(DowngradeError::NoArgument { at, tool, name, nearest });
    }
    if !inherits(tool) {
        let (at, tool) = (sanitizer.tool.span, tool.name.clone());
        work.sink.report(DowngradeError::NothingInherits { at, tool });
    }
}

/// Whether a part of what a tool gives carries what its arguments do.
pub(super) fn inherits(tool: &Tool) -> bool {
    match &tool.output {
        Some(parts) => parts.iter().any(|part: &Output| part.inherit),
        None => tool.acts(),
    }
}

fn check_declassify(work: &mut GovernContext<'_>, entry: &Declassify) {
    for label in entry.from.iter().chain(&entry.to) {
        check_label(work, label);
    }
    work.declared(&entry.tool);
}

fn check_label(work: &mut GovernContext<'_>, label: &Spanned<Name>) {
    if !work.labels.has(&label.value) {
        let (at, pattern) = (label.span, label.value.clone());
        let nearest = work.labels.nearest(&pattern);
        work.sink.report(GovernError::UnknownLabel { at, pattern, nearest });
    }
}

/// What must hold of an output: it is one of the values that are listed, and what is required.
fn requires(work: &mut GovernContext<'_>, sanitizer: &Sanitizer) -> Option<ExprId> {
    let mut parts = Vec::new();
    if let Some(values) = &sanitizer.values {
        let mut make = work.at(values.span);
        let (out, values) = (make.ident(OUT), make.texts(&values.value));
        parts.push(make.binary(BinaryOp::In, out, values));
    }
    parts.extend(sanitizer.requires);
    work.at(sanitizer.name.span).logic(LogicOp::And, parts)
}
