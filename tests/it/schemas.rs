//! The published schemas have the keys that are read, and no others.
//!
//! The keys are taken from the tables of the readers, `const NAME: [&str; N] = [..]`, and the
//! schemas from `docs/schema`. What the schemas say of values is tried by `tests/formats.py`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;

/// Keys that readers know only to say that they are not built yet.
const NOT_BUILT: [&str; 4] = ["obligations", "reads", "session", "state"];

#[expect(clippy::disallowed_methods, reason = "a test may read the sources")]
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The strings of the table `name` in a source.
fn known(source: &str, name: &str) -> BTreeSet<String> {
    let text = read(source);
    let from = text.find(&format!("const {name}: ")).unwrap_or_else(|| panic!("no {name}"));
    let table = text[from..].split_once('=').expect("a value").1;
    let table = table.split_once(';').expect("an end").0;
    let keys = table.split('"').skip(1).step_by(2).map(str::to_owned);
    keys.filter(|key| !NOT_BUILT.contains(&key.as_str())).collect()
}

/// The keys of the object at a place of a schema.
fn published(schema: &str, at: &str) -> BTreeSet<String> {
    let schema: Json = serde_json::from_str(&read(&format!("docs/schema/{schema}"))).expect("JSON");
    let keys = schema.pointer(at).and_then(|it| it.get("properties")).and_then(Json::as_object);
    keys.unwrap_or_else(|| panic!("no object at {at}")).keys().cloned().collect()
}

#[test]
fn the_schema_of_configurations_has_the_keys_that_are_read() {
    let (schema, source) = ("policyc.toml.schema.json", "src/tools/project/config/mod.rs");
    let mut tables = known(source, "TABLES");
    tables.insert("extend".to_owned());
    assert_eq!(published(schema, ""), tables);
    assert_eq!(published(schema, "/properties/project"), known(source, "KEYS"));
    assert_eq!(published(schema, "/properties/replay"), known(source, "REPLAY"));
    assert_eq!(published(schema, "/properties/fmt"), known(source, "FMT"));
    let times = known(source, "TIMES").into_iter().chain(known(source, "COUNTS"));
    assert_eq!(published(schema, "/properties/bench"), times.collect());
    let check = known("src/tools/project/config/check.rs", "KEYS");
    assert_eq!(published(schema, "/properties/check"), check);
}

#[test]
fn the_schema_of_policies_has_the_keys_that_are_read() {
    let schema = "policy.schema.json";
    let folder = "src/compiler/syntax/document";
    assert_eq!(published(schema, ""), known(&format!("{folder}/policy.rs"), "SECTIONS"));
    let rule = known(&format!("{folder}/rule.rs"), "KEYS");
    assert_eq!(published(schema, "/$defs/rule"), rule);
}

#[test]
fn the_schema_of_tests_has_the_keys_that_are_read() {
    let (schema, source) = ("tests.schema.json", "src/tools/suite/case.rs");
    assert_eq!(published(schema, ""), known(source, "FILE_KEYS"));
    assert_eq!(published(schema, "/$defs/case"), known(source, "CASE_KEYS"));
    assert_eq!(published(schema, "/$defs/expect"), known(source, "EXPECT_KEYS"));
}
