//! W0575: a limit that another tool goes around.

use rustc_hash::FxHashSet;

use crate::compiler::syntax::document::meters::Meter;
use crate::compiler::syntax::document::model::{Role, Tool};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::glob;
use crate::tools::lint::plans::acts;
use crate::tools::lint::subject::Subject;

/// Reports meters with a limit that measure a tool and not another one that does the same to the
/// same targets.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    let tools: Vec<&Tool> = documents.iter().flat_map(|document| &document.tools).collect();
    let limits = || documents.iter().flat_map(|document| &document.limits);
    let meters = || documents.iter().flat_map(|document| &document.meters);
    let measures = |meter: &Meter, tool: &Tool| {
        meter.on.iter().any(|pattern| glob::matches(&pattern.value, &tool.name.value))
    };
    let limited =
        || meters().filter(|meter| limits().any(|limit| limit.meter.value == meter.name.value));
    for meter in limited() {
        let (own, others): (Vec<&Tool>, Vec<&Tool>) =
            tools.iter().copied().partition(|tool| measures(meter, tool));
        // What any limited meter measures is held back.
        let free = others.iter().filter(|tool| !limited().any(|meter| measures(meter, tool)));
        for other in free {
            let Some(like) = own.iter().find(|tool| is_like(tool, other)) else { continue };
            let (first, second) = (&like.name.value, &other.name.value);
            let fact = format!("`{}` measures `{first}` and not `{second}`", meter.name.value);
            let label = "what a limit holds back here, the other tool does";
            let found = Diagnostic::new(Code::SplitLimit, meter.name.span, fact, label);
            let help = format!("write `on: [{first}, {second}]`, or a limit for it");
            let found = found.label(other.name.span, "the same effect on the same targets");
            sink.report(found.help(help));
        }
    }
}

/// Whether two tools do the same to the same targets.
fn is_like(one: &Tool, other: &Tool) -> bool {
    let effect = |tool: &Tool| tool.effect.as_ref().map(|effect| effect.value);
    let targets = |tool: &Tool| -> FxHashSet<String> {
        let target = |role: &Role| *role == Role::Target;
        let fields = tool.args.iter();
        let fields = fields.filter(|it| it.role.as_ref().is_some_and(|role| target(&role.value)));
        fields.map(|field| field.name.value.to_string()).collect()
    };
    let own = targets(one);
    acts(one)
        && effect(one).is_some()
        && effect(one) == effect(other)
        && !own.is_empty()
        && own == targets(other)
}
