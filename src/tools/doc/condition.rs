//! When a rule speaks, in a line and as it is written.

use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::print::print_expression;
use crate::tools::doc::Set;

/// An expression on one line, spelled as `print_expression` spells it.
pub(super) fn line(set: &Set<'_>, expr: ExprId) -> String {
    print_expression(set.checked.ast(), expr)
}

/// An expression as it is written, if it takes several lines; comments inside stay.
pub(super) fn lines(set: &Set<'_>, expr: ExprId) -> Option<String> {
    let written = set.files.text(set.checked.ast().outer(expr));
    if !written.contains('\n') {
        return None;
    }
    let mut rest = written.lines();
    let first = rest.next().unwrap_or_default();
    let rest: Vec<&str> = rest.collect();
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let least = rest.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let mut text = first.trim_end().to_owned();
    for line in rest {
        text.push('\n');
        text.push_str(line.get(least..).unwrap_or_default().trim_end());
    }
    Some(text)
}
