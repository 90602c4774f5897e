//! W0521: a condition, or a part of one, that never holds; or not where it is asked.

use crate::compiler::syntax::ast::ExprId;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::lint::meaning::verdict::{Verdict, subject_of};
use crate::tools::lint::meaning::world::{Condition, Role, World};
use crate::tools::lint::shape::boolean;
use crate::tools::lint::subject::Subject;

/// Reports what no input makes true; of several parts that clash, each.
pub fn run(world: &mut World<'_>, condition: &Condition, found: &mut Vec<Diagnostic>) {
    let subject = world.ground.subject;
    for verdict in world.verdicts(condition).iter() {
        let Verdict::Never { at, by } = verdict else { continue };
        let constant = matches!(condition.role, Role::Variable | Role::Validation);
        if constant && boolean(subject.ast(), *at) == Some(false) {
            // A variable that names a constant, or a validation that refuses whatever matches.
            continue;
        }
        found.push(finding(subject, condition, *at, by));
    }
    if condition.role == Role::Choice {
        let by = world.never_asked(condition.root);
        if !by.is_empty() {
            found.push(passed(world, condition.root, &by));
        }
    }
}

/// An entry that holds only where one before it does, or where one around it does not.
fn passed(world: &World<'_>, entry: ExprId, by: &[ExprId]) -> Diagnostic {
    let ast = world.ground.subject.ast();
    let before = world.ground.entries.get(&entry).map_or(&[][..], |path| path.before.as_slice());
    let fact = "this entry never yields".to_owned();
    let mut finding = Diagnostic::new(
        Code::NeverHolds,
        ast.span(entry),
        fact,
        "holds only where it is not asked",
    );
    for other in by {
        let why = if before.contains(other) {
            "an entry before it, which comes first where it holds"
        } else {
            "an entry around it, which must hold as well"
        };
        finding = finding.label(ast.span(*other), why);
    }
    finding.help("put it first, or correct its condition")
}

fn finding(subject: &Subject<'_>, condition: &Condition, at: ExprId, by: &[ExprId]) -> Diagnostic {
    let ast = subject.ast();
    let fact = format!("{} never holds", subject_of(condition, at));
    let Some((last, others)) = by.split_last() else {
        let finding =
            Diagnostic::new(Code::NeverHolds, ast.span(at), fact, "no input makes it true");
        return finding.help("take it away, or correct it");
    };
    let label = if others.len() == 1 {
        "never holds where the other does"
    } else {
        "never holds where all the others do"
    };
    let mut finding = Diagnostic::new(Code::NeverHolds, ast.span(*last), fact, label);
    for other in others {
        finding = finding.label(ast.span(*other), "where this holds,");
    }
    finding.help("`&&` asks for all of them at once; correct one, or write `||`")
}
