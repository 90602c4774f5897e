//! The tables of cel-go: a line of JSON for each expression.
//!
//! In:      the folder of `parsing.jsonl`, `checking.jsonl` and `comprehension.jsonl`.
//! Out:     cases. cel-go ran them with `cel.bind` and no other extension; `checking` declares some
//!          names beside those of a case.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use super::Case;
use crate::suite::{Declaration, Overload, Type};

/// The tables, and whether names are declared beside those of a case.
const TABLES: [(&str, bool); 3] =
    [("parsing", false), ("checking", true), ("comprehension", false)];

/// Variables of the table `checking`.
const VARIABLES: [(&str, &str); 7] = [
    ("is", "string"),
    ("ii", "int"),
    ("iu", "uint"),
    ("iz", "bool"),
    ("ib", "bytes"),
    ("id", "double"),
    ("ix", "null_type"),
];

/// The cases of all tables.
pub(super) fn read(folder: &Path) -> Vec<Case> {
    TABLES.iter().flat_map(|(name, declares)| table(folder, name, *declares)).collect()
}

fn table(folder: &Path, name: &str, declares: bool) -> Vec<Case> {
    let path = folder.join(format!("{name}.jsonl"));
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows = text.lines().map(|line| serde_json::from_str::<Json>(line).expect("a line is JSON"));
    rows.map(|row| case(name, &row, declares)).collect()
}

fn case(table: &str, row: &Json, declares: bool) -> Case {
    let word = |key: &str| row.get(key).and_then(Json::as_str).map(str::to_owned);
    let error = word("error").unwrap_or_default();
    let mut declarations = if declares { base() } else { Vec::new() };
    for declared in row.get("typeEnv").and_then(Json::as_array).into_iter().flatten() {
        declarations.push(declaration(declared));
    }
    let expr = word("expr").expect("a row has an expression");
    let container = word("container").unwrap_or_default();
    let mut case = Case::of(format!("cel-go/{table}"), &expr, container, declarations);
    case.test.needs_protos = row.to_string().contains("google.expr.proto");
    case.test.extensions = &["bindings"];
    case.tree = word("ast");
    case.is_read = case.tree.is_some();
    case.ty = word("type");
    case.places = super::places(&error);
    case.error = error;
    case
}

fn base() -> Vec<Declaration> {
    let named = |name: &str| Type::Named(name.to_owned(), Vec::new());
    let function = |name: &str, id: &str, params: Vec<Type>| {
        let member = !params.is_empty();
        let overload = Overload { id: id.to_owned(), member, params, result: named("string") };
        Declaration::Function(name.to_owned(), vec![overload])
    };
    let variables =
        VARIABLES.iter().map(|(name, ty)| Declaration::Variable((*name).to_owned(), named(ty)));
    let mut all: Vec<Declaration> = variables.collect();
    all.push(function("fg_s", "fg_s_0", Vec::new()));
    all.push(function("fi_s_s", "fi_s_s_0", vec![named("string")]));
    all
}

fn declaration(row: &Json) -> Declaration {
    let name = row["name"].as_str().expect("a declaration has a name").to_owned();
    if let Some(variable) = row.get("ident") {
        return Declaration::Variable(name, ty(&variable["type"]));
    }
    let overloads = row["function"]["overloads"].as_array().expect("a function has overloads");
    let overload = |row: &Json| Overload {
        id: row["overloadId"].as_str().expect("an overload has an id").to_owned(),
        member: row.get("isInstanceFunction") == Some(&Json::Bool(true)),
        params: row.get("params").and_then(Json::as_array).into_iter().flatten().map(ty).collect(),
        result: ty(&row["resultType"]),
    };
    Declaration::Function(name, overloads.iter().map(overload).collect())
}

/// A type in the JSON of Protocol Buffers.
fn ty(row: &Json) -> Type {
    let (kind, of) = row.as_object().and_then(|row| row.iter().next()).expect("a type has a kind");
    let word = of.as_str().unwrap_or_default();
    let part = |key: &str| of.get(key).map_or_else(|| named("dyn", Vec::new()), ty);
    match kind.as_str() {
        "dyn" => named("dyn", Vec::new()),
        "null" => named("null_type", Vec::new()),
        "primitive" => named(primitive(word), Vec::new()),
        "wrapper" => Type::Wrapper(primitive(word).to_owned()),
        "wellKnown" if word == "ANY" => Type::Message("google.protobuf.Any".to_owned()),
        "wellKnown" if word == "TIMESTAMP" => named("google.protobuf.Timestamp", Vec::new()),
        "wellKnown" => named("google.protobuf.Duration", Vec::new()),
        "listType" => named("list", vec![part("elemType")]),
        "mapType" => named("map", vec![part("keyType"), part("valueType")]),
        "messageType" => Type::Message(word.to_owned()),
        "typeParam" => Type::Param(word.to_owned()),
        "type" => named("type", vec![if of.get("type").is_some() { part("type") } else { ty(of) }]),
        "abstractType" => {
            let params = of.get("parameterTypes").and_then(Json::as_array).into_iter().flatten();
            named(of["name"].as_str().expect("a name"), params.map(ty).collect())
        }
        other => panic!("a type of the kind `{other}`"),
    }
}

fn named(name: &str, params: Vec<Type>) -> Type {
    Type::Named(name.to_owned(), params)
}

fn primitive(word: &str) -> &'static str {
    match word {
        "BOOL" => "bool",
        "INT64" => "int",
        "UINT64" => "uint",
        "DOUBLE" => "double",
        "STRING" => "string",
        "BYTES" => "bytes",
        other => panic!("a primitive `{other}`"),
    }
}
