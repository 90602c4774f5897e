//! Settling: what the rules say that sifting left, told by their trees.
//!
//! In:      the slots, and rules that would have to be run.
//! Out:     which of them say something, which are silent, and which must be run.
//! Imports: `lang`, `runtime::program`.
//! Source:  `program::tree` says why that is what the functions would say.
//!
//! A term is computed when the first atom asks for it, and kept for the decision. What fails is
//! left to the function, which knows which failure counts.

use crate::base::limits::TERMS_BYTES_MAX;
use crate::lang::error::EvalError;
use crate::lang::functions;
use crate::lang::opcodes::{Op, X_INVERT};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Value, arith};
use crate::runtime::program::Program;
use crate::runtime::program::matching::MatchCaches;
use crate::runtime::program::terms::{OPERANDS, Term};
use crate::runtime::program::tree::{Next, Node};
use crate::runtime::vm::machine::{BROKEN, Outcome};
use crate::runtime::vm::scratch::Left;
use crate::runtime::vm::{atom, call, select};

/// What atoms are asked with, where a look does not tell.
#[derive(Debug)]
pub(in crate::runtime) struct Settling<'s> {
    pub(in crate::runtime) program: &'s Program,
    pub(in crate::runtime) file: &'s mut [Value],
    pub(in crate::runtime) heap: Heap<'s>,
    pub(in crate::runtime) caches: &'s mut MatchCaches,
    /// The decision for which each term was computed last, and this one.
    pub(in crate::runtime) computed: &'s mut [u32],
    pub(in crate::runtime) epoch: u32,
    /// Sizes of the store when settling began, and bytes that terms built, counted whenever an
    /// atom read one.
    pub(in crate::runtime) mark: (usize, usize),
    pub(in crate::runtime) built: usize,
}

impl Settling<'_> {
    /// Settles the rules in `left` of which it is not known what they say. Returns how many are
    /// left of the first `first`.
    pub(in crate::runtime) fn settle(&mut self, left: &mut Vec<Left>, first: usize) -> usize {
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
            let Some(goes_on) = self.ask(node) else { return Next::Run };
            let [on, branch] = node.next;
            match if goes_on { on } else { branch } {
                Next::Ask(next) => at = usize::from(next),
                next @ (Next::Says(_) | Next::Silent | Next::Run) => return next,
            }
        }
        Next::Run
    }

    /// Whether the atom of a node goes on; `None` if it fails.
    fn ask(&mut self, node: &Node) -> Option<bool> {
        let program = self.program;
        if node.needs.1 != 0 {
            for place in program.trees.needs(node) {
                self.fill(*place);
            }
            let (text, elements) = self.heap.store.mark();
            self.built += text - self.mark.0 + (elements - self.mark.1) * size_of::<Value>();
            if self.built > TERMS_BYTES_MAX {
                return None;
            }
        }
        let sight = program.sight(self.file, self.heap.request, self.heap.store.elements());
        if let Some(goes_on) = node.probe.ask(&sight) {
            return Some(goes_on);
        }
        let atom = program.trees.atom(node)?;
        match atom::outcome(program, &self.heap, self.caches, self.file, atom) {
            Outcome::True => Some(atom.x & X_INVERT == 0),
            Outcome::False => Some(atom.x & X_INVERT != 0),
            Outcome::Error(_) | Outcome::Noted => None,
        }
    }

    /// Computes the term at a place, unless that was done. One that fails has no value.
    fn fill(&mut self, place: u16) {
        let program = self.program;
        let Some(number) = program.terms.number(place) else { return };
        let (Some(term), Some(computed)) =
            (program.terms.rows().get(number), self.computed.get_mut(number))
        else {
            return;
        };
        if *computed == self.epoch {
            return;
        }
        *computed = self.epoch;
        let value = self.compute(term).unwrap_or(Value::ABSENT);
        if let Some(place) = self.file.get_mut(usize::from(place)) {
            *place = value;
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "no other instruction makes a term")]
    fn compute(&mut self, term: &Term) -> Result<Value, EvalError> {
        if term.op == Op::Test {
            return match self.walk(term.named) {
                Next::Says(_) => Ok(Value::bool(true)),
                Next::Silent => Ok(Value::bool(false)),
                Next::Ask(_) | Next::Run => Err(BROKEN),
            };
        }
        let (program, heap) = (self.program, &mut self.heap);
        let mut values = [Value::ABSENT; OPERANDS];
        for (value, place) in values.iter_mut().zip(term.operands()) {
            *value = *self.file.get(usize::from(*place)).ok_or(BROKEN)?;
        }
        let operands = values.get(..term.operands().len()).unwrap_or_default();
        if let Some(class) = select::missing(operands) {
            return Err(class);
        }
        let [a, b, _] = &values;
        match term.op {
            Op::Add => arith::add(heap, a, b),
            Op::Subtract => arith::subtract(a, b),
            Op::Multiply => arith::multiply(a, b),
            Op::Divide => arith::divide(a, b),
            Op::Modulo => arith::modulo(a, b),
            Op::Negate => arith::negate(a),
            Op::Size => select::size(heap, a).map(Value::int),
            Op::Index => select::index(heap, a, b),
            Op::Select => select::select(
                heap,
                a,
                program.constants.get(usize::from(term.named)).ok_or(BROKEN)?,
            ),
            Op::Field => {
                select::field(heap, a, program.fields.get(usize::from(term.named)).ok_or(BROKEN)?)
            }
            Op::Call => {
                let row = functions::by_number(term.named).ok_or(BROKEN)?;
                (row.call)(heap, operands)
            }
            Op::CallAny => (call::row(program, term.named, operands)?.call)(heap, operands),
            _ => Err(BROKEN),
        }
    }
}
