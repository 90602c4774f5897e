//! One instruction at a time: what it tests, what it writes, where it goes.
//!
//! In:      an instruction and the terms in front of it.
//! Out:     `Step`.
//! Imports: `lang`.
//!
//! What an instruction means to a solver is worth saying for some. Every other is an operation of
//! its own, named by its row of the table of instructions: so one that is new needs nothing here.

use std::fmt::Write as _;

use crate::compiler::solve::atoms::Ternary;
use crate::compiler::solve::lift::{FunctionLift, Location, OpaqueCode, State, Step};
use crate::compiler::solve::store::{Kind, Kinds, TermId, TextTest};
use crate::lang::constant::Constant;
use crate::lang::functions::{Sig, by_number};
use crate::lang::opcodes::{Instruction, Op, Operand, X_COLD, X_INVERT, X_LEVEL, X_PART, Yield};

impl FunctionLift<'_, '_> {
    /// What an instruction does.
    #[expect(clippy::wildcard_enum_match_arm, reason = "others are operations of their own")]
    pub(in crate::compiler::solve) fn step(
        &mut self,
        ins: &Instruction,
        state: &State,
    ) -> Result<Step, OpaqueCode> {
        if ins.op.is_atom() {
            return self.atom(ins, state).map(Step::Branch);
        }
        let register = Location::Register(ins.c);
        Ok(match ins.op {
            Op::Test => {
                let called = self.callee(ins.a).ok_or(OpaqueCode)?;
                Step::Branch(Ternary { yes: called.yes, error: called.error })
            }
            Op::Need => {
                let called = self.callee(ins.a).ok_or(OpaqueCode)?;
                Step::Called(register, called.value.ok_or(OpaqueCode)?, called.error)
            }
            Op::LoadConst => {
                let constant = self.constant(ins.b)?;
                Step::Value(register, self.store.constant(&constant))
            }
            Op::Move => Step::Value(register, self.read(state, ins.a)?),
            Op::Size => {
                let of = self.read(state, ins.a)?;
                Step::Value(register, self.store.size(of))
            }
            Op::Jump => Step::Go,
            Op::Return => Step::Return(self.read(state, ins.a)?),
            Op::Decide => Step::Decide,
            Op::Fail => Step::Fail,
            Op::Iter => Step::Loop,
            Op::Pend => Step::Pend,
            Op::LoopEnd => Step::LoopEnd,
            Op::Next | Op::Catch => return Err(OpaqueCode),
            _ => self.other(ins, state)?,
        })
    }

    /// An instruction that is an operation of its own.
    fn other(&mut self, ins: &Instruction, state: &State) -> Result<Step, OpaqueCode> {
        let (name, parts) = self.operation(ins, state)?;
        Ok(match ins.op.yields() {
            Yield::Branch => Step::Branch(self.store.unknown(&name, &parts)),
            Yield::Value => {
                let kinds = self.result(ins, &parts);
                let kinds =
                    if ins.op.errors().is_empty() { kinds.without(&[Kind::Error]) } else { kinds };
                let term = self.store.made(&name, &parts, kinds);
                self.store.set_whole(term, self.is_whole(ins, &parts));
                Step::Value(Location::Register(ins.c), term)
            }
            Yield::Effect => {
                let [_, cursor, _] = ins.op.operands();
                if cursor != Operand::Cursor {
                    return Err(OpaqueCode);
                }
                let fails = !ins.op.errors().is_empty();
                let own = [Kind::Other, Kind::Error];
                let kinds = Kinds::of(own.get(..1 + usize::from(fails)).unwrap_or_default());
                Step::Value(Location::Cursor(ins.b), self.store.made(&name, &parts, kinds))
            }
            Yield::Control => return Err(OpaqueCode),
        })
    }

    fn constant(&self, at: u16) -> Result<Constant, OpaqueCode> {
        self.lift.module.constants.get(usize::from(at)).cloned().ok_or(OpaqueCode)
    }

    fn set(&self, at: u16) -> Result<Vec<&Constant>, OpaqueCode> {
        let module = self.lift.module;
        let set = module.sets.get(usize::from(at)).ok_or(OpaqueCode)?;
        set.iter().map(|it| module.constants.get(usize::from(*it)).ok_or(OpaqueCode)).collect()
    }

    /// A test of values.
    #[expect(clippy::wildcard_enum_match_arm, reason = "others are operations of their own")]
    fn atom(&mut self, ins: &Instruction, state: &State) -> Result<Ternary, OpaqueCode> {
        let a = self.read(state, ins.a)?;
        let relations = ins.x & !(X_INVERT | X_COLD | X_PART);
        let text = |constant: &Constant| match constant {
            Constant::String(text) => Ok(text.as_str().to_owned()),
            _ => Err(OpaqueCode),
        };
        Ok(match ins.op {
            Op::CompareInt | Op::CompareUint | Op::CompareDouble | Op::CompareOther => {
                let constant = self.constant(ins.b)?;
                self.store.relation(a, &constant, relations)
            }
            Op::Compare => {
                let b = self.read(state, ins.b)?;
                self.store.compare(a, b, relations)
            }
            Op::EqualString | Op::EqualConst => {
                let constant = self.constant(ins.b)?;
                self.store.equals(a, &constant)
            }
            Op::Equal => {
                let b = self.read(state, ins.b)?;
                self.store.equal(a, b)
            }
            Op::InSet => {
                let set: Vec<Constant> = self.set(ins.b)?.into_iter().cloned().collect();
                self.store.is_one_of(a, &set.iter().collect::<Vec<_>>())
            }
            Op::In => {
                let b = self.read(state, ins.b)?;
                self.store.within(a, b)
            }
            Op::Holds => {
                let constant = self.constant(ins.b)?;
                let constant = self.store.constant(&constant);
                self.store.within(constant, a)
            }
            Op::StartsWith => {
                let prefix = text(&self.constant(ins.b)?)?;
                self.store.starts(a, &prefix)
            }
            Op::EndsWith => {
                let end = text(&self.constant(ins.b)?)?;
                self.store.text(a, &TextTest::Ends(end.into()))
            }
            Op::Contains => {
                let part = text(&self.constant(ins.b)?)?;
                self.store.text(a, &TextTest::Contains(part.into()))
            }
            Op::Matches => {
                let module = self.lift.module;
                let row = module.patterns.get(usize::from(ins.b)).ok_or(OpaqueCode)?;
                let pattern = module.strings.get(row.text as usize).unwrap_or_default();
                self.store.text(a, &TextTest::Matches(pattern.into()))
            }
            Op::CompareSize => {
                let constant = self.constant(ins.b)?;
                self.store.size_relation(a, &constant, relations)
            }
            Op::Flag => self.store.flag(a),
            Op::Has => self.store.has(a, ins.x & X_LEVEL != 0),
            _ => {
                let (name, parts) = self.operation(ins, state)?;
                self.store.unknown(&name, &parts)
            }
        })
    }

    /// A term as an operand of an operation: where a rule's types change the value, which value it
    /// is depends on them.
    pub(in crate::compiler::solve) fn operand(
        &mut self,
        state: &State,
        at: u16,
    ) -> Result<TermId, OpaqueCode> {
        let term = self.read(state, at)?;
        let changed = self.lift.slots.changed.get(usize::from(at)).cloned().unwrap_or_default();
        if changed.is_empty() {
            return Ok(term);
        }
        let (kinds, whole) = (self.store.kinds(term), self.store.is_whole(term));
        let made = self.store.made(&format!("as {changed}"), &[term], kinds);
        self.store.set_whole(made, whole);
        Ok(made)
    }

    /// An instruction as the name of an operation, and its operands.
    #[expect(clippy::wildcard_enum_match_arm, reason = "`named` knows the others")]
    pub(in crate::compiler::solve) fn operation(
        &mut self,
        ins: &Instruction,
        state: &State,
    ) -> Result<(String, Vec<TermId>), OpaqueCode> {
        let flags = ins.x & !(X_INVERT | X_COLD | X_PART);
        let mut name = format!("{} {flags}", ins.op.mnemonic());
        let mut parts = Vec::new();
        for (operand, at) in ins.op.operands().into_iter().zip([ins.a, ins.b, ins.c]) {
            match operand {
                Operand::None | Operand::Write => {}
                Operand::Read => {
                    let count = self.arguments(ins, operand == Operand::Read && at == ins.a);
                    for register in (at..).take(count) {
                        parts.push(self.operand(state, register)?);
                    }
                }
                Operand::Const => {
                    let constant = self.constant(at)?;
                    parts.push(self.store.constant(&constant));
                }
                Operand::Cursor => {
                    let held = state.terms.get(&Location::Cursor(at)).copied();
                    parts.extend(held);
                }
                _ => self.named(operand, at, (&mut name, &mut parts))?,
            }
        }
        Ok((name, parts))
    }

    /// How many values stand side by side from operand `a` on.
    #[expect(clippy::wildcard_enum_match_arm, reason = "calls alone take several")]
    fn arguments(&self, ins: &Instruction, first: bool) -> usize {
        let [_, b, _] = ins.op.operands();
        let arity = |number: u16| by_number(number).map_or(1, |row| row.params.len());
        let module = self.lift.module;
        match b {
            Operand::Builtin | Operand::Dispatch | Operand::Host if !first => 1,
            Operand::Builtin => arity(ins.b),
            Operand::Dispatch => {
                let rows = module.dispatch.get(usize::from(ins.b));
                rows.and_then(|rows| rows.first()).map_or(1, |number| arity(*number))
            }
            Operand::Host => module.hosts.get(usize::from(ins.b)).map_or(1, |it| it.params.len()),
            _ => 1,
        }
    }

    /// What an operand names, in words that mean the same in every program.
    fn named(
        &mut self,
        operand: Operand,
        at: u16,
        (name, parts): (&mut String, &mut Vec<TermId>),
    ) -> Result<(), OpaqueCode> {
        let module = self.lift.module;
        let text = |at: u32| module.strings.get(at as usize).unwrap_or_default();
        let index = usize::from(at);
        let words = match operand {
            Operand::Set => {
                let set: Vec<Constant> = self.set(at)?.into_iter().cloned().collect();
                parts.extend(set.iter().map(|constant| self.store.constant(constant)));
                String::new()
            }
            Operand::Pattern => {
                module.patterns.get(index).map(|row| text(row.text)).ok_or(OpaqueCode)?.into()
            }
            Operand::Function => {
                let called = self.callee(at).ok_or(OpaqueCode)?;
                parts.extend(called.value);
                format!("{:?} {:?} {:?}", called.yes, called.error, called.chosen)
            }
            Operand::Builtin | Operand::Outcome | Operand::Class => at.to_string(),
            Operand::Dispatch => format!("{:?}", module.dispatch.get(index).ok_or(OpaqueCode)?),
            Operand::Host => {
                let row = module.hosts.get(index).ok_or(OpaqueCode)?;
                let types = row.params.iter().chain([&row.result]);
                let types = types.map(|ty| format!("{:?}", module.types.get(usize::from(*ty))));
                format!("{} {}", text(row.name), types.collect::<Vec<_>>().join(" "))
            }
            Operand::Message => text(module.messages.get(index).ok_or(OpaqueCode)?.name).into(),
            Operand::Enum => text(module.enums.get(index).ok_or(OpaqueCode)?.name).into(),
            Operand::Field => text(module.fields.get(index).ok_or(OpaqueCode)?.name).into(),
            Operand::None | Operand::Read | Operand::Write | Operand::Const | Operand::Cursor => {
                String::new()
            }
        };
        // Writing to a string cannot fail.
        let _ = write!(name, " {words:?}");
        Ok(())
    }

    /// The kinds of what an operation yields.
    fn result(&self, ins: &Instruction, parts: &[TermId]) -> Kinds {
        let any = Kinds::ALL.without(&[Kind::Absent]);
        let numbers = Kinds::of(&[Kind::Number]);
        let only = |kinds: Kinds| parts.iter().all(|part| self.store.kinds(*part) == kinds);
        let arithmetic = matches!(
            ins.op,
            Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Modulo | Op::Negate
        );
        let whole = || parts.iter().all(|part| self.store.is_whole(*part));
        if arithmetic && only(numbers) && whole() {
            return Kinds::of(&[Kind::Number, Kind::Error]);
        }
        if ins.op == Op::Counted {
            return numbers;
        }
        let row = if ins.op == Op::Call { by_number(ins.b) } else { None };
        let own = match row.map(|row| row.result) {
            Some(Sig::Bool) => Kind::Bool,
            Some(Sig::Int | Sig::Uint) => Kind::Number,
            Some(Sig::String) => Kind::Text,
            Some(Sig::Timestamp) => Kind::Time,
            Some(Sig::Duration) => Kind::Span,
            Some(Sig::List(_)) => Kind::List,
            Some(Sig::Map(..)) => Kind::Map,
            Some(Sig::Double) => return Kinds::of(&[Kind::Number, Kind::Nan, Kind::Error]),
            Some(
                Sig::Dyn
                | Sig::Null
                | Sig::Bytes
                | Sig::Optional(_)
                | Sig::Type(_)
                | Sig::Kind(_)
                | Sig::Opaque(_)
                | Sig::Param(_),
            )
            | None => return any,
        };
        Kinds::of(&[own, Kind::Error])
    }

    /// Whether numbers that an operation yields are whole.
    fn is_whole(&self, ins: &Instruction, parts: &[TermId]) -> bool {
        let row = if ins.op == Op::Call { by_number(ins.b) } else { None };
        let whole = parts.iter().all(|part| self.store.is_whole(*part));
        let arithmetic = matches!(
            ins.op,
            Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Modulo | Op::Negate
        );
        ins.op == Op::Counted
            || arithmetic && whole
            || row.is_some_and(|row| matches!(row.result, Sig::Int | Sig::Uint))
    }
}
