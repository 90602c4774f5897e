//! W0587: what excuses a value is true of whatever the model makes up.

use crate::compiler::syntax::ast::{Ast, BinaryOp, ExprId, ExprKind, UnaryOp};
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

/// What an expression excuses that it should not.
fn excuse(ast: &Ast, id: ExprId) -> Option<String> {
    if let Some([_, pattern]) = call(ast, id, "label") {
        let pattern = text(ast, *pattern)?;
        let fact = || format!("a value that the model reworded may carry `{pattern}`, too");
        return (!is_mark(pattern)).then(fact);
    }
    let (BinaryOp::Equal, _, one, other) = binary(ast, id)? else { return None };
    let made = |kind: ExprId, word: ExprId| {
        let asks = call(ast, kind, "kind").or_else(|| call(ast, kind, "from")).is_some();
        asks && text(ast, word) == Some(MODEL)
    };
    let is_model = made(one, other) || made(other, one);
    is_model.then(|| "whatever the model makes up is excused".to_owned())
}
