//! W0570: a step of a plan whose target may be anything.

use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind};
use crate::compiler::syntax::document::model::Role;
use crate::compiler::syntax::document::plans::PlanStep;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::session::Question;
use crate::tools::lint::plans::{Planned, acts};
use crate::tools::lint::subject::Subject;

/// Reports targets of acting steps of which nothing is asked: no value, no origin, no approval, and
/// no rule of `flow` looks at them.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let Some(planned) = Planned::of(subject) else { return };
    for (step, tool) in planned.steps().filter(|(_, tool)| acts(tool)) {
        if is_approved(subject.ast(), step) {
            continue;
        }
        let targets = tool
            .args
            .iter()
            .filter(|field| field.role.as_ref().is_some_and(|role| role.value == Role::Target));
        for target in targets {
            let name = &target.name.value;
            let asked = planned.asked(step, name);
            if asked.is_bound() || asked.says_from() || planned.is_watched(tool, target) {
                continue;
            }
            let at = asked.named.map_or(step.name.span, |named| named.span);
            let fact = format!("the step `{}` takes any `{name}`", step.name.value);
            let help = format!("say what it may be, as `args: {{{name}: {{from: [prompt]}}}}`");
            let found = Diagnostic::new(Code::OpenTarget, at, fact, "nothing is asked of it");
            sink.report(found.label(target.name.span, "whom the call acts on").help(help));
        }
    }
}

/// Whether `requires` asks for an approval.
fn is_approved(ast: &Ast, step: &PlanStep) -> bool {
    let mut waiting: Vec<ExprId> = step.requires.into_iter().collect();
    while let Some(id) = waiting.pop() {
        let Some(expr) = ast.exprs.get(id) else { continue };
        if let ExprKind::Call { target: None, name, .. } = &expr.kind
            && name.value == *Question::Approved.word()
        {
            return true;
        }
        waiting.extend(ast.children(id));
    }
    false
}
