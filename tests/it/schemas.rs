//! What is published for other tools names what is read, and nothing else: the schemas, the hooks.
//!
//! The keys are taken from the tables of the readers, `const NAME: [&str; N] = [..]`, and the
//! schemas from `docs/schema`. What the schemas say of values is tried by `tests/formats.py`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use policyc::compiler::syntax::document::mappings as policies;
use policyc::tools::project::ENDINGS;
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
    let read = |mapping: policies::Mapping| -> BTreeSet<String> {
        mapping.read.iter().map(|key| (*key).to_owned()).collect()
    };
    let tool = "/properties/tools/anyOf/0/additionalProperties";
    let sanitizer = "/properties/sanitizers/anyOf/0/additionalProperties";
    let freed = "/properties/declassify/anyOf/0/items";
    let answer = "/properties/on_deny/anyOf/0/additionalProperties";
    let plan = "/properties/plan/anyOf/0";
    let step = "/properties/plan/anyOf/0/properties/steps/additionalProperties";
    let meter = "/properties/meters/anyOf/0/additionalProperties";
    let escalate = "anyOf/0/anyOf/1/properties/escalate";
    let rows = [
        ("", policies::DOCUMENT),
        ("/$defs/rule", policies::RULE),
        ("/$defs/rule/properties/escalate", policies::ESCALATION),
        ("/$defs/rule/properties/escalate/properties/fatigue", policies::FATIGUE),
        (&format!("/properties/default/{escalate}"), policies::FALLBACK),
        (&format!("/properties/on_error/{escalate}"), policies::FALLBACK),
        ("/properties/functions/anyOf/0/additionalProperties", policies::FUNCTION),
        ("/properties/windows/anyOf/0/additionalProperties", policies::WINDOW),
        ("/properties/tools/anyOf/0/additionalProperties", policies::TOOL),
        (&format!("{tool}/properties/output/anyOf/0/additionalProperties"), policies::OUTPUT),
        ("/properties/capabilities/anyOf/0/additionalProperties", policies::CAPABILITY),
        ("/properties/flow/anyOf/0/items", policies::FLOW),
        ("/properties/flow/anyOf/0/items/properties/sink", policies::SINK),
        ("/properties/meters/anyOf/0/additionalProperties", policies::METER),
        (&format!("{meter}/properties/window/anyOf/1"), policies::METER_WINDOW),
        ("/properties/limits/anyOf/0/items", policies::LIMIT),
        (plan, policies::PLAN),
        (step, policies::PLAN_STEP),
        (&format!("{step}/properties/args/additionalProperties"), policies::PLAN_ARG),
        (&format!("{plan}/properties/reads"), policies::PLAN_READS),
        (&format!("{plan}/properties/deviation"), policies::PLAN_DEVIATION),
        (sanitizer, policies::SANITIZER),
        (&format!("{sanitizer}/properties/schema"), policies::TYPED),
        (freed, policies::DECLASSIFY),
        (&format!("{freed}/properties/at"), policies::DECLASSIFY_AT),
        (answer, policies::DENIAL),
        (&format!("{answer}/properties/offer/items"), policies::OFFER),
        ("/properties/redact/anyOf/0/items", policies::REDACTION),
    ];
    for (at, mapping) in rows {
        assert_eq!(published(schema, at), read(mapping), "at `{at}`");
    }
}

#[test]
fn the_schema_of_tests_has_the_keys_that_are_read() {
    let (schema, source) = ("tests.schema.json", "src/tools/suite/case.rs");
    assert_eq!(published(schema, ""), known(source, "FILE_KEYS"));
    assert_eq!(published(schema, "/$defs/case"), known(source, "CASE_KEYS"));
    assert_eq!(published(schema, "/$defs/expect"), known(source, "EXPECT_KEYS"));
}

#[test]
fn hooks_run_for_every_file_that_a_project_may_be_made_of() {
    let text = read(".pre-commit-hooks.yaml").replace("ya?ml", "yaml|yml");
    let hooks: Vec<&str> = text.split("\n- id: ").skip(1).collect();
    let whole: Vec<&&str> = hooks.iter().filter(|hook| !hook.contains("policyc fmt")).collect();
    assert_eq!((hooks.len(), whole.len()), (6, 4));
    for hook in whole {
        let files = hook.lines().find_map(|line| line.trim().strip_prefix("files: "));
        let files = files.expect("which files");
        let endings: BTreeSet<&str> = files.split(['(', '|', ')']).collect();
        for ending in ENDINGS.iter().filter(|ending| **ending != "toml") {
            assert!(endings.contains(ending), "{ending} in {files}");
        }
        assert!(endings.contains("policyc\\.toml"), "{files}");
    }
}
