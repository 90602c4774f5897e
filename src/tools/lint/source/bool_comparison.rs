//! W0562: `x == true`, where `x` is a bool.

use crate::base::span::Span;
use crate::compiler::syntax::ast::ExprId;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit, Fix};
use crate::diag::sink::Sink;
use crate::tools::lint::shape::{binary, boolean, equality, is_bool, is_primary};
use crate::tools::lint::subject::Subject;

/// Reports comparisons of bools with `true` and `false`. What only may be a bool is left alone:
/// of another kind it is unequal, and no error.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let ast = subject.ast();
    for id in subject.written() {
        let Some((op, _, lhs, rhs)) = binary(ast, id) else { continue };
        let Some(equal) = equality(op) else { continue };
        let (compared, value) = match (boolean(ast, lhs), boolean(ast, rhs)) {
            (None, Some(value)) => (lhs, value),
            (Some(value), None) => (rhs, value),
            (Some(_), Some(_)) | (None, None) => continue,
        };
        if !is_bool(subject, compared) {
            continue;
        }
        let label = if value == equal { "the same as what is compared" } else { "a negation" };
        let fact = format!("a bool is compared with `{value}`");
        let found = Diagnostic::new(Code::BoolComparison, ast.span(id), fact, label);
        sink.report(Diagnostic { fix: fix(subject, id, compared, value == equal), ..found });
    }
}

/// Keeps `compared` alone, negated where it must come out false.
fn fix(subject: &Subject<'_>, id: ExprId, compared: ExprId, holds: bool) -> Option<Fix> {
    let ast = subject.ast();
    let (whole, kept) = (ast.span(id), ast.outer(compared));
    let primary = is_primary(ast, compared) || kept != ast.span(compared);
    // What binds less than a comparison may not lose it next to another operator.
    let (open, close) = match (holds, primary) {
        (true, _) => ("", ""),
        (false, true) => ("!", ""),
        (false, false) => ("!(", ")"),
    };
    let edits = vec![
        Edit { span: Span { end: kept.start, ..whole }, text: open.to_owned() },
        Edit { span: Span { start: kept.end, ..whole }, text: close.to_owned() },
    ];
    let title = if holds { "take the comparison away" } else { "negate instead" };
    subject.rewrite(title, edits)
}
