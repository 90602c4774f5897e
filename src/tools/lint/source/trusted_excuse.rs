//! W0587: what excuses a value is true of whatever the model makes up.

use crate::compiler::syntax::ast::{Ast, BinaryOp, ExprId, ExprKind, LogicOp, UnaryOp};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::session::{MODEL, is_mark};
use crate::tools::lint::outputs::{call, text};
use crate::tools::lint::shape::binary;
use crate::tools::lint::subject::Subject;

/// Reports conditions of `unless` that hold of a value because of a label that all of the context
/// may have, or because the model made it: a reworded value carries what the model has read.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let (ast, documents) = (subject.ast(), &subject.checked.parsed().policies);
    for flow in documents.iter().flat_map(|document| &document.flow) {
        let Some(unless) = flow.unless else { continue };
        // What is below a `!` excuses where it does not hold.
        let mut waiting = vec![unless];
        while let Some(id) = waiting.pop() {
            if let ExprKind::Unary { op, .. } = ast.kind(id)
                && op.value == UnaryOp::Not
            {
                continue;
            }
            // What the model made up is not excused where another part of the condition says so.
            if is_part_not_made(ast, id) {
                continue;
            }
            if let Some(fact) = excuse(ast, id) {
                let label = "holds of what the model made up";
                let found = Diagnostic::new(Code::TrustedExcuse, ast.span(id), fact, label);
                let help = "ask where it comes from: `from(arg) == 'prompt'`";
                sink.report(found.help(help));
            } else {
                waiting.extend(ast.children(id));
            }
        }
    }
}

/// Whether an expression, or a part of it that must hold, is false of what the model made up.
fn is_part_not_made(ast: &Ast, id: ExprId) -> bool {
    let mut waiting = vec![id];
    while let Some(id) = waiting.pop() {
        if let ExprKind::Logic { op: LogicOp::And, operands, .. } = ast.kind(id) {
            waiting.extend(operands);
        } else if let Some((BinaryOp::NotEqual, _, one, other)) = binary(ast, id)
            && asks_model(ast, one, other)
        {
            return true;
        }
    }
    false
}

/// Whether the kind or the origin of a value is compared with what the model makes.
fn asks_model(ast: &Ast, one: ExprId, other: ExprId) -> bool {
    let made = |kind: ExprId, word: ExprId| {
        let asks = call(ast, kind, "kind").or_else(|| call(ast, kind, "from")).is_some();
        asks && text(ast, word) == Some(MODEL)
    };
    made(one, other) || made(other, one)
}

/// What an expression excuses that it should not.
fn excuse(ast: &Ast, id: ExprId) -> Option<String> {
    if let Some([_, pattern]) = call(ast, id, "label") {
        let pattern = text(ast, *pattern)?;
        let fact = || format!("a value that the model reworded may carry `{pattern}`, too");
        return (!is_mark(pattern)).then(fact);
    }
    let (BinaryOp::Equal, _, one, other) = binary(ast, id)? else { return None };
    let is_model = asks_model(ast, one, other);
    is_model.then(|| "whatever the model makes up is excused".to_owned())
}
