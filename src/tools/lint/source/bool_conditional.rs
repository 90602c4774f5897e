//! W0569: `c ? true : false`.

use crate::base::span::Span;
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit, Fix};
use crate::diag::sink::Sink;
use crate::tools::lint::shape::{boolean, is_bool, is_primary};
use crate::tools::lint::subject::Subject;

/// Reports conditionals that yield what was asked.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let ast = subject.ast();
    for id in subject.written() {
        let ExprKind::Conditional { condition, yes, no, question, .. } = ast.kind(id) else {
            continue;
        };
        let (holds, label) = match (boolean(ast, *yes), boolean(ast, *no)) {
            (Some(true), Some(false)) => (true, "the same as what is asked"),
            (Some(false), Some(true)) => (false, "a negation"),
            _ => continue,
        };
        // What documents of Kubernetes mean is made of conditionals that nobody wrote.
        if subject.text(*question) != "?" || !is_bool(subject, *condition) {
            continue;
        }
        let fact = "a bool decides between `true` and `false`";
        let found = Diagnostic::new(Code::BoolConditional, ast.span(id), fact, label);
        sink.report(Diagnostic { fix: fix(subject, id, *condition, holds), ..found });
    }
}

fn fix(subject: &Subject<'_>, id: ExprId, condition: ExprId, holds: bool) -> Option<Fix> {
    let ast = subject.ast();
    let (whole, kept) = (ast.span(id), ast.outer(condition));
    let wrapped = is_primary(ast, condition) || kept != ast.span(condition);
    let alone = subject.parent(id).is_none() || ast.outer(id) != whole;
    let (open, close) = match (holds, wrapped, alone) {
        (true, true, _) | (true, _, true) => ("", ""),
        (true, false, false) => ("(", ")"),
        (false, true, _) => ("!", ""),
        (false, false, _) => ("!(", ")"),
    };
    let edits = vec![
        Edit { span: Span { end: kept.start, ..whole }, text: open.to_owned() },
        Edit { span: Span { start: kept.end, ..whole }, text: close.to_owned() },
    ];
    subject.rewrite(if holds { "keep what is asked" } else { "negate instead" }, edits)
}
