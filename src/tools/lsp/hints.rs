//! `textDocument/inlayHint`: the types of variables.
//!
//! In:      a range of a file.
//! Out:     a type behind each name that declares a variable.
//! Imports: `base`, `lang`.

use serde_json::{Value as Json, json};

use crate::base::span::Span;
use crate::lang::types::{TypeId, TypeTable};
use crate::tools::lsp::names::variables;
use crate::tools::lsp::request::{FileRequest, RequestError};

/// `InlayHintKind.Type`
const TYPE: u32 = 1;

/// `textDocument/inlayHint`
pub(super) fn hints(ask: &FileRequest<'_>) -> Result<Json, RequestError> {
    let (from, to) = ask
        .offset("/range/start")
        .zip(ask.offset("/range/end"))
        .ok_or_else(|| RequestError::parameters("no range is named"))?;
    let analysis = &ask.front().analysis;
    let mut found: Vec<(Span, TypeId)> =
        analysis.locals.iter().map(|local| (local.span, local.ty)).collect();
    for own in variables(ask.front()) {
        found.extend(analysis.expr_types.get(own.expr).map(|ty| (own.name.span, *ty)));
    }
    let here = |span: &Span| span.file == ask.file && from <= span.end && span.end <= to;
    found.retain(|(span, ty)| here(span) && *ty != TypeTable::ERROR);
    found.sort();
    // The variables of a copy stand where those do that were copied: the first ones count.
    found.dedup_by_key(|(span, _)| *span);
    let drawn = found.into_iter().filter_map(|(span, ty)| {
        let position = ask.places.range(span.at_end())?.get("end")?.clone();
        let label = format!(": {}", analysis.types.show(ty));
        Some(json!({ "position": position, "label": label, "kind": TYPE }))
    });
    Ok(drawn.collect())
}
