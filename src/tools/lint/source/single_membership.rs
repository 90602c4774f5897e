//! W0567: `x in [one]`.

use crate::base::span::Span;
use crate::compiler::syntax::ast::{BinaryOp, ExprKind, Literal};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit, Fix};
use crate::diag::sink::Sink;
use crate::tools::lint::shape::{binary, is_primary};
use crate::tools::lint::subject::Subject;

/// Reports searches in list literals of one element.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let ast = subject.ast();
    for id in subject.written() {
        let Some((BinaryOp::In, op, _, list)) = binary(ast, id) else { continue };
        let ExprKind::List { elements } = ast.kind(list) else { continue };
        let [element] = elements.as_slice() else { continue };
        // What is compared with null need not take null.
        let null = matches!(ast.kind(element.value), ExprKind::Literal(Literal::Null));
        if element.optional || null {
            continue;
        }
        let found = Diagnostic::new(
            Code::SingleMembership,
            ast.span(id),
            "a list of one element is searched",
            "the same as `==`",
        );
        let fix = if is_primary(ast, element.value) {
            fix(subject, op, ast.outer(element.value), ast.outer(list))
        } else {
            None
        };
        sink.report(Diagnostic { fix, ..found });
    }
}

fn fix(subject: &Subject<'_>, op: Span, kept: Span, list: Span) -> Option<Fix> {
    let edits = vec![
        Edit { span: Span { end: kept.start, ..op }, text: "== ".to_owned() },
        Edit { span: Span { start: kept.end, ..list }, text: String::new() },
    ];
    subject.rewrite("compare with it", edits)
}
