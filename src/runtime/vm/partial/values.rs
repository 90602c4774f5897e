//! Instructions that compute: with the functions of the ordinary evaluator where operands are
//! known, and otherwise what can be told of the value.
//!
//! In:      an instruction and its operands.
//! Out:     `Outcomes`.
//! Imports: `lang`, `runtime::bundle`.
//! Source:  the meaning of each instruction stands in `lang::opcodes`.

use crate::lang::error::EvalError;
use crate::lang::functions::{self, Function, Sig};
use crate::lang::opcodes::{Instruction, Op, Operand, X_FIELD, Yield};
use crate::lang::value::{Tag, Value, arith};
use crate::runtime::bundle::module::{NONE, TypeRow};
use crate::runtime::vm::machine::{BROKEN, Outcome};
use crate::runtime::vm::partial::eval::{Evaluator, Frame, Outcomes, Write};
use crate::runtime::vm::partial::fact::{Classes, Fact, INTS, Kinds, Sources};
use crate::runtime::vm::partial::state::is_unknown;
use crate::runtime::vm::request::whole::{field, row};
use crate::runtime::vm::{call, select};

type Answer = Result<Value, EvalError>;

impl<'e> Evaluator<'e> {
    /// What an instruction can do that is neither an atom nor ends the function or a turn.
    pub(super) fn other(
        &mut self,
        frame: &mut Frame<'e>,
        ins: &Instruction,
        pc: usize,
    ) -> Outcomes {
        let place = frame.place(pc);
        match (ins.op, ins.op.yields()) {
            (Op::Test, _) => self.test(ins),
            (Op::Need, _) => self.need(ins),
            (Op::LoadConst, _) => {
                let constant = self.program.constants.get(usize::from(ins.b)).copied();
                self.answered(ins, constant.ok_or(BROKEN), place)
            }
            (Op::Move, _) => {
                let Some(a) = self.file.get(usize::from(ins.a)).copied() else {
                    return self.known(Outcome::Error(BROKEN), frame, place);
                };
                let (there, failed) = self.read(&a, place);
                let write = there.map_or(Write::Nothing, |value| Write::Register(ins.c, value));
                Outcomes { yes: there.is_some(), no: false, failed, write }
            }
            (Op::Catch, _) => Outcomes::on(Write::Register(ins.c, frame.live.note)),
            (Op::Jump, _) => Outcomes::branch(false, true),
            (Op::Fail, _) => {
                let class = u8::try_from(ins.b).ok().and_then(EvalError::from_number);
                let note = Value::error(class.unwrap_or(BROKEN) as u8, place);
                Outcomes { failed: Some(note), ..Outcomes::branch(false, false) }
            }
            (Op::Call | Op::CallAny | Op::CallHost, _) => self.call(ins, place),
            (Op::HasField, _) => self.has_field(frame, ins, place),
            (Op::Iter, _) => self.walk(frame, ins, pc),
            (Op::LoopEnd | Op::Counted | Op::EndList | Op::EndMap | Op::EndMessage, _)
            | (_, Yield::Effect) => self.looped(frame, ins, pc),
            (_, Yield::Branch) => self.atom(frame, ins, pc),
            (_, Yield::Value) => self.computed(ins, place),
            (_, Yield::Control) => self.known(Outcome::Error(BROKEN), frame, place),
        }
    }

    /// `Test`
    fn test(&mut self, ins: &Instruction) -> Outcomes {
        let ended = self.function(ins.a);
        let failed = ended.failed.then_some(ended.note);
        Outcomes { yes: ended.yes, no: ended.no, failed, write: Write::Nothing }
    }

    /// `Need`
    fn need(&mut self, ins: &Instruction) -> Outcomes {
        let ended = self.function(ins.a);
        let failed = ended.failed.then_some(ended.note);
        let write = Write::Register(ins.c, ended.value);
        Outcomes { yes: ended.yes, no: false, failed, write }
    }

    /// What an instruction can do that computes `answer`. Where it wants room or budget after there
    /// was more than one way, some way may have had it.
    pub(super) fn answered(&mut self, ins: &Instruction, answer: Answer, place: u32) -> Outcomes {
        match answer {
            Ok(value) => Outcomes::on(Write::Register(ins.c, value)),
            Err(class) => {
                let failed = Some(Value::error(class as u8, place));
                if class != EvalError::Budget || !self.forked {
                    return Outcomes { failed, ..Outcomes::branch(false, false) };
                }
                let sources = self.all_sources();
                let value = self.value(Fact::of(Kinds::DATA, sources));
                Outcomes { failed, ..Outcomes::on(Write::Register(ins.c, value)) }
            }
        }
    }

    /// The same where the answer may have been taken out of something, and be hidden there.
    fn found(&mut self, ins: &Instruction, answer: Answer, place: u32) -> Outcomes {
        let Ok(value) = answer else { return self.answered(ins, answer, place) };
        if is_unknown(&value) {
            let (there, failed) = self.read(&value, place);
            let write = there.map_or(Write::Nothing, |value| Write::Register(ins.c, value));
            return Outcomes { failed, ..Outcomes { yes: there.is_some(), ..Outcomes::on(write) } };
        }
        if value.tag() == Tag::Optional
            && let Some((_, sources)) = self.hides(&value)
        {
            let fact = Fact::of(Kinds::of(Tag::Optional), sources);
            let value = self.value(fact);
            return Outcomes::on(Write::Register(ins.c, value));
        }
        self.answered(ins, answer, place)
    }

    /// What an instruction can do that computes something of this, or fails with one of `classes`.
    pub(super) fn told(
        &mut self,
        ins: &Instruction,
        fact: Option<Fact>,
        classes: Classes,
        (sources, place): (&Sources, u32),
    ) -> Outcomes {
        let failed = self.noted(classes, sources, place);
        match fact.filter(|fact| !fact.kinds.is_empty()) {
            Some(fact) => {
                let value = self.value(fact);
                Outcomes { failed, ..Outcomes::on(Write::Register(ins.c, value)) }
            }
            None => Outcomes { failed, ..Outcomes::branch(false, false) },
        }
    }

    /// What operands were computed from, that of what they hold included.
    pub(super) fn sources_of(&mut self, values: &[Value]) -> Sources {
        let found: Vec<Sources> = values.iter().filter_map(|value| self.taint(value)).collect();
        found.iter().fold(Sources::default(), Sources::with)
    }

    /// What an instruction hangs on.
    pub(super) fn sources(&mut self, frame: &Frame<'e>, ins: &Instruction) -> Sources {
        let named = ins.op.operands().into_iter().zip([ins.a, ins.b, ins.c]);
        let cursor = named.clone().find(|(operand, _)| *operand == Operand::Cursor);
        let mut values = self.operands(ins);
        if matches!(ins.op, Op::Call | Op::CallAny | Op::CallHost) {
            values = self.arguments(ins).unwrap_or_default();
        }
        let cursor = cursor.map(|(_, at)| frame.cursor(at));
        if let Some(walked) = cursor.and_then(|at| frame.live.loops.get(at)) {
            values.extend([walked.list, walked.failed]);
        }
        let mut sources = self.sources_of(&values);
        if let Some(build) = cursor.and_then(|at| frame.live.builds.get(at)) {
            sources.add(&self.vague(*build).sources);
        }
        if matches!(ins.op, Op::Test | Op::Need) {
            let ended = self.ended.get(usize::from(ins.a)).cloned().flatten();
            if let Some(ended) = ended {
                sources.add(&ended.doubt);
                sources.add(&self.sources_of(&[ended.value, ended.note]));
            }
        }
        sources
    }

    /// The arguments of a call.
    fn arguments(&self, ins: &Instruction) -> Option<Vec<Value>> {
        let program = self.program;
        let count = if ins.op == Op::CallHost {
            program.module.hosts.get(usize::from(ins.b))?.params.len()
        } else if ins.op == Op::Call {
            functions::by_number(ins.b)?.params.len()
        } else {
            let first = *program.module.dispatch.get(usize::from(ins.b))?.first()?;
            functions::by_number(first)?.params.len()
        };
        let first = usize::from(ins.a);
        self.file.get(first..first + count).map(<[Value]>::to_vec)
    }

    /// `Call`, `CallAny`, `CallHost`
    fn call(&mut self, ins: &Instruction, place: u32) -> Outcomes {
        let arguments = self.arguments(ins).unwrap_or_default();
        let open: Vec<Sources> = arguments.iter().filter_map(|value| self.taint(value)).collect();
        if open.is_empty() {
            let (m, file) = (&mut self.machine, &*self.file);
            let answer = if ins.op == Op::Call {
                call::builtin(m, file, ins)
            } else if ins.op == Op::CallAny {
                call::any(m, file, ins)
            } else {
                call::host(m, file, ins)
            };
            return self.answered(ins, answer, place);
        }
        let sources = open.iter().fold(Sources::default(), Sources::with);
        let facts: Vec<Fact> = arguments.iter().map(|value| self.fact(value)).collect();
        let missing = facts.iter().fold(Classes::NONE, |all, fact| all.and(fact.missing()));
        let there: Vec<Fact> = facts.iter().map(Fact::there).collect();
        // What it would have cost is not known either.
        self.forked |= self.machine.budget.metered;
        if there.iter().any(|fact| fact.kinds.is_empty()) {
            return self.told(ins, None, missing, (&sources, place));
        }
        let (fact, classes) = if ins.op == Op::CallHost {
            let host = self.program.module.hosts.get(usize::from(ins.b));
            let ty = host.map_or(NONE, |host| host.result);
            let fact = Fact::of_type(&self.program.module, ty, sources.clone());
            (fact, Classes::all(EvalError::ALL))
        } else {
            self.called(ins, &there, &sources)
        };
        self.told(ins, Some(fact), classes.and(missing), (&sources, place))
    }

    /// What a builtin gives for arguments of which this is known, and what it fails with.
    fn called(&self, ins: &Instruction, there: &[Fact], sources: &Sources) -> (Fact, Classes) {
        let numbers: Vec<u16> = if ins.op == Op::Call {
            vec![ins.b]
        } else {
            self.program.module.dispatch.get(usize::from(ins.b)).cloned().unwrap_or_default()
        };
        let rows: Vec<&'static Function> =
            numbers.iter().filter_map(|number| functions::by_number(*number)).collect();
        let can = |row: &&&Function| {
            let mut pairs = row.params.iter().zip(there);
            pairs.all(|(sig, fact)| !kinds_of(*sig).among(fact.kinds).is_empty())
        };
        let must = |row: &Function| {
            let mut pairs = row.params.iter().zip(there);
            pairs.all(|(sig, fact)| fact.kinds.within(kinds_of(*sig)))
        };
        let fitting: Vec<&&Function> = rows.iter().filter(can).collect();
        let safe = fitting.iter().all(|row| !row.fails && must(row));
        let safe = safe && rows.iter().any(|row| must(row));
        let every = Classes::all(EvalError::ALL);
        let classes = if safe && !self.machine.budget.metered { Classes::NONE } else { every };
        // Some rows know more kinds than they declare.
        let results = fitting.iter().map(|row| kinds_of(row.result));
        let kinds = results.reduce(Kinds::and).unwrap_or(Kinds::DATA);
        let kinds = if rows.iter().any(|row| must(row)) { kinds } else { Kinds::DATA };
        (Fact::of(kinds, sources.clone()), classes)
    }

    /// `HasField`
    fn has_field(&mut self, frame: &Frame<'e>, ins: &Instruction, place: u32) -> Outcomes {
        let a = self.operands(ins).first().copied();
        let (Some(a), Some(own)) = (a, self.program.fields.get(usize::from(ins.b))) else {
            return self.known(Outcome::Error(BROKEN), frame, place);
        };
        if !is_unknown(&a) {
            let outcome = select::is_set(&self.machine.heap, &a, own);
            return self.known(outcome, frame, place);
        }
        let fact = self.fact(&a);
        let branches = self.has_key(&fact.there(), &own.name);
        let failed = self.noted(branches.failed.and(fact.missing()), &fact.sources, place);
        Outcomes { yes: branches.yes, no: branches.no, failed, write: Write::Nothing }
    }

    /// Arithmetic, sizes and selections.
    fn computed(&mut self, ins: &Instruction, place: u32) -> Outcomes {
        let mut operands = self.operands(ins);
        let (Some(a), b) = (operands.first().copied(), operands.get(1).copied()) else {
            return self.answered(ins, Err(BROKEN), place);
        };
        let hidden = if ins.op == Op::Size { self.hidden_in(ins.a, &a) } else { None };
        if let Some((count, sources)) = hidden {
            let most = i64::from(a.len());
            let between = (most - i64::from(count), most);
            let fact = Fact { ints: between, ..Fact::of(Kinds::of(Tag::Int), sources.clone()) };
            return self.told(ins, Some(fact), Classes::NONE, (&sources, place));
        }
        if matches!(ins.op, Op::Index | Op::IndexOptional)
            && a.tag() == Tag::List
            && self.hidden_in(ins.a, &a).is_some()
        {
            // Which element has an index hangs on which of them are there.
            let sources = self.sources_of(&[a]);
            let list = self.value(Fact::of(Kinds::of(Tag::List), sources));
            operands.iter_mut().take(1).for_each(|first| *first = list);
        }
        if !operands.iter().any(is_unknown) {
            let answer = self.compute(ins, &a, &b.unwrap_or(Value::ABSENT));
            return self.found(ins, answer, place);
        }
        let facts: Vec<Fact> = operands.iter().map(|value| self.fact(value)).collect();
        let missing = facts.iter().fold(Classes::NONE, |all, fact| all.and(fact.missing()));
        let there: Vec<Fact> = facts.iter().map(Fact::there).collect();
        let sources = self.sources_of(&operands);
        if there.iter().any(|fact| fact.kinds.is_empty()) {
            return self.told(ins, None, missing, (&sources, place));
        }
        let (fact, classes) = match (ins.op, there.as_slice()) {
            (Op::Negate, [a]) => operated(ins.op, a, a, &sources),
            (Op::Size, [a]) => sized(a, &sources),
            (Op::Index, [a, b]) => self.indexed(a, b, &operands, &sources),
            (Op::Select, [a]) => self.selected(a, ins.b, &sources),
            (Op::Field, [a]) => self.field_of(a, ins.b, &sources),
            (Op::IndexOptional, _) => {
                let fact = Fact::of(Kinds::of(Tag::Optional), sources.clone());
                (Some(fact), Classes::all(ins.op.errors()))
            }
            (Op::ToEnum, _) => {
                let fact = Fact::of(Kinds::of(Tag::Enum), sources.clone());
                (Some(fact), Classes::all(ins.op.errors()))
            }
            (_, [a, b]) => operated(ins.op, a, b, &sources),
            (_, _) => (None, Classes::of(BROKEN)),
        };
        self.told(ins, fact, classes.and(missing), (&sources, place))
    }

    /// The value of known operands.
    fn compute(&mut self, ins: &Instruction, a: &Value, b: &Value) -> Answer {
        let heap = &mut self.machine.heap;
        let program = self.program;
        let entry = usize::from(ins.b);
        let answer = match (ins.op, ins.x & X_FIELD != 0) {
            (Op::Add, _) => arith::add(heap, a, b),
            (Op::Subtract, _) => arith::subtract(a, b),
            (Op::Multiply, _) => arith::multiply(a, b),
            (Op::Divide, _) => arith::divide(a, b),
            (Op::Modulo, _) => arith::modulo(a, b),
            (Op::Index, _) => select::index(heap, a, b),
            (Op::IndexOptional, true) => select::select_optional(heap, a, b),
            (Op::IndexOptional, false) => select::index_optional(heap, a, b),
            (Op::Negate, _) => return select::strict(arith::negate(a), a, a),
            (Op::Size, _) => return select::size(heap, a).map(Value::int),
            (Op::Select, _) => {
                let constant = program.constants.get(entry).ok_or(BROKEN)?;
                return select::select(heap, a, constant);
            }
            (Op::Field, _) => {
                let own = program.fields.get(entry).ok_or(BROKEN)?;
                return select::field(heap, a, own);
            }
            (Op::ToEnum, _) => return select::to_enum(heap, a, ins.b.into()),
            (_, _) => return Err(BROKEN),
        };
        select::strict(answer, a, b)
    }

    /// `a[b]`
    fn indexed(
        &mut self,
        a: &Fact,
        b: &Fact,
        operands: &[Value],
        sources: &Sources,
    ) -> (Option<Fact>, Classes) {
        let classes = Classes::all(Op::Index.errors());
        let known = operands.first().filter(|container| !is_unknown(container));
        if let Some(container) = known {
            let step = if container.tag() == Tag::Map { 2 } else { 1 };
            let all = self.machine.heap.view().elements(container);
            let parts: Vec<Value> = all.iter().skip(step - 1).step_by(step).copied().collect();
            let whole = container.tag() == Tag::Map || container.columns() == 1;
            if whole && parts.len() <= ALTERNATIVES && container.tag() != Tag::Optional {
                let mut fact: Option<Fact> = None;
                for part in parts {
                    let own = self.fact(&part);
                    fact = Some(fact.map_or(own.clone(), |fact| fact.joined(&own)));
                }
                let fact = fact.map(|fact| Fact {
                    identity: None,
                    sources: fact.sources.clone().with(sources),
                    ..fact
                });
                return (fact, classes);
            }
            return (Some(Fact::of(Kinds::DATA, sources.clone())), classes);
        }
        let part = self.part_of(a, sources);
        let number = b.kinds.within(Kinds::of(Tag::Int).and(Kinds::of(Tag::Uint)));
        let classes = if a.kinds == Kinds::of(Tag::List) && number {
            Classes::of(EvalError::OutOfRange)
        } else if a.kinds == Kinds::MAP {
            Classes::of(EvalError::NoSuchKey)
        } else {
            classes
        };
        (Some(part), classes)
    }

    /// What an element, or the value of an entry, of what `fact` is about is.
    pub(super) fn part_of(&self, fact: &Fact, sources: &Sources) -> Fact {
        let module = &self.program.module;
        let of = |ty: u16| Fact::of_type(module, ty, sources.clone());
        let typed = row(module, fact.ty);
        if let TypeRow::List(part, _) | TypeRow::Map(_, part) = typed {
            of(*part)
        } else {
            of(NONE)
        }
    }

    /// `a.name`
    fn selected(&mut self, a: &Fact, name: u16, sources: &Sources) -> (Option<Fact>, Classes) {
        let every = Classes::all(Op::Select.errors());
        let module = &self.program.module;
        if a.kinds != Kinds::MAP || a.ty == NONE {
            let dyns = Fact::of(Kinds::DATA, sources.clone());
            let object = a.kinds.among(Kinds::MAP.and(COMPOSED));
            // What is no object has no keys.
            let none = Classes::of(EvalError::NoSuchKey);
            return if object.is_empty() { (None, none) } else { (Some(dyns), every) };
        }
        let constant = self.program.constants.get(usize::from(name)).copied();
        let key = constant.unwrap_or(Value::ABSENT);
        let none = Classes::of(EvalError::NoSuchKey);
        let TypeRow::Record { fields, rest } = row(module, a.ty) else {
            return (Some(self.part_of(a, sources)), none);
        };
        match field(module, fields, self.machine.heap.bytes(&key)) {
            Some(own) => {
                let classes = if own.required { Classes::NONE } else { none };
                (Some(Fact::of_type(module, own.ty, sources.clone())), classes)
            }
            None if *rest == NONE => (None, none),
            None => (Some(Fact::of_type(module, *rest, sources.clone())), none),
        }
    }

    /// Field number `own` of a message.
    fn field_of(&self, a: &Fact, own: u16, sources: &Sources) -> (Option<Fact>, Classes) {
        let module = &self.program.module;
        let ty = module.fields.get(usize::from(own)).map_or(NONE, |own| own.ty);
        if a.kinds == Kinds::of(Tag::Message) {
            return (Some(Fact::of_type(module, ty, sources.clone())), Classes::NONE);
        }
        (Some(Fact::of(Kinds::DATA, sources.clone())), Classes::all(Op::Select.errors()))
    }
}

/// Most elements of a list or map of which it is told what either of them is.
const ALTERNATIVES: usize = 64;
/// What has parts with names, beside maps.
const COMPOSED: Kinds = Kinds::of(Tag::Message).and(Kinds::of(Tag::Optional));

/// The kinds of values that a declaration speaks of.
fn kinds_of(sig: Sig) -> Kinds {
    match sig {
        Sig::Dyn | Sig::Param(_) => Kinds::DATA,
        Sig::Null => Kinds::of(Tag::Null),
        Sig::Bool => Kinds::of(Tag::Bool),
        Sig::Int => Kinds::of(Tag::Int),
        Sig::Uint => Kinds::of(Tag::Uint),
        Sig::Double => Kinds::DOUBLE,
        Sig::String | Sig::Opaque(_) => Kinds::of(Tag::String),
        Sig::Bytes => Kinds::of(Tag::Bytes),
        Sig::Timestamp => Kinds::of(Tag::Timestamp),
        Sig::Duration => Kinds::of(Tag::Duration),
        Sig::List(_) => Kinds::of(Tag::List),
        Sig::Map(..) => Kinds::MAP,
        Sig::Optional(_) => Kinds::of(Tag::Optional),
        Sig::Type(_) => Kinds::of(Tag::Type),
        Sig::Kind(tag) => Kinds::of(tag),
    }
}

/// The kind of `a op b`, and what it can fail with; `None` where no overload takes the two.
fn overload(op: Op, a: Tag, b: Tag) -> Option<(Tag, Classes)> {
    let overflow = Classes::of(EvalError::Overflow);
    let budget = Classes::of(EvalError::Budget);
    let zero = overflow.and(Classes::of(EvalError::DivideByZero));
    let integers = matches!((a, b), (Tag::Int, Tag::Int) | (Tag::Uint, Tag::Uint));
    let doubles = (a, b) == (Tag::Double, Tag::Double);
    let built = a == b && matches!(a, Tag::String | Tag::Bytes | Tag::List);
    let plain = matches!(op, Op::Add | Op::Subtract | Op::Multiply);
    let (add, subtract) = (op == Op::Add, op == Op::Subtract);
    match (a, b) {
        (Tag::Int, _) if op == Op::Negate => Some((a, overflow)),
        (Tag::Double, _) if op == Op::Negate => Some((a, Classes::NONE)),
        _ if integers && plain => Some((a, overflow)),
        _ if integers && matches!(op, Op::Divide | Op::Modulo) => Some((a, zero)),
        _ if doubles && (plain || op == Op::Divide) => Some((a, Classes::NONE)),
        _ if built && add => Some((a, budget)),
        (Tag::Duration, Tag::Duration) if add || subtract => Some((Tag::Duration, overflow)),
        (Tag::Timestamp, Tag::Duration) if add || subtract => Some((Tag::Timestamp, overflow)),
        (Tag::Duration, Tag::Timestamp) if add => Some((Tag::Timestamp, overflow)),
        (Tag::Timestamp, Tag::Timestamp) if subtract => Some((Tag::Duration, overflow)),
        _ => None,
    }
}

/// What an operator makes of operands of which this is known.
fn operated(op: Op, a: &Fact, b: &Fact, sources: &Sources) -> (Option<Fact>, Classes) {
    let mut classes = Classes::NONE;
    let mut kinds = Kinds::NONE;
    for first in a.kinds.tags() {
        for second in b.kinds.tags() {
            let second = if op == Op::Negate { first } else { second };
            match overload(op, first, second) {
                Some((tag, failed)) => {
                    kinds = kinds.and(Kinds::of(tag));
                    classes = classes.and(failed);
                }
                None => classes = classes.and(Classes::of(EvalError::NoSuchOverload)),
            }
        }
    }
    let list = Kinds::of(Tag::List);
    let mut fact = Fact { ints: INTS, ..Fact::of(kinds, sources.clone()) };
    if (a.kinds, b.kinds, kinds) == (list, list, list) {
        let least = a.sizes.0.saturating_add(b.sizes.0);
        fact.sizes = (least, a.sizes.1.saturating_add(b.sizes.1));
    }
    (Some(fact), classes)
}

/// The size of what has one.
fn sized(a: &Fact, sources: &Sources) -> (Option<Fact>, Classes) {
    let fits = !a.kinds.among(Kinds::SIZED).is_empty();
    let ints = (i64::from(a.sizes.0), i64::from(a.sizes.1));
    let size = Fact { ints, ..Fact::of(Kinds::of(Tag::Int), sources.clone()) };
    let only = a.kinds.within(Kinds::SIZED);
    let other = Classes::of(EvalError::NoSuchOverload);
    (fits.then_some(size), if only { Classes::NONE } else { other })
}
