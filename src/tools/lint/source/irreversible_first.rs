//! W0573: what destroys does not wait for what it goes by.

use crate::compiler::syntax::document::agents::ToolEffect;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::plans::{Planned, acts, is_step, may_have};
use crate::tools::lint::subject::Subject;

/// Reports destructive steps whose arguments come from a reading step that need not be done before
/// them.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let Some(planned) = Planned::of(subject) else { return };
    let destroys = |tool: &_| may_have(tool, ToolEffect::Destructive);
    for (step, tool) in planned.steps().filter(|(_, tool)| destroys(tool)) {
        let verb = if tool.effect.is_some() { "destroys" } else { "may destroy" };
        let before = planned.before(step);
        let sources = tool
            .args
            .iter()
            .flat_map(|field| planned.asked(step, &field.name.value).sources().collect::<Vec<_>>());
        for source in sources.filter(|source| is_step(&source.value)) {
            let Some(read) = planned.step(&source.value) else { continue };
            let reads = planned.tool(read).is_some_and(|tool| !acts(tool));
            if !reads || before.iter().any(|it| it.name.value == read.name.value) {
                continue;
            }
            let (own, other) = (&step.name.value, &read.name.value);
            let fact = format!("`{own}` {verb}, and may come before `{other}`, which it goes by");
            let label = "not done before it";
            let found = Diagnostic::new(Code::IrreversibleFirst, source.span, fact, label);
            let help = format!("write `after: [{other}]`");
            sink.report(found.label(read.name.span, "this step reads").help(help));
            break;
        }
    }
}
