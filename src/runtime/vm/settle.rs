//! Settling: what the rules say that sifting left, told by their trees.
//!
//! In:      the slots, and rules that would have to be run.
//! Out:     which of them say something, which are silent, and which must be run.
//! Imports: `base`, `lang`, `runtime::program`.
//! Source:  `program::tree` says why that is what the functions would say.
//!
//! A term is computed when the first atom asks for it, and kept for the decision. What fails is
//! left to the function, which knows which failure counts.

use crate::base::limits::TERMS_BYTES_MAX;
use crate::lang::error::EvalError;
use crate::lang::functions;
use crate::lang::opcodes::{Instruction, Op, X_INVERT};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value, arith};
use crate::runtime::program::Program;
use crate::runtime::program::scan::ScanMemo;
use crate::runtime::program::terms::{OPERANDS, Recipe, Term};
use crate::runtime::program::tree::{Next, Node};
use crate::runtime::vm::machine::{BROKEN, FailureSite, Outcome};
use crate::runtime::vm::scratch::LiveRule;
use crate::runtime::vm::{atom, call, select};

/// What atoms are asked with, where a look does not tell.
#[derive(Debug)]
pub(in crate::runtime) struct AtomSettler<'s> {
    pub(in crate::runtime) program: &'s Program,
    pub(in crate::runtime) file: &'s mut [Value],
    pub(in crate::runtime) heap: Heap<'s>,
    pub(in crate::runtime) scans: &'s mut ScanMemo,
    /// The terms that have a value.
    pub(in crate::runtime) computed: &'s mut Vec<u16>,
    /// Sizes of the store when settling began.
    pub(in crate::runtime) mark: (usize, usize),
    /// Bytes by which terms made it grow; and counted again whenever an atom read one.
    pub(in crate::runtime) grown: usize,
    pub(in crate::runtime) built: usize,
}

/// The value of a term that is picked, or made of one value; `None` if it fails, and of all others.
#[inline]
fn simply(recipe: &Recipe, heap: &mut Heap<'_>, file: &[Value]) -> Option<Value> {
    match recipe {
        Recipe::Pick(pick, key) => pick.value(heap, file.get(usize::from(*key))?).copied(),
        Recipe::Accessor(call, a) => {
            let a = file.get(usize::from(*a)).filter(|a| a.is_present())?;
            call(heap, &[*a]).ok()
        }
        Recipe::General => None,
    }
}

/// Computes a term that costs little, if it is not computed yet.
#[inline(never)]
pub(in crate::runtime) fn fill_simply(
    program: &Program,
    heap: &mut Heap<'_>,
    file: &mut [Value],
    computed: &mut Vec<u16>,
    place: u16,
) {
    let known = file.get(usize::from(place)).is_some_and(|value| value.tag() != Tag::Absent);
    let Some(recipe) = program.terms.recipe(place).filter(|_| !known) else { return };
    let value = simply(recipe, heap, file);
    if let Some(at) = file.get_mut(usize::from(place)) {
        *at = value.unwrap_or(FAILED);
        computed.push(place);
    }
}

/// What lies at the place of a term that failed: no atom takes it for a value.
const FAILED: Value = FailureSite::NONE.value();

impl AtomSettler<'_> {
    /// Settles the rules in `left` of which it is not known what they say. Returns how many are
    /// left of the first `first`.
    pub(in crate::runtime) fn settle(&mut self, left: &mut Vec<LiveRule>, first: usize) -> usize {
        let (mut at, mut first) = (0, first);
        left.retain_mut(|left| {
            let is_silent = left.says.is_none() && {
                let rule = self.program.module.rules.get(usize::from(left.rule));
                let next = rule.map_or(Next::Run, |rule| self.walk(rule.function));
                if let (Next::Says(outcome), Some(rule)) = (next, rule) {
                    left.says = Some(outcome).filter(|outcome| *outcome < rule.outcomes);
                }
                next == Next::Silent
            };
            if is_silent && at < first {
                first -= 1;
            } else {
                at += 1;
            }
            !is_silent
        });
        first
    }

    /// What a function says, if its tree tells. Trees lead forward, and those that terms ask are
    /// of functions that stand before, `CALL_DEPTH_MAX` deep at most.
    fn walk(&mut self, function: u16) -> Next {
        let program = self.program;
        let nodes = program.trees.of(function);
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            if node.needs.1 != 0 && !self.prepare(node) {
                return Next::Run;
            }
            let atom = &node.atom;
            let Some(truth) = self.answer(atom) else { return Next::Run };
            let [on, branch] = node.next;
            match if truth == (atom.x & X_INVERT == 0) { on } else { branch } {
                Next::Ask(next) => at = usize::from(next),
                next @ (Next::Says(_) | Next::Silent | Next::Run) => return next,
            }
        }
        Next::Run
    }

    /// How an atom comes out; `None` if it fails.
    #[inline]
    pub(in crate::runtime) fn answer(&mut self, atom: &Instruction) -> Option<bool> {
        let quick = atom::quick(self.program, &self.heap, self.file, atom);
        quick.or_else(|| self.ask(atom))
    }

    /// As `answer`, of an atom of which a look does not tell.
    #[inline(never)]
    fn ask(&mut self, atom: &Instruction) -> Option<bool> {
        match atom::outcome(self.program, &self.heap, self.scans, self.file, atom) {
            Outcome::True => Some(true),
            Outcome::False => Some(false),
            Outcome::Error(_) | Outcome::Noted => None,
        }
    }

    /// Computes the terms of a node that are not computed yet, each behind those that it is made
    /// of. Whether they built little enough.
    #[inline]
    fn prepare(&mut self, node: &Node) -> bool {
        for place in self.program.trees.needs(node) {
            let value = self.file.get(usize::from(*place));
            if value.is_some_and(|value| value.tag() == Tag::Absent) {
                self.fill(*place);
            }
        }
        self.built += self.grown;
        self.built <= TERMS_BYTES_MAX
    }

    /// Computes the term at a place.
    #[inline(never)]
    fn fill(&mut self, place: u16) {
        let Some((term, recipe)) = self.program.terms.get(place) else { return };
        let value = match recipe {
            Recipe::Pick(..) | Recipe::Accessor(..) => simply(recipe, &mut self.heap, self.file),
            Recipe::General => self.compute(term),
        };
        if let Some(place) = self.file.get_mut(usize::from(place)) {
            *place = value.unwrap_or(FAILED);
        }
        self.computed.push(place);
        let (text, elements) = self.heap.store.mark();
        self.grown = text - self.mark.0 + (elements - self.mark.1) * size_of::<Value>();
    }

    /// The value of a term as its instruction computes it; `None` if it fails.
    #[inline(never)]
    fn compute(&mut self, term: &Term) -> Option<Value> {
        let mut values = [Value::ABSENT; OPERANDS];
        for (value, place) in values.iter_mut().zip(term.operands()) {
            *value = *self.file.get(usize::from(*place)).filter(|value| value.is_present())?;
        }
        self.operated(term, values.get(..term.operands().len())?).ok()
    }

    fn operated(&mut self, term: &Term, operands: &[Value]) -> Result<Value, EvalError> {
        let (program, heap) = (self.program, &mut self.heap);
        let at = usize::from(term.named);
        match (term.op, operands) {
            (Op::Test, []) => match self.walk(term.named) {
                Next::Says(_) => Ok(Value::bool(true)),
                Next::Silent => Ok(Value::bool(false)),
                Next::Ask(_) | Next::Run => Err(BROKEN),
            },
            (Op::Add, [a, b]) => arith::add(heap, a, b),
            (Op::Subtract, [a, b]) => arith::subtract(a, b),
            (Op::Multiply, [a, b]) => arith::multiply(a, b),
            (Op::Divide, [a, b]) => arith::divide(a, b),
            (Op::Modulo, [a, b]) => arith::modulo(a, b),
            (Op::Negate, [a]) => arith::negate(a),
            (Op::Size, [a]) => select::size(heap, a).map(Value::int),
            (Op::Index, [a, b]) => select::index(heap, a, b),
            (Op::Select, [a]) => select::select(heap, a, program.constants.get(at).ok_or(BROKEN)?),
            (Op::Field, [a]) => select::field(heap, a, program.fields.get(at).ok_or(BROKEN)?),
            (Op::Call, _) => (functions::by_number(term.named).ok_or(BROKEN)?.call)(heap, operands),
            (Op::CallAny, _) => (call::row(program, term.named, operands)?.call)(heap, operands),
            _ => Err(BROKEN),
        }
    }
}
