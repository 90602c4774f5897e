//! What belongs to the whole bundle: `default` and `on_error`.
//!
//! In:      all documents.
//! Out:     `Analysis::{default, on_error}`.
//! Imports: `base`, `compiler::syntax`, `lang`.

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::check::error::PolicyError;
use crate::compiler::check::state::Checker;
use crate::compiler::syntax::document::model::{Fallback, Form, PolicyDocument};
use crate::lang::types::{Type, TypeTable};

/// Finds what happens when no rule speaks and when one fails.
pub(super) fn check(cx: &mut Checker<'_>) {
    let documents = &cx.parsed.policies;
    let default = agree(cx, "default", |document| document.default.as_ref());
    let on_error = agree(cx, "on_error", |document| document.on_error.as_ref());
    if let Some(Spanned { value: Fallback::Allow, span }) = default {
        cx.report(PolicyError::AllowByDefault { at: *span });
    }
    let decides = documents.iter().any(|document| !document.rules.is_empty());
    let outputs = cx.out.cel_policies.iter().any(|policy| {
        let optional = cx.out.types.get(policy.output);
        policy.output == TypeTable::DECISION || *optional == Type::Optional(TypeTable::DECISION)
    });
    if !decides && !outputs && default.is_none() {
        return;
    }
    let written = documents.iter().find(|it| it.form == Form::Ours && !it.rules.is_empty());
    // One that could not be read was reported.
    let unread = documents.iter().any(|it| it.default_unread);
    if let (None, Some(document), false) = (default, written, unread) {
        let at = document.name.span;
        let insert = line_end(cx, at);
        cx.report(PolicyError::MissingDefault { at, insert });
    }
    // What a document of Kubernetes does not deny is allowed, unless others have a say.
    let mut deciding = documents.iter().filter(|document| !document.rules.is_empty());
    let unstated = if decides && !outputs && deciding.all(|it| it.form == Form::Admission) {
        Fallback::Allow
    } else {
        Fallback::Deny
    };
    cx.out.default = Some(default.map_or(unstated, |it| it.value.clone()));
    cx.out.on_error = Some(on_error.map_or(Fallback::Deny, |it| it.value.clone()));
}

/// The value that documents give a key; two that differ are an error.
fn agree<'a>(
    cx: &mut Checker<'a>,
    key: &'static str,
    value: impl Fn(&'a PolicyDocument) -> Option<&'a Spanned<Fallback>>,
) -> Option<&'a Spanned<Fallback>> {
    let mut found: Option<&Spanned<Fallback>> = None;
    for next in cx.parsed.policies.iter().filter_map(value) {
        match found {
            None => found = Some(next),
            Some(first) if !same(&first.value, &next.value) => {
                let (at, first) = (next.span, first.span);
                cx.report(PolicyError::ConflictingFallback { key, at, first });
            }
            Some(_) => {}
        }
    }
    found
}

/// Whether two fallbacks say the same, wherever they are written.
fn same(a: &Fallback, b: &Fallback) -> bool {
    match (a, b) {
        (Fallback::Deny, Fallback::Deny) | (Fallback::Allow, Fallback::Allow) => true,
        (Fallback::Escalate(a), Fallback::Escalate(b)) => {
            let names =
                |to: &[Spanned<Name>]| to.iter().map(|name| name.value.clone()).collect::<Vec<_>>();
            names(&a.to) == names(&b.to)
                && a.quorum == b.quorum
                && a.timeout_ns == b.timeout_ns
                && a.on_timeout == b.on_timeout
                && a.binds == b.binds
                && a.valid_for_ns == b.valid_for_ns
                && a.uses == b.uses
                && a.fatigue.as_ref().map(|it| it.value) == b.fatigue.as_ref().map(|it| it.value)
        }
        (Fallback::Deny | Fallback::Allow | Fallback::Escalate(_), _) => false,
    }
}

/// The end of the line that `at` stands on; none in a document that is one line of braces.
fn line_end(cx: &Checker<'_>, at: Span) -> Option<Span> {
    let text = &cx.files.get(at.file)?.text;
    if text.trim_start().starts_with('{') {
        return None;
    }
    let rest = text.get(at.end as usize..)?;
    let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
    let end = at.end + u32::try_from(length).ok()?;
    Some(Span::new(at.file, end, end))
}
