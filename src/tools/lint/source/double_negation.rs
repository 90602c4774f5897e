//! W0563: `!!x`.

use crate::compiler::syntax::ast::{ExprKind, UnaryOp};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::subject::Subject;

/// Reports negations of negations.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let ast = subject.ast();
    for id in subject.written() {
        let ExprKind::Unary { op: outer, operand } = ast.kind(id) else { continue };
        let ExprKind::Unary { op: inner, operand: negated } = ast.kind(*operand) else { continue };
        if outer.value != UnaryOp::Not || inner.value != UnaryOp::Not {
            continue;
        }
        // Of `!!!x` the innermost two are reported: what is left is right.
        if let ExprKind::Unary { op, .. } = ast.kind(*negated)
            && op.value == UnaryOp::Not
        {
            continue;
        }
        let at = ast.span(id);
        let kept = subject.text(ast.outer(*negated));
        let finding = Diagnostic::new(
            Code::DoubleNegation,
            at,
            "a condition is negated twice",
            "the same as what is negated",
        );
        sink.report(finding.fix("take both `!` away", at, kept));
    }
}
