//! W0565: `has(a.b) && has(a.b.c) && a.b.c == "x"`.

use crate::base::span::Span;
use crate::compiler::syntax::ast::{BinaryOp, ExprId, ExprKind, Field, Literal, LogicOp};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit, Fix};
use crate::diag::sink::Sink;
use crate::lang::types::Type;
use crate::tools::lint::shape::{binary, has_operand, same};
use crate::tools::lint::subject::Subject;

/// Fewest steps for which an optional select is clearer.
const FEWEST: usize = 2;

/// Reports chains that ask step by step whether a value is there, to compare it with a literal.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let ast = subject.ast();
    for id in subject.written() {
        let ExprKind::Logic { op: LogicOp::And, operands, .. } = ast.kind(id) else { continue };
        for at in 0..operands.len() {
            let rest = operands.get(at..).unwrap_or_default();
            // A chain is reported from its first step.
            let before = at.checked_sub(1).and_then(|it| operands.get(it));
            let begun = before.zip(rest.first()).is_some_and(|(a, b)| follows(subject, *a, *b));
            if begun {
                continue;
            }
            let steps = chain(subject, rest);
            if steps.len() < FEWEST {
                continue;
            }
            if let Some((last, literal)) = compared(subject, rest, &steps) {
                report(subject, &steps, last, literal, sink);
            }
        }
    }
}

/// The field selections that `has` asks about from the first operand on, each a step further.
fn chain(subject: &Subject<'_>, operands: &[ExprId]) -> Vec<ExprId> {
    let mut steps: Vec<ExprId> = Vec::new();
    for operand in operands {
        let Some(step) = has_operand(subject, *operand) else { break };
        let Some((on, _)) = selected(subject, step) else { break };
        if steps.last().is_some_and(|last| !same(subject.ast(), *last, on)) {
            break;
        }
        steps.push(step);
    }
    steps
}

/// Whether `second` asks a step further than `first`.
fn follows(subject: &Subject<'_>, first: ExprId, second: ExprId) -> bool {
    let on = has_operand(subject, second).and_then(|step| selected(subject, step));
    let (Some(first), Some((on, _))) = (has_operand(subject, first), on) else { return false };
    same(subject.ast(), first, on)
}

/// What a plain field is selected from, and the field. Not one that a schema requires: an input
/// without it is refused where it is read, and is not where it is selected optionally.
fn selected<'a>(subject: &Subject<'a>, id: ExprId) -> Option<(ExprId, &'a Field)> {
    let kind = subject.ast().kind(id);
    let ExprKind::Select { operand, field, optional: false } = kind else { return None };
    let types = &subject.checked.analysis().types;
    if let Type::Record(record) = types.get(subject.checked.type_of(*operand))
        && types.field(*record, &field.name).is_some_and(|declared| declared.required)
    {
        return None;
    }
    Some((*operand, field))
}

/// The comparison behind `steps`, of the last of them with a literal, and that literal.
fn compared(
    subject: &Subject<'_>,
    operands: &[ExprId],
    steps: &[ExprId],
) -> Option<(ExprId, ExprId)> {
    let ast = subject.ast();
    let last = *operands.get(steps.len())?;
    let (BinaryOp::Equal, _, value, literal) = binary(ast, last)? else { return None };
    let ExprKind::Literal(kind) = ast.kind(literal) else { return None };
    (*kind != Literal::Null && same(ast, value, *steps.last()?)).then_some((last, literal))
}

fn report(subject: &Subject<'_>, steps: &[ExprId], last: ExprId, literal: ExprId, sink: &mut Sink) {
    let ast = subject.ast();
    let Some(first) = steps.first().and_then(|step| subject.parent(*step)) else { return };
    let at = ast.outer(first).to(ast.outer(last));
    let fact = format!("{} questions whether a value is there, and one what it is", steps.len());
    let found = Diagnostic::new(Code::PresenceChain, at, fact, "an optional select asks all");
    sink.report(Diagnostic { fix: fix(subject, at, steps, literal), ..found });
}

fn fix(subject: &Subject<'_>, at: Span, steps: &[ExprId], literal: ExprId) -> Option<Fix> {
    let ast = subject.ast();
    let (from, _) = selected(subject, *steps.first()?)?;
    let mut text = subject.text(ast.outer(from)).to_owned();
    for step in steps {
        let (_, field) = selected(subject, *step)?;
        text.push_str(".?");
        text.push_str(subject.text(field.span));
    }
    let literal = subject.text(ast.outer(literal));
    let text = format!("{text} == optional.of({literal})");
    subject.rewrite("write an optional select", vec![Edit { span: at, text }])
}
