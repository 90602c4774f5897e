//! JSON that is no message although `prost-reflect` takes it, for the reference evaluator.
//!
//! In:      JSON, and the descriptor of a message.
//! Out:     whether the JSON mapping of Protocol Buffers has it.
//! Source:  the mapping: a field is given once, whichever of its names is used; a closed enum has
//!          its own numbers only; a number in a string is spelled as JSON spells it.

use prost_reflect::{ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, Syntax};
use serde_json::Value as Json;

/// Whether no part of `json`, which is a message of this type to the library, breaks a rule.
pub(crate) fn holds(of: &MessageDescriptor, json: &Json) -> bool {
    let Json::Object(entries) = json else { return true };
    if of.full_name() == "google.protobuf.Any" {
        let url = entries.get("@type").and_then(Json::as_str).unwrap_or_default();
        let name = url.rsplit('/').next().unwrap_or_default();
        let Some(held) = of.parent_pool().get_message_by_name(name) else { return false };
        let content = entries.get("value").filter(|_| name.starts_with("google.protobuf."));
        return content.map_or_else(|| holds(&held, json), |content| holds(&held, content));
    }
    let mut seen = Vec::new();
    entries.iter().all(|(key, value)| {
        let own = of.get_field_by_json_name(key).or_else(|| of.get_field_by_name(key));
        let extension = of.get_extension_by_json_name(key);
        let number = own.as_ref().map(FieldDescriptor::number);
        let number = number.or_else(|| extension.as_ref().map(ExtensionDescriptor::number));
        let is_second = number.is_some_and(|number| seen.contains(&number));
        seen.extend(number);
        let kind = own.map(|field| field.kind()).or_else(|| extension.map(|field| field.kind()));
        !is_second && kind.is_none_or(|kind| fits(&kind, value))
    })
}

/// Whether what a field is given fits its kind; the parts of lists and maps likewise.
fn fits(kind: &Kind, json: &Json) -> bool {
    match (kind, json) {
        (_, Json::Array(elements)) => elements.iter().all(|element| fits(kind, element)),
        (Kind::Message(of), Json::Object(entries)) if of.is_map_entry() => {
            let kind = of.map_entry_value_field().kind();
            entries.values().all(|value| fits(&kind, value))
        }
        (Kind::Message(of), _) => holds(of, json),
        (Kind::Enum(of), Json::Number(number)) => {
            let number = number.as_i64().and_then(|number| i32::try_from(number).ok());
            let is_closed = of.parent_file().syntax() == Syntax::Proto2;
            !is_closed || number.is_some_and(|number| of.get_value(number).is_some())
        }
        (Kind::Double | Kind::Float, Json::String(spelled)) => {
            let special = ["NaN", "Infinity", "-Infinity"].contains(&spelled.as_str());
            special || serde_json::from_str::<serde_json::Number>(spelled).is_ok()
        }
        _ => true,
    }
}
