//! Loops over lists and maps, and what is built: where lists, their elements or the ways that lead
//! to them are not known.
//!
//! In:      loops, builders, the file.
//! Out:     `Outcomes`; elements in registers.
//! Imports: `base`, `lang`, `runtime::bundle`.
//!
//! A loop over a list of known size turns as often, whatever its elements are. One over a list of
//! unknown size is open: its turns bring the same over and over, and it turns until what a turn
//! begins with no longer changes.

use crate::base::limits::ELEMENTS_MAX;
use crate::lang::error::EvalError;
use crate::lang::opcodes::{Instruction, Op, X_OPTIONAL, X_PAIRS};
use crate::lang::value::message::Field;
use crate::lang::value::{Space, Tag, Value, map, message};
use crate::runtime::bundle::module::{NONE, NodeMode, SlotRow, TypeRow};
use crate::runtime::vm::machine::{BROKEN, Outcome, misfit};
use crate::runtime::vm::partial::eval::{Evaluator, Frame, Outcomes, Write, targets};
use crate::runtime::vm::partial::fact::{Classes, Fact, INTS, Kinds, SIZES, Sources};
use crate::runtime::vm::partial::state::{Build, Loop, is_unknown};
use crate::runtime::vm::partial::unknown::UnknownReference;
use crate::runtime::vm::request::whole::row;

/// Most turns of a loop over unknown elements that are taken one by one.
const TURNS: u32 = 64;

impl<'e> Evaluator<'e> {
    /// `Iter`: the loop is set on every way, the first element on that of T.
    pub(super) fn walk(&mut self, frame: &mut Frame<'e>, ins: &Instruction, pc: usize) -> Outcomes {
        let place = frame.place(pc);
        let at = frame.cursor(ins.b);
        let list = self.file.get(usize::from(ins.a)).copied();
        let (Some(list), Some(_)) = (list, frame.live.loops.get(at)) else {
            return self.known(Outcome::Error(BROKEN), frame, place);
        };
        let made_of = self.mode_of(ins.a);
        let hidden = self.hidden_in(ins.a, &list);
        let walks = matches!(list.tag(), Tag::List | Tag::Map);
        if !is_unknown(&list) && hidden.is_none() {
            if !walks {
                return self.known(Outcome::Error(misfit(&list)), frame, place);
            }
            let begun = Loop { list, len: list.len(), ..Loop::IDLE };
            return self.begin(
                frame,
                ins,
                (at, begun),
                Outcomes::branch(!list.is_empty(), list.is_empty()),
            );
        }
        // A list that was built may be of rows with one column.
        let gaps = hidden.is_some() && made_of.is_none() && list.tag() == Tag::List;
        let (fact, list) = match hidden {
            Some((count, sources)) => {
                let sizes = (list.len().saturating_sub(count), list.len());
                let fact = Fact { sizes, ..Fact::of(Kinds::of(list.tag()), sources) };
                (fact.clone(), self.value(fact))
            }
            None => (self.fact(&list), list),
        };
        let there = fact.there().kinds;
        let walked = Kinds::of(Tag::List).and(Kinds::MAP);
        let mut classes = fact.missing();
        if !there.within(walked) {
            classes = classes.and(Classes::of(EvalError::NoSuchOverload));
        }
        let failed = self.noted(classes, &fact.sources, place);
        let any = !there.among(walked).is_empty();
        let (least, most) = fact.sizes;
        let open = least != most || most > TURNS;
        let begun = Loop { list, len: most, open, gaps, ..Loop::IDLE };
        let ways = Outcomes { failed, ..Outcomes::branch(any && most > 0, any && least == 0) };
        self.begin(frame, ins, (at, begun), ways)
    }

    /// How many entries or elements of what register `at` holds are perhaps not there, and why.
    pub(super) fn hidden_in(&mut self, at: u16, value: &Value) -> Option<(u32, Sources)> {
        // What is hidden in a row is a column of it: the row is there.
        let rows = self.mode_of(at) == Some(NodeMode::Rows) || value.columns() > 1;
        if rows && value.tag() == Tag::List { None } else { self.hides(value) }
    }

    /// How the input is read that register `at` holds; `None` where it holds something else.
    fn mode_of(&self, at: u16) -> Option<NodeMode> {
        let slot = self.program.module.slots.get(usize::from(at))?;
        let SlotRow::Value(node) = slot else { return None };
        self.program.paths.get(*node).map(|node| node.mode)
    }

    fn begin(
        &mut self,
        frame: &mut Frame<'e>,
        ins: &Instruction,
        (at, begun): (usize, Loop),
        ways: Outcomes,
    ) -> Outcomes {
        if let Some(place) = frame.live.loops.get_mut(at) {
            *place = begun;
        }
        if begun.open {
            frame.headers.retain(|(cursor, _)| *cursor != ins.b);
            let state = self.state(frame, 0);
            frame.headers.push((ins.b, state));
        }
        if !ways.yes {
            return ways;
        }
        match self.columns(&begun, ins) {
            Some(values) => Outcomes { write: Write::Registers(ins.c, values), ..ways },
            None => Outcomes {
                failed: Some(Value::error(BROKEN as u8, 0)),
                ..Outcomes::branch(false, false)
            },
        }
    }

    /// What the registers of a loop hold in its turn.
    fn columns(&mut self, walked: &Loop, ins: &Instruction) -> Option<Vec<Value>> {
        let pairs = ins.x & X_PAIRS != 0;
        let list = &walked.list;
        if is_unknown(list) {
            return Some(self.unknown_columns(walked, pairs));
        }
        let view = self.machine.heap.view();
        let store =
            if list.space() == Space::Program { view.program_elements } else { view.elements };
        let stride = usize::from(list.columns());
        let first = list.off() as usize + walked.at as usize * stride;
        let is_map = list.tag() == Tag::Map;
        let count = if is_map && !pairs { 1 } else { stride };
        let index = (pairs && !is_map).then(|| Value::int(i64::from(walked.at)));
        let elements = store.get(first..first + count)?;
        Some(index.into_iter().chain(elements.iter().copied()).collect())
    }

    fn unknown_columns(&mut self, walked: &Loop, pairs: bool) -> Vec<Value> {
        let fact = self.fact(&walked.list);
        let program = self.program;
        let sources = fact.sources.clone();
        let index = if walked.open {
            let last = i64::from(walked.len.saturating_sub(1));
            let ints = Fact { ints: (0, last), ..Fact::of(Kinds::of(Tag::Int), sources.clone()) };
            self.value(ints)
        } else {
            Value::int(i64::from(walked.at))
        };
        if let Some(node) = program.paths.get(fact.rows).filter(|_| fact.rows != NONE) {
            let mut values: Vec<Value> = pairs.then_some(index).into_iter().collect();
            for (number, column) in (node.first_child..).zip(program.paths.children(node)) {
                let absent = Kinds::of(Tag::Absent);
                let mut own = match column.mode {
                    NodeMode::Object(_) => Fact::of(Kinds::DATA, sources.clone()),
                    NodeMode::Rows | NodeMode::Whole => {
                        Fact::of_type(&program.module, column.ty, sources.clone())
                    }
                };
                if column.mode == NodeMode::Rows {
                    own.rows = number;
                }
                if !column.required {
                    own.kinds = own.kinds.and(absent);
                }
                values.push(self.value(own));
            }
            return values;
        }
        let mut part = self.part_of(&fact, &sources);
        if walked.gaps {
            part.kinds = part.kinds.and(Kinds::of(Tag::Absent));
        }
        let typed = (fact.ty != NONE).then(|| row(&program.module, fact.ty));
        let key = if let Some(TypeRow::Map(key, _)) = typed {
            Kinds::of_type(&program.module, *key)
        } else {
            KEYS
        };
        let key = Fact::of(key.among(KEYS), sources.clone());
        let (list, is_map) = (fact.kinds.has(Tag::List), fact.kinds.has(Tag::Map));
        let first = match (list, is_map, pairs) {
            (true, false, true) => None,
            (true, false, false) => Some(part.clone()),
            (true, true, true) => Some(key.joined(&Fact::of(Kinds::of(Tag::Int), sources))),
            (true, true, false) => Some(key.joined(&part)),
            (false, _, _) => Some(key),
        };
        let first = first.map_or(index, |fact| self.value(fact));
        if pairs { vec![first, self.value(part)] } else { vec![first] }
    }

    /// `Next`
    pub(super) fn next(
        &mut self,
        frame: &mut Frame<'e>,
        ins: &'e Instruction,
        pc: usize,
    ) -> Option<usize> {
        let (out, back) = targets(ins, pc);
        let at = frame.cursor(ins.b);
        let Some(walked) = frame.live.loops.get_mut(at) else { return self.take(frame) };
        walked.at = walked.at.saturating_add(1);
        let turned = *walked;
        if turned.open {
            return self.turn(frame, ins, (pc, out, back));
        }
        if turned.at >= turned.len {
            return self.goto(frame, out);
        }
        let turn = pc.saturating_sub(usize::from(ins.f)) as u64 + 1;
        if let Err(class) = self.machine.budget.spend(turn) {
            self.exhausted(frame, ins, class, pc);
            if !self.forked {
                return self.take(frame);
            }
        }
        let values = self.columns(&turned, ins).unwrap_or_default();
        self.write(frame, Write::Registers(ins.c, values));
        self.goto(frame, back)
    }

    /// Leaves a way for the end of the budget.
    fn exhausted(&mut self, frame: &mut Frame<'e>, ins: &Instruction, class: EvalError, pc: usize) {
        let note = frame.live.note;
        frame.live.note = Value::error(class as u8, frame.place(pc));
        self.push(frame, usize::from(ins.e));
        frame.live.note = note;
        if self.forked {
            let sources = self.all_sources();
            frame.doubt.add(&sources);
        }
    }

    /// The end of a turn of an open loop: it may be the last. Another turn is only taken if it
    /// begins with something new.
    fn turn(
        &mut self,
        frame: &mut Frame<'e>,
        ins: &'e Instruction,
        (pc, out, back): (usize, usize, usize),
    ) -> Option<usize> {
        self.forked = true;
        let sources = self.sources(frame, ins);
        frame.doubt.add(&sources);
        self.push(frame, out);
        if self.machine.budget.metered {
            self.exhausted(frame, ins, EvalError::Budget, pc);
        }
        let at = frame.headers.iter().position(|(cursor, _)| *cursor == ins.b);
        let Some(at) = at else { return self.take(frame) };
        let (_, mut header) = frame.headers.swap_remove(at);
        let state = self.state(frame, 0);
        let changed = self.meeting(&frame.doubt, true).states(&mut header, &state);
        frame.headers.push((ins.b, header.clone()));
        if !changed {
            return self.take(frame);
        }
        self.stand(frame, header);
        let walked = frame.live.loops.get(frame.cursor(ins.b)).copied()?;
        let values = self.columns(&walked, ins).unwrap_or_default();
        self.write(frame, Write::Registers(ins.c, values));
        self.goto(frame, back)
    }

    /// What is left of loops and of what is built.
    pub(super) fn looped(
        &mut self,
        frame: &mut Frame<'e>,
        ins: &Instruction,
        pc: usize,
    ) -> Outcomes {
        let place = frame.place(pc);
        let at = frame.cursor(ins.b);
        if frame.live.loops.get(at).is_none() {
            return self.known(Outcome::Error(BROKEN), frame, place);
        }
        let one = Outcomes::branch(true, false);
        if ins.op == Op::Pend {
            self.pend(frame, at);
            return one;
        }
        if ins.op == Op::Count {
            self.count(frame, at);
            return one;
        }
        if ins.op == Op::LoopEnd {
            return self.loop_end(frame, at, place);
        }
        if ins.op == Op::Counted {
            let count = frame.live.loops.get(at).map_or(Value::ABSENT, |it| it.count);
            return Outcomes::on(Write::Register(ins.c, count));
        }
        self.built(frame, (ins, at), place)
    }

    /// What is done with a builder.
    fn built(
        &mut self,
        frame: &mut Frame<'e>,
        (ins, at): (&Instruction, usize),
        place: u32,
    ) -> Outcomes {
        if ins.op == Op::Build {
            return Outcomes::on(Write::Build(at, Build::EMPTY));
        }
        if ins.op == Op::Append {
            return self.append(frame, (ins, at), &[ins.a], place);
        }
        if ins.op == Op::Put {
            return self.append(frame, (ins, at), &[ins.a, ins.c], place);
        }
        if ins.op == Op::PutField {
            return self.put_field(frame, (ins, at), place);
        }
        self.finish(frame, (ins, at), place)
    }

    /// `Pend`: what the first element that failed noted stays.
    fn pend(&mut self, frame: &mut Frame<'e>, at: usize) {
        let Some(failed) = frame.live.loops.get(at).map(|it| it.failed) else { return };
        let fact = self.fact(&failed);
        if !fact.kinds.has(Tag::Absent) {
            return;
        }
        let mut noted = frame.live.note;
        if is_unknown(&failed) {
            let first = self.value(Fact { kinds: Kinds::of(Tag::Error), ..fact });
            let doubt = std::mem::take(&mut frame.doubt);
            self.meeting(&doubt, false).value(&mut noted, &first);
            frame.doubt = doubt;
        }
        if let Some(walked) = frame.live.loops.get_mut(at) {
            walked.failed = noted;
        }
    }

    /// `LoopEnd`
    fn loop_end(&mut self, frame: &mut Frame<'e>, at: usize, place: u32) -> Outcomes {
        let failed = frame.live.loops.get(at).map_or(Value::ABSENT, |it| it.failed);
        let fact = self.fact(&failed);
        let none = fact.kinds.has(Tag::Absent);
        let some = fact.kinds.has(Tag::Error);
        let kept = match (some, is_unknown(&failed)) {
            (true, true) => self.noted(fact.errors, &fact.sources, place),
            (true, false) => Some(failed),
            (false, _) => None,
        };
        Outcomes { failed: kept, ..Outcomes::branch(false, none) }
    }

    /// `Count`
    fn count(&mut self, frame: &mut Frame<'e>, at: usize) {
        let Some(count) = frame.live.loops.get(at).map(|it| it.count) else { return };
        let count = if is_unknown(&count) {
            let fact = self.fact(&count);
            let one = |bound: i64| bound.saturating_add(1);
            let ints = if fact.ints == INTS { INTS } else { (one(fact.ints.0), one(fact.ints.1)) };
            self.value(Fact { ints, ..fact })
        } else {
            Value::int(count.signed().saturating_add(1))
        };
        if let Some(walked) = frame.live.loops.get_mut(at) {
            walked.count = count;
        }
    }

    /// `Append` and `Put`: a value, or a key and a value.
    fn append(
        &mut self,
        frame: &mut Frame<'e>,
        (ins, at): (&Instruction, usize),
        operands: &[u16],
        place: u32,
    ) -> Outcomes {
        let mut values = Vec::new();
        let mut failed = None;
        for operand in operands {
            let Some(value) = self.file.get(usize::from(*operand)).copied() else {
                return self.known(Outcome::Error(BROKEN), frame, place);
            };
            let (there, missing) = self.read(&value, place);
            failed = self.either(failed, missing);
            let Some(there) = there else {
                return Outcomes { failed, ..Outcomes::branch(false, false) };
            };
            values.push(there);
        }
        let Some(build) = frame.live.builds.get(at).copied() else {
            return self.known(Outcome::Error(BROKEN), frame, place);
        };
        if ins.x & X_OPTIONAL != 0
            && let Some(last) = values.pop()
        {
            if is_unknown(&last) {
                return self.append_perhaps(frame, (at, build), (&last, &values), (failed, place));
            }
            if last.tag() != Tag::Optional {
                let note = Value::error(EvalError::NoSuchOverload as u8, place);
                let failed = self.either(failed, Some(note));
                return Outcomes { failed, ..Outcomes::branch(false, false) };
            }
            let Some(held) = self.machine.heap.elements(&last).first().copied() else {
                return Outcomes { failed, ..Outcomes::branch(true, false) };
            };
            values.push(held);
        }
        let waiting = frame.live.builds.iter().map(|build| match build {
            Build::Exact { len, .. } => *len as usize,
            Build::Vague(_) => 0,
        });
        if waiting.sum::<usize>() >= ELEMENTS_MAX {
            let note = Value::error(EvalError::Budget as u8, place);
            let failed = self.either(failed, Some(note));
            return Outcomes { failed, ..Outcomes::branch(false, false) };
        }
        let build = values.into_iter().fold(build, |build, value| self.added(build, value));
        Outcomes { failed, ..Outcomes::on(Write::Build(at, build)) }
    }

    /// What an optional that nobody knows holds, if it holds something.
    fn append_perhaps(
        &mut self,
        frame: &Frame<'e>,
        (at, build): (usize, Build),
        (optional, keys): (&Value, &[Value]),
        (failed, place): (Option<Value>, u32),
    ) -> Outcomes {
        let fact = self.fact(optional);
        let mut fact_of = self.vague(build);
        let most = u32::try_from(keys.len()).unwrap_or(1) + 1;
        fact_of.sizes = (fact_of.sizes.0, fact_of.sizes.1.saturating_add(most));
        fact_of.sources = fact_of.sources.with(&fact.sources);
        fact_of.sources.add(&frame.doubt);
        fact_of.sources.add(&self.sources_of(keys));
        let build = Build::Vague(self.value(fact_of).off());
        let other = !fact.kinds.within(Kinds::of(Tag::Optional));
        let misfit = other.then(|| Value::error(EvalError::NoSuchOverload as u8, place));
        let failed = self.either(failed, misfit);
        Outcomes { failed, ..Outcomes::on(Write::Build(at, build)) }
    }

    fn added(&mut self, build: Build, value: Value) -> Build {
        match build {
            Build::Exact { last, len } => {
                Build::Exact { last: self.cells.push(last, value), len: len.saturating_add(1) }
            }
            Build::Vague(_) => {
                let mut fact = self.vague(build);
                let one = |size: u32| size.saturating_add(1);
                fact.sizes = (one(fact.sizes.0), one(fact.sizes.1));
                if let Some(sources) = self.taint(&value) {
                    fact.sources.add(&sources);
                }
                Build::Vague(self.value(fact).off())
            }
        }
    }

    /// What is known of what is built.
    pub(super) fn vague(&mut self, build: Build) -> Fact {
        match build {
            Build::Exact { last, len } => {
                let values = self.cells.list(last);
                let sources = self.sources_of(&values);
                let value = self.facts.container(len, sources);
                self.fact(&value)
            }
            Build::Vague(fact) => self.fact(&UnknownReference::derived(fact)),
        }
    }

    /// `EndList`, `EndMap`, `EndMessage`
    fn finish(
        &mut self,
        frame: &mut Frame<'e>,
        (ins, at): (&Instruction, usize),
        place: u32,
    ) -> Outcomes {
        let build = frame.live.builds.get(at).copied().unwrap_or(Build::EMPTY);
        let fact = match build {
            Build::Exact { last, .. } => {
                let values = self.cells.list(last);
                let keys = values.iter().step_by(2).any(is_unknown);
                if ins.op != Op::EndMap || !keys {
                    self.deep |= values.iter().any(is_unknown);
                    let answer = self.finished(ins, &values);
                    return self.answered(ins, answer, place);
                }
                self.vague(build)
            }
            Build::Vague(_) => self.vague(build),
        };
        let sources = fact.sources.clone();
        let half = |size: u32| if size == u32::MAX { size } else { size / 2 };
        let (kinds, sizes) = if ins.op == Op::EndList {
            (Kinds::of(Tag::List), fact.sizes)
        } else if ins.op == Op::EndMap {
            (Kinds::MAP, (half(fact.sizes.0), half(fact.sizes.1)))
        } else {
            (Kinds::DATA, SIZES)
        };
        let told = Fact { sizes, ..Fact::of(kinds, sources.clone()) };
        let classes = if ins.op == Op::EndList && fact.sizes.1 as usize <= ELEMENTS_MAX {
            Classes::NONE
        } else {
            Classes::all(ins.op.errors())
        };
        self.told(ins, Some(told), classes, (&sources, place))
    }

    fn finished(&mut self, ins: &Instruction, values: &[Value]) -> Result<Value, EvalError> {
        let heap = &mut self.machine.heap;
        if ins.op == Op::EndList {
            return heap.new_list(values);
        }
        let height = heap.store.height();
        for value in values {
            if let Err(class) = heap.store.push_stack(*value) {
                heap.store.drop_stack(height);
                return Err(class);
            }
        }
        if ins.op == Op::EndMap {
            return map::finish(heap, height);
        }
        message::build::finish(heap, ins.a.into(), height)
    }

    /// `PutField`
    fn put_field(
        &mut self,
        frame: &mut Frame<'e>,
        (ins, at): (&Instruction, usize),
        place: u32,
    ) -> Outcomes {
        let own: Option<&Field> = self.program.fields.get(usize::from(ins.c));
        let value = self.file.get(usize::from(ins.a)).copied();
        let (Some(own), Some(value), Some(build)) =
            (own, value, frame.live.builds.get(at).copied())
        else {
            return self.known(Outcome::Error(BROKEN), frame, place);
        };
        let exact = matches!(build, Build::Exact { .. });
        if self.taint(&value).is_some() || !exact {
            let mut fact = self.vague(build);
            fact.sizes = SIZES;
            let sources = self.sources_of(&[value]);
            fact.sources.add(&sources);
            let classes = Classes::all(EvalError::ALL);
            let failed = self.noted(classes, &sources, place);
            let build = Build::Vague(self.value(fact).off());
            return Outcomes { failed, ..Outcomes::on(Write::Build(at, build)) };
        }
        match self.assigned(ins, own, &value) {
            Ok(None) => Outcomes::branch(true, false),
            Ok(Some(value)) => {
                let number = Value::int(own.number.into());
                let build = [number, value].into_iter().fold(build, |all, it| self.added(all, it));
                Outcomes::on(Write::Build(at, build))
            }
            Err(class) => self.known(Outcome::Error(class), frame, place),
        }
    }

    fn assigned(
        &mut self,
        ins: &Instruction,
        own: &Field,
        value: &Value,
    ) -> Result<Option<Value>, EvalError> {
        let heap = &mut self.machine.heap;
        if !value.is_present() {
            return Err(misfit(value));
        }
        let mut value = *value;
        if ins.x & X_OPTIONAL != 0 {
            if value.tag() != Tag::Optional {
                return Err(EvalError::NoSuchOverload);
            }
            let Some(held) = heap.elements(&value).first().copied() else { return Ok(None) };
            value = held;
        }
        message::build::assign(heap, own, &value)
    }
}

/// What can be the key of a map.
const KEYS: Kinds = Kinds::of(Tag::Bool)
    .and(Kinds::of(Tag::Int))
    .and(Kinds::of(Tag::Uint))
    .and(Kinds::of(Tag::String));
