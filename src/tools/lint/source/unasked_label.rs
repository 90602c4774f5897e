//! W0584: no rule asks for a label.

use crate::compiler::syntax::ast::ExprKind;
use crate::compiler::syntax::document::agents::Labels;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::glob;
use crate::lang::session::CTX;
use crate::tools::lint::outputs::{call, text};
use crate::tools::lint::plans::UNTRUSTED;
use crate::tools::lint::subject::Subject;

/// The family of labels of what is not for everyone.
const SECRET: &str = "secret.";

/// Reports labels that say that data are not to be trusted, or not for everyone, where rules ask
/// for others. Those of other families vouch for something, and need not be asked for.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let Some(asked) = asked_labels(subject) else { return };
    let documents = &subject.checked.parsed().policies;
    let sections: Vec<&Labels> = documents.iter().map(|document| &document.labels).collect();
    for label in sections.iter().flat_map(|labels| &labels.names) {
        let warns = label.value.starts_with(UNTRUSTED) || label.value.starts_with(SECRET);
        let meant = |label: &&str| asked.iter().any(|pattern| glob::matches(pattern, label));
        if !warns || closure(&sections, &label.value).iter().any(meant) {
            continue;
        }
        let fact = format!("no rule asks for `{}`", label.value);
        let found = Diagnostic::new(Code::UnaskedLabel, label.span, fact, "holds nothing back");
        sink.report(found.help("name it in `forbid` of a rule of `flow`, or leave it out"));
    }
}

/// A label and all that it brings with it.
fn closure<'l>(sections: &[&'l Labels], label: &'l str) -> Vec<&'l str> {
    let mut all = vec![label];
    let mut at = 0;
    while let Some(label) = all.get(at).copied() {
        let rows = sections.iter().flat_map(|labels| &labels.implies);
        for (_, brought) in rows.filter(|(from, _)| from.value == *label) {
            for more in brought.iter().map(|it| it.value.as_str()) {
                if !all.contains(&more) {
                    all.push(more);
                }
            }
        }
        at += 1;
    }
    all
}

/// The patterns of labels that rules ask for; `None` where they see all labels, or none.
fn asked_labels<'a>(subject: &Subject<'a>) -> Option<Vec<&'a str>> {
    let ast = subject.ast();
    let mut patterns = Vec::new();
    for id in ast.exprs.ids() {
        if call(ast, id, "labels").is_some() {
            return None;
        }
        if let Some([_, pattern]) = call(ast, id, "label") {
            patterns.push(text(ast, *pattern)?);
        }
        let is_ctx = matches!(ast.kind(id), ExprKind::Ident { name, .. } if name.as_str() == CTX);
        let in_label = |parent| call(ast, parent, "label").is_some();
        if is_ctx && !subject.parent(id).is_some_and(in_label) {
            return None;
        }
    }
    Some(patterns).filter(|patterns| !patterns.is_empty())
}
