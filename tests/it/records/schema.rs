//! The published schema takes what the recorder writes, and refuses what the reader refuses.

use policyc::lang::value::time::Instant;
use policyc::runtime::record::about::{About, Chain, Loaded, Sampled, Session, Trace};
use policyc::runtime::record::read::Record;
use policyc::runtime::record::write::Recorder;
use policyc::runtime::vm::hosts::{HostEntry, HostTable};
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use regex::Regex;
use serde_json::{Value as Json, json};

use crate::records::{NOW, program, recorded};
use crate::support::generate::random::Random;
use crate::support::policies::{Vocabularies, context, policy};

/// The schema, as it lies beside the page.
pub(crate) fn schema() -> Json {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema/record.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the schema")).expect("JSON")
}

/// Why `value` does not fit `schema`, if it does not. Of JSON Schema it knows what ours uses, and
/// stops at anything else.
fn misfit(root: &Json, schema: &Json, value: &Json) -> Option<String> {
    let fits = |schema: &Json| misfit(root, schema, value).is_none();
    schema.as_object().expect("a schema").iter().find_map(|(word, wanted)| {
        let all = |list: &Json| list.as_array().expect("a list").clone();
        let right = match word.as_str() {
            "$schema" | "$id" | "title" | "$defs" => true,
            "$ref" => {
                let path = wanted.as_str().and_then(|path| path.strip_prefix('#'));
                let other = root.pointer(path.expect("of this document")).expect("a part of it");
                return misfit(root, other, value);
            }
            "type" => {
                let names = if wanted.is_array() { all(wanted) } else { vec![wanted.clone()] };
                names.iter().any(|name| is_of(name.as_str().expect("a name"), value))
            }
            "const" => value == wanted,
            "enum" => all(wanted).contains(value),
            "pattern" => {
                let pattern = Regex::new(wanted.as_str().expect("a pattern")).expect("a pattern");
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "minimum" => value.as_f64().is_none_or(|value| Some(value) >= wanted.as_f64()),
            "maximum" => value.as_f64().is_none_or(|value| Some(value) <= wanted.as_f64()),
            "exclusiveMinimum" => value.as_f64().is_none_or(|it| Some(it) > wanted.as_f64()),
            "required" => value.as_object().is_none_or(|object| {
                all(wanted).iter().all(|key| object.contains_key(key.as_str().expect("a key")))
            }),
            "properties" => {
                let members = value.as_object().into_iter().flatten();
                return members
                    .filter_map(|(key, value)| Some((key, wanted.get(key)?, value)))
                    .find_map(|(key, schema, value)| {
                        misfit(root, schema, value).map(|why| format!("{key}: {why}"))
                    });
            }
            "items" => {
                let items = value.as_array().into_iter().flatten();
                return items.map(|item| misfit(root, wanted, item)).find_map(|why| why);
            }
            "anyOf" => all(wanted).iter().any(fits),
            "oneOf" => all(wanted).iter().filter(|schema| fits(schema)).count() == 1,
            other => panic!("`{other}` is not known here"),
        };
        (!right).then(|| format!("{word} {wanted}"))
    })
}

fn is_of(name: &str, value: &Json) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("`{other}` is not known here"),
    }
}

pub(crate) fn assert_fits(schema: &Json, line: &str) -> Json {
    let value: Json = serde_json::from_str(line).expect("JSON");
    assert_eq!(misfit(schema, schema, &value), None, "{line}");
    value
}

/// A line in which everything is said that a host can say.
fn full() -> String {
    let program = program(
        "policyc: 1\nname: p\ndefault: deny\nschema: {n: int}\nrules:\n  \
         - {id: few, when: n < 10, allow: ok}\n  \
         - {id: seen, when: n < 10, deny: no, mode: shadow}\n",
    );
    let digest = Some([9; 32]);
    let loaded = Loaded { revision: Some("git:4e1c0d2"), schema: digest, data: digest };
    let entries = ["0.5", "nan"].map(|result| HostEntry {
        name: "f".to_owned(),
        arguments: HostTable::digest(result),
        result: result.to_owned(),
    });
    let hosts = HostTable::new(entries.to_vec());
    let about = About {
        session: Some(Session { id: "s", step: 2, parent: Some("p\"") }),
        took_ns: Some(7),
        sampled: Some(Sampled { share: 0.25, by: "deny" }),
        wire: digest,
        trace: Some(Trace { trace: "4b", span: "00" }),
        chain: Some(Chain { writer: "w", number: 3 }),
        ..About::new("id", Instant { seconds: 0, nanoseconds: 0 })
    };
    let mut scratch = Scratch::for_program(&program);
    let mut recorder = Recorder::for_program(&program, &loaded);
    let mut filled = ingest(&program, b"{\"n\": 1}", &mut scratch);
    let moment = Moment { hosts: Some(&hosts), ..NOW };
    let mut recording = recorder.decide(&mut filled, &moment);
    let line = String::from_utf8(recording.line(&about).to_vec()).expect("text");
    // What records of sessions hold beside.
    let states = format!("{{\"before\":\"{0}\",\"after\":\"{0}\"}}", self::digest());
    line.replacen('{', &format!("{{\"ev\":{{}},\"st\":{states},"), 1)
}

#[test]
fn what_is_written_fits_the_schema() {
    let schema = schema();
    let line = full();
    let value = assert_fits(&schema, &line);
    let known = schema["$defs"]["record"]["properties"].as_object().expect("fields");
    for key in value.as_object().expect("an object").keys() {
        assert!(known.contains_key(key), "`{key}` is not in the schema");
    }
    let known = schema["$defs"]["outcome"]["properties"].as_object().expect("fields");
    for key in value["out"].as_object().expect("an object").keys() {
        assert!(known.contains_key(key), "`{key}` is not in the schema");
    }
    let page = include_str!("../../../docs/records.md");
    for key in schema["$defs"]["record"]["properties"].as_object().expect("fields").keys() {
        assert!(page.contains(&format!("`{key}`")), "docs/records.md says nothing of `{key}`");
    }
    let words = Vocabularies::new();
    let mut written = 0;
    for seed in 0..12 {
        let mut random = Random::new(seed);
        let mut files = policyc::compiler::source::map::SourceMap::new();
        files.add("p.yaml", policy(&mut random, &words));
        let mut sink = policyc::diag::sink::Sink::new();
        let made = policyc::tools::suite::pipeline::make(&files, &Default::default(), &mut sink);
        let Some(program) = made else { continue };
        let mut scratch = Scratch::for_program(&program);
        for _ in 0..4 {
            let context = context(&mut random).to_string();
            let (line, _) = recorded(&mut ingest(&program, context.as_bytes(), &mut scratch), &NOW);
            assert_fits(&schema, &line);
            written += 1;
        }
    }
    assert!(written > 20);
}

#[test]
fn reader_and_schema_refuse_the_same() {
    let schema = schema();
    let value: Json = serde_json::from_str(&full()).expect("JSON");
    // A place, and what cannot stand there.
    let wrong = [
        ("/v", json!(2)),
        ("/v", json!("1")),
        ("/id", json!(7)),
        ("/ts", json!(7)),
        ("/ses", json!([])),
        ("/ses/id", json!(null)),
        ("/ses/n", json!(-1)),
        ("/bun/dig", json!("sha256:00")),
        ("/bun/dig", json!(format!("sha256:{}", "A".repeat(64)))),
        ("/bun/unsigned", json!(1)),
        ("/ctx", json!([])),
        ("/now", json!("today")),
        ("/nd", json!({})),
        ("/out", json!("deny")),
        ("/out/effect", json!("maybe")),
        ("/out/rule", json!(1)),
        ("/out/fired", json!([1])),
        ("/out/err", json!([{"rule": "x"}])),
        ("/out/cost", json!(-1)),
        ("/out/dig", json!("x")),
        ("/sig", json!(1)),
        ("/ns", json!(-1)),
        ("/smp/p", json!(0)),
        ("/smp/p", json!(1.5)),
        ("/wire", json!("sha1:00")),
        ("/otel", json!(1)),
        ("/ch/n", json!("3")),
        ("/ev", json!(1)),
        ("/st", json!([])),
        ("/st/after", json!("x")),
    ];
    for (place, other) in wrong {
        let mut changed = value.clone();
        *changed.pointer_mut(place).unwrap_or_else(|| panic!("{place} is there")) = other.clone();
        assert!(misfit(&schema, &schema, &changed).is_some(), "{place} {other}: the schema");
        let line = changed.to_string();
        assert!(Record::read(line.as_bytes()).is_err(), "{place} {other}: the reader");
    }
    for missing in ["v", "ctx"] {
        let mut changed = value.clone();
        changed.as_object_mut().expect("an object").remove(missing);
        assert!(misfit(&schema, &schema, &changed).is_some(), "{missing}: the schema");
        assert!(Record::read(changed.to_string().as_bytes()).is_err(), "{missing}: the reader");
    }
    let mut both = value.clone();
    both["raw"] = json!("");
    assert!(misfit(&schema, &schema, &both).is_some());
    for known in [
        json!({"$blk": {"w": "a", "first": 0, "last": 1, "root": digest(), "prev": digest()}}),
        json!({"$gap": {"w": "a", "n": 5, "count": 1}}),
        json!({"v": 1, "raw": "YQ==", "later": {"x": 1}, "out": {"effect": null}}),
    ] {
        assert_eq!(misfit(&schema, &schema, &known), None, "{known}");
    }
    assert!(misfit(&schema, &schema, &json!({"$gap": {"w": "a", "n": 5, "count": 0}})).is_some());
}

fn digest() -> String {
    format!("sha256:{}", "0a".repeat(32))
}
