//! Reading a context and deciding allocate nothing: every example, every benchmark workload,
//! every builtin.
//!
//! The scratch is reserved, so the first context is counted like every other one. One that grows
//! allocates nothing either for contexts that it has seen.

#![allow(unsafe_code, reason = "a global allocator is `unsafe` by its trait")]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test reads files, and stops where something is not as it must be"
)]

#[path = "hot_path/counting.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod counting;
#[path = "it/support/flood.rs"]
mod flood;
#[path = "it/support/folder.rs"]
mod folder;
#[path = "it/support/workload.rs"]
mod workload;

use std::fmt::Write;
use std::path::Path;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::syntax::lexer::lexemes;
use policyc::compiler::syntax::literal;
use policyc::compiler::syntax::token::Token;
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::lang::functions::{self, Function, Sig};
use policyc::lang::value::time::Instant;
use policyc::runtime::program::Program;
use policyc::runtime::record::about::{About, Loaded};
use policyc::runtime::record::seal::{Keeper, Sealed, TokenKey};
use policyc::runtime::record::write::Recorder;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Session, Work};
use policyc::runtime::vm::decide::evaluate;
use policyc::runtime::vm::hosts::HostTable;
use policyc::runtime::vm::request::proto::ingest_proto;
use policyc::runtime::vm::request::{Moment, Request, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::project::Settings;
use policyc::tools::suite::pipeline::{make, moment, table};
use policyc::tools::suite::prepared::context;
use policyc::tools::suite::{NOW, TestFile, case};
use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};

/// Compiles; panics with the findings where that fails.
fn program(files: &SourceMap) -> Program {
    let mut sink = Sink::new();
    let made = make(files, &Settings::default(), &mut sink);
    made.unwrap_or_else(|| panic!("{:?}", sink.finish().0))
}

/// Reads the context, decides, and reads what was decided. Returns the effect, and how often that
/// asked for memory.
fn decide(
    program: &Program,
    scratch: &mut Scratch,
    context: &str,
    moment: Moment<'_>,
) -> (Option<Effect>, usize) {
    let request = Request { context: context.as_bytes(), moment };
    let (effect, usage) = counting::counted(|| {
        let mut decision = evaluate(program, &request, scratch);
        assert!(decision.reason().len() <= 1 << 20);
        assert!(decision.fired_ids().chain(decision.shadow_ids()).all(|id| !id.is_empty()));
        assert!(decision.outputs().all(|(name, _)| !name.is_empty()));
        decision.effect()
    });
    (effect, usage.allocations)
}

fn at(text: &str) -> Moment<'static> {
    let (seconds, nanoseconds) = moment(text).expect("a time");
    Moment::at(seconds, nanoseconds)
}

/// The sources without the test files, and what the test files say.
fn example(folder: &Path) -> (SourceMap, Vec<TestFile>) {
    let files = folder::sources(folder);
    let (mut policies, mut tests) = (SourceMap::new(), Vec::new());
    let reader = |path: &str| {
        let found = files.find(path).and_then(|file| files.get(file));
        found.map(|file| file.text.clone()).ok_or_else(|| "there is no such file".to_owned())
    };
    for (id, file) in files.iter() {
        if file.path.ends_with("_test.yaml") {
            tests.push(case::read(id, &files, &reader, &mut Sink::new()).expect("a test file"));
        } else {
            policies.add(file.path.clone(), file.text.clone());
        }
    }
    (policies, tests)
}

#[test]
fn examples_allocate_nothing() {
    let folders = folder::examples();
    assert!(!folders.is_empty());
    for folder in folders {
        let (files, tests) = example(&folder);
        let program = program(&files);
        let mut scratch = Scratch::for_program(&program).reserved(&program);
        let mut decided = 0;
        for case in tests.iter().flat_map(|test| &test.cases) {
            let context = context(case, &SourceMap::new()).expect("a context").to_string();
            let now = at(case.now.as_ref().map_or(NOW, |now| now.value.as_str()));
            let hosts: HostTable = table(&program, &case.functions);
            let moment = Moment { hosts: Some(&hosts), ..now };
            let (_, allocations) = decide(&program, &mut scratch, &context, moment);
            assert_eq!(allocations, 0, "{}: {}", folder.display(), case.name);
            decided += 1;
        }
        for (_, file) in files.iter().filter(|(_, file)| file.path.contains("/context")) {
            let (_, allocations) = decide(&program, &mut scratch, &file.text, at(NOW));
            assert_eq!(allocations, 0, "{}", file.path);
            decided += 1;
        }
        assert!(decided > 0, "{} has no contexts", folder.display());
    }
}

/// Keeps nothing that is sealed.
struct Fixed(TokenKey);

impl Keeper for Fixed {
    fn salt(&mut self) -> Option<[u8; 32]> {
        Some([7; 32])
    }

    fn key(&self, _name: &str) -> Option<&TokenKey> {
        Some(&self.0)
    }

    fn keep(&mut self, _sealed: &Sealed<'_>) {}
}

/// Once a recorder has written lines as long, it asks for no more memory.
#[test]
fn records_allocate_nothing() {
    let folders = folder::examples();
    let mut written = 0;
    for folder in folders {
        let (files, tests) = example(&folder);
        let program = program(&files);
        let mut scratch = Scratch::for_program(&program);
        let mut recorder = Recorder::for_program(&program, &Loaded::default());
        let about =
            About::new("01ARZ3NDEKTSV4RRFFQ69G5FAV", Instant { seconds: 0, nanoseconds: 1 });
        let (now, mut keeper) = (at(NOW), Fixed(TokenKey::new(b"a key")));
        let contexts: Vec<String> = tests
            .iter()
            .flat_map(|test| &test.cases)
            .map(|case| context(case, &SourceMap::new()).expect("a context").to_string())
            .collect();
        for round in 0..2 {
            for context in &contexts {
                let (length, usage) = counting::counted(|| {
                    let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
                    let mut recording = recorder.decide(&mut filled, &now);
                    recording.line_kept(&about, Some(&mut keeper)).len()
                });
                assert!(length > context.len() / 2, "{context}");
                assert!(round == 0 || usage.allocations == 0, "{}: {context}", folder.display());
                written += 1;
            }
        }
    }
    assert!(written > 50);
}

#[test]
fn messages_allocate_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/orders");
    let program = program(&example(&folder).0);
    let pool = {
        let text = folder::text(&folder.join("order.proto"));
        let file = protox::file::File::from_source("order.proto", &text).expect("it parses");
        let mut pool = DescriptorPool::global();
        pool.add_file_descriptor_proto(file.file_descriptor_proto().clone()).expect("it links");
        pool
    };
    let order = pool.get_message_by_name("shop.Order").expect("the message");
    for context in ["context.json", "context-agent.json"] {
        let json = folder::text(&folder.join(context));
        let mut from = serde_json::Deserializer::from_str(&json);
        let message = DynamicMessage::deserialize(order.clone(), &mut from).expect("an order");
        let bytes = message.encode_to_vec();
        let mut scratch = Scratch::for_program(&program).reserved(&program);
        let (as_json, allocations) = decide(&program, &mut scratch, &json, at(NOW));
        assert_eq!(allocations, 0, "{context}");
        let mut scratch = Scratch::for_program(&program).reserved(&program);
        let (as_bytes, usage) = counting::counted(|| {
            ingest_proto(&program, &bytes, &mut scratch).decide(&at(NOW)).effect()
        });
        assert_eq!(usage.allocations, 0, "{context} as bytes");
        assert_eq!(as_bytes, as_json, "{context}");
    }
}

#[test]
fn workloads_allocate_nothing() {
    let now = at("2026-01-07T12:00:00Z");
    let mut decided = 0;
    for folder in workload::all() {
        let name = workload::name(&folder);
        let program = program(&workload::sources(&folder));
        let mut scratch = Scratch::for_program(&program).reserved(&program);
        for context in folder::text(&folder.join("contexts.jsonl")).lines() {
            let (_, allocations) = decide(&program, &mut scratch, context, now);
            assert_eq!(allocations, 0, "{name}: {context}");
            decided += 1;
        }
        let mut grown = Scratch::for_program(&program);
        for first in [true, false] {
            for context in folder::text(&folder.join("contexts.jsonl")).lines() {
                let (_, allocations) = decide(&program, &mut grown, context, now);
                assert!(first || allocations == 0, "{name}, again: {context}");
            }
        }
    }
    assert_ne!(decided, 0);
}

/// The examples of a builtin, their literals read from the context so that nothing is computed
/// before. Patterns and zones stay: they are constants in policies too.
#[test]
fn builtins_allocate_nothing() {
    let mut found = Vec::new();
    for row in functions::all() {
        for (expression, value) in row.examples {
            let lifted = lift(row, expression);
            let mut files = SourceMap::new();
            files.add("builtin.yaml", document(row, &lifted, value));
            let mut sink = Sink::new();
            let Some(program) = make(&files, &Settings::default(), &mut sink) else {
                found.push(format!("{}: {}: {:?}", row.id, lifted.expression, sink.finish().0));
                continue;
            };
            let reads = !program.module().slots.is_empty();
            assert!(reads || lifted.types.is_empty(), "{expression} is computed beforehand");
            let mut scratch = Scratch::for_program(&program).reserved(&program);
            let (effect, allocations) = decide(&program, &mut scratch, &lifted.context(), at(NOW));
            if effect != Some(Effect::Allow) {
                found.push(format!("{}: {expression} is not {value}", row.id));
            }
            // A pattern whose groups are wanted is compiled when it is met.
            if allocations != 0 && !row.library.name.ends_with("regex") {
                found.push(format!("{}: {expression} allocates {allocations} times", row.id));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// An expression whose literals have become roots of the context.
struct Lifted {
    expression: String,
    /// The type and the JSON of each root.
    types: Vec<(&'static str, String)>,
}

fn lift(row: &Function, text: &str) -> Lifted {
    let has_pattern = row.name == "matches" || row.library.name.ends_with("regex");
    let keeps_last = has_pattern || row.params == [Sig::Timestamp, Sig::String];
    let mut lifted = Lifted { expression: String::new(), types: Vec::new() };
    let mut texts = 0;
    for lexeme in lexemes(text) {
        let word = &text[lexeme.start..lexeme.end];
        let root = format!("v{}", lifted.types.len());
        let (call, ty, json) = match lexeme.token {
            Token::String => {
                texts += 1;
                if keeps_last && texts > 1 {
                    lifted.expression.push_str(word);
                    continue;
                }
                let string = literal::string(word).expect("a string");
                (root, "string", serde_json::Value::from(string).to_string())
            }
            Token::Bytes => {
                let string = literal::string(&word[1..]).expect("bytes that are text");
                let call = format!("bytes({root})");
                (call, "string", serde_json::Value::from(string).to_string())
            }
            Token::Int => (root, "int", word.to_owned()),
            Token::Uint => (root, "uint", word.trim_end_matches('u').to_owned()),
            Token::Double => (root, "double", word.to_owned()),
            Token::True | Token::False => (root, "bool", word.to_owned()),
            _ => {
                lifted.expression.push_str(word);
                continue;
            }
        };
        lifted.expression.push_str(&call);
        lifted.types.push((ty, json));
    }
    lifted
}

impl Lifted {
    fn context(&self) -> String {
        let roots =
            self.types.iter().enumerate().map(|(at, (_, json))| format!("\"v{at}\":{json}"));
        format!("{{{}}}", roots.collect::<Vec<_>>().join(","))
    }
}

/// A policy that allows where the expression has this value.
fn document(row: &Function, lifted: &Lifted, value: &str) -> String {
    let mut out = String::from("policyc: 1\nname: builtin\ndefault: deny\n");
    if row.library.must_be_asked_for() {
        writeln!(out, "extensions: [{}]", row.library.name).unwrap();
    }
    let roots = lifted.types.iter().enumerate().map(|(at, (ty, _))| format!("v{at}: {ty}"));
    writeln!(out, "schema: {{{}}}", roots.collect::<Vec<_>>().join(", ")).unwrap();
    let when = serde_json::Value::from(format!("({}) == ({value})", lifted.expression));
    write!(out, "rules:\n  - {{id: holds, when: {when}, allow: holds}}\n").unwrap();
    out
}

/// Messages that are made, compared, shown as JSON and decoded.
#[test]
fn message_literals_allocate_nothing() {
    let mut files = SourceMap::new();
    files.add(
        "p/item.proto",
        "syntax = \"proto3\";\npackage acme;\nimport \"google/protobuf/any.proto\";\n\
         import \"google/protobuf/struct.proto\";\nmessage Item {\n  string name = 1;\n  \
         repeated int32 sizes = 2;\n  map<string, Item> parts = 3;\n  \
         google.protobuf.Any any = 4;\n  google.protobuf.Value value = 5;\n}\n",
    );
    files.add(
        "p/config.yaml",
        "container: acme\nvariables:\n  - {name: n, type_name: int}\n  \
         - {name: d, type_name: dyn}\n",
    );
    files.add(
        "p/policy.yaml",
        "name: p\nrule:\n  match:\n    - output: |-\n        \
         [Item{sizes: [n, 2], parts: {'a': Item{name: string(n)}}}, \
         Item{value: [d, Item{sizes: [n]}], any: Item{name: 'x'}}, \
         google.protobuf.Any{type_url: 'a/acme.Item', value: d == 1 ? b'' : b'\\x0A\\x01a'}]\
         .filter(it, it == it && (has(it.any) || it.parts.size() < 2 || has(dyn(it).name)))\n",
    );
    let program = program(&files);
    let mut scratch = Scratch::for_program(&program).reserved(&program);
    for context in [r#"{"n": 1, "d": "x"}"#, r#"{"n": 3000000000, "d": 1}"#] {
        let (_, allocations) = decide(&program, &mut scratch, context, Moment::at(0, 0));
        assert_eq!(allocations, 0, "{context}");
    }
}

/// What a session in which little happens takes.
const IDLE_BYTES: usize = 64 << 10;

/// Tells a session what makes it grow in one way.
fn told<'g, 'p>(
    ground: &'g Ground<'p>,
    kind: u8,
    (times, bytes): (usize, usize),
) -> Session<'g, 'p> {
    let (mut session, mut work) = (Session::new(ground), Work::of(ground));
    let events = (0..times).flat_map(|at| flood::flood(kind, at, bytes));
    for (seq, mut event) in (1..).zip(events) {
        (event["seq"], event["ts"]) = (seq.into(), "2026-01-01T00:00:00Z".into());
        session.line(event.to_string().as_bytes(), &mut work);
    }
    session
}

/// A session that idles is small, and what its state counts is what it takes.
#[test]
fn a_session_takes_what_it_counts() {
    let mut files = SourceMap::new();
    files.add("p.yaml", flood::POLICY);
    let program = program(&files);
    let ground = Ground::of(&program);
    let (session, usage) = counting::counted(|| Session::new(&ground));
    assert!(usage.kept_bytes + size_of_val(&session) < IDLE_BYTES, "{usage:?}");
    for kind in 0..flood::KINDS {
        let session = told(&ground, kind, (10, 100));
        let (copy, usage) = counting::counted(|| session.clone());
        let taken = usage.kept_bytes + size_of_val(&copy);
        assert!(taken < IDLE_BYTES, "{taken} bytes of kind {kind}");
        let session = told(&ground, kind, (20, 50_000));
        let (copy, usage) = counting::counted(|| session.clone());
        let (taken, counted) = (usage.kept_bytes + size_of_val(&copy), session.state().bytes());
        assert!(taken < counted * 2 + IDLE_BYTES, "{taken} of kind {kind}, {counted} are counted");
    }
}
