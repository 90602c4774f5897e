//! Messages as schemas: the fields of one are the roots of a context.

use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::error::{SchemaError, SchemaFault};
use crate::compiler::check::schema::DeclaredRoot;
use crate::compiler::check::schema::proto::field_type;
use crate::compiler::check::state::Checker;
use crate::diag::suggest::nearest;

/// The roots of a context that is the message `name`, which a document names at `at`.
pub(in crate::compiler::check) fn roots(
    cx: &mut Checker<'_>,
    at: Span,
    name: Option<&str>,
) -> Option<Vec<DeclaredRoot>> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        let first = cx.messages.messages.iter().find(|it| it.span.is_some());
        let example = first.map(|it| it.name.to_string());
        let fault = SchemaFault::NoMessageNamed(example);
        cx.report(SchemaError::Schema { at, fault });
        return None;
    };
    context_roots(cx, at, &Name::new(name))
}

/// As `roots`, for an environment file, which names the message alone.
pub(in crate::compiler::check) fn context_roots(
    cx: &mut Checker<'_>,
    at: Span,
    name: &Name,
) -> Option<Vec<DeclaredRoot>> {
    let messages = cx.messages.clone();
    let Some(message) = messages.message(name) else {
        if !cx.blame(at, &[name.to_string()]) {
            let known = messages.messages.iter().map(|it| it.name.as_str());
            let nearest = nearest(name, known).map(str::to_owned);
            let (name, params) = (name.to_string(), None);
            cx.report(SchemaError::UnknownType { at, name, nearest, params });
        }
        return None;
    };
    cx.is_whole_context(at, name);
    let fields = message.fields.iter().map(|field| DeclaredRoot {
        path: vec![field.name.clone()],
        ty: field_type(&mut cx.out.types, &messages, field),
        span: field.span.unwrap_or(at),
        required: false,
        sensitive: false,
        response_only: false,
        max_items: None,
    });
    Some(fields.collect())
}
