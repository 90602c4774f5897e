//! W0520: a condition, or a part of one, that always holds.

use crate::compiler::syntax::ast::ExprId;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::lint::meaning::verdict::{Verdict, subject_of};
use crate::tools::lint::meaning::world::{Condition, Role, World};
use crate::tools::lint::shape::boolean;
use crate::tools::lint::subject::Subject;

/// Reports what no input makes false.
pub fn run(world: &mut World<'_>, condition: &Condition, found: &mut Vec<Diagnostic>) {
    let subject = world.ground.subject;
    for verdict in world.verdicts(condition).iter() {
        let Verdict::Always { at, by, fails } = verdict else { continue };
        if condition.role != Role::When && boolean(subject.ast(), *at) == Some(true) {
            // A variable that names a constant, or the last entry of a `match`.
            continue;
        }
        // What a variable lacks is for the rules that read it.
        let fails = *fails && condition.role != Role::Variable;
        found.push(finding(subject, condition, (*at, by), fails));
    }
}

fn finding(
    subject: &Subject<'_>,
    condition: &Condition,
    (at, by): (ExprId, &[ExprId]),
    fails: bool,
) -> Diagnostic {
    let ast = subject.ast();
    let what = subject_of(condition, at);
    let (fact, label) = if fails {
        (format!("{what} is never false"), "it holds, or it fails where data are missing")
    } else {
        (format!("{what} always holds"), "no input makes it false")
    };
    let (label_at, label) = match by {
        [.., last] => (ast.span(*last), "holds whenever the others do not"),
        [] => (ast.span(at), label),
    };
    let mut finding = Diagnostic::new(Code::AlwaysHolds, label_at, fact, label);
    for other in by.iter().rev().skip(1).rev() {
        finding = finding.label(ast.span(*other), "where this does not hold,");
    }
    finding.help(match (condition.root == at, condition.role) {
        (true, Role::When) => "leave `when` out if the rule always speaks",
        (true, Role::Validation | Role::Decision | Role::Variable | Role::Choice) => {
            "take it away, or correct it"
        }
        (false, _) => "take this part away, or correct it",
    })
}
