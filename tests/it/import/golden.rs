//! Golden files: a log of each format, and the records that its definition asks for, written by
//! hand.

use std::fs;
use std::path::{Path, PathBuf};

use policyc::tools::replay::import::Log;
use policyc::tools::replay::import::presets::{Detected, PRESETS, Preset, detect};

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

#[test]
fn traces_become_contexts_of_an_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = good(&read(&root.join("docs/maps/agentdojo.yaml")));
    let folder = folder().join("agentdojo");
    let found = import(&map, read(&folder.join("input.jsonl")).as_bytes());
    assert_eq!(found.refused, []);
    assert_eq!(found.lines, read(&folder.join("expected.jsonl")));
}
