//! JSON as a CEL expression, so that values of tests take the way of every expression.

use std::fmt::{self, Write};

use serde_json::{Number, Value as Json};

/// The CEL literal of a value. Whole numbers are ints, uints above them.
#[must_use]
pub fn of(value: &Json) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(value, &mut out);
    out
}

fn write(value: &Json, out: &mut String) -> fmt::Result {
    match value {
        Json::Null => out.write_str("null"),
        Json::Bool(value) => write!(out, "{value}"),
        Json::Number(value) => number(value, out),
        Json::String(value) => string(value, out),
        Json::Array(elements) => {
            out.write_char('[')?;
            for (at, element) in elements.iter().enumerate() {
                out.write_str(if at == 0 { "" } else { ", " })?;
                write(element, out)?;
            }
            out.write_char(']')
        }
        Json::Object(entries) => {
            out.write_char('{')?;
            for (at, (key, value)) in entries.iter().enumerate() {
                out.write_str(if at == 0 { "" } else { ", " })?;
                string(key, out)?;
                out.write_str(": ")?;
                write(value, out)?;
            }
            out.write_char('}')
        }
    }
}

fn number(value: &Number, out: &mut String) -> fmt::Result {
    if value.is_u64() && !value.is_i64() {
        return write!(out, "{value}u");
    }
    match value.as_f64() {
        Some(double) if value.is_f64() => write!(out, "{double:?}"),
        _ => write!(out, "{value}"),
    }
}

fn string(text: &str, out: &mut String) -> fmt::Result {
    out.write_char('"')?;
    for char in text.chars() {
        match char {
            '"' | '\\' => write!(out, "\\{char}")?,
            char if char.is_control() => write!(out, "\\U{:08x}", u32::from(char))?,
            char => out.write_char(char)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn kinds_stay_apart() {
        let value = json!({"a": [1, 1.0, u64::MAX, null], "b\n\"": "x"});
        let wanted = "{\"a\": [1, 1.0, 18446744073709551615u, null], \"b\\U0000000a\\\"\": \"x\"}";
        assert_eq!(super::of(&value), wanted);
    }
}
