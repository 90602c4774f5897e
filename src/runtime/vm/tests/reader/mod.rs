//! The reader of contexts against `serde_json`, on random documents and on such with bytes changed.
//!
//! What `serde_json` refuses is refused. What it accepts is accepted with the same values, or
//! refused for a reason that this model knows: a key twice in an object that is read from, another
//! type than is declared, a number that does not fit. `READER_CASES` sets the number of documents,
//! `READER_SEED` the first.

mod documents;
mod model;

use std::collections::BTreeMap;

use self::documents::{Random, document};
use self::model::{Expectation, judge};
use super::{Place, Sketch, object, place, rows};
use crate::base::limits::CONTEXT_BYTES_MAX;
use crate::runtime::bundle::module::TypeRow;
use crate::runtime::program::Program;
use crate::runtime::vm::request::error::InputKind;
use crate::runtime::vm::request::serde::ingest_value;
use crate::runtime::vm::request::{heap, ingest};
use crate::runtime::vm::scratch::Scratch;

/// What the documents are about: every kind of place.
fn program() -> Program {
    let mut sketch = Sketch::new(Vec::new());
    let [dynamic, int, string] =
        [TypeRow::Dyn, TypeRow::Int, TypeRow::String].map(|ty| sketch.ty(ty));
    let required = |place: Place| Place { required: true, ..place };
    let columns = vec![
        place("any", TypeRow::Dyn),
        required(place("id", TypeRow::Int)),
        place("name", TypeRow::String),
        object("o", false, Vec::new()),
    ];
    let inner = vec![
        place("any", TypeRow::Dyn),
        place("eight_08", TypeRow::Double),
        place("n", TypeRow::Int),
        place("text", TypeRow::String),
        place("é\"", TypeRow::Int),
    ];
    let places = vec![
        place("any", TypeRow::Dyn),
        place("b", TypeRow::Bool),
        place("count", TypeRow::Int),
        place("estimated_cost_in_cents", TypeRow::Int),
        place("map", TypeRow::Map(string, dynamic)),
        place("name", TypeRow::String),
        place("numbers", TypeRow::List(int, Some(3))),
        object("object", true, inner),
        place("ratio", TypeRow::Double),
        rows("rows", TypeRow::List(dynamic, Some(3)), columns),
        place("size", TypeRow::Uint),
        place("tags", TypeRow::List(string, None)),
    ];
    sketch.module.paths.clear();
    sketch.module.slots.clear();
    sketch.paths(places);
    // As the compiler makes them: a leaf has no slot for its presence.
    for node in &mut sketch.module.paths {
        if node.children == 0 {
            node.presence = crate::runtime::bundle::module::NONE;
        }
    }
    sketch.program()
}

fn number(variable: &str, default: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(default, |text| text.parse().expect("a number of documents"))
}

/// Reads one document; what became of it.
fn case(program: &Program, scratch: &mut Scratch, bytes: &[u8]) -> &'static str {
    let shown = || String::from_utf8_lossy(bytes).into_owned();
    let filled = ingest(program, bytes, scratch);
    let ours = filled.error();
    if let Some(error) = ours {
        assert!(error.offset.is_none_or(|at| at <= bytes.len()), "{error:?} {}", shown());
    }
    let judged = judge(program, bytes);
    match (judged, ours.map(|error| error.kind)) {
        (Expectation::NotText(at), _) => {
            let error = ours.map(|error| (error.kind, error.offset));
            assert_eq!(error, Some((InputKind::NotUtf8, Some(at))), "{}", shown());
            "not UTF-8"
        }
        (Expectation::Refused(why), None) => panic!("refused by serde_json, {why}: {}", shown()),
        (Expectation::Refused(_), Some(_)) => "refused by both",
        (Expectation::Beyond { surrogates }, ours) => {
            let half = |kind| surrogates && kind == InputKind::Surrogate;
            let known = ours.is_none_or(|kind| !kind.is_grammar() || half(kind));
            assert!(known, "a number out of range only: {ours:?} {}", shown());
            "a number out of range"
        }
        (Expectation::Breaks(_), Some(kind)) if !kind.is_grammar() => "refused by the program",
        (Expectation::Breaks(why), ours) => panic!("{why}, and not {ours:?}: {}", shown()),
        (Expectation::Open, ours) => {
            assert!(ours.is_none_or(|kind| !kind.is_grammar()), "{ours:?} {}", shown());
            "left open"
        }
        (Expectation::Fits(tree), None) => {
            let heap = heap(program, filled.request, &mut filled.scratch.store);
            let wrong = model::compare(program, &heap.view(), &filled.scratch.file, &tree);
            assert_eq!(wrong, None, "{}", shown());
            "read alike"
        }
        (Expectation::Fits(_), Some(kind)) => panic!("{kind:?} where all fits: {}", shown()),
    }
}

#[test]
fn documents_are_read_as_serde_json_reads_them() {
    let program = program();
    let mut scratch = Scratch::for_program(&program);
    let (first, cases) = (number("READER_SEED", 0), number("READER_CASES", 12_000));
    let mut results: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in first..first + cases {
        let bytes = document(&mut Random::new(seed));
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            case(&program, &mut scratch, &bytes)
        }));
        let result = result.unwrap_or_else(|_| panic!("seed {seed}"));
        *results.entry(result).or_default() += 1;
    }
    println!("{results:?}");
    for wanted in ["not UTF-8", "refused by both", "refused by the program", "read alike"] {
        let found = results.get(wanted).copied().unwrap_or_default();
        assert!(found * 50 > cases, "{wanted}: {found} of {cases}, {results:?}");
    }
}

#[test]
fn values_are_read_as_their_bytes() {
    let program = program();
    let [mut by_bytes, mut by_value] = [(); 2].map(|()| Scratch::for_program(&program));
    let mut read = 0;
    for seed in 0..4_000 {
        let bytes = document(&mut Random::new(seed));
        let Expectation::Fits(tree) = judge(&program, &bytes) else { continue };
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(ingest(&program, &bytes, &mut by_bytes).error(), None);
        let filled = ingest_value(&program, &json, &mut by_value);
        // A number may be spelled otherwise, so that it is another kind where any will do.
        if filled.error().is_none() {
            let heap = heap(&program, filled.request, &mut filled.scratch.store);
            let wrong = model::compare(&program, &heap.view(), &filled.scratch.file, &tree);
            assert_eq!(wrong, None, "seed {seed}");
            read += 1;
        }
    }
    assert!(read > 200, "{read}");
}

#[test]
fn a_value_is_as_large_as_a_context_may_be() {
    let program = program();
    let mut scratch = Scratch::for_program(&program);
    for (bytes, refused) in
        [(CONTEXT_BYTES_MAX, None), (CONTEXT_BYTES_MAX + 1, Some(InputKind::TooLarge))]
    {
        // Beside the text stand brackets, a key, a colon and quotes.
        let json = serde_json::json!({ "name": "a".repeat(bytes - 11) });
        let filled = ingest_value(&program, &json, &mut scratch);
        assert_eq!(filled.error().map(|error| error.kind), refused, "{bytes}");
    }
}
