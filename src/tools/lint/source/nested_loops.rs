//! W0540: a list that is gone through again for every element of another.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;
use crate::diag::sink::Sink;
use crate::tools::lint::lengths::length;
use crate::tools::lint::loops::{enclosing_range, looped};
use crate::tools::lint::subject::Subject;

/// Fewest turns that are worth a word: a hundred elements against a hundred.
pub const TURNS: u64 = 10_000;

/// Reports loops in loops that go through all pairs of elements of two lists, where a schema says
/// how long both may be. Of lists without a bound W0511 and E0601 tell.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let ast = subject.ast();
    for id in subject.written() {
        let Some((list, _)) = looped(subject, id) else { continue };
        let Some(inner) = length(subject, list) else { continue };
        let Some((range, outer)) = enclosing_range(subject, id, list) else { continue };
        let turns = outer.saturating_mul(inner);
        if turns < TURNS {
            continue;
        }
        let fact = format!("all pairs of two lists are looked at, up to {}", grouped(turns));
        let label = |most: u64| format!("up to {} elements", grouped(most));
        let found = Diagnostic::new(Code::NestedLoops, ast.span(list), fact, label(inner));
        let found = found.label(ast.span(range), label(outer));
        sink.report(found.help("ask with `in`, or let `maxItems` be less"));
    }
}
