//! Values as CEL writes them.

use crate::support::generate::types::Type;
use crate::support::oracle::time::{duration_text, timestamp_text};
use crate::support::oracle::value::V;

/// An expression that makes `value`, and whose type is `ty`.
pub(crate) fn literal(ty: &Type, value: &V) -> String {
    match ty {
        Type::Scalar("dyn") => format!("dyn({})", plain(ty, value)),
        Type::Scalar(_) | Type::List(_) | Type::Map(..) | Type::Optional(_) | Type::Param(_) => {
            plain(ty, value)
        }
    }
}

fn plain(ty: &Type, value: &V) -> String {
    // Parts of what has no type have none either.
    let inner = match ty {
        Type::List(inner) | Type::Optional(inner) | Type::Map(_, inner) => inner,
        Type::Scalar(_) | Type::Param(_) => ty,
    };
    match value {
        V::Null => "null".to_owned(),
        V::Bool(value) => value.to_string(),
        V::Int(value) => value.to_string(),
        V::Uint(value) => format!("{value}u"),
        V::Double(value) => format!("{value:?}"),
        V::Str(value) => quoted(value),
        V::Bytes(value) => {
            let escaped: String = value.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            format!("b'{escaped}'")
        }
        V::Timestamp(nanos) => format!("timestamp('{}')", timestamp_text(*nanos)),
        V::Duration(nanos) => format!("duration('{}')", duration_text(*nanos)),
        V::List(elements) => {
            let elements: Vec<String> = elements.iter().map(|it| literal(inner, it)).collect();
            format!("[{}]", elements.join(", "))
        }
        V::Map(entries) => {
            let entry = |(key, value): &(V, V)| {
                format!("{}: {}", plain(&Type::of("string"), key), literal(inner, value))
            };
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
        V::Opt(None) => "optional.none()".to_owned(),
        V::Opt(Some(held)) => format!("optional.of({})", literal(inner, held)),
        _ => panic!("{value:?} stands in no context"),
    }
}

fn quoted(text: &str) -> String {
    let escape = |char: char| match char {
        ' '..='~' if char != '\'' && char != '\\' => char.to_string(),
        _ => format!("\\U{:08x}", u32::from(char)),
    };
    format!("'{}'", text.chars().map(escape).collect::<String>())
}
