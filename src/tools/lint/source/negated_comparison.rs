//! W0566: `!(a == b)`.

use crate::base::span::Span;
use crate::compiler::syntax::ast::{BinaryOp, ExprKind, UnaryOp};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit};
use crate::diag::sink::Sink;
use crate::tools::lint::shape::{binary, equality, takes_comparison};
use crate::tools::lint::subject::Subject;

/// Reports negated `==` and `!=`. A negated `<` is left alone: of `NaN` it is not `>=`.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let ast = subject.ast();
    for id in subject.written() {
        let ExprKind::Unary { op: not, operand } = ast.kind(id) else { continue };
        let Some((op, op_at, ..)) = binary(ast, *operand) else { continue };
        if not.value != UnaryOp::Not || subject.text(not.span) != "!" {
            continue;
        }
        let other = match equality(op) {
            Some(true) => BinaryOp::NotEqual,
            Some(false) => BinaryOp::Equal,
            None => continue,
        };
        let (at, inner) = (ast.span(id), ast.span(*operand));
        let (open, close) = if takes_comparison(subject, id) { ("", "") } else { ("(", ")") };
        let edits = vec![
            Edit { span: Span { end: inner.start, ..at }, text: open.to_owned() },
            Edit { span: op_at, text: other.text().to_owned() },
            Edit { span: Span { start: inner.end, ..at }, text: close.to_owned() },
        ];
        let fact = format!("`{}` is negated", op.text());
        let label = format!("the same as `{}`", other.text());
        let found = Diagnostic::new(Code::NegatedComparison, at, fact, label);
        let fix = subject.rewrite(&format!("write `{}`", other.text()), edits);
        sink.report(Diagnostic { fix, ..found });
    }
}
