//! Parts of deciding about unknowns, one by one: functions of programs that are put together by
//! hand, and what is known of values.

mod broken;
mod compared;
mod facts;
mod limits;
mod objects;
mod states;

use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::opcodes::Instruction;
use crate::lang::value::Value;
use crate::runtime::bundle::module::{FunctionKind, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::machine::Machine;
use crate::runtime::vm::observe::NoObserver;
use crate::runtime::vm::partial::Partial;
use crate::runtime::vm::partial::decision::AtomOutcomes;
use crate::runtime::vm::partial::eval::{Evaluator, PossibleEnds};
use crate::runtime::vm::partial::fact::{Facts, Kinds};
use crate::runtime::vm::partial::state::{Cells, is_unknown};
use crate::runtime::vm::partial::unknown::{Class, Unknown, Unknowns};
use crate::runtime::vm::request::marked::{Recorded, ingest_record};
use crate::runtime::vm::request::{Filled, heap};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, place};

/// Slots of the values of `x` and `y`, which may be anything.
const X: u16 = 0;
const Y: u16 = 2;

fn sketch() -> Sketch {
    let any = |key| place(key, TypeRow::Dyn);
    Sketch::new(vec![any("x"), any("y")])
}

/// A program of one rule with this condition.
fn condition(mut sketch: Sketch, code: &[Instruction]) -> Program {
    let function = sketch.function(FunctionKind::Condition, false, code);
    sketch.rule("it", function, Effect::Allow);
    sketch.program()
}

/// What `run` finds out with an evaluator over a context.
fn evaluated<T>(program: &Program, json: &str, run: impl FnOnce(&mut Evaluator<'_>) -> T) -> T {
    let mut scratch = Scratch::for_program(program);
    let partial = match ingest_record(program, json.as_bytes(), &mut scratch) {
        Recorded::Partial(partial) => partial,
        Recorded::Known(filled) => Partial::of(filled, Unknowns::default()),
    };
    assert_eq!(partial.error(), None);
    let Partial { filled, unknowns } = partial;
    let Filled { program, scratch, request, .. } = filled;
    scratch.begin(program, request);
    let Scratch { file, store, workings, .. } = scratch;
    let deep = store.elements().iter().any(is_unknown);
    let heap = heap(program, request, store);
    let mut evaluator = Evaluator {
        program,
        unknowns: unknowns.rows(),
        facts: Facts::default(),
        machine: Machine::new(program, heap, workings, None, NoObserver),
        file,
        witness: None,
        is_whole: false,
        by_witness: 0,
        atoms: vec![AtomOutcomes::default(); usize::from(program.atoms())],
        forked: false,
        deep,
        ended: vec![None; program.module.functions.len()],
        cells: Cells::default(),
        steps: 0,
    };
    run(&mut evaluator)
}

/// How a function can end: `yes`, `no`, classes of failures, and the rows that this hangs on.
fn ends(evaluator: &mut Evaluator<'_>, ended: &PossibleEnds) -> String {
    let mut all = Vec::new();
    all.extend(ended.yes.then(|| "yes".to_owned()));
    all.extend(ended.no.then(|| "no".to_owned()));
    if ended.failed {
        let classes = evaluator.fact(&ended.note).errors.list();
        if classes.len() == EvalError::ALL.len() {
            all.push("anything".to_owned());
        } else {
            all.extend(classes.iter().map(|class| class.word().to_owned()));
        }
    }
    let rows: Vec<String> = ended.doubt.rows().map(|row| row.to_string()).collect();
    if !rows.is_empty() {
        all.push(format!("< {}", rows.join(" ")));
    }
    all.join(" ")
}

/// How this condition can end.
fn outcome(code: &[Instruction], json: &str) -> String {
    let program = condition(sketch(), code);
    evaluated(&program, json, |evaluator| {
        let ended = evaluator.function(0);
        ends(evaluator, &ended)
    })
}

/// A value that is withheld, of this class.
fn withheld(path: &str, class: Class) -> Unknown {
    Unknown { path: path.to_owned(), kind: None, class }
}

/// What is known of a value: its kinds, by their names.
fn kinds(kinds: Kinds) -> Vec<String> {
    kinds.tags().map(|tag| format!("{tag:?}")).collect()
}

/// Values in one another: `depth` lists around `inner`.
fn nested(evaluator: &mut Evaluator<'_>, inner: &[Value], depth: u32) -> Value {
    let mut value = evaluator.machine.heap.new_list(inner).unwrap();
    for _ in 1..depth {
        value = evaluator.machine.heap.new_list(&[value]).unwrap();
    }
    value
}
