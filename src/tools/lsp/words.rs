//! What is said of functions, macros and types.
//!
//! In:      rows of the tables of the language.
//! Out:     Markdown.
//! Imports: `compiler::check`, `lang`.

use std::fmt::Write as _;

use crate::compiler::check::macros::{Macro, MacroKind, MacroStyle};
use crate::lang::functions::{Function, Sig, Style};
use crate::lang::types::{Type, TypeId, TypeTable};

/// Most fields of an object that are listed.
const FIELDS_MAX: usize = 20;

/// The call of a function with types for operands, as `string.startsWith(string) -> bool`.
pub(super) fn signature(row: &Function) -> String {
    let list =
        |params: &[Sig]| params.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match (row.style, row.params.split_first()) {
        (Style::Member, Some((receiver, rest))) => {
            format!("{receiver}.{}({}) -> {}", row.name, list(rest), row.result)
        }
        (Style::Member | Style::Global | Style::Operator, _) => {
            format!("{}({}) -> {}", row.name, list(row.params), row.result)
        }
    }
}

/// What is known of functions that one call may mean.
pub(super) fn functions<'f>(rows: impl Iterator<Item = &'f Function>) -> String {
    let mut text = String::from("```cel\n");
    let mut docs: Vec<String> = Vec::new();
    for row in rows {
        if row.style != Style::Operator {
            let _ = writeln!(text, "{}", signature(row));
        }
        let example = row
            .examples
            .first()
            .map_or(String::new(), |(call, value)| format!("\n\n`{call}` is `{value}`"));
        if !docs.iter().any(|known| known.starts_with(row.doc)) {
            docs.push(format!("{}{example}", row.doc));
        }
    }
    fence(text) + &docs.join("\n\n")
}

/// Closes a block of code; nothing where it holds nothing.
fn fence(text: String) -> String {
    if text == "```cel\n" { String::new() } else { text + "```\n\n" }
}

/// What is known of a macro.
pub(super) fn macro_text(row: &Macro) -> String {
    format!("```cel\n{}\n```\n\n{}", macro_signature(row), macro_doc(row.kind))
}

/// The call of a macro, as `x.all(v, ..)`.
pub(super) fn macro_signature(row: &Macro) -> String {
    let names: &[&str] = match (row.kind, row.args) {
        (MacroKind::Has, _) => &["x.field"],
        (MacroKind::Bind, _) => &["name", "value", "body"],
        (MacroKind::Block, _) => &["[values]", "body"],
        (MacroKind::SortBy, _) => &["v", "key"],
        (MacroKind::Map | MacroKind::OptMap | MacroKind::OptFlatMap, 2) => &["v", "value"],
        (MacroKind::Map, _) => &["v", "condition", "value"],
        (MacroKind::TransformList | MacroKind::TransformMap, 3) => &["k", "v", "value"],
        (MacroKind::TransformList | MacroKind::TransformMap, _) => {
            &["k", "v", "condition", "value"]
        }
        (MacroKind::TransformMapEntry, 3) => &["k", "v", "{key: value}"],
        (MacroKind::TransformMapEntry, _) => &["k", "v", "condition", "{key: value}"],
        (_, 2) => &["v", "condition"],
        (_, _) => &["k", "v", "condition"],
    };
    let before = match row.style {
        MacroStyle::Global => String::new(),
        MacroStyle::Member => "x.".to_owned(),
        MacroStyle::Namespace(space) => format!("{space}."),
    };
    format!("{before}{}({})", row.name, names.join(", "))
}

/// What a macro does, in a sentence.
pub(super) const fn macro_doc(kind: MacroKind) -> &'static str {
    match kind {
        MacroKind::Has => "Whether the field is there.",
        MacroKind::All => {
            "Whether the condition holds for every element of a list or key of a map."
        }
        MacroKind::Exists => {
            "Whether the condition holds for some element of a list or key of a map."
        }
        MacroKind::ExistsOne => "Whether the condition holds for exactly one element or key.",
        MacroKind::Filter => "The elements or keys for which the condition holds.",
        MacroKind::Map => "A list of a value for each element, of those that meet the condition.",
        MacroKind::TransformList => "A list of a value for each index and element.",
        MacroKind::TransformMap => "A map with the same keys and a new value for each.",
        MacroKind::TransformMapEntry => "A map of an entry for each index or key and its value.",
        MacroKind::SortBy => "The list in the order of a key of each element.",
        MacroKind::Bind => "The body, in which a name stands for a value that is computed once.",
        MacroKind::Block => "The body, in which `cel.index(i)` stands for a value of the list.",
        MacroKind::OptMap => "An optional of the new value; none where there is no value.",
        MacroKind::OptFlatMap => "The optional that the value leads to; none where there is none.",
    }
}

/// A type, with the fields of an object below it.
pub(super) fn type_text(types: &TypeTable, ty: TypeId) -> String {
    let Some(fields) = types.fields(ty) else { return types.show(ty) };
    let mut text = types.show(ty);
    text.push_str(" {\n");
    for field in fields.iter().take(FIELDS_MAX) {
        let sign = if field.required { "" } else { "?" };
        let _ = writeln!(text, "  {}{sign}: {}", field.name, types.show(field.ty));
    }
    if fields.len() > FIELDS_MAX {
        let _ = writeln!(text, "  .. and {} more", fields.len() - FIELDS_MAX);
    }
    text.push('}');
    text
}

/// Whether a value of type `ty` may be an operand where `sig` is declared; what lists hold is not
/// looked at.
pub(super) fn fits(sig: &Sig, ty: &Type) -> bool {
    if matches!(ty, Type::Dyn | Type::Error | Type::Param(_) | Type::Variable(_)) {
        return true;
    }
    match sig {
        Sig::Dyn | Sig::Param(_) => true,
        Sig::Null => matches!(ty, Type::Null),
        Sig::Bool => matches!(ty, Type::Bool),
        Sig::Int => matches!(ty, Type::Int),
        Sig::Uint => matches!(ty, Type::Uint),
        Sig::Double => matches!(ty, Type::Double),
        Sig::String => matches!(ty, Type::String),
        Sig::Bytes => matches!(ty, Type::Bytes),
        Sig::Timestamp => matches!(ty, Type::Timestamp),
        Sig::Duration => matches!(ty, Type::Duration),
        Sig::List(_) => matches!(ty, Type::List(_)),
        Sig::Map(..) => matches!(ty, Type::Map(..) | Type::Record(_)),
        Sig::Optional(_) => matches!(ty, Type::Optional(_)),
        Sig::Type(_) => matches!(ty, Type::Type(_)),
        Sig::Kind(_) | Sig::Opaque(_) => {
            matches!(ty, Type::Opaque(name, _) if Some(name.as_str()) == sig.opaque_name())
        }
    }
}
