//! W0568: `x == "a" || x == "b" || x == "c"`.

use crate::base::span::Span;
use crate::compiler::syntax::ast::{BinaryOp, ExprId, ExprKind, Literal, LogicOp};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit, Fix};
use crate::diag::sink::Sink;
use crate::tools::lint::shape::{binary, path, same};
use crate::tools::lint::subject::Subject;

/// Fewest comparisons for which a list is shorter.
const FEWEST: usize = 3;

/// Reports chains that compare one value with one literal after the other.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let ast = subject.ast();
    for id in subject.written() {
        let ExprKind::Logic { op, ops, operands } = ast.kind(id) else { continue };
        // The match conditions of Kubernetes are joined by nobody.
        if ops.iter().any(|at| subject.text(*at) != op.text()) {
            continue;
        }
        let wanted = match op {
            LogicOp::Or => BinaryOp::Equal,
            LogicOp::And => BinaryOp::NotEqual,
        };
        let mut from = 0;
        while let Some(rest) = operands.get(from..).filter(|rest| !rest.is_empty()) {
            let run = chain(subject, rest, wanted);
            if run.len() >= FEWEST {
                report(subject, rest, &run, *op, sink);
            }
            from += run.len().max(1);
        }
    }
}

/// The value that the first operand compares, then the literals, as far as the operands behind it
/// compare that value with literals of one kind.
fn chain(subject: &Subject<'_>, operands: &[ExprId], wanted: BinaryOp) -> Vec<(ExprId, ExprId)> {
    let ast = subject.ast();
    let mut run: Vec<(ExprId, ExprId)> = Vec::new();
    for operand in operands {
        let Some((op, _, value, literal)) = binary(ast, *operand) else { break };
        let ExprKind::Literal(kind) = ast.kind(literal) else { break };
        let fits = match run.first() {
            None => path(ast, value).is_some() && !matches!(kind, Literal::Null),
            Some((first, with)) => same(ast, *first, value) && same_kind(subject, *with, kind),
        };
        if op != wanted || !fits {
            break;
        }
        run.push((value, literal));
    }
    run
}

/// Whether `other` is a literal of the same kind.
fn same_kind(subject: &Subject<'_>, literal: ExprId, other: &Literal) -> bool {
    let ExprKind::Literal(literal) = subject.ast().kind(literal) else { return false };
    std::mem::discriminant(literal) == std::mem::discriminant(other)
}

fn report(
    subject: &Subject<'_>,
    operands: &[ExprId],
    run: &[(ExprId, ExprId)],
    op: LogicOp,
    sink: &mut Sink,
) {
    let ast = subject.ast();
    let Some((first, last)) = operands.first().zip(operands.get(run.len() - 1)) else { return };
    let at = ast.outer(*first).to(ast.outer(*last));
    let fact = format!("one value is compared with {} literals, one by one", run.len());
    let label = match op {
        LogicOp::Or => "the same as `in [..]`",
        LogicOp::And => "the same as `!(.. in [..])`",
    };
    let found = Diagnostic::new(Code::EqualityChain, at, fact, label);
    sink.report(Diagnostic { fix: fix(subject, at, run, op), ..found });
}

fn fix(subject: &Subject<'_>, at: Span, run: &[(ExprId, ExprId)], op: LogicOp) -> Option<Fix> {
    let ast = subject.ast();
    let (value, _) = run.first()?;
    let literals: Vec<&str> =
        run.iter().map(|(_, literal)| subject.text(ast.outer(*literal))).collect();
    let search = format!("{} in [{}]", subject.text(ast.outer(*value)), literals.join(", "));
    let (title, text) = match op {
        LogicOp::Or => ("search a list", search),
        LogicOp::And => ("search a list", format!("!({search})")),
    };
    subject.rewrite(title, vec![Edit { span: at, text }])
}
