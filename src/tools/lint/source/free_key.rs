//! W0590: whoever makes a call chooses under which key it is measured.

use crate::compiler::syntax::ast::BinaryOp;
use crate::compiler::syntax::document::model::TypeField;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::glob;
use crate::tools::lint::outputs::{argument, takes_text, within};
use crate::tools::lint::shape::binary;
use crate::tools::lint::subject::Subject;

/// Reports keys of meters in which an argument stands that may be any text, where a limit goes by
/// the meter: `CHF` and `chf` are measured apart. What a rule compares with known values is none.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let (ast, documents) = (subject.ast(), &subject.checked.parsed().policies);
    let limits = || documents.iter().flat_map(|document| &document.limits);
    let compared = |name: &str| {
        subject.written().any(|id| match binary(ast, id) {
            Some((BinaryOp::In | BinaryOp::Equal | BinaryOp::NotEqual, _, one, other)) => {
                argument(ast, one) == Some(name) || argument(ast, other) == Some(name)
            }
            _ => false,
        })
    };
    for meter in documents.iter().flat_map(|document| &document.meters) {
        let Some(key) = meter.key else { continue };
        if !limits().any(|limit| limit.meter.value == meter.name.value) {
            continue;
        }
        let tools = documents.iter().flat_map(|document| &document.tools);
        let on = |name: &str| meter.on.iter().any(|pattern| glob::matches(&pattern.value, name));
        let fields: Vec<&TypeField> =
            tools.filter(|tool| on(&tool.name.value)).flat_map(|tool| &tool.args).collect();
        for id in within(ast, key) {
            let Some(name) = argument(ast, id) else { continue };
            let is_free = |field: &&TypeField| field.name.value == *name && takes_text(field);
            let field = fields.iter().copied().find(is_free).filter(|_| !compared(name));
            let Some(field) = field else { continue };
            let own = &meter.name.value;
            let fact = format!("whoever makes a call says under which key `{own}` measures it");
            let found = Diagnostic::new(Code::FreeKey, ast.span(id), fact, "any text will do");
            let found = found.label(field.name.span, "spelled otherwise it is another key");
            sink.report(
                found.help(format!("deny where `args.{name}` is none of the values you know")),
            );
        }
    }
}
