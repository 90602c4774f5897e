//! The values that a function may give in the place of its own.

use syn::{GenericArgument, PathArguments, ReturnType, Signature, Type};

/// The values, as code, that stand behind `return` in the function with this signature.
pub(crate) fn of(signature: &Signature) -> Vec<String> {
    match &signature.output {
        ReturnType::Default => vec!["()".to_owned()],
        ReturnType::Type(_, result) => all(result),
    }
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

fn each(values: Vec<String>, around: impl Fn(&str) -> String) -> impl Iterator<Item = String> {
    values.into_iter().map(move |value| around(&value))
}

fn all(result: &Type) -> Vec<String> {
    match result {
        Type::Path(path) => path.path.segments.last().map_or_else(Vec::new, named),
        Type::Tuple(tuple) if tuple.elems.is_empty() => texts(&["()"]),
        Type::Tuple(tuple) => {
            let first = |part| all(part).into_iter().next();
            let parts: Option<Vec<String>> = tuple.elems.iter().map(first).collect();
            parts.map_or_else(Vec::new, |parts| vec![format!("({})", parts.join(", "))])
        }
        Type::Reference(reference) if reference.mutability.is_some() => Vec::new(),
        Type::Reference(reference) => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => texts(&["\"\"", "\"xyzzy\""]),
            Type::Slice(_) => texts(&["&[]"]),
            _ => each(all(&reference.elem), |value| format!("&{value}")).collect(),
        },
        Type::Array(_) => texts(&["Default::default()"]),
        _ => Vec::new(),
    }
}

fn named(segment: &syn::PathSegment) -> Vec<String> {
    let inner = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(inner) => Some(all(inner)),
                _ => None,
            })
        }
        _ => None,
    };
    let inner = inner.unwrap_or_default();
    match segment.ident.to_string().as_str() {
        "bool" => texts(&["true", "false"]),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => texts(&["0", "1"]),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => texts(&["0", "1", "-1"]),
        "f32" | "f64" => texts(&["0.0", "1.0", "-1.0"]),
        "String" => texts(&["String::new()", "\"xyzzy\".to_owned()"]),
        "Option" => {
            let mut found = texts(&["None"]);
            found.extend(each(inner, |value| format!("Some({value})")));
            found
        }
        "Result" if inner.is_empty() => texts(&["Ok(Default::default())"]),
        "Result" => each(inner, |value| format!("Ok({value})")).collect(),
        "Vec" => {
            let mut found = texts(&["Vec::new()"]);
            found.extend(each(inner, |value| format!("vec![{value}]")));
            found
        }
        "Box" => each(inner, |value| format!("Box::new({value})")).collect(),
        "Arc" => each(inner, |value| format!("std::sync::Arc::new({value})")).collect(),
        _ => texts(&["Default::default()"]),
    }
}
