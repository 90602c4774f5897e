//! W0575: a limit that another tool goes around.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::compiler::syntax::document::agents::ToolEffect;
use crate::compiler::syntax::document::meters::Meter;
use crate::compiler::syntax::document::model::{Role, Tool};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::glob;
use crate::tools::lint::plans::acts;
use crate::tools::lint::subject::Subject;

/// The targets of tools that act, by their names; and of those an effect. A tool that does not say
/// its effect may have any.
type ToolTarget<'a> = (Vec<&'a Name>, Option<ToolEffect>);

/// Reports meters with a limit that measure a tool and not another one that does the same to the
/// same targets.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    let tools = documents.iter().flat_map(|document| &document.tools);
    let tools: Vec<(&Tool, ToolTarget<'_>)> =
        tools.filter_map(|tool| Some((tool, deed(tool)?))).collect();
    let limits = documents.iter().flat_map(|document| &document.limits);
    let limits: FxHashSet<&Name> = limits.map(|limit| &limit.meter.value).collect();
    let meters = documents.iter().flat_map(|document| &document.meters);
    let meters: Vec<&Meter> = meters.filter(|it| limits.contains(&it.name.value)).collect();
    let measures = |meter: &Meter, tool: &Tool| {
        meter.on.iter().any(|pattern| glob::matches(&pattern.value, &tool.name.value))
    };
    let limited: Vec<bool> =
        tools.iter().map(|(tool, _)| meters.iter().any(|meter| measures(meter, tool))).collect();
    for meter in meters {
        // The first tool that it measures, of those that do the same.
        let mut own: FxHashMap<&ToolTarget<'_>, &Tool> = FxHashMap::default();
        // The same, whatever the effect.
        let mut any: FxHashMap<&[&Name], &Tool> = FxHashMap::default();
        for (tool, deed) in tools.iter().filter(|(tool, _)| measures(meter, tool)) {
            own.entry(deed).or_insert(tool);
            any.entry(&deed.0).or_insert(tool);
        }
        // What any limited meter measures is held back.
        for ((other, deed), _) in tools.iter().zip(&limited).filter(|(_, limited)| !**limited) {
            let (targets, effect) = deed;
            let unsaid = (targets.clone(), None);
            let like = match effect {
                Some(_) => own.get(deed).or_else(|| own.get(&unsaid)),
                None => any.get(targets.as_slice()),
            };
            let Some(like) = like else { continue };
            let (first, second) = (&like.name.value, &other.name.value);
            let fact = format!("`{}` measures `{first}` and not `{second}`", meter.name.value);
            let label = "what a limit holds back here, the other tool does";
            let found = Diagnostic::new(Code::SplitLimit, meter.name.span, fact, label);
            let said = effect.is_some() && like.effect.is_some();
            let same = if said {
                "the same effect on the same targets"
            } else {
                "the same targets, and an effect is not said: it may be the same"
            };
            let help = format!("write `on: [{first}, {second}]`, or a limit for it");
            sink.report(found.label(other.name.span, same).help(help));
        }
    }
}

/// What a tool does to whom; `None` for one that only reads, or acts on nobody in particular.
fn deed(tool: &Tool) -> Option<ToolTarget<'_>> {
    let fields = tool.args.iter();
    let targets =
        fields.filter(|it| it.role.as_ref().is_some_and(|role| role.value == Role::Target));
    let mut targets: Vec<&Name> = targets.map(|field| &field.name.value).collect();
    targets.arrange();
    let effect = tool.effect.as_ref().map(|effect| effect.value);
    (acts(tool) && !targets.is_empty()).then_some((targets, effect))
}
