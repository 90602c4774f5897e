//! W0554: a rule that does not say why.

use crate::compiler::syntax::document::model::{Form, RuleBody, TemplatePart};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::decision::Effect;
use crate::tools::lint::subject::Subject;

/// Reports rules of our documents without a message.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = subject.checked.parsed().policies.iter();
    let ours = documents.filter(|document| document.form == Form::Ours);
    let rules = ours.flat_map(|document| &document.rules);
    for rule in rules.filter(|rule| !rule.made) {
        let RuleBody::When { effect, effect_span, reason, .. } = &rule.body else { continue };
        let says = |part: &TemplatePart| match part {
            TemplatePart::Text(text) => !text.trim().is_empty(),
            TemplatePart::Expr(_) => true,
        };
        if !reason.as_ref().is_some_and(|reason| reason.parts.iter().any(says)) {
            let fact = format!("the rule `{}` gives no reason", rule.id.value);
            let found = Diagnostic::new(Code::MissingReason, *effect_span, fact, "why?");
            sink.report(found.help(match effect {
                Effect::Escalate => "write a sentence behind `reason:`, beside `to`".to_owned(),
                Effect::Allow | Effect::Deny => {
                    format!("write a sentence behind `{}`", effect.word())
                }
            }));
        }
    }
}
