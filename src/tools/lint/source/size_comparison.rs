//! W0564: a size that is asked in a roundabout way whether it is 0.

use crate::compiler::syntax::ast::{Ast, BinaryOp, ExprId, ExprKind, Literal};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit};
use crate::diag::sink::Sink;
use crate::tools::lint::shape::{binary, call};
use crate::tools::lint::subject::Subject;

/// Reports comparisons of sizes that say `== 0` or `> 0` in other words. `size(x)` and `x.size()`
/// are both fine.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let ast = subject.ast();
    for id in subject.written() {
        let Some((op, at, lhs, rhs)) = binary(ast, id) else { continue };
        let size = |id: ExprId| call(subject, id).is_some_and(|call| call.name == "size");
        let (op, size, number) = match (size(lhs), int(ast, lhs), size(rhs), int(ast, rhs)) {
            (true, _, _, Some(number)) => (op, lhs, number),
            (_, Some(number), true, _) => (mirrored(op), rhs, number),
            _ => continue,
        };
        let mirror = size == rhs;
        let wanted = match (op, number) {
            (BinaryOp::GreaterEqual, 1) | (BinaryOp::NotEqual, 0) => BinaryOp::Greater,
            (BinaryOp::Less, 1) | (BinaryOp::LessEqual, 0) => BinaryOp::Equal,
            // `0 < size(x)` is as good as `size(x) > 0`.
            _ => continue,
        };
        let fact =
            format!("a size is asked whether it is {} in a roundabout way", size_bound(wanted));
        let label = format!("the same as `{} 0`", wanted.text());
        let found = Diagnostic::new(Code::SizeComparison, ast.span(id), fact, label);
        let literal = if mirror { lhs } else { rhs };
        let written = if mirror { mirrored(wanted) } else { wanted };
        let op = Edit { span: at, text: written.text().to_owned() };
        let zero = Edit { span: ast.outer(literal), text: "0".to_owned() };
        let edits = if mirror { vec![zero, op] } else { vec![op, zero] };
        let fix = subject.rewrite(&format!("write `{} 0`", written.text()), edits);
        sink.report(Diagnostic { fix, ..found });
    }
}

const fn size_bound(wanted: BinaryOp) -> &'static str {
    if matches!(wanted, BinaryOp::Equal) { "0" } else { "above 0" }
}

fn int(ast: &Ast, id: ExprId) -> Option<i64> {
    if let ExprKind::Literal(Literal::Int(value)) = ast.kind(id) { Some(*value) } else { None }
}

/// The operator that says the same with its operands swapped.
const fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::In
        | BinaryOp::Add
        | BinaryOp::Subtract
        | BinaryOp::Multiply
        | BinaryOp::Divide
        | BinaryOp::Modulo => op,
    }
}
