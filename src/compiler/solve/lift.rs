//! Code as formulas: when a function of a program holds, and when it fails.
//!
//! In:      a module that was verified, and the store that all programs share.
//! Out:     `Lifted` for each function: linear in its code.
//! Imports: `base`, `lang`, `runtime::bundle`.
//!
//! Code jumps forward only, so one pass in its order knows of every instruction when it is reached,
//! and of every register which term it holds; where ways meet that is a choice of terms. A loop
//! that looks for an element is one fact about its list; whatever else loops, and every instruction
//! that `step` does not know, is an operation of its own on what it reads: equal code on equal
//! operands is equal, and nothing more is known of it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::base::arrange::gathered;
use crate::base::limits::CALL_DEPTH_MAX;
use crate::compiler::solve::atoms::Ternary;
use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::normal::CodeSummary;
use crate::compiler::solve::places::{Slots, number_type, shape};
use crate::compiler::solve::point::{Line, Point};
use crate::compiler::solve::store::{Fact, Kind, Kinds, Store, Term, TermId, Walk};
use crate::lang::constant::Constant;
use crate::lang::opcodes::{
    EXIT_ERROR, EXIT_TRUE, INFALLIBLE, Instruction, Op, Operand, X_INVERT, X_PAIRS,
};
use crate::runtime::bundle::module::{FunctionRow, Module, SlotRow, TypeRow};

/// What a function comes to.
#[derive(Clone, Debug)]
pub struct Lifted {
    /// When a condition holds, a value function has a value, or a decision names an outcome.
    pub yes: Lit,
    /// When it fails.
    pub error: Lit,
    /// The value of a value function.
    pub value: Option<TermId>,
    /// When a decision names an outcome, by its number.
    pub chosen: BTreeMap<u16, Lit>,
}

/// What is known in front of an instruction: the terms in registers and builders, and which loops
/// have an element that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::compiler::solve) struct State {
    pub(in crate::compiler::solve) terms: BTreeMap<Location, TermId>,
    pends: BTreeMap<u16, Lit>,
}

/// What can hold a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::compiler::solve) enum Location {
    /// A register.
    Register(u16),
    /// A cursor or builder.
    Cursor(u16),
}

type IncomingStates = BTreeMap<u16, Vec<(Lit, Rc<State>)>>;

/// The code cannot be taken apart here.
#[derive(Clone, Copy, Debug)]
pub(in crate::compiler::solve) struct OpaqueCode;

/// Reads the functions of one program.
#[derive(Debug)]
pub struct Lift<'m> {
    /// The program.
    pub module: &'m Module,
    /// Its slots.
    pub slots: Slots,
    functions: Vec<Option<Rc<Lifted>>>,
}

/// What a function that is being read has come to so far.
#[derive(Default)]
struct FunctionResult {
    values: Vec<(Lit, TermId)>,
    chosen: BTreeMap<u16, Lit>,
}

/// An instruction, read.
pub(in crate::compiler::solve) enum Step {
    Branch(Ternary),
    Value(Location, TermId),
    /// The value of a function that fails so.
    Called(Location, TermId, Lit),
    Go,
    Return(TermId),
    Decide,
    Fail,
    Pend,
    LoopEnd,
    Loop,
}

impl<'m> Lift<'m> {
    /// Begins to read a program.
    pub fn of(module: &'m Module, store: &mut Store) -> Self {
        let slots = Slots::of(module, store);
        Self { module, slots, functions: vec![None; module.functions.len()] }
    }

    /// What a function comes to.
    pub fn function(&mut self, store: &mut Store, number: u16) -> Rc<Lifted> {
        self.called(store, number, 0)
    }

    fn called(&mut self, store: &mut Store, number: u16, depth: usize) -> Rc<Lifted> {
        let known = self.functions.get(usize::from(number)).cloned().flatten();
        if let Some(known) = known {
            return known;
        }
        let lifted = Rc::new(self.read(store, number, depth));
        if let Some(place) = self.functions.get_mut(usize::from(number)) {
            *place = Some(lifted.clone());
        }
        lifted
    }

    fn read(&mut self, store: &mut Store, number: u16, depth: usize) -> Lifted {
        let module = self.module;
        let none =
            Lifted { yes: Lit::FALSE, error: Lit::TRUE, value: None, chosen: BTreeMap::new() };
        let Some(row) = module.functions.get(usize::from(number)) else { return none };
        if depth > CALL_DEPTH_MAX {
            return none;
        }
        let code = row.code(module);
        let mut called = Vec::new();
        for ins in code.iter().filter(|ins| matches!(ins.op, Op::Test | Op::Need)) {
            called.push((ins.a, self.called(store, ins.a, depth + 1)));
        }
        let mut reading =
            FunctionLift { lift: self, store, row, code, ends: FunctionResult::default(), called };
        let start = (0, u16::try_from(code.len()).unwrap_or(EXIT_TRUE));
        match reading.walk(start, Rc::default()) {
            Ok(ways) => reading.ended(&ways),
            Err(OpaqueCode) => reading.opaque(),
        }
    }
}

/// A function that is being read.
pub(in crate::compiler::solve) struct FunctionLift<'r, 'm> {
    pub(in crate::compiler::solve) lift: &'r mut Lift<'m>,
    pub(in crate::compiler::solve) store: &'r mut Store,
    pub(in crate::compiler::solve) row: &'m FunctionRow,
    pub(in crate::compiler::solve) code: &'m [Instruction],
    ends: FunctionResult,
    called: Vec<(u16, Rc<Lifted>)>,
}

impl FunctionLift<'_, '_> {
    /// Whether a number names a slot.
    pub(in crate::compiler::solve) fn slot(&self, at: u16) -> Option<TermId> {
        self.lift.slots.terms.get(usize::from(at)).copied()
    }

    /// A function that this one calls.
    pub(in crate::compiler::solve) fn callee(&self, number: u16) -> Option<Rc<Lifted>> {
        self.called.iter().find(|(own, _)| *own == number).map(|(_, lifted)| lifted.clone())
    }

    /// The term that an operand names.
    pub(in crate::compiler::solve) fn read(
        &self,
        state: &State,
        at: u16,
    ) -> Result<TermId, OpaqueCode> {
        let held = || state.terms.get(&Location::Register(at)).copied();
        self.slot(at).or_else(held).ok_or(OpaqueCode)
    }

    /// Reads instructions `from..to`; where control leaves them, and with what.
    fn walk(
        &mut self,
        (from, to): (u16, u16),
        entry: Rc<State>,
    ) -> Result<IncomingStates, OpaqueCode> {
        let mut ways: IncomingStates = BTreeMap::from([(from, vec![(Lit::TRUE, entry)])]);
        let mut pc = from;
        while pc < to {
            let Some(arrived) = ways.remove(&pc) else {
                pc += 1;
                continue;
            };
            let (reach, state) = self.meet(&arrived);
            let ins = *self.code.get(usize::from(pc)).ok_or(OpaqueCode)?;
            if reach == Lit::FALSE {
                pc += 1;
                continue;
            }
            let step = self.step(&ins, &state)?;
            if matches!(step, Step::Loop) {
                let next = self.next_of(pc, &ins).ok_or(OpaqueCode)?;
                if next >= to {
                    return Err(OpaqueCode);
                }
                self.walked(&mut ways, (pc, next), reach, &state)?;
                pc = next + 1;
                continue;
            }
            self.leave(&mut ways, (pc, &ins), reach, (&state, step));
            pc += 1;
        }
        Ok(ways)
    }

    /// One state for all ways that meet.
    fn meet(&mut self, arrived: &[(Lit, Rc<State>)]) -> (Lit, Rc<State>) {
        let reach = self.store.formulas.any(arrived.iter().map(|(lit, _)| *lit));
        let Some((_, first)) = arrived.first() else { return (Lit::FALSE, Rc::default()) };
        if arrived.iter().all(|(_, state)| Rc::ptr_eq(state, first) || state == first) {
            return (reach, first.clone());
        }
        let mut met = State::default();
        for cell in first.terms.keys() {
            let term = |(lit, state): &(Lit, Rc<State>)| Some((*lit, *state.terms.get(cell)?));
            let ways: Option<Vec<(Lit, TermId)>> = arrived.iter().map(term).collect();
            if let Some(ways) = ways {
                met.terms.insert(*cell, self.store.choice(&ways));
            }
        }
        for (lit, state) in arrived {
            for (cursor, pend) in &state.pends {
                let both = self.store.formulas.and(*lit, *pend);
                let known = met.pends.get(cursor).copied().unwrap_or(Lit::FALSE);
                met.pends.insert(*cursor, self.store.formulas.or(known, both));
            }
        }
        (reach, met.into())
    }

    /// Goes on behind instruction `pc`.
    fn leave(
        &mut self,
        ways: &mut IncomingStates,
        (pc, ins): (u16, &Instruction),
        reach: Lit,
        (state, step): (&Rc<State>, Step),
    ) {
        // What is proved to lead nowhere does so on every input that asks for this code.
        let mut go = |to: u16, when: Lit, state: Rc<State>| {
            if when != Lit::FALSE && to != INFALLIBLE {
                ways.entry(to).or_default().push((when, state));
            }
        };
        let error = ins.e;
        match step {
            Step::Branch(three) => {
                let no = three.no(self.store);
                let (yes, no) =
                    if ins.x & X_INVERT == 0 { (three.yes, no) } else { (no, three.yes) };
                for (to, when) in [(pc + 1, yes), (ins.f, no), (error, three.error)] {
                    go(to, self.store.formulas.and(reach, when), state.clone());
                }
            }
            Step::Value(cell, term) | Step::Called(cell, term, _) => {
                let fails = if error == INFALLIBLE {
                    Lit::FALSE
                } else if let Step::Called(_, _, fails) = step {
                    fails
                } else {
                    self.store.missing(term)
                };
                go(error, self.store.formulas.and(reach, fails), state.clone());
                let mut with = (**state).clone();
                with.terms.insert(cell, term);
                go(pc + 1, self.store.formulas.and(reach, !fails), with.into());
            }
            Step::Go => go(ins.f, reach, state.clone()),
            Step::Return(term) => {
                let missing = self.store.missing(term);
                self.ends.values.push((self.store.formulas.and(reach, !missing), term));
                go(error, self.store.formulas.and(reach, missing), state.clone());
            }
            Step::Decide => {
                let known = self.ends.chosen.get(&ins.b).copied().unwrap_or(Lit::FALSE);
                let any = self.store.formulas.or(known, reach);
                self.ends.chosen.insert(ins.b, any);
            }
            Step::Fail => go(error, reach, state.clone()),
            Step::Pend => {
                let mut with = (**state).clone();
                with.pends.insert(ins.b, Lit::TRUE);
                go(pc + 1, reach, with.into());
            }
            Step::LoopEnd => {
                let pend = state.pends.get(&ins.b).copied().unwrap_or(Lit::FALSE);
                go(error, self.store.formulas.and(reach, pend), state.clone());
                let clean = if ins.x & X_INVERT == 0 { ins.f } else { pc + 1 };
                go(clean, self.store.formulas.and(reach, !pend), state.clone());
            }
            // `walk` sees to loops.
            Step::Loop => {}
        }
    }

    /// The `Next` that leads back behind the `Iter` at `pc`.
    fn next_of(&self, pc: u16, iter: &Instruction) -> Option<u16> {
        let back = |ins: &Instruction| ins.op == Op::Next && ins.b == iter.b && ins.f == pc + 1;
        let at = self.code.iter().skip(usize::from(pc)).position(back)?;
        pc.checked_add(u16::try_from(at).ok()?)
    }

    /// A whole loop, from its `Iter` to its `Next`.
    fn walked(
        &mut self,
        ways: &mut IncomingStates,
        (pc, next): (u16, u16),
        reach: Lit,
        state: &Rc<State>,
    ) -> Result<(), OpaqueCode> {
        let iter = *self.code.get(usize::from(pc)).ok_or(OpaqueCode)?;
        let end = self.code.get(usize::from(next)).ok_or(OpaqueCode)?;
        if (iter.x | end.x) & X_INVERT != 0 {
            return Err(OpaqueCode);
        }
        let list = self.read(state, iter.a)?;
        if let Some((walk, target)) = self.searches((pc, next), &iter, (list, state)) {
            let (lists, maps) = (self.store.is(list, Kind::List), self.store.is(list, Kind::Map));
            let fits = self.store.formulas.or(lists, maps);
            let size = self.store.size(list);
            let one = Point::Whole(1);
            let some = self.store.reaches(size, Line::Whole, one);
            let number = self.store.walk_number(walk);
            let (leaves, pends) =
                (self.store.ask(Fact::Leaves(number)), self.store.ask(Fact::Pends(number)));
            let turns = self.store.formulas.all([reach, fits, some]);
            let mut after = (**state).clone();
            after.pends.insert(iter.b, pends);
            let left = self.store.formulas.and(turns, leaves);
            let stayed = self.store.formulas.and(turns, !leaves);
            let empty = self.store.formulas.all([reach, fits, !some]);
            let wrong = self.store.formulas.and(reach, !fits);
            let all = [(target, left), (iter.f, empty), (iter.e, wrong)];
            let real = |(to, when): &(u16, Lit)| *to != INFALLIBLE && *when != Lit::FALSE;
            for (to, when) in all.into_iter().filter(real) {
                ways.entry(to).or_default().push((when, state.clone()));
            }
            ways.entry(next + 1).or_default().push((stayed, after.into()));
            return Ok(());
        }
        self.block(ways, (pc, next), reach, state)
    }

    /// The loop as a search for an element that leaves it, and where it leaves to; `None` if it is
    /// more than that.
    fn searches(
        &mut self,
        (pc, next): (u16, u16),
        iter: &Instruction,
        (list, state): (TermId, &Rc<State>),
    ) -> Option<(Walk, u16)> {
        let body = self.code.get(usize::from(pc) + 1..usize::from(next))?;
        let searches = |ins: &Instruction| {
            let [_, cursor, _] = ins.op.operands();
            let loops = matches!(ins.op, Op::Iter | Op::Next | Op::Pend | Op::LoopEnd);
            let ends = matches!(ins.op, Op::Return | Op::Decide | Op::Catch);
            !ends && (loops || cursor != Operand::Cursor)
        };
        if iter.x & X_PAIRS != 0 || self.store.is_deep(list) || !body.iter().all(searches) {
            return None;
        }
        let mut inside = (**state).clone();
        inside.pends.remove(&iter.b);
        for (at, name) in self.columns_of(iter.a).into_iter().enumerate() {
            let register = iter.c.checked_add(u16::try_from(at).ok()?)?;
            let element = self.element(list, iter.a, (at, &name));
            inside.terms.insert(Location::Register(register), element);
        }
        let ways = self.walk((pc + 1, next), inside.into()).ok()?;
        let (mut leave, mut pend, mut target) = (Lit::FALSE, Lit::FALSE, None);
        for (to, arrived) in ways {
            for (when, state) in arrived {
                if to == next {
                    let pends = state.pends.get(&iter.b).copied().unwrap_or(Lit::FALSE);
                    let both = self.store.formulas.and(when, pends);
                    pend = self.store.formulas.or(pend, both);
                } else if target.is_none_or(|known| known == to) {
                    target = Some(to);
                    leave = self.store.formulas.or(leave, when);
                } else {
                    return None;
                }
            }
        }
        Some((Walk { list, leave, pend }, target.unwrap_or(INFALLIBLE)))
    }

    /// The columns of the list that operand `at` names: one without a name if it has none.
    fn columns_of(&self, at: u16) -> Vec<Rc<str>> {
        let columns = self.lift.slots.columns.get(usize::from(at)).cloned().unwrap_or_default();
        if columns.is_empty() { vec!["".into()] } else { columns }
    }

    /// Column `at` of any element of a list.
    fn element(&mut self, list: TermId, slot: u16, (at, name): (usize, &Rc<str>)) -> TermId {
        let module = self.lift.module;
        let values = Kinds::ALL.without(&[Kind::Absent, Kind::Error]);
        let (mut kinds, mut whole, mut numbers) = (values, false, None);
        if let Some(SlotRow::Value(node)) = module.slots.get(usize::from(slot))
            && let Some(node) = module.paths.get(usize::from(*node))
        {
            let column = module.paths.get(usize::from(node.first_child) + at);
            let own = match module.types.get(usize::from(node.ty)) {
                _ if !name.is_empty() => column.map(|row| (row.ty, row.required)),
                Some(TypeRow::List(of, _)) => Some((*of, true)),
                _ => None,
            };
            if let Some((ty, required)) = own {
                let shape = shape(module, ty);
                (kinds, whole, numbers) = (shape.kinds, shape.whole, number_type(module, ty));
                if !required {
                    kinds = kinds.either(Kinds::of(&[Kind::Absent]));
                }
            }
        }
        let term = self.store.make(Term::Element(list, name.clone(), 0), kinds);
        self.store.set_numbers(term, whole, numbers);
        term
    }

    /// Code of which only is known what it reads and where it can leave to.
    fn block(
        &mut self,
        ways: &mut IncomingStates,
        (pc, next): (u16, u16),
        reach: Lit,
        state: &Rc<State>,
    ) -> Result<(), OpaqueCode> {
        let CodeSummary { name, parts, written, targets } =
            self.normal((pc, next + 1), state).ok_or(OpaqueCode)?;
        let test = self.store.made(&name, &parts, Kinds::of(&[Kind::Bool]));
        let mut after = (**state).clone();
        for (at, cell) in (0..).zip(&written) {
            let mut own = parts.clone();
            own.push(self.store.constant(&Constant::Int(at)));
            after
                .terms
                .insert(*cell, self.store.made(&name, &own, Kinds::ALL.without(&[Kind::Absent])));
        }
        let after = Rc::new(after);
        let mut left = reach;
        for (at, target) in (0..).zip(&targets) {
            let last = usize::from(at) + 1 == targets.len();
            let here = if last { Lit::TRUE } else { self.store.ask(Fact::Unknown(test, at)) };
            let when = self.store.formulas.and(left, here);
            left = self.store.formulas.and(left, !here);
            ways.entry(*target).or_default().push((when, after.clone()));
        }
        Ok(())
    }

    /// What the function comes to, from where its ways end.
    fn ended(self, ways: &IncomingStates) -> Lifted {
        let Self { store, ends, code, .. } = self;
        let len = u16::try_from(code.len()).unwrap_or(EXIT_TRUE);
        let mut at = |target: u16| {
            let arrived = ways.get(&target).map(Vec::as_slice).unwrap_or_default();
            store.formulas.any(arrived.iter().map(|(lit, _)| *lit))
        };
        let (end, explicit) = (at(len), at(EXIT_TRUE));
        let error = at(EXIT_ERROR);
        let values = store.formulas.any(ends.values.iter().map(|(lit, _)| *lit));
        let chosen = store.formulas.any(ends.chosen.values().copied());
        let yes = store.formulas.any([end, explicit, values, chosen]);
        let value = (!ends.values.is_empty()).then(|| store.choice(&ends.values));
        Lifted { yes, error, value, chosen: ends.chosen }
    }

    /// A function of which only is known what it reads.
    fn opaque(mut self) -> Lifted {
        let len = u16::try_from(self.code.len()).unwrap_or(EXIT_TRUE);
        let known = self.normal((0, len), &State::default());
        let CodeSummary { name, mut parts, .. } = known.unwrap_or_else(|| CodeSummary {
            name: self.store.own_name(),
            parts: vec![self.store.fresh()],
            ..CodeSummary::default()
        });
        let three = {
            let test = self.store.made(&name, &parts, Kinds::of(&[Kind::Bool, Kind::Error]));
            let (yes, error) =
                (self.store.ask(Fact::Unknown(test, 0)), self.store.ask(Fact::Unknown(test, 1)));
            Ternary { yes: self.store.formulas.and(yes, !error), error }
        };
        parts.push(self.store.constant(&Constant::Null));
        let value =
            self.store.made(&name, &parts, Kinds::ALL.without(&[Kind::Absent, Kind::Error]));
        let (mut chosen, mut left) = (BTreeMap::new(), three.yes);
        let outcomes: BTreeSet<u16> =
            gathered(self.code.iter().filter(|ins| ins.op == Op::Decide).map(|ins| ins.b));
        for outcome in outcomes.iter().rev().skip(1) {
            let own = self.store.ask(Fact::Unknown(value, *outcome + 2));
            chosen.insert(*outcome, self.store.formulas.and(left, own));
            left = self.store.formulas.and(left, !own);
        }
        if let Some(last) = outcomes.last() {
            chosen.insert(*last, left);
        }
        Lifted { yes: three.yes, error: three.error, value: Some(value), chosen }
    }
}
