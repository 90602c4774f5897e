//! W0561: parentheses around what needs none.
//!
//! Parentheses that show how operators group are left alone, whether they are needed or not.

use crate::base::span::Span;
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit, Fix};
use crate::diag::sink::Sink;
use crate::tools::lint::shape::is_primary;
use crate::tools::lint::subject::Subject;

/// Reports pairs of parentheses around names, calls, literals, and around other parentheses.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let ast = subject.ast();
    for id in subject.written() {
        let (inner, outer) = (ast.span(id), ast.outer(id));
        if inner == outer {
            continue;
        }
        let before = Span { end: inner.start, ..outer };
        let after = Span { start: inner.end, ..outer };
        let opened = subject.text(before).matches('(').count();
        let needless = is_primary(ast, id) && !is_number_with_member(subject, id);
        let (label, kept) = match (needless, opened) {
            (true, _) => ("it needs none", 0),
            (false, 2..) => ("one pair would do", 1),
            (false, _) => continue,
        };
        let found =
            Diagnostic::new(Code::RedundantParentheses, outer, "needless parentheses", label);
        sink.report(Diagnostic { fix: fix(subject, before, after, kept), ..found });
    }
}

/// Whether a dot behind the literal would be its point.
fn is_number_with_member(subject: &Subject<'_>, id: ExprId) -> bool {
    let selects = |parent: ExprId| {
        let kind = subject.ast().kind(parent);
        let receives = matches!(kind, ExprKind::Call { target, .. } if *target == Some(id));
        receives || matches!(kind, ExprKind::Select { .. })
    };
    matches!(subject.ast().kind(id), ExprKind::Literal(_))
        && subject.parent(id).is_some_and(selects)
}

/// Takes all pairs but `kept` away, where no names grow together and no comment is lost.
fn fix(subject: &Subject<'_>, before: Span, after: Span, kept: usize) -> Option<Fix> {
    let bare = |at: Span, bracket: char| {
        subject.text(at).chars().all(|letter| letter == bracket || letter == ' ')
    };
    let letter = |at: Option<char>| at.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let text = subject.files.get(before.file)?.text.as_str();
    let glued = letter(text.get(..before.start as usize)?.chars().next_back())
        || letter(text.get(after.end as usize..)?.chars().next());
    if glued || !bare(before, '(') || !bare(after, ')') {
        return None;
    }
    let edits = vec![
        Edit { span: before, text: "(".repeat(kept) },
        Edit { span: after, text: ")".repeat(kept) },
    ];
    subject.rewrite("take them away", edits)
}
