//! How much is told of the examples' contexts when random values of them are withheld.

use std::path::Path;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::bundle::module::{PathNode, SlotRow};
use policyc::runtime::program::Program;
use policyc::runtime::vm::observe::Witness;
use policyc::runtime::vm::partial::Partial;
use policyc::runtime::vm::partial::unknown::Unknowns;
use policyc::runtime::vm::request::marked::{Recorded, ingest_record};
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::suite::{Context, case};
use serde_json::{Value as Json, json};

use crate::support::folder;
use crate::support::generate::random::Random;

const NOW: Moment<'static> = Moment::at(1_773_785_730, 0);
/// Most contexts of an example: one with many cases counts as much as others.
const CONTEXTS: usize = 30;
/// Masks of each context, and most values that one withholds.
const MASKS: usize = 12;
const WITHHELD: usize = 3;

/// The program of an example, and the contexts of its tests.
fn example(folder: &Path) -> (Program, Vec<Json>) {
    let files = folder::sources(folder);
    let is_test = |path: &str| path.ends_with("_test.yaml");
    let mut sources = SourceMap::new();
    for (_, file) in files.iter().filter(|(_, file)| !is_test(&file.path)) {
        sources.add(file.path.clone(), file.text.clone());
    }
    let built = compile(&sources, &Options::default(), &mut Sink::new()).expect("it compiles");
    let program = Program::load_unsigned(&built.bundle).expect("what is emitted verifies");
    let reader = |path: &str| {
        let found = files.find(path).and_then(|file| files.get(file));
        found.map(|it| it.text.clone()).ok_or_else(|| "there is no such file".to_owned())
    };
    let tests = files.iter().filter(|(_, file)| is_test(&file.path));
    let cases = tests.flat_map(|(id, _)| {
        case::read(id, &files, &reader, &mut Sink::new()).expect("it can be read").cases
    });
    let contexts = cases.filter_map(|case| match case.context {
        Context::Whole(context) => Some(context.clone()),
        _ => None,
    });
    let contexts: Vec<Json> = contexts.collect();
    let step = contexts.len().div_ceil(CONTEXTS).max(1);
    (program, contexts.into_iter().step_by(step).collect())
}

/// The paths of all values of a context that are neither objects nor lists, with their kinds.
fn leaves(context: &Json) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), context)];
    while let Some((path, json)) = open.pop() {
        match json {
            Json::Array(items) => {
                open.extend(items.iter().enumerate().map(|(at, it)| (format!("{path}/{at}"), it)));
            }
            Json::Object(members) => {
                let pointer = |key: &str| key.replace('~', "~0").replace('/', "~1");
                let below =
                    members.iter().map(|(key, it)| (format!("{path}/{}", pointer(key)), it));
                open.extend(below);
            }
            Json::Null => found.push((path, "null")),
            Json::Bool(_) => found.push((path, "bool")),
            Json::Number(number) => {
                found.push((path, if number.is_f64() { "double" } else { "int" }));
            }
            Json::String(_) => found.push((path, "string")),
        }
    }
    found
}

/// Whether the effect is definite, with facts and without.
fn definite(program: &Program, context: &Json, masked: &Json) -> [bool; 2] {
    let (context, masked) = (context.to_string(), masked.to_string());
    let mut witness = Witness::new(program.atoms());
    let mut scratch = Scratch::for_program(program);
    let _ = ingest(program, context.as_bytes(), &mut scratch).decide_witnessed(&NOW, &mut witness);
    [Some(&witness), None].map(|facts| {
        let mut scratch = Scratch::for_program(program);
        let decision = match ingest_record(program, masked.as_bytes(), &mut scratch) {
            Recorded::Partial(mut partial) => match facts {
                Some(witness) => partial.decide_again(&NOW, witness),
                None => partial.decide(&NOW, None),
            },
            Recorded::Known(filled) => Partial::of(filled, Unknowns::default()).decide(&NOW, facts),
        };
        decision.effect().is_some()
    })
}

/// Masked records, and how many are definite with facts and without.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    records: u32,
    facts: u32,
    alone: u32,
}

impl Share {
    fn add(&mut self, [facts, alone]: [bool; 2]) {
        self.records += 1;
        self.facts += u32::from(facts);
        self.alone += u32::from(alone);
    }
}

/// The path of what chooses the rules, if it is withheld.
fn is_keyless(program: &Program, masked: &Json) -> bool {
    let module = program.module();
    let Some(SlotRow::Value(at)) = module.slots.get(usize::from(module.index.key_slot)) else {
        return false;
    };
    let (mut at, mut path) = (usize::from(*at), String::new());
    while at > 0 {
        let key = module.strings.get(module.paths[at].key as usize).unwrap_or_default();
        path = format!("/{key}{path}");
        let holds = |node: &PathNode| {
            let first = usize::from(node.first_child);
            (first..first + usize::from(node.children)).contains(&at)
        };
        at = module.paths.iter().position(holds).expect("a node above");
    }
    masked.pointer(&path).is_some_and(Json::is_object)
}

#[test]
fn most_masked_records_stay_definite() {
    let mut random = Random::new(7);
    let (mut keyed, mut keyless) = (Share::default(), Share::default());
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for folder in folder::folders(&examples) {
        let (program, contexts) = example(&folder);
        for context in &contexts {
            let leaves = leaves(context);
            for _ in 0..if leaves.is_empty() { 0 } else { MASKS } {
                let mut masked = context.clone();
                for _ in 0..1 + random.below(WITHHELD) {
                    let (path, kind) = &leaves[random.below(leaves.len())];
                    let mark = json!({"$x": "seal", "t": kind});
                    *masked.pointer_mut(path).expect("a leaf") = mark;
                }
                let share = if is_keyless(&program, &masked) { &mut keyless } else { &mut keyed };
                share.add(definite(&program, context, &masked));
            }
        }
    }
    println!("{keyed:?}; where what chooses the rules is withheld: {keyless:?}");
    assert!(keyed.records > 1_000 && keyless.records > 100);
    assert!(keyed.facts * 100 >= keyed.records * 95 && keyed.alone * 100 >= keyed.records * 65);
    assert!(keyless.facts * 100 >= keyless.records * 65);
}
