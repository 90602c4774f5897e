//! W0572: a step that acts as often as anybody likes.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::plans::{Planned, acts};
use crate::tools::lint::subject::Subject;

/// Reports acting steps without `times` whose tool no limit holds back.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let Some(planned) = Planned::of(subject) else { return };
    for (step, tool) in planned.steps().filter(|(_, tool)| acts(tool)) {
        if step.times.is_some() || planned.is_limited(&tool.name.value) {
            continue;
        }
        let fact = format!("the step `{}` may be taken any number of times", step.name.value);
        let label = "it acts, and no limit holds it back";
        let found = Diagnostic::new(Code::UnboundedStep, step.name.span, fact, label);
        sink.report(found.help("write `times: 1`, or a limit for its tool"));
    }
}
