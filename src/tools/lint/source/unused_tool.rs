//! W0551: a declared tool that no rule speaks of.

use rustc_hash::FxHashSet;

use crate::compiler::syntax::document::model::{Rule, RuleBody};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::glob;
use crate::tools::lint::subject::Subject;

/// Reports tools that no `on` names, in projects where every rule has one.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    let rules: Vec<&Rule> = documents.iter().flat_map(|document| &document.rules).collect();
    let speaks_of_all =
        |rule: &&Rule| rule.on.is_empty() || matches!(rule.body, RuleBody::Decision(_));
    let outputs = !subject.checked.parsed().cel_policies.is_empty();
    if rules.is_empty() || outputs || rules.iter().any(speaks_of_all) {
        return;
    }
    let on = rules.iter().flat_map(|rule| &rule.on).map(|name| &*name.value);
    let (patterns, names): (FxHashSet<&str>, FxHashSet<&str>) = on.partition(|it| it.contains('*'));
    for tool in documents.iter().flat_map(|document| &document.tools) {
        let name = &*tool.name.value;
        if !names.contains(name) && !patterns.iter().any(|it| glob::matches(it, name)) {
            let fact = format!("no rule speaks of the tool `{name}`");
            let label = "only `default` decides about it";
            let found = Diagnostic::new(Code::UnusedTool, tool.name.span, fact, label);
            sink.report(found.help("write a rule for it, or take it away"));
        }
    }
}
