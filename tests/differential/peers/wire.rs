//! Values as children write them.

use std::rc::Rc;

use serde_json::Value as Json;

use crate::support::oracle::value::{V, list, map, text};

/// The value that an array of a kind and its parts is.
pub(crate) fn value(json: &Json) -> V {
    let parts = json.as_array().unwrap_or_else(|| panic!("{json}"));
    let word = || parts[1].as_str().unwrap_or_else(|| panic!("{json}"));
    let number = || word().parse::<i128>().unwrap_or_else(|_| panic!("{json}"));
    let items = || parts[1].as_array().unwrap_or_else(|| panic!("{json}"));
    match parts[0].as_str().unwrap_or_else(|| panic!("{json}")) {
        "null" => V::Null,
        "bool" => V::Bool(parts[1].as_bool().unwrap()),
        "int" => V::Int(i64::try_from(number()).unwrap()),
        "uint" => V::Uint(u64::try_from(number()).unwrap()),
        // In hexadecimal, so that every bit is told.
        "double" => V::Double(f64::from_bits(u64::from_str_radix(word(), 16).unwrap())),
        "string" => text(word()),
        "bytes" => V::Bytes(Rc::from(bytes(word()))),
        // Both in nanoseconds.
        "time" => V::Timestamp(number()),
        "span" => V::Duration(i64::try_from(number()).unwrap()),
        "type" => V::Type(Rc::from(word())),
        "list" => list(items().iter().map(value).collect()),
        "map" => {
            let entries = items().iter().map(|it| (value(&it[0]), value(&it[1]))).collect();
            map(entries).unwrap_or_else(|_| panic!("{json}"))
        }
        "optional" => V::Opt(parts.get(1).map(|inner| Rc::new(value(inner)))),
        other => panic!("a value of the kind `{other}`"),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}
