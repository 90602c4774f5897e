//! Properties of Kubernetes objects: one whose name is no identifier is reached by an escaped name.
//!
//! In:      the expressions of a `ValidatingAdmissionPolicy`, and its variables.
//! Out:     the same expressions; selections name the properties themselves.
//! Imports: `base`.
//! Source:  Kubernetes, `Validation.expression` of `ValidatingAdmissionPolicy` v1.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::base::name::Name;
use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind};
use crate::compiler::syntax::document::model::Variable;
use crate::compiler::syntax::lexer::is_reserved;

/// What stands between two underscores and two more, and what of a name it stands for.
const ESCAPES: [(&str, &str); 4] =
    [("underscores", "__"), ("dot", "."), ("dash", "-"), ("slash", "/")];

/// Makes the selections behind the first `before` expressions name the properties that they read.
/// What the document names itself, `variables.x` and the keys of map literals, is meant as it is
/// written, and so is what stands in back-quotes.
pub(super) fn unescape(ast: &mut Ast, before: usize, variables: &[Variable]) {
    let declared: FxHashMap<&str, ExprId> =
        variables.iter().map(|it| (it.name.value.as_str(), it.expr)).collect();
    let mut literals = BTreeSet::new();
    let mut names = Vec::new();
    for (id, expr) in ast.exprs.iter_ids().skip(before) {
        if matches!(expr.kind, ExprKind::Map { .. }) {
            literals.insert(id);
        }
        let ExprKind::Select { operand, field, .. } = &expr.kind else { continue };
        if is_variables(ast.kind(*operand)) {
            // Variables stand before what reads them.
            if declared.get(field.name.as_str()).is_some_and(|it| literals.contains(it)) {
                literals.insert(id);
            }
        } else if !field.quoted
            && !literals.contains(operand)
            && let Some(name) = unescaped(&field.name)
        {
            names.push((id, name));
        }
    }
    for (id, name) in names {
        if let Some(expr) = ast.exprs.get_mut(id)
            && let ExprKind::Select { field, .. } = &mut expr.kind
        {
            field.name = Name::from(name);
        }
    }
}

fn is_variables(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::Ident { name, .. } if name == "variables")
}

/// The name that `text` stands for; `None` if nothing in it is escaped.
fn unescaped(text: &str) -> Option<String> {
    let word = text.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"));
    if let Some(word) = word.filter(|word| is_reserved(word)) {
        return Some(word.to_owned());
    }
    let mut name = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("__") {
        name.push_str(before);
        let escape = ESCAPES.iter().find_map(|(word, stands_for)| {
            let behind = behind.strip_prefix(word)?.strip_prefix("__")?;
            Some((*stands_for, behind))
        });
        if let Some((stands_for, behind)) = escape {
            name.push_str(stands_for);
            rest = behind;
        } else {
            // Of three underscores the last two may begin an escape.
            name.push('_');
            rest = rest.get(before.len() + 1..).unwrap_or_default();
        }
    }
    name.push_str(rest);
    (name != text).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn names_are_those_that_kubernetes_escapes() {
        let cases = [
            ("host__dash__path", Some("host-path")),
            ("a__dot__b__slash__c", Some("a.b/c")),
            ("redact__underscores__d", Some("redact__d")),
            ("a___dash__b", Some("a_-b")),
            ("__underscores____dash__", Some("__-")),
            ("__underscores__namespace__underscores__", Some("__namespace__")),
            ("__namespace__", Some("namespace")),
            ("__in__", Some("in")),
            ("__int__", None),
            ("a__b", None),
            ("__dash", None),
            ("____", None),
            ("namespace", None),
        ];
        for (text, name) in cases {
            assert_eq!(unescaped(text).as_deref(), name, "{text}");
        }
    }
}
