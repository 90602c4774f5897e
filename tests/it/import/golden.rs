//! Golden files: a log of each format, and the records that its definition asks for, written by
//! hand.

use std::fs;
use std::path::{Path, PathBuf};

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::runtime::record::read::{Input, Record};
use policyc::runtime::vm::request::Moment;
use policyc::runtime::vm::request::marked::{Recorded, ingest_record};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::project::Settings;
use policyc::tools::replay::import::Log;
use policyc::tools::replay::import::presets::{Detected, PRESETS, Preset, detect};
use policyc::tools::suite::pipeline::make;

use serde_json::Value;

use super::{good, import};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import")
}

#[expect(clippy::disallowed_methods, reason = "a test may read its cases")]
fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The log of a preset.
fn input(preset: &Preset) -> String {
    let folder = folder().join(preset.name);
    let names = ["input.jsonl", "input.json"];
    let found = names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    read(&found.expect("every preset has a log"))
}

#[test]
fn every_preset_gives_what_its_format_says() {
    for preset in PRESETS {
        let (map, _, _) = preset.compile();
        let map = map.expect("presets compile");
        let found = import(&map, input(preset).as_bytes());
        assert_eq!(found.refused, [], "{}", preset.name);
        let wanted = read(&folder().join(preset.name).join("expected.jsonl"));
        for (ours, wanted) in found.lines.lines().zip(wanted.lines()) {
            assert_eq!(ours, wanted, "{}", preset.name);
        }
        assert_eq!(found.lines, wanted, "{}", preset.name);
    }
}

#[test]
fn every_log_is_known_by_its_content() {
    for preset in PRESETS {
        let text = input(preset);
        let mut log = Log::new("log".to_owned(), Box::new(std::io::Cursor::new(text)));
        let events = log.look_ahead(16).expect("bytes in memory");
        match detect(&events) {
            Detected::Preset(found, _) => assert_eq!(found, preset),
            other => panic!("{}: {other:?}", preset.name),
        }
    }
    let records = br#"{"v":1,"id":"a","ts":"2026-03-17T10:00:00Z","ctx":{}}"#;
    assert!(matches!(detect(&[records]), Detected::Records));
    assert!(matches!(detect(&[b"{}", b"[", b"7", b"{\"v\":1}"]), Detected::Unknown));
}

#[test]
fn spans_of_the_real_sdk_are_imported() {
    let (map, _, _) = Preset::named("otlp").expect("a preset").compile();
    let map = map.expect("presets compile");
    let folder = folder().join("otlp");
    let wanted = read(&folder.join("spans.expected.jsonl"));
    for name in ["sdk.jsonl", "batch.jsonl"] {
        let found = import(&map, read(&folder.join(name)).as_bytes());
        assert_eq!(found.lines, wanted, "{name}");
        assert_eq!((found.tally.events, found.tally.skipped, found.tally.refused), (3, 1, 0));
    }
}

/// The values of a log, which is a list or lines.
fn events(log: &str) -> Vec<Value> {
    match serde_json::from_str(log) {
        Ok(Value::Array(events)) => events,
        Ok(event) => vec![event],
        Err(_) => log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect(),
    }
}

#[test]
fn records_are_the_same_however_a_log_is_laid_out() {
    for preset in PRESETS {
        let (map, _, _) = preset.compile();
        let map = map.expect("presets compile");
        let events = events(&input(preset));
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        let wanted = import(&map, lines.join("\n").as_bytes()).lines;
        let pretty = |event: &Value| serde_json::to_string_pretty(event).expect("JSON");
        let documents: Vec<String> = events.iter().map(pretty).collect();
        let layouts = [
            lines.join("\r\n\r\n") + "\r\n",
            format!("\u{feff}[{}]", lines.join(",")),
            pretty(&Value::Array(events.clone())),
            documents.join("\n"),
            documents.join(""),
        ];
        for layout in layouts {
            let found = import(&map, layout.as_bytes());
            assert_eq!(found.refused, [], "{layout}");
            assert_eq!(found.lines, wanted, "{layout}");
        }
    }
}

/// The context of a line of records.
fn context(line: &str) -> &[u8] {
    let record = Record::read(line.as_bytes()).expect("a record");
    match record.input {
        Input::Context(context, _) => context,
        Input::Raw(..) => panic!("{line}"),
    }
}

#[test]
fn what_a_log_lacks_is_unknown_to_a_replay() {
    let policy = "policyc: 1\nname: p\ndefault: deny\nschema: {action: {tool: string, args: dyn}}\n\
                  rules: [{id: r, when: action.args.amount > 1, allow: \"a\"}]\n";
    let mut files = SourceMap::new();
    files.add("policy.yaml", policy);
    let program = make(&files, &Settings::default(), &mut Sink::new()).expect("it compiles");
    let mut scratch = Scratch::for_program(&program);
    let (map, _, _) = Preset::named("otlp").expect("a preset").compile();
    let found = import(&map.expect("presets compile"), input(&PRESETS[3]).as_bytes());
    let known: Vec<bool> = found
        .lines
        .lines()
        .map(|line| {
            let input = ingest_record(&program, context(line), &mut scratch);
            assert!(input.error().is_none(), "{line}: {:?}", input.error());
            matches!(input, Recorded::Known(_))
        })
        .collect();
    assert_eq!(known, [true, true, true, false]);
}

#[test]
fn traces_become_contexts_of_an_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = good(&read(&root.join("docs/maps/agentdojo.yaml")));
    let folder = folder().join("agentdojo");
    let found = import(&map, read(&folder.join("input.jsonl")).as_bytes());
    assert_eq!(found.refused, []);
    assert_eq!(found.lines, read(&folder.join("expected.jsonl")));
    let mut files = SourceMap::new();
    files.add("policy.yaml", read(&root.join("examples/agent-banking/agent-banking.yaml")));
    let program = make(&files, &Settings::default(), &mut Sink::new()).expect("it compiles");
    let mut scratch = Scratch::for_program(&program);
    let decided = found.lines.lines().take(2).map(|line| {
        let filled = ingest_record(&program, context(line), &mut scratch).known();
        let mut filled = filled.expect("nothing is withheld");
        let decision = filled.decide(&Moment::at(0, 0));
        (decision.effect(), decision.rule().map(str::to_owned), decision.failures().len())
    });
    let decided: Vec<_> = decided.collect();
    let wanted = [
        (Some(Effect::Allow), Some("files".to_owned()), 0),
        (Some(Effect::Escalate), Some("new-payee".to_owned()), 0),
    ];
    assert_eq!(decided, wanted);
}
