//! W0542: a long list that is searched in every turn of a loop.

use crate::compiler::check::analysis::Use;
use crate::compiler::syntax::ast::BinaryOp;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;
use crate::diag::sink::Sink;
use crate::lang::types::Type;
use crate::tools::lint::lengths::length;
use crate::tools::lint::loops::enclosing_range;
use crate::tools::lint::shape::binary;
use crate::tools::lint::source::nested_loops::TURNS;
use crate::tools::lint::subject::Subject;

/// Reports `x in list` in loops, where a schema says that both lists may be long. Constants are
/// searched at once, however long they are.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let ast = subject.ast();
    for id in subject.written() {
        let Some((BinaryOp::In, _, _, list)) = binary(ast, id) else { continue };
        let types = &subject.checked.analysis().types;
        let is_list = matches!(types.get(subject.checked.type_of(list)), Type::List(_));
        if !is_list || matches!(subject.checked.used(list), Use::Constant(_)) {
            continue;
        }
        let Some(inner) = length(subject, list) else { continue };
        let Some((range, outer)) = enclosing_range(subject, id, list) else { continue };
        let steps = outer.saturating_mul(inner);
        if steps < TURNS {
            continue;
        }
        let fact = format!("a list is searched in every turn, up to {} steps", grouped(steps));
        let label = format!("up to {} elements", grouped(inner));
        let found = Diagnostic::new(Code::RepeatedSearch, ast.span(list), fact, label);
        let found = found.label(ast.span(range), format!("up to {} turns", grouped(outer)));
        sink.report(found.help("let `maxItems` be less"));
    }
}
