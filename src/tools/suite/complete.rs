//! `complete`: what comes out of every combination that no case is about.
//!
//! ```yaml
//! complete:
//!   matrix: {/action/tool: [read, send], /principal/role: [clerk, guest]}
//!   default: deny
//! ```
//!
//! In:      the mapping, what the cases of the file share, the cases.
//! Out:     a case for each combination that is left; a case is about a combination if its context
//!          has the values of it.
//! Imports: `base`, `compiler::syntax`, `diag`, `lang`.

use serde_json::{Value as Json, json};

use crate::base::span::Spanned;
use crate::compiler::syntax::document::yaml::Node;
use crate::diag::sink::Sink;
use crate::lang::decision::Effect;
use crate::tools::suite::case::{Axis, Reading, axes, changed, combinations, title};
use crate::tools::suite::tree::{Keys, text, wrong};
use crate::tools::suite::{Case, Context, Expect};

/// The cases that are left.
pub(super) fn rest(
    node: &Node,
    reading: &Reading<'_>,
    cases: &[Case],
    sink: &mut Sink,
) -> Option<Vec<Case>> {
    let keys = Keys::open(node, "`complete`", &["matrix", "default"], sink)?;
    let axes = axes(Some(keys.need("matrix", sink)?), sink);
    let at = keys.need("default", sink)?;
    let effect = text(at, "default", sink)?;
    if !Effect::ALL.iter().any(|it| it.word() == effect.value) {
        wrong(at, "default", "`allow`, `deny` or `escalate`", sink);
        return None;
    }
    let about: Vec<Vec<&Json>> =
        cases.iter().filter_map(|case| values(&case.context, &axes)).collect();
    let expect = Expect::Decision(json!({"effect": effect.value}));
    let mut rest = Vec::new();
    for choice in combinations(&axes, node.span, sink)? {
        let context = Context::Whole(changed(&reading.base, choice.iter(), sink)?);
        let own = values(&context, &axes)?;
        if about.iter().any(|other| other.iter().zip(&own).all(|(a, b)| same(a, b))) {
            continue;
        }
        rest.push(Case {
            name: title("complete", &choice),
            span: node.span,
            context,
            now: reading.now.clone(),
            functions: reading.functions.clone(),
            reads: Vec::new(),
            skip: None,
            expect: Spanned::new(expect.clone(), effect.span),
        });
    }
    Some(rest)
}

/// What stands at the places of the axes; `None` where one of them is not there.
fn values<'c>(context: &'c Context, axes: &[Axis]) -> Option<Vec<&'c Json>> {
    let Context::Whole(context) = context else { return None };
    axes.iter().map(|(pointer, _)| context.pointer(&pointer.value)).collect()
}

/// Whether two values are one: a number may be spelled with a fraction of zero.
fn same(a: &Json, b: &Json) -> bool {
    a == b || a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| a.total_cmp(&b).is_eq())
}
