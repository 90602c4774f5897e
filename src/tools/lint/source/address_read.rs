//! W0589: a tool that is said to only read gets an address.

use crate::compiler::syntax::document::agents::ToolEffect;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::outputs::takes_text;
use crate::tools::lint::subject::Subject;

/// What arguments are called that are addresses.
const ADDRESSES: [&str; 7] = ["url", "uri", "href", "endpoint", "webhook", "hostname", "domain"];

/// Reports tools without effect that take an address, where rules of `flow` say what may leave:
/// whoever answers there reads it.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    if documents.iter().all(|document| document.flow.is_empty()) {
        return;
    }
    for tool in documents.iter().flat_map(|document| &document.tools) {
        let Some(effect) = tool.effect.as_ref().filter(|it| it.value == ToolEffect::None) else {
            continue;
        };
        let is_address = |name: &str| {
            let name = name.to_lowercase();
            let mut words = name.split(|letter: char| !letter.is_alphanumeric());
            words.any(|word| ADDRESSES.contains(&word.strip_suffix('s').unwrap_or(word)))
        };
        let mut fields = tool.args.iter().filter(|field| takes_text(field));
        let Some(field) = fields.find(|field| is_address(&field.name.value)) else { continue };
        let (tool, name) = (&tool.name.value, &field.name.value);
        let fact = format!("whoever answers at `{name}` of `{tool}` reads what stands in it");
        let found = Diagnostic::new(Code::AddressRead, field.name.span, fact, "may carry data out");
        let found = found.label(effect.span, "no rule about what leaves sees it");
        sink.report(found.help(format!("write `effect: egress`, and `{name}: string target`")));
    }
}
