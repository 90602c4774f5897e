//! Functions about inputs some of whose values are unknown: every exit that some completion of
//! them reaches.
//!
//! In:      a function of a verified program, the file, what is known of unknowns.
//! Out:     `PossibleEnds`: the exits, and what they bring.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.
//! Source:  `docs/unknowns.md`.
//!
//! The same instructions run as ever. Where operands are known the very functions of the ordinary
//! evaluator answer. Where one is not, an instruction may have several outcomes, and each goes its
//! way. Of all ways the one that stands first in the code goes on, so that ways that lead to one
//! instruction have met before it runs: what they bring is joined there. Jumps lead forward but for
//! the one at the end of a loop, so an instruction runs once, in a loop once a turn.

use std::rc::Rc;

use crate::base::limits::{CALL_DEPTH_MAX, PARTIAL_STEPS_MAX};
use crate::lang::error::EvalError;
use crate::lang::opcodes::{EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, Op, X_COLD, X_INVERT};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{FunctionRow, NONE};
use crate::runtime::program::Program;
use crate::runtime::vm::machine::{BROKEN, FailureSite, Machine, misfit};
use crate::runtime::vm::observe::{NoObserver, Witness};
use crate::runtime::vm::partial::decision::AtomOutcomes;
use crate::runtime::vm::partial::fact::{Classes, Fact, Facts, Kinds, Sources};
use crate::runtime::vm::partial::state::{Build, Cells, Join, LiveState, State};
use crate::runtime::vm::partial::unknown::Unknown;

/// How a function can end.
#[derive(Clone, Debug)]
pub(super) struct PossibleEnds {
    pub(super) yes: bool,
    pub(super) no: bool,
    pub(super) failed: bool,
    /// What it returns.
    pub(super) value: Value,
    /// What failed, where it fails.
    pub(super) note: Value,
    /// The outcomes that it can choose, ascending.
    pub(super) decided: Vec<u16>,
    /// What it hangs on which way it goes.
    pub(super) doubt: Sources,
}

impl PossibleEnds {
    fn never() -> Self {
        let note = FailureSite::NONE.value();
        Self {
            yes: false,
            no: false,
            failed: false,
            value: Value::ABSENT,
            note,
            decided: Vec::new(),
            doubt: Sources::default(),
        }
    }

    /// How many kinds of exits there are.
    pub(super) const fn exits(&self) -> usize {
        self.yes as usize + self.no as usize + self.failed as usize
    }
}

/// What an instruction can do.
#[derive(Clone, Debug)]
pub(super) struct Outcomes {
    pub(super) yes: bool,
    pub(super) no: bool,
    /// What it notes where it fails.
    pub(super) failed: Option<Value>,
    /// What is written on the way of T.
    pub(super) write: Write,
}

/// What an instruction writes.
#[derive(Clone, Debug)]
pub(super) enum Write {
    Nothing,
    /// Values of the registers from one on.
    Registers(u16, Vec<Value>),
    /// One register.
    Register(u16, Value),
    /// A builder, counted from the function's first.
    Build(usize, Build),
}

impl Outcomes {
    pub(super) const fn branch(yes: bool, no: bool) -> Self {
        Self { yes, no, failed: None, write: Write::Nothing }
    }

    /// On with what is written.
    pub(super) const fn on(write: Write) -> Self {
        Self { yes: true, no: false, failed: None, write }
    }

    pub(super) const fn count(&self) -> usize {
        self.yes as usize + self.no as usize + self.failed.is_some() as usize
    }
}

/// A function that runs.
pub(super) struct Frame<'e> {
    pub(super) code: &'e [Instruction],
    /// Its first instruction, from the start of the program's code.
    pub(super) first: u32,
    pub(super) row: &'e FunctionRow,
    pub(super) live: LiveState,
    /// The other ways, by where they stand: the first comes last.
    pub(super) pending: Vec<State>,
    /// What every turn of an open loop begins with, by its cursor.
    pub(super) headers: Vec<(u16, State)>,
    pub(super) doubt: Sources,
    pub(super) ended: PossibleEnds,
}

impl Frame<'_> {
    /// A cursor or builder, counted from the function's first.
    pub(super) fn cursor(&self, at: u16) -> usize {
        usize::from(at).wrapping_sub(usize::from(self.row.first_cursor))
    }

    /// Instruction `pc`, from the start of the program's code.
    pub(super) fn place(&self, pc: usize) -> u32 {
        self.first.saturating_add(u32::try_from(pc).unwrap_or(u32::MAX))
    }
}

/// One decision about an input some of whose values are unknown.
pub(super) struct Evaluator<'e> {
    pub(super) program: &'e Program,
    pub(super) unknowns: &'e [Unknown],
    pub(super) facts: Facts,
    pub(super) machine: Machine<'e, NoObserver>,
    pub(super) file: &'e mut [Value],
    pub(super) witness: Option<&'e Witness>,
    /// Whether the witness tells of all atoms that were decided.
    pub(super) is_whole: bool,
    /// Atoms that were known from the witness alone.
    pub(super) by_witness: usize,
    /// What each atom can come to where it was looked at.
    pub(super) atoms: Vec<AtomOutcomes>,
    /// Whether there was more than one way, so that what is used up is an upper bound.
    pub(super) forked: bool,
    /// Whether lists and maps may hold unknowns.
    pub(super) deep: bool,
    pub(super) ended: Vec<Option<Rc<PossibleEnds>>>,
    pub(super) cells: Cells,
    pub(super) steps: u64,
}

impl<'e> Evaluator<'e> {
    /// What is known of a value.
    pub(super) fn fact(&mut self, value: &Value) -> Fact {
        self.facts.of(&self.program.module, self.unknowns, value)
    }

    /// A value of which this is known.
    pub(super) fn value(&mut self, fact: Fact) -> Value {
        self.facts.value(fact)
    }

    /// Whether so much was run that nothing is told any more.
    pub(super) const fn is_lost(&self) -> bool {
        self.steps > PARTIAL_STEPS_MAX
    }

    /// Runs a function of the bundle, or remembers how it ended: it reads slots and its own
    /// registers only, so that it ends alike wherever it is called. Where cost is counted, what is
    /// not kept for the rest of the decision costs anew.
    pub(super) fn function(&mut self, number: u16) -> Rc<PossibleEnds> {
        let at = usize::from(number);
        let program = self.program;
        let row = program.module.functions.get(at);
        let (Some(unit), Some(row)) = (program.unit(number), row) else {
            return Rc::new(failed(FailureSite { class: BROKEN, pc: 0 }));
        };
        let kept = !self.machine.budget.metered || unit.memo != NONE;
        if let Some(Some(known)) = self.ended.get(at).filter(|_| kept) {
            return Rc::clone(known);
        }
        let ended = Rc::new(self.enter(row, unit.first));
        if let Some(place) = self.ended.get_mut(at) {
            *place = Some(Rc::clone(&ended));
        }
        ended
    }

    fn enter(&mut self, row: &'e FunctionRow, first: u32) -> PossibleEnds {
        if self.machine.depth > CALL_DEPTH_MAX {
            return failed(FailureSite { class: EvalError::Budget, pc: first });
        }
        let spent = self.machine.budget.spend(u64::from(row.len));
        let beyond = spent.err().map(|class| FailureSite { class, pc: first });
        if let (Some(note), false) = (beyond, self.forked) {
            return failed(note);
        }
        self.machine.depth += 1;
        let mut ended = self.run(row, first);
        self.machine.depth -= 1;
        if let Some(note) = beyond {
            // Some way may have used less.
            let failed = failed(note);
            self.leave_with(&mut ended, &failed);
        }
        ended
    }

    /// Adds a failure to how a function can end.
    fn leave_with(&mut self, ended: &mut PossibleEnds, failed: &PossibleEnds) {
        if ended.failed {
            let doubt = std::mem::take(&mut ended.doubt);
            self.meeting(&doubt, false).value(&mut ended.note, &failed.note);
            ended.doubt = doubt;
        } else {
            (ended.failed, ended.note) = (true, failed.note);
        }
        ended.doubt.add(&self.all_sources());
    }

    fn run(&mut self, row: &'e FunctionRow, first: u32) -> PossibleEnds {
        let program = self.program;
        let start = first as usize;
        let code = program.module.code.get(start..start + usize::from(row.len));
        let mut frame = Frame {
            code: code.unwrap_or_default(),
            first,
            row,
            live: LiveState::new(usize::from(row.cursors)),
            pending: Vec::new(),
            headers: Vec::new(),
            doubt: Sources::default(),
            ended: PossibleEnds::never(),
        };
        if let Some(registers) = self.file.get_mut(registers(row)) {
            registers.fill(Value::ABSENT);
        }
        let mut at = self.goto(&mut frame, 0);
        while let Some(pc) = at {
            self.steps += 1;
            if self.is_lost() {
                return self.anything();
            }
            at = match frame.code.get(pc) {
                Some(ins) => self.step(&mut frame, ins, pc),
                None => None,
            };
        }
        let mut ended = frame.ended;
        if ended.exits() > 1 || ended.decided.len() > 1 {
            ended.doubt.add(&frame.doubt);
        }
        ended
    }

    /// Where nothing is told any more.
    fn anything(&mut self) -> PossibleEnds {
        let sources = self.all_sources();
        let every = Classes::all(EvalError::ALL);
        PossibleEnds {
            yes: true,
            no: true,
            failed: true,
            value: self.facts.value(Fact::of(Kinds::DATA, sources.clone())),
            note: self.facts.value(Fact::failure(every, sources.clone())),
            decided: (0..NONE).take(usize::from(u8::MAX)).collect(),
            doubt: sources,
        }
    }

    pub(super) fn all_sources(&self) -> Sources {
        let rows = (0..self.unknowns.len()).filter_map(|row| u32::try_from(row).ok());
        rows.fold(Sources::default(), |all, row| all.with(&Sources::one(row)))
    }

    /// Joins what ways bring, for `doubt`.
    pub(super) fn meeting<'m>(&'m mut self, doubt: &'m Sources, widen: bool) -> Join<'m> {
        let module = &self.program.module;
        let view = self.machine.heap.view();
        let (facts, cells) = (&mut self.facts, &self.cells);
        Join { facts, view, module, unknowns: self.unknowns, cells, doubt, widen }
    }

    /// Runs an instruction; where the way goes on that stands first.
    fn step(&mut self, frame: &mut Frame<'e>, ins: &'e Instruction, pc: usize) -> Option<usize> {
        if ins.op == Op::Return {
            return self.give(frame, ins, pc);
        }
        if ins.op == Op::Decide {
            frame.ended.yes = true;
            if let Err(place) = frame.ended.decided.binary_search(&ins.b) {
                frame.ended.decided.insert(place, ins.b);
            }
            return self.take(frame);
        }
        if ins.op == Op::Next {
            return self.next(frame, ins, pc);
        }
        let ways = self.other(frame, ins, pc);
        let ways = self.witnessed(frame.code, ins, ways);
        self.part(frame, ins, pc, ways)
    }

    /// Sends each way where it leads; where the way goes on that stands first.
    fn part(
        &mut self,
        frame: &mut Frame<'e>,
        ins: &Instruction,
        pc: usize,
        ways: Outcomes,
    ) -> Option<usize> {
        let (yes, no) = targets(ins, pc);
        if ways.count() == 0 {
            return self.take(frame);
        }
        if ways.count() > 1 {
            self.forked = true;
            let sources = self.sources(frame, ins);
            frame.doubt.add(&sources);
        }
        let only = ways.count() == 1;
        if let Some(note) = ways.failed {
            let before = frame.live.note;
            if ins.x & X_COLD == 0 {
                frame.live.note = note;
            }
            if only {
                return self.goto(frame, usize::from(ins.e));
            }
            self.push(frame, usize::from(ins.e));
            frame.live.note = before;
        }
        if ways.no {
            if only {
                return self.goto(frame, no);
            }
            self.push(frame, no);
        }
        if ways.yes {
            if !self.write(frame, ways.write) {
                let place = frame.place(pc);
                return self.fail(frame, ins, BROKEN, place);
            }
            if only {
                return self.goto(frame, yes);
            }
            self.push(frame, yes);
        }
        self.take(frame)
    }

    /// An instruction of a program that names what is not there.
    fn fail(
        &mut self,
        frame: &mut Frame<'e>,
        ins: &Instruction,
        class: EvalError,
        place: u32,
    ) -> Option<usize> {
        frame.live.note = Value::error(class as u8, place);
        self.goto(frame, usize::from(ins.e))
    }

    pub(super) fn write(&mut self, frame: &mut Frame<'e>, write: Write) -> bool {
        match write {
            Write::Nothing => true,
            Write::Register(at, value) => match self.file.get_mut(usize::from(at)) {
                Some(place) => {
                    *place = value;
                    true
                }
                None => false,
            },
            Write::Registers(at, values) => {
                let first = usize::from(at);
                match self.file.get_mut(first..first + values.len()) {
                    Some(places) => {
                        places.copy_from_slice(&values);
                        true
                    }
                    None => false,
                }
            }
            Write::Build(at, build) => match frame.live.builds.get_mut(at) {
                Some(place) => {
                    *place = build;
                    true
                }
                None => false,
            },
        }
    }

    /// `Return`
    fn give(&mut self, frame: &mut Frame<'e>, ins: &Instruction, pc: usize) -> Option<usize> {
        let Some(value) = self.file.get(usize::from(ins.a)).copied() else {
            let place = frame.place(pc);
            return self.fail(frame, ins, BROKEN, place);
        };
        let (there, missing) = self.read(&value, frame.place(pc));
        let both = there.is_some() && missing.is_some() && ins.e != INFALLIBLE;
        if both {
            self.forked = true;
            let sources = self.sources(frame, ins);
            frame.doubt.add(&sources);
        }
        if let Some(value) = there {
            let doubt = std::mem::take(&mut frame.doubt);
            if frame.ended.yes {
                self.meeting(&doubt, false).value(&mut frame.ended.value, &value);
            } else {
                (frame.ended.yes, frame.ended.value) = (true, value);
            }
            frame.doubt = doubt;
        }
        match missing {
            Some(note) if both || there.is_none() => {
                if ins.x & X_COLD == 0 {
                    frame.live.note = note;
                }
                self.goto(frame, usize::from(ins.e))
            }
            _ => self.take(frame),
        }
    }

    /// Goes on at `pc`, or as another way that stands before it.
    pub(super) fn goto(&mut self, frame: &mut Frame<'e>, pc: usize) -> Option<usize> {
        let first = frame.pending.last().map_or(usize::MAX, |state| state.pc);
        if pc < frame.code.len() && pc < first {
            return Some(pc);
        }
        self.push(frame, pc);
        self.take(frame)
    }

    /// Leaves a way at `pc` for later; at an exit it ends.
    pub(super) fn push(&mut self, frame: &mut Frame<'e>, pc: usize) {
        if pc >= frame.code.len() {
            return self.leave(frame, pc);
        }
        let state = self.state(frame, pc);
        let at = frame.pending.partition_point(|other| other.pc > pc);
        match frame.pending.get_mut(at) {
            Some(other) if other.pc == pc => {
                self.meeting(&frame.doubt, false).states(other, &state);
            }
            _ => frame.pending.insert(at, state),
        }
    }

    /// What a way brings to `pc`.
    pub(super) fn state(&self, frame: &Frame<'e>, pc: usize) -> State {
        let registers = self.file.get(registers(frame.row)).unwrap_or_default().to_vec();
        State { pc, registers, live: frame.live.clone() }
    }

    /// Stands where a state says.
    pub(super) fn stand(&mut self, frame: &mut Frame<'e>, state: State) -> usize {
        let places = self.file.get_mut(registers(frame.row)).into_iter().flatten();
        for (place, value) in places.zip(&state.registers) {
            *place = *value;
        }
        frame.live = state.live;
        state.pc
    }

    /// The way that stands first.
    pub(super) fn take(&mut self, frame: &mut Frame<'e>) -> Option<usize> {
        let state = frame.pending.pop()?;
        Some(self.stand(frame, state))
    }

    fn leave(&mut self, frame: &mut Frame<'e>, pc: usize) {
        if pc == frame.code.len() || pc == usize::from(EXIT_TRUE) {
            frame.ended.yes = true;
        } else if pc == usize::from(EXIT_FALSE) {
            frame.ended.no = true;
        } else if frame.ended.failed {
            let doubt = std::mem::take(&mut frame.doubt);
            let note = frame.live.note;
            self.meeting(&doubt, false).value(&mut frame.ended.note, &note);
            frame.doubt = doubt;
        } else {
            (frame.ended.failed, frame.ended.note) = (true, frame.live.note);
        }
    }

    /// A value as an operand: what it is if it is there, and what reading it notes if it is not.
    pub(super) fn read(&mut self, value: &Value, place: u32) -> (Option<Value>, Option<Value>) {
        if value.tag() != Tag::Unknown {
            return if value.is_present() {
                (Some(*value), None)
            } else {
                let class = misfit(value);
                (None, Some(Value::error(class as u8, place)))
            };
        }
        let fact = self.fact(value);
        if fact.is_there() {
            return (Some(*value), None);
        }
        let there = fact.there();
        let value = (!there.kinds.is_empty()).then(|| self.value(there));
        (value, self.noted(fact.missing(), &fact.sources, place))
    }

    /// What is noted where something fails in one way or the other.
    pub(super) fn either(&mut self, a: Option<Value>, b: Option<Value>) -> Option<Value> {
        let (Some(mut a), Some(b)) = (a, b) else { return a.or(b) };
        self.meeting(&Sources::default(), false).value(&mut a, &b);
        Some(a)
    }

    /// What is noted where something fails with one of `classes`.
    pub(super) fn noted(
        &mut self,
        classes: Classes,
        sources: &Sources,
        place: u32,
    ) -> Option<Value> {
        match classes.list().as_slice() {
            [] => None,
            [class] => Some(Value::error(*class as u8, place)),
            _ => Some(self.value(Fact::failure(classes, sources.clone()))),
        }
    }
}

fn registers(row: &FunctionRow) -> std::ops::Range<usize> {
    let first = usize::from(row.first_register);
    first..first + usize::from(row.registers)
}

/// Where T and F lead.
pub(super) fn targets(ins: &Instruction, pc: usize) -> (usize, usize) {
    let (on, off) = (pc + 1, usize::from(ins.f));
    if ins.x & X_INVERT == 0 { (on, off) } else { (off, on) }
}

fn failed(note: FailureSite) -> PossibleEnds {
    PossibleEnds { failed: true, note: note.value(), ..PossibleEnds::never() }
}
