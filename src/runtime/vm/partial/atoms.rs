//! Tests: what they can come to where an operand is unknown.
//!
//! In:      an instruction that yields a branch.
//! Out:     `Outcomes`.
//! Imports: `lang`, `runtime::bundle`.
//! Source:  the meaning of each instruction stands in `lang::opcodes`.

use crate::lang::error::EvalError;
use crate::lang::opcodes::{Instruction, Op, Operand, X_GREATER, X_LESS, X_LEVEL};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{NONE, TypeRow};
use crate::runtime::vm::atom;
use crate::runtime::vm::machine::{BROKEN, Outcome};
use crate::runtime::vm::partial::equal::{Answer, Orders, orders_with};
use crate::runtime::vm::partial::eval::{Evaluator, Frame, Outcomes, Write};
use crate::runtime::vm::partial::fact::{Classes, Fact, Kinds, Sources};
use crate::runtime::vm::partial::state::is_unknown;
use crate::runtime::vm::request::whole::{field, type_row};
use crate::runtime::vm::select::related;

/// What a test can come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Branches {
    pub(super) yes: bool,
    pub(super) no: bool,
    pub(super) failed: Classes,
}

impl Branches {
    const EITHER: Self = Self { yes: true, no: true, failed: Classes::NONE };

    fn fail(mut self, class: EvalError) -> Self {
        self.failed = self.failed.and(Classes::of(class));
        self
    }

    fn and(self, other: Self) -> Self {
        Self {
            yes: self.yes | other.yes,
            no: self.no | other.no,
            failed: self.failed.and(other.failed),
        }
    }

    fn of(answer: Answer) -> Self {
        Self { yes: answer != Answer::No, no: answer != Answer::Yes, failed: Classes::NONE }
    }

    /// As a relation tells of orders.
    fn related(orders: &Orders, x: u8) -> Self {
        let mut all = Self::default();
        for order in orders {
            if order.is_some_and(|order| related(order, x)) {
                all.yes = true;
            } else {
                all.no = true;
            }
        }
        all
    }
}

impl<'e> Evaluator<'e> {
    /// What an atom can come to.
    pub(super) fn atom(&mut self, frame: &mut Frame<'e>, ins: &Instruction, pc: usize) -> Outcomes {
        let place = frame.place(pc);
        let operands = self.operands(ins);
        if let (Op::HasKey, [a]) = (ins.op, operands.as_slice())
            && let Some((_, sources)) = self.hides(a)
        {
            // Which of its entries is hidden makes no difference here.
            let perhaps = self.value(Fact::of(Kinds::of(a.tag()), sources));
            return self.tested(ins, &[perhaps], place);
        }
        if let (Op::CompareSize, [a]) = (ins.op, operands.as_slice())
            && let Some((count, sources)) = self.hidden_in(ins.a, a)
        {
            let sizes = (a.len().saturating_sub(count), a.len());
            let perhaps = self.value(Fact { sizes, ..Fact::of(Kinds::of(a.tag()), sources) });
            return self.tested(ins, &[perhaps], place);
        }
        let looks = matches!(ins.op, Op::Equal | Op::EqualConst | Op::In | Op::Holds);
        let open = operands.iter().any(is_unknown)
            || looks && operands.iter().any(|value| self.taint(value).is_some());
        if !open {
            let outcome =
                atom::outcome(self.program, &self.machine.heap, self.machine.scans, self.file, ins);
            return self.known(outcome, frame, place);
        }
        self.tested(ins, &operands, place)
    }

    /// What an atom on operands can come to of which some are unknown.
    fn tested(&mut self, ins: &Instruction, operands: &[Value], place: u32) -> Outcomes {
        let (Some(a), b) = (operands.first().copied(), operands.get(1).copied()) else {
            return Outcomes {
                failed: Some(Value::error(BROKEN as u8, place)),
                ..Outcomes::branch(false, false)
            };
        };
        let mut missing = Classes::NONE;
        let mut gone = false;
        let mut sources = Sources::default();
        for operand in operands {
            let fact = self.fact(operand);
            sources.add(&fact.sources);
            if ins.op != Op::Has {
                missing = missing.and(fact.missing());
                gone |= fact.there().kinds.is_empty();
            }
        }
        let branches = if gone { Branches::default() } else { self.branches(ins, &a, b.as_ref()) };
        let failed = self.noted(branches.failed.and(missing), &sources, place);
        Outcomes { yes: branches.yes, no: branches.no, failed, write: Write::Nothing }
    }

    /// The operands of an instruction that lie in the file. An optional that is looked into and
    /// holds what is unknown is unknown itself.
    pub(super) fn operands(&mut self, ins: &Instruction) -> Vec<Value> {
        let named = ins.op.operands().into_iter().zip([ins.a, ins.b, ins.c]);
        let read = named.filter(|(operand, _)| *operand == Operand::Read);
        let mut values: Vec<Value> =
            read.filter_map(|(_, at)| self.file.get(usize::from(at)).copied()).collect();
        let opens = matches!(
            ins.op,
            Op::HasKey | Op::HasField | Op::Index | Op::IndexOptional | Op::Select | Op::Field
        );
        if let Some(first) = values.first_mut().filter(|_| opens) {
            let held = self.machine.heap.elements(first).first().copied();
            if let (Tag::Optional, Some(held)) = (first.tag(), held.filter(is_unknown)) {
                let sources = self.fact(&held).sources;
                *first = self.value(Fact::of(Kinds::of(Tag::Optional), sources));
            }
        }
        values
    }

    /// An outcome that is known; one for want of room or budget is not, once there was more than
    /// one way.
    pub(super) fn known(&mut self, outcome: Outcome, frame: &Frame<'e>, place: u32) -> Outcomes {
        match outcome {
            Outcome::True => Outcomes::branch(true, false),
            Outcome::False => Outcomes::branch(false, true),
            Outcome::Error(class) => {
                let failed = Some(Value::error(class as u8, place));
                let open = class == EvalError::Budget && self.forked;
                Outcomes { failed, ..Outcomes::branch(open, open) }
            }
            Outcome::Noted => {
                Outcomes { failed: Some(frame.live.note), ..Outcomes::branch(false, false) }
            }
        }
    }

    fn constant(&self, at: u16) -> Value {
        self.program.constants.get(usize::from(at)).copied().unwrap_or(Value::ABSENT)
    }

    /// What an atom can come to if its operands are there.
    fn branches(&mut self, ins: &Instruction, a: &Value, b: Option<&Value>) -> Branches {
        let fact = self.fact(a).there();
        let k = || self.constant(ins.b);
        match (ins.op, b) {
            (Op::CompareInt | Op::CompareUint | Op::CompareDouble | Op::CompareOther, _) => {
                let k = k();
                self.compared(&fact, &k, ins.x)
            }
            (Op::Compare, Some(b)) => self.compared_two(a, b, ins.x),
            (Op::EqualString | Op::EqualConst, _) => {
                let k = k();
                self.equals(a, &k)
            }
            (Op::Equal, Some(b)) => self.equals(a, b),
            (Op::InSet, _) => self.in_set(a, ins.b),
            (Op::In, Some(b)) => self.is_in(a, b),
            (Op::Holds, _) => {
                let k = k();
                self.is_in(&k, a)
            }
            (Op::StartsWith | Op::EndsWith | Op::Contains, _) => {
                let none = fact.sizes == (0, 0) && !k().is_empty();
                let text = Branches { yes: !none, no: true, failed: Classes::NONE };
                of_kinds(&fact, Kinds::of(Tag::String), text)
            }
            (Op::Matches, _) => of_kinds(&fact, Kinds::of(Tag::String), Branches::EITHER),
            (Op::CompareSize, _) => {
                let sizes = Fact {
                    ints: (i64::from(fact.sizes.0), i64::from(fact.sizes.1)),
                    ..Fact::of(Kinds::of(Tag::Int), Sources::default())
                };
                let k = k();
                let compared = self.compared(&sizes, &k, ins.x);
                of_kinds(&fact, Kinds::SIZED, compared)
            }
            (Op::Flag, _) => of_kinds(&fact, Kinds::of(Tag::Bool), Branches::EITHER),
            (Op::Has, _) => {
                let fact = self.fact(a);
                is_there(&fact, ins.x)
            }
            (Op::HasKey, _) => {
                let k = k();
                self.has_key(&fact, &k)
            }
            (Op::HasValue, _) => of_kinds(&fact, Kinds::of(Tag::Optional), Branches::EITHER),
            (_, _) => Branches::default().fail(BROKEN),
        }
    }

    /// How what `fact` is about stands to a value that is known.
    fn compared(&mut self, fact: &Fact, known: &Value, x: u8) -> Branches {
        let orders = self.orders(fact, known);
        let branches = orders.map_or(Branches::default(), |orders| Branches::related(&orders, x));
        let all = fact.kinds.tags().all(|kind| orders_with(kind, known));
        if all { branches } else { branches.fail(EvalError::NoSuchOverload) }
    }

    fn compared_two(&mut self, a: &Value, b: &Value, x: u8) -> Branches {
        let (first, second) = (self.fact(a).there(), self.fact(b).there());
        if !is_unknown(b) {
            return self.compared(&first, b, x);
        }
        if !is_unknown(a) {
            return self.compared(&second, a, turned(x));
        }
        let mut branches = Branches::default();
        for kind in first.kinds.tags() {
            for other in second.kinds.tags() {
                let ordered =
                    kind.is_number() && other.is_number() || kind == other && kind.has_order();
                branches = if ordered {
                    branches.and(Branches::EITHER)
                } else {
                    branches.fail(EvalError::NoSuchOverload)
                };
            }
        }
        branches
    }

    fn equals(&mut self, a: &Value, b: &Value) -> Branches {
        let (first, second) = (self.there(a), self.there(b));
        match self.equal(&first, &second) {
            Ok(answer) => Branches::of(answer),
            Err(class) => Branches::EITHER.fail(class),
        }
    }

    /// A value of which is known that it is there.
    fn there(&mut self, value: &Value) -> Value {
        if !is_unknown(value) {
            return *value;
        }
        let there = self.fact(value).there();
        self.value(there)
    }

    fn in_set(&mut self, a: &Value, set: u16) -> Branches {
        let a = self.there(a);
        let members = self.program.module.sets.get(usize::from(set));
        let mut answer = Answer::No;
        for member in members.into_iter().flatten() {
            let member = self.constant(*member);
            match self.equal(&a, &member) {
                Ok(Answer::Yes) => return Branches::of(Answer::Yes),
                Ok(Answer::No) => {}
                Ok(Answer::Open) | Err(_) => answer = Answer::Open,
            }
        }
        Branches::of(answer)
    }

    /// `a in b`
    fn is_in(&mut self, a: &Value, b: &Value) -> Branches {
        let a = self.there(a);
        if is_unknown(b) {
            let fact = self.fact(b).there();
            let none = fact.sizes == (0, 0);
            let held = Branches { yes: !none, no: true, failed: Classes::NONE };
            return of_kinds(&fact, Kinds::of(Tag::List).and(Kinds::MAP), held);
        }
        let list = b.tag() == Tag::List && b.columns() == 1;
        if !list && b.tag() != Tag::Map {
            return Branches::default().fail(EvalError::NoSuchOverload);
        }
        let step = if list { 1 } else { 2 };
        let elements: Vec<Value> = self.machine.heap.view().elements(b).to_vec();
        let mut branches = Branches { no: true, ..Branches::default() };
        for pair in elements.chunks(step) {
            let Some(element) = pair.first() else { continue };
            let hidden = pair.get(1).copied().filter(is_unknown);
            let hidden = hidden.is_some_and(|value| !self.fact(&value).is_there());
            match self.equal(&a, element) {
                Ok(Answer::Yes) if !hidden => return Branches { yes: true, ..Branches::default() },
                Ok(Answer::No) => {}
                Ok(Answer::Yes | Answer::Open) => branches.yes = true,
                Err(class) => branches = branches.and(Branches::EITHER).fail(class),
            }
        }
        branches
    }

    /// Whether what `fact` is about has key or field `key`.
    pub(super) fn has_key(&mut self, fact: &Fact, key: &Value) -> Branches {
        let module = &self.program.module;
        let optional = fact.kinds.has(Tag::Optional);
        let record = if fact.ty == NONE { None } else { Some(type_row(module, fact.ty)) };
        let mut map = Branches::EITHER;
        if let (Some(TypeRow::Record { fields, rest }), false) = (record, optional) {
            let own = field(module, fields, self.machine.heap.bytes(key));
            map = match own {
                Some(own) => Branches { yes: true, no: !own.required, ..Branches::default() },
                None if *rest == NONE => Branches { no: true, ..Branches::default() },
                None => map,
            };
        }
        let mut branches = Branches::default();
        for kind in fact.kinds.tags() {
            branches = branches.and(match kind {
                Tag::Map => map,
                // What it holds may be no object, a message may not know the field.
                Tag::Optional | Tag::Message => {
                    Branches::EITHER.fail(EvalError::NoSuchOverload).fail(EvalError::NoSuchKey)
                }
                Tag::Absent
                | Tag::Error
                | Tag::Null
                | Tag::Bool
                | Tag::Int
                | Tag::Uint
                | Tag::Double
                | Tag::String
                | Tag::Bytes
                | Tag::Timestamp
                | Tag::Duration
                | Tag::Type
                | Tag::List
                | Tag::Ip
                | Tag::Cidr
                | Tag::Quantity
                | Tag::Semver
                | Tag::Enum
                | Tag::Unknown => Branches::default().fail(EvalError::NoSuchOverload),
            });
        }
        branches
    }
}

/// As `branches` for the kinds that the test is made for, and `NoSuchOverload` for any other.
fn of_kinds(fact: &Fact, kinds: Kinds, branches: Branches) -> Branches {
    let mut all = Branches::default();
    if !fact.kinds.among(kinds).is_empty() {
        all = branches;
    }
    if fact.kinds.within(kinds) { all } else { all.fail(EvalError::NoSuchOverload) }
}

/// `Has`: presence, or with `X_LEVEL` whether there is a container.
fn is_there(fact: &Fact, x: u8) -> Branches {
    let mut branches = Branches::default();
    let rest = fact.there().kinds;
    if fact.kinds.has(Tag::Error) {
        branches.failed = fact.errors;
    }
    if x & X_LEVEL == 0 {
        branches.no = fact.kinds.has(Tag::Absent);
        branches.yes = !rest.is_empty();
        return branches;
    }
    if fact.kinds.has(Tag::Absent) {
        branches = branches.fail(EvalError::NoSuchKey);
    }
    branches.yes = rest.has(Tag::Map) || rest.has(Tag::Bool);
    if rest.within(Kinds::MAP) { branches } else { branches.fail(EvalError::NoSuchOverload) }
}

/// The relations as they are seen from the other side.
const fn turned(x: u8) -> u8 {
    let less = if x & X_GREATER != 0 { X_LESS } else { 0 };
    let greater = if x & X_LESS != 0 { X_GREATER } else { 0 };
    x & !(X_LESS | X_GREATER) | less | greater
}
