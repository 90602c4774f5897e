//! W0522: a part of a condition that changes nothing.

use crate::compiler::syntax::ast::LogicOp;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::lint::meaning::verdict::Verdict;
use crate::tools::lint::meaning::world::{Condition, World};

/// Reports parts without which the condition is the same on every input, failures included.
pub fn run(world: &mut World<'_>, condition: &Condition, found: &mut Vec<Diagnostic>) {
    let ast = world.ground.subject.ast();
    for verdict in world.verdicts(condition).iter() {
        let Verdict::Idle { at, by, op } = verdict else { continue };
        let label = match (by, op) {
            (Some(_), LogicOp::And) => "holds wherever the other does",
            (Some(_), LogicOp::Or) => "holds only where the other does",
            (None, _) => "the condition is the same without it",
        };
        let fact = "a part of the condition changes nothing";
        let mut finding = Diagnostic::new(Code::IdlePart, ast.span(*at), fact, label);
        if let Some(by) = by {
            finding = finding.label(ast.span(*by), "this settles it");
        }
        found.push(finding.help("take it away, or correct it"));
    }
}
