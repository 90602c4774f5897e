//! Constants as CEL spells them.
//!
//! Imports: `base`, `lang`.

use std::fmt::Write as _;

use crate::base::limits::CONSTANT_DEPTH_MAX;
use crate::lang::constant::Constant;
use crate::lang::value::Value;
use crate::lang::value::text::write_scalar;

/// Most characters of a constant on a screen.
const CHARACTERS_MAX: usize = 60;

/// A constant on a screen: clipped where it is long.
#[must_use]
pub fn short(constant: &Constant) -> String {
    let text = text(constant);
    if text.chars().count() <= CHARACTERS_MAX {
        return text;
    }
    text.chars().take(CHARACTERS_MAX - 1).chain(['…']).collect()
}

/// A constant as CEL spells it.
#[must_use]
pub fn text(constant: &Constant) -> String {
    let mut text = String::new();
    write(constant, CONSTANT_DEPTH_MAX, &mut text);
    text
}

fn write(constant: &Constant, room: usize, text: &mut String) {
    // Writing to a string cannot fail.
    let _ = match constant {
        Constant::Null => write!(text, "null"),
        Constant::Bool(value) => write!(text, "{value}"),
        Constant::Int(value) => write!(text, "{value}"),
        Constant::Uint(value) => write!(text, "{value}u"),
        Constant::Double(value) => write!(text, "{value:?}"),
        Constant::String(value) => write!(text, "{:?}", value.as_str()),
        Constant::Bytes(value) => write!(text, "b\"{}\"", value.escape_ascii()),
        Constant::Timestamp(seconds, nanos) => {
            text.push_str("timestamp(\"");
            let written = write_scalar(text, &Value::timestamp(*seconds, *nanos));
            text.push_str(if written.is_ok() { "\")" } else { "?\")" });
            Ok(())
        }
        Constant::Duration(nanos) => {
            let (seconds, rest) = (nanos / 1_000_000_000, (nanos % 1_000_000_000).abs());
            if rest == 0 {
                write!(text, "duration(\"{seconds}s\")")
            } else {
                write!(text, "duration(\"{nanos}ns\")")
            }
        }
        Constant::Type(name) => write!(text, "{name}"),
        Constant::Enum(name, number) => write!(text, "{name}({number})"),
        Constant::List(_) | Constant::Map(_) | Constant::Optional(_) => {
            inside(constant, room, text);
            Ok(())
        }
    };
}

/// Constants inside of others; deeper than any bundle may hold them is `…`.
fn inside(constant: &Constant, room: usize, text: &mut String) {
    let Some(room) = room.checked_sub(1) else {
        text.push('…');
        return;
    };
    match constant {
        Constant::List(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { ", " });
                write(item, room, text);
            }
            text.push(']');
        }
        Constant::Map(entries) => {
            text.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { ", " });
                write(key, room, text);
                text.push_str(": ");
                write(value, room, text);
            }
            text.push('}');
        }
        Constant::Optional(Some(value)) => {
            text.push_str("optional.of(");
            write(value, room, text);
            text.push(')');
        }
        Constant::Optional(None) => text.push_str("optional.none()"),
        Constant::Null
        | Constant::Bool(_)
        | Constant::Int(_)
        | Constant::Uint(_)
        | Constant::Double(_)
        | Constant::String(_)
        | Constant::Bytes(_)
        | Constant::Timestamp(..)
        | Constant::Duration(_)
        | Constant::Type(_)
        | Constant::Enum(..) => write(constant, room, text),
    }
}
