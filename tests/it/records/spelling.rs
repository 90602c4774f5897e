//! One JSON value, spelled in many ways.
//!
//! In:      a value, a seed.
//! Out:     JSON with white space, escapes and numbers as only some writers put them.

use serde_json::Value as Json;

use crate::support::generate::random::Random;

/// `value` as JSON. Every kind of number stays what it is for who reads it without a type.
pub(crate) fn spell(value: &Json, random: &mut Random, out: &mut String) {
    space(random, out);
    match value {
        Json::Object(entries) => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                space(random, out);
                text(key, random, out);
                space(random, out);
                out.push(':');
                spell(value, random, out);
            }
            space(random, out);
            out.push('}');
        }
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                spell(item, random, out);
            }
            space(random, out);
            out.push(']');
        }
        Json::String(value) => text(value, random, out),
        Json::Number(number) if number.is_f64() && random.once_in(2) => {
            let shown = number.to_string();
            let exponent = shown.contains('e');
            out.push_str(&if exponent { shown } else { format!("{shown}0E+0") });
        }
        Json::Number(number) if number.is_i64() && random.once_in(6) => {
            // For an int this is the same number; without a type it is a double.
            out.push_str(&format!("{number}.0"));
        }
        _ => out.push_str(&value.to_string()),
    }
    space(random, out);
}

fn space(random: &mut Random, out: &mut String) {
    if random.once_in(8) {
        out.push_str(random.pick(&[" ", "\n", "\t\r ", "  "]));
    }
}

fn text(text: &str, random: &mut Random, out: &mut String) {
    if !random.once_in(5) {
        out.push_str(&Json::from(text).to_string());
        return;
    }
    out.push('"');
    for unit in text.encode_utf16() {
        out.push_str(&format!("\\u{unit:04x}"));
    }
    out.push('"');
}
