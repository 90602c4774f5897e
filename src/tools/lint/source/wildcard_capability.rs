//! W0576: a role may call tools that act by a pattern.

use crate::compiler::syntax::document::model::Tool;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::glob;
use crate::tools::lint::plans::acts;
use crate::tools::lint::subject::Subject;

/// Reports patterns of `allow` that grant a tool with an effect which the role does not name.
/// `"*"` alone says that everything is meant.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    let tools: Vec<&Tool> = documents.iter().flat_map(|document| &document.tools).collect();
    let capabilities = documents.iter().filter_map(|document| document.capabilities.as_ref());
    for role in capabilities.flat_map(|section| &section.roles) {
        let is_named = |tool: &Tool| {
            let mut named = role.allow.iter().chain(&role.deny);
            named.any(|it| !it.value.contains('*') && it.value == tool.name.value)
        };
        let is_denied = |tool: &Tool| {
            role.deny.iter().any(|pattern| glob::matches(&pattern.value, &tool.name.value))
        };
        let patterns = role.allow.iter().filter(|it| it.value.contains('*') && it.value != *"*");
        for pattern in patterns {
            let reached = tools.iter().find(|tool| {
                acts(tool)
                    && glob::matches(&pattern.value, &tool.name.value)
                    && !is_named(tool)
                    && !is_denied(tool)
            });
            let Some(tool) = reached else { continue };
            let (role, name) = (&role.role.value, &tool.name.value);
            let fact = format!("`{role}` may call `{name}`, which acts, by a pattern");
            let found = Diagnostic::new(Code::WildcardCapability, pattern.span, fact, "grants it");
            let help = format!("name it as well: `\"{}\", {name}`", pattern.value);
            sink.report(found.label(tool.name.span, "it has an effect").help(help));
        }
    }
}
