//! W0541: `now.getHours()`, which is UTC without a word.

use crate::base::span::Span;
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit, Fix};
use crate::diag::sink::Sink;
use crate::lang::types::Type;
use crate::tools::lint::shape::call;
use crate::tools::lint::subject::Subject;

/// Parts of a time that differ from zone to zone. Seconds do not, and minutes hardly ever.
const PARTS: [&str; 7] = [
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
];

/// Reports parts of timestamps without a zone. Durations have none.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    for id in subject.written() {
        let Some(call) = call(subject, id).filter(|it| PARTS.contains(&it.name)) else { continue };
        let [time] = call.operands.as_slice() else { continue };
        let types = &subject.checked.analysis().types;
        if *types.get(subject.checked.type_of(*time)) != Type::Timestamp {
            continue;
        }
        let fact = format!("`{}` without a zone is UTC", call.name);
        let found = Diagnostic::new(Code::TimeWithoutZone, call.at, fact, "in whose zone?");
        let found = found.help("name the zone that is meant, as in `\"Europe/Zurich\"`");
        sink.report(Diagnostic { fix: fix(subject, id), ..found });
    }
}

/// Writes the zone that it is without one.
fn fix(subject: &Subject<'_>, id: ExprId) -> Option<Fix> {
    let whole = subject.ast().span(id);
    let ExprKind::Call { name, .. } = subject.ast().kind(id) else { return None };
    let written = subject.text(Span { start: name.span.end, ..whole });
    let quote = subject.home(whole)?.quote();
    let closing = Span { start: whole.end.checked_sub(1)?, ..whole }.at_start();
    let bare = written.starts_with('(') && written.ends_with(')');
    let edit = Edit { span: closing, text: format!("{quote}UTC{quote}") };
    bare.then(|| subject.rewrite("say that UTC is meant", vec![edit])).flatten()
}
