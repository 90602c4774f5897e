//! W0597: `x == null`, where `x` is an optional.

use crate::base::span::Span;
use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind, Literal};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit, Fix};
use crate::diag::sink::Sink;
use crate::lang::types::Type;
use crate::tools::lint::shape::{binary, equality, is_primary};
use crate::tools::lint::subject::Subject;

/// Reports comparisons of optionals with `null`: CEL takes them, and an optional without a value is
/// no null.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let ast = subject.ast();
    let is_optional = |id: ExprId| {
        let ty = subject.checked.analysis().types.get(subject.checked.type_of(id));
        matches!(ty, Type::Optional(_))
    };
    for id in subject.written() {
        let Some((op, _, lhs, rhs)) = binary(ast, id) else { continue };
        let Some(equal) = equality(op) else { continue };
        let compared = match (is_null(ast, lhs), is_null(ast, rhs)) {
            (false, true) => lhs,
            (true, false) => rhs,
            (true, true) | (false, false) => continue,
        };
        if !is_optional(compared) {
            continue;
        }
        let label = if equal { "this is always false" } else { "this is always true" };
        let fact = "an optional is compared with null, and is never null";
        let found = Diagnostic::new(Code::NullOptional, ast.span(id), fact, label);
        let found = found.help("ask whether it has a value, with `hasValue()`");
        sink.report(Diagnostic { fix: fix(subject, id, compared, equal), ..found });
    }
}

fn is_null(ast: &Ast, id: ExprId) -> bool {
    matches!(ast.kind(id), ExprKind::Literal(Literal::Null))
}

/// Asks for the value of `compared` instead.
fn fix(subject: &Subject<'_>, id: ExprId, compared: ExprId, equal: bool) -> Option<Fix> {
    let ast = subject.ast();
    if !is_primary(ast, compared) {
        return None;
    }
    let (whole, kept) = (ast.span(id), ast.outer(compared));
    let edits = vec![
        Edit {
            span: Span { end: kept.start, ..whole },
            text: if equal { "!" } else { "" }.to_owned(),
        },
        Edit { span: Span { start: kept.end, ..whole }, text: ".hasValue()".to_owned() },
    ];
    subject.rewrite("ask whether it has a value", edits)
}
