//! The types of cel-go's own checking table, where no Protocol Buffers are needed.

use std::fmt::Write;

use serde_json::Value;

use crate::check::{folder, run};

/// Expressions that come out otherwise here, and why.
const DIVERGENCES: &[(&str, &str)] = &[
    ("a.?b", NO_OPTIONALS),
    ("type(a.?b) == optional_type", NO_OPTIONALS),
    ("has(a.?b.c)", NO_OPTIONALS),
    ("{?'key': {'a': 'b'}.?value}", NO_OPTIONALS),
    ("{?'key': {'a': 'b'}.?value}.key", NO_OPTIONALS),
    ("{?'nested': a.b}", NO_OPTIONALS),
    ("[?a, ?b, 'world']", NO_OPTIONALS),
];

const NO_OPTIONALS: &str = "the table was made without optional syntax, which is always on here";

/// What cel-go's table declares beside the environment of a case.
const BASE: &str = "name: base
variables:
  - {name: is, type_name: string}
  - {name: ii, type_name: int}
  - {name: iu, type_name: uint}
  - {name: iz, type_name: bool}
  - {name: ib, type_name: bytes}
  - {name: id, type_name: double}
  - {name: ix, type_name: \"null\"}
";

const FUNCTIONS: &str = "functions:
  - name: fg_s
    overloads: [{id: fg_s_0, return: string}]
  - name: fi_s_s
    overloads: [{id: fi_s_s_0, target: string, return: string}]
";

/// A type of the table in the words of an environment file; `None` where it needs messages.
fn type_name(ty: &Value) -> Option<String> {
    let (kind, of) = ty.as_object()?.iter().next()?;
    let inner = |key: &str| type_name(of.get(key).unwrap_or(&Value::Null));
    let primitive = |of: &Value| {
        Some(match of.as_str()? {
            "INT64" => "int",
            "UINT64" => "uint",
            "BOOL" => "bool",
            "STRING" => "string",
            "BYTES" => "bytes",
            "DOUBLE" => "double",
            _ => return None,
        })
    };
    Some(match kind.as_str() {
        "primitive" => primitive(of)?.to_owned(),
        "wrapper" => format!("{}_wrapper", primitive(of)?),
        "dyn" => "dyn".to_owned(),
        "wellKnown" => of.as_str()?.to_ascii_lowercase(),
        "listType" => format!("list<{}>", inner("elemType")?),
        "mapType" => format!("map<{}, {}>", inner("keyType")?, inner("valueType")?),
        "typeParam" => format!("~{}", of.as_str()?),
        "abstractType" if of.get("name")? == "optional_type" => {
            format!("optional_type<{}>", type_name(of.get("parameterTypes")?.get(0)?)?)
        }
        _ => return None,
    })
}

/// The environment file of a case; `None` where it needs messages.
fn environment(case: &Value) -> Option<String> {
    let mut variables = BASE.to_owned();
    let mut functions = FUNCTIONS.to_owned();
    for declared in case.get("typeEnv").and_then(Value::as_array).into_iter().flatten() {
        let name = declared.get("name")?.as_str()?;
        if let Some(ident) = declared.get("ident") {
            let ty = type_name(ident.get("type")?)?;
            let _ = writeln!(variables, "  - {{name: {name}, type: \"{ty}\"}}");
        }
        let Some(function) = declared.get("function") else { continue };
        let _ = writeln!(functions, "  - name: {name}\n    overloads:");
        for overload in function.get("overloads")?.as_array()? {
            let id = overload.get("overloadId")?.as_str()?;
            let params = overload.get("params").and_then(Value::as_array).into_iter().flatten();
            let mut params = params.map(type_name).collect::<Option<Vec<_>>>()?;
            let result = type_name(overload.get("resultType")?)?;
            let mut target = String::new();
            if overload.get("isInstanceFunction") == Some(&Value::Bool(true)) {
                target = format!("target: \"{}\", ", params.remove(0));
            }
            let params: Vec<String> = params.iter().map(|it| format!("\"{it}\"")).collect();
            let _ = writeln!(
                functions,
                "      - {{id: {id}, {target}args: [{}], return: \"{result}\"}}",
                params.join(", ")
            );
        }
    }
    let container = case.get("container").and_then(Value::as_str).unwrap_or_default();
    let container =
        if container.is_empty() { String::new() } else { format!("container: {container}\n") };
    Some(format!("{variables}{functions}{container}"))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the suite lies outside the project")]
fn types_are_those_of_the_table() {
    let Some(folder) = folder("CEL_GO_SUITE_DIR", "cel-go-suite") else { return };
    let text = std::fs::read_to_string(folder.join("checking.jsonl")).expect("it can be read");
    let (mut compared, mut wrong, mut used) = (0, Vec::new(), Vec::new());
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).expect("a case is JSON");
        let expression = case["expr"].as_str().expect("a case has an expression");
        if expression.contains("TestAllTypes") || expression.contains("google.protobuf.") {
            continue;
        }
        let Some(environment) = environment(&case) else { continue };
        let lines: Vec<String> = expression.lines().map(|it| format!("        {it}\n")).collect();
        let policy = format!("name: p\nrule:\n  match:\n    - output: |-\n{}", lines.concat());
        let checking = run(&[("config.yaml", &environment), ("policy.yaml", &policy)]);
        let types = &checking.analysis.types;
        let output = types.show(checking.analysis.cel_policies[0].output);
        let output = output.replace("null_type", "null");
        let refused = checking.codes().iter().any(|code| code.starts_with('E'));
        let found = if refused { "error" } else { output.as_str() };
        let wanted = case.get("type").and_then(Value::as_str).unwrap_or("error");
        compared += 1;
        if found == wanted {
            continue;
        }
        match DIVERGENCES.iter().find(|(known, _)| *known == expression) {
            Some((known, _)) => used.push(*known),
            None => wrong
                .push(format!("{expression}: {found}, not {wanted}: {:?}", checking.messages())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let idle = DIVERGENCES.iter().filter(|(known, _)| !used.contains(known)).count();
    assert_eq!(idle, 0, "every divergence occurs");
    assert!(compared > 60, "only {compared} cases were compared");
}
