//! What holds for every log: nothing panics, and what comes out are records.

use policyc::runtime::record::read::{Input, Record};
use policyc::tools::replay::import::map::Map;
use policyc::tools::replay::import::presets::PRESETS;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map as Object, Value};

use super::import;

/// Keys and texts that maps look for, beside any others.
const WORDS: &[&str] = &[
    "decision_id",
    "timestamp",
    "input",
    "result",
    "erased",
    "masked",
    "/input/a",
    "/input",
    "a",
    "bundles",
    "revision",
    "nd_builtin_cache",
    "[]",
    "callId",
    "inputs",
    "outputs",
    "actions",
    "effect",
    "EFFECT_ALLOW",
    "principal",
    "resource",
    "attr",
    "checkResources",
    "Records",
    "eventSource",
    "verifiedpermissions.amazonaws.com",
    "eventName",
    "IsAuthorized",
    "eventTime",
    "BatchIsAuthorized",
    "requestParameters",
    "requests",
    "resourceSpans",
    "scopeSpans",
    "spans",
    "attributes",
    "key",
    "value",
    "stringValue",
    "intValue",
    "arrayValue",
    "kvlistValue",
    "values",
    "gen_ai.operation.name",
    "execute_tool",
    "gen_ai.tool.call.arguments",
    "startTimeUnixNano",
    "spanId",
    "jsonrpc",
    "2.0",
    "method",
    "tools/call",
    "params",
    "name",
    "arguments",
    "message",
    "time",
    "common_properties",
    "start_time",
    "request",
    "response",
    "response_code_details",
    "rbac_access_denied_matched_policy[",
    "http_logs",
    "log_entry",
    "data",
    "type",
    "TOOL",
    "id",
    "trace_id",
    "run_type",
    "tool",
    "inputs",
    "runs",
    "2026-03-17T10:00:00Z",
    "$x",
    "$$u",
    "",
    "1773741600000000000",
    "{\"a\": [1]}",
    "{\"a\":",
    "\u{202e}",
    "\u{0}",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Object<_, _>>())),
        ]
    })
}

fn maps() -> &'static [Map] {
    static MAPS: std::sync::OnceLock<Vec<Map>> = std::sync::OnceLock::new();
    MAPS.get_or_init(|| PRESETS.iter().filter_map(|preset| preset.compile().0).collect())
}

/// The logs that golden files hold, a line each.
fn golden() -> &'static [Vec<u8>] {
    static GOLDEN: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    GOLDEN.get_or_init(golden_files)
}

fn golden_files() -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import");
    let names = PRESETS.iter().flat_map(|preset| {
        ["input.json", "input.jsonl"].map(|name| folder.join(preset.name).join(name))
    });
    names.filter_map(|path| std::fs::read(path).ok()).collect()
}

/// Imports with every preset. What comes out is whole records, as many as are counted.
fn holds(log: &[u8]) {
    for map in maps() {
        let found = import(map, log);
        assert_eq!(found.tally.refused, found.refused.len() as u64);
        assert_eq!(found.tally.records, found.lines.lines().count() as u64);
        for line in found.lines.lines() {
            let record = Record::read(line.as_bytes());
            let record = record.unwrap_or_else(|error| panic!("{error:?}: {line}"));
            assert!(matches!(record.input, Input::Context(..)) && record.made.is_some(), "{line}");
            assert!(record.id.is_some_and(|id| !id.is("")), "{line}");
            assert!(serde_json::from_str::<Object<String, Value>>(line).is_ok(), "{line}");
            assert!(!line.contains(|c: char| c < ' '), "{line:?}");
        }
    }
}

/// Cases of each property: 200, or what `IMPORT_CASES` says.
fn cases() -> ProptestConfig {
    let said = std::env::var("IMPORT_CASES").ok().and_then(|said| said.parse().ok());
    ProptestConfig::with_cases(said.unwrap_or(200))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_json_is_imported_or_refused(logs in events()) {
        logs.iter().for_each(|log| holds(log));
    }

    #[test]
    fn any_bytes_are_refused_or_skipped(log in prop::collection::vec(any::<u8>(), 0..200)) {
        holds(&log);
    }

    #[test]
    fn damaged_logs_are_read_as_far_as_they_go(log in damaged()) {
        holds(&log);
    }
}

/// Some events, a line each, and as one list.
fn events() -> impl Strategy<Value = [Vec<u8>; 2]> {
    prop::collection::vec(json(), 1..4).prop_map(|events| {
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        [lines.join("\n"), Value::Array(events).to_string()].map(String::into_bytes)
    })
}

/// A golden log that was cut, or in which a byte is another.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let place = any::<prop::sample::Index>();
    (place.clone(), place, any::<u8>(), any::<bool>()).prop_map(|(nth, at, byte, cut)| {
        let mut log = nth.get(golden()).clone();
        let at = at.index(log.len());
        if cut {
            log.truncate(at)
        } else {
            log[at] = byte
        }
        log
    })
}

/// As many rounds as `IMPORT_ROUNDS` says (1), with the seeds from `IMPORT_SEED` (0) on: of each
/// kind of log one, by every preset. Every 10 000 rounds it says how many imports those were.
#[test]
fn many_logs_are_imported_or_refused() {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(otherwise, |said| said.parse().expect("a number"))
    };
    let (first, rounds) = (number("IMPORT_SEED", 0), number("IMPORT_ROUNDS", 1));
    let (events, damaged, bytes) =
        (events(), damaged(), prop::collection::vec(any::<u8>(), 0..200));
    let (mut logs, mut size) = (0, 0);
    for seed in first..first + rounds {
        let mut start = [0; 32];
        start[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &start);
        let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
        let [lines, list] = events.new_tree(&mut runner).expect("events").current();
        let damaged = damaged.new_tree(&mut runner).expect("a damaged log").current();
        let bytes = bytes.new_tree(&mut runner).expect("bytes").current();
        for log in [lines, list, damaged, bytes] {
            holds(&log);
            logs += 1;
            size += log.len();
        }
        if (seed + 1).is_multiple_of(10_000) {
            let imports = logs * maps().len();
            eprintln!("seeds {first} to {seed}: {imports} imports of {logs} logs, {size} bytes");
        }
    }
    assert_eq!(maps().len(), PRESETS.len());
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = open.repeat(200_000) + "1" + &close.repeat(200_000);
        holds(deep.as_bytes());
        holds(format!("{{\"decision_id\":\"d\",\"timestamp\":1,\"input\":{deep}}}").as_bytes());
        holds(format!("{{\"resourceSpans\":[{deep}]}}").as_bytes());
    }
    let quoted = Value::from("[".repeat(100_000)).to_string();
    holds(format!("{{\"type\":\"TOOL\",\"input\":{quoted}}}").as_bytes());
}
