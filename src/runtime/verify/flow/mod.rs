//! One pass over a function: what is known in front of every instruction (V14 to V18, V20, V24).
//!
//! In:      a function of the right form, what its callers ask of slots, what its callees do.
//! Out:     `Passed`: whether it can fail, and what its instructions cost.
//! Imports: `lang`, `runtime::bundle`.
//!
//! Jumps go forward, so that everything that leads to an instruction is known when the pass comes
//! to it. At the start of a loop's turn the registers that its body writes are not known: nothing
//! a turn leaves behind is read by the next.

pub(super) mod claims;
mod join;
mod lists;
mod loops;

use std::collections::BTreeMap;

use crate::lang::opcodes::{INFALLIBLE, Instruction, Op, Operand, X_INVERT, X_LEVEL, X_PAIRS};
use crate::runtime::bundle::module::{FrameRow, FunctionKind, Module, NONE, NodeMode, SlotRow};
use crate::runtime::verify::calls::Fact;
use crate::runtime::verify::error::{Fault, VerifyError};
use crate::runtime::verify::flow::claims::Claims;
use crate::runtime::verify::jumps::{Body, Shape, edges};
use crate::runtime::verify::secrets::Secrets;
use crate::runtime::verify::steps::Steps;
use crate::runtime::verify::transfer::{Reads, Summary, cost, is_infallible, result};
use crate::runtime::verify::types::{Kind, Known, Presence, Ty, UNBOUNDED, message_of};

/// What the pass found.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// Whether the function can end with E.
    pub(super) fails: bool,
    /// What each instruction costs, once.
    pub(super) costs: Vec<u64>,
    /// Most turns of the loops of `Shape`.
    pub(super) turns: Vec<u64>,
    /// Most bytes, elements or entries of what is returned.
    pub(super) len: u32,
    /// With `Mode::Infer`: the types at joins.
    pub(super) frames: Vec<FrameRow>,
    /// With `Mode::Infer`: instructions that claim to be infallible without proof.
    pub(super) unproved: Vec<usize>,
    /// With `Mode::Infer`: whether a value is returned that is not of the declared type.
    pub(super) wider: bool,
}

/// What is known of slots, and memory of the pass, which one function leaves to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    slots: Vec<Known>,
    pending: Vec<Option<State>>,
    state: State,
    arguments: Vec<Known>,
    frames_used: Vec<bool>,
    costs: Vec<u64>,
    turns: Vec<u64>,
    secrets: Secrets,
    /// What the pass relies on, where somebody asks.
    claims: Option<Claims>,
}

impl Memory {
    /// For passes over the functions of `module`.
    pub(super) fn of(module: &Module, secrets: Secrets) -> Self {
        Self {
            slots: module.slots.iter().map(|row| slot(module, *row)).collect(),
            secrets,
            ..Self::default()
        }
    }

    /// Takes back what `pass` lent to its result.
    pub(super) fn take_back(&mut self, passed: Passed) {
        self.costs = passed.costs;
        self.turns = passed.turns;
    }
}

/// Whether claims are checked or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Claims are checked.
    Check,
    /// Claims are made; where types differ at a join the value is of this type, which is `dyn`.
    Infer(u16),
}

/// What a builder collects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Collects {
    List,
    Map,
    /// The fields of this message.
    Message(u16),
}

/// A builder that is being filled.
#[derive(Clone, Copy, Debug)]
struct Builder {
    cursor: u16,
    collects: Collects,
    /// The instruction that started it.
    start: usize,
    /// The loop that it was started in.
    outer: Option<usize>,
}

impl Builder {
    fn is(&self, other: &Self) -> bool {
        (self.cursor, self.start) == (other.cursor, other.start)
    }
}

/// What is known in front of an instruction.
#[derive(Clone, Debug, Default)]
struct State {
    registers: Vec<Option<Known>>,
    /// Slots that a `Has` has found, ascending.
    found: Vec<u16>,
    /// Builders that are being filled, innermost last.
    builders: Vec<Builder>,
    /// Cursors whose loop has been started, ascending.
    cursors: Vec<u16>,
}

impl State {
    /// At the start of a function with so many registers nothing is known.
    fn begin(&mut self, registers: usize) {
        self.registers.clear();
        self.registers.resize(registers, None);
        self.found.clear();
        self.builders.clear();
        self.cursors.clear();
    }

    /// Steps that joining it takes.
    const fn size(&self) -> usize {
        1 + self.registers.len() + self.found.len() + self.cursors.len()
    }
}

/// A frame row that is being inferred.
#[derive(Clone, Debug)]
struct Draft {
    at: usize,
    register: u16,
    /// Whether the types differ; where they do not only the origins are kept.
    differs: bool,
    /// Whether what it says is read.
    used: bool,
    /// Drafts that it was made from.
    from: Vec<u32>,
}

/// Operands `a` and `b`, where they are read.
type Operands = (Option<Known>, Option<Known>);

struct Pass<'a> {
    body: Body<'a>,
    shape: &'a Shape,
    facts: &'a [Fact],
    summaries: &'a [Summary],
    mode: Mode,
    steps: &'a mut Steps,
    collects: Vec<Option<Collects>>,
    /// What is known of slots from their places in the context.
    slots: &'a [Known],
    /// The arguments of the call that is looked at.
    arguments: Vec<Known>,
    /// What is known behind jumps to each instruction, and how many registers these are.
    pending: Vec<Option<State>>,
    waiting: usize,
    /// For each loop, the builders at the start of a turn.
    heads: Vec<Vec<Builder>>,
    drafts: Vec<Draft>,
    draft_ids: BTreeMap<(usize, u16), u32>,
    /// What must not be told, if the function runs for a message or an output.
    secrets: Option<&'a Secrets>,
    /// For each `Build` of such a function the type of the first element that its list takes.
    taken: BTreeMap<usize, Ty>,
    /// For each `Build` the most elements or entries that are put into it, those of further turns
    /// included. In the order of the code, not of the state: a way out of a loop has not seen what
    /// stands behind it, but earlier turns have been there.
    put: BTreeMap<usize, u32>,
    /// Which rows of the function's frames hold at a join of different types.
    frames_used: Vec<bool>,
    passed: Passed,
}

/// Looks at function `body`.
pub(super) fn pass(
    body: Body<'_>,
    shape: &Shape,
    facts: &[Fact],
    summaries: &[Summary],
    mode: Mode,
    memory: &mut Memory,
    steps: &mut Steps,
) -> Result<Passed, VerifyError> {
    if mode == Mode::Check {
        frame_order(&body)?;
    }
    let Memory { slots, pending, state, arguments, frames_used, costs, turns, secrets, claims } =
        memory;
    let secrets = &*secrets;
    let mut pass = Pass {
        body,
        shape,
        facts,
        summaries,
        mode,
        steps,
        collects: collects(body.module, body.code),
        slots,
        arguments: std::mem::take(arguments),
        pending: cleared(pending, body.code.len(), None),
        waiting: 0,
        heads: vec![Vec::new(); shape.loops.len()],
        drafts: Vec::new(),
        draft_ids: BTreeMap::new(),
        secrets: secrets.bind(body.index).then_some(secrets),
        taken: BTreeMap::new(),
        put: BTreeMap::new(),
        frames_used: cleared(frames_used, body.row.frames.len(), false),
        passed: Passed {
            costs: cleared(costs, 0, 0),
            turns: cleared(turns, shape.loops.len(), 1),
            ..Passed::default()
        },
    };
    state.begin(usize::from(body.row.registers));
    // Whether the instruction before goes on with this one: `state` is what it leaves behind.
    let mut falls = true;
    for (pc, ins) in body.code.iter().enumerate() {
        let mut look = || {
            pass.arrive(pc, falls, state)?;
            if let Some(claims) = claims {
                pass.claim(pc, ins, state, claims);
            }
            falls = pass.step(pc, ins, state)?;
            Ok(())
        };
        look().map_err(|error: VerifyError| VerifyError {
            function: Some(body.index),
            at: error.at.or(u16::try_from(pc).ok()),
            ..error
        })?;
    }
    *pending = std::mem::take(&mut pass.pending);
    *arguments = std::mem::take(&mut pass.arguments);
    *frames_used = std::mem::take(&mut pass.frames_used);
    pass.finish(frames_used)
}

/// What is known of a slot from its place in the context.
fn slot(module: &Module, row: SlotRow) -> Known {
    let presence = Presence::MaybeAbsent;
    match row {
        SlotRow::Now => Known::of(Kind::Timestamp),
        SlotRow::Presence(_) => Known::new(Ty::Plain(Kind::Bool), presence, UNBOUNDED),
        SlotRow::Value(at) => {
            let node = module.paths.get(usize::from(at));
            let known = Known::of_row(module, node.map_or(NONE, |node| node.ty), presence);
            let known = Known { among: 1, ..known };
            let in_columns = node.is_some_and(|node| node.mode == NodeMode::Rows);
            if in_columns { Known { ty: Ty::Columns(at), ..known } } else { known }
        }
    }
}

/// The vector `of`, taken, with `len` entries that are all `value`.
fn cleared<T: Clone>(of: &mut Vec<T>, len: usize, value: T) -> Vec<T> {
    let mut vector = std::mem::take(of);
    vector.clear();
    vector.resize(len, value);
    vector
}

/// Rows are in order, about registers of the function and types that exist.
fn frame_order(body: &Body<'_>) -> Result<(), VerifyError> {
    let frames = &body.row.frames;
    for (at, row) in frames.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| frames.get(before));
        let ordered =
            before.is_none_or(|before| (before.at, before.register) < (row.at, row.register));
        let holds = ordered
            && usize::from(row.at) < body.code.len()
            && body.window().contains(&usize::from(row.register))
            && usize::from(row.ty) < body.module.types.len();
        if !holds {
            let row = u32::try_from(at).unwrap_or(u32::MAX);
            return Err(Fault::FrameOrder { row }.inside(body.index));
        }
    }
    Ok(())
}

/// For each `Build`, what is done to its builder next; empty where nothing is built.
fn collects(module: &Module, code: &[Instruction]) -> Vec<Option<Collects>> {
    if !code.iter().any(|ins| ins.op == Op::Build) {
        return Vec::new();
    }
    let mut next: BTreeMap<u16, Collects> = BTreeMap::new();
    let mut found: Vec<Option<Collects>> = code
        .iter()
        .rev()
        .map(|ins| {
            if matches!(ins.op, Op::Append | Op::EndList) {
                next.insert(ins.b, Collects::List);
            } else if matches!(ins.op, Op::Put | Op::EndMap) {
                next.insert(ins.b, Collects::Map);
            } else if let Some(message) = message(module, ins) {
                next.insert(ins.b, Collects::Message(message));
            } else if ins.op == Op::Build {
                return next.get(&ins.b).copied();
            }
            None
        })
        .collect();
    found.reverse();
    found
}

/// The message that `ins` gives a field to, or ends.
fn message(module: &Module, ins: &Instruction) -> Option<u16> {
    let field = || message_of(module, ins.c);
    (ins.op == Op::PutField).then(field).or_else(|| (ins.op == Op::EndMessage).then_some(ins.a))
}

impl Pass<'_> {
    /// Looks at an instruction: `state` is what is known in front of it, and then what is known
    /// where it goes on with the next one; whether it does.
    fn step(
        &mut self,
        pc: usize,
        ins: &Instruction,
        state: &mut State,
    ) -> Result<bool, VerifyError> {
        let (a, b) = self.reads(ins, state)?;
        let reads = Reads { a, b, arguments: &self.arguments };
        let module = self.body.module;
        let called = matches!(ins.op, Op::Test | Op::Need)
            .then(|| self.summaries.get(usize::from(ins.a)).copied().unwrap_or_default());
        if ins.e == INFALLIBLE && !is_infallible(module, ins, &reads, called) {
            match self.mode {
                Mode::Check => return Err(Fault::Fallible.into()),
                Mode::Infer(_) => {
                    self.passed.unproved.push(pc);
                    self.passed.fails = true;
                }
            }
        }
        self.passed.costs.push(cost(module, ins, &reads, called));
        let [.., writes] = ins.op.operands();
        let value = (writes == Operand::Write).then(|| result(module, ins, &reads, called));
        let built = self.effect(pc, ins, state)?;
        let range = a.unwrap_or(Known::ANY);
        if ins.op == Op::Iter {
            self.iterate(pc, ins, range, state)?;
            Ok(true)
        } else if ins.op == Op::Next {
            self.turn(ins, state)?;
            Ok(true)
        } else {
            if ins.op == Op::Return {
                self.give_back(ins.a, range)?;
            }
            let value =
                value.map(|value| built.map_or(value, |built| self.collected(built, value)));
            self.go_on(ins, value, state)
        }
    }

    /// The values of the operands that are read; those of a call go to `arguments`.
    fn reads(&mut self, ins: &Instruction, state: &State) -> Result<Operands, VerifyError> {
        self.arguments.clear();
        if let Some(count) = self.body.arity(ins) {
            self.steps.spend(count)?;
            for place in (ins.a..).take(count) {
                let argument = self.read(ins, place, state)?;
                self.arguments.push(argument);
            }
            return Ok((None, None));
        }
        let mut value = |operand: Operand, place: u16| {
            (operand == Operand::Read).then(|| self.read(ins, place, state)).transpose()
        };
        let [a, b, c] = ins.op.operands();
        let (a, b) = (value(a, ins.a)?, value(b, ins.b)?);
        value(c, ins.c)?;
        Ok((a, b))
    }

    fn read(&mut self, ins: &Instruction, at: u16, state: &State) -> Result<Known, VerifyError> {
        let known = self.look(ins, at, state)?;
        if let Some(secrets) = self.secrets {
            secrets.check(self.body.module, ins, at, known.ty)?;
        }
        Ok(known)
    }

    /// What is known of the value at `at`.
    fn look(&mut self, ins: &Instruction, at: u16, state: &State) -> Result<Known, VerifyError> {
        if usize::from(at) < self.body.module.slots.len() {
            let known = self.slot(at, state);
            let takes_columns = matches!(ins.op, Op::Iter | Op::Has | Op::Size | Op::CompareSize);
            let paired = ins.op == Op::Iter && ins.x & X_PAIRS != 0;
            if matches!(known.ty, Ty::Columns(_)) && (!takes_columns || paired) {
                return Err(Fault::RowsRead { slot: u32::from(at) }.into());
            }
            return Ok(known);
        }
        let register = self.register(at).and_then(|at| state.registers.get(at).copied());
        let known = register.flatten().ok_or(Fault::Unassigned { register: u32::from(at) })?;
        if let Some(draft) = self.draft_mut(known.frame) {
            draft.used = true;
        }
        Ok(known)
    }

    fn register(&self, at: u16) -> Option<usize> {
        usize::from(at).checked_sub(self.body.window().start)
    }

    fn draft_mut(&mut self, frame: u32) -> Option<&mut Draft> {
        self.drafts.get_mut(usize::try_from(frame).ok()?)
    }

    /// What is known of a slot: from its place in the context, from what every caller asks of it,
    /// and from a `Has` on the way here.
    fn slot(&self, slot: u16, state: &State) -> Known {
        let mut known = self.slots.get(usize::from(slot)).copied().unwrap_or(Known::ANY);
        let fact = self.facts.binary_search_by_key(&slot, |fact| fact.slot).ok();
        let fact = fact.and_then(|at| self.facts.get(at));
        if let Some(fact) = fact.filter(|fact| fact.ty != NONE) {
            let asked = Known::of_row(self.body.module, fact.ty, known.presence);
            let asked = Known { among: known.among, ..asked };
            let in_columns = matches!(known.ty, Ty::Columns(_));
            known = if in_columns { Known { ty: known.ty, ..asked } } else { asked };
        }
        if fact.is_some_and(|fact| fact.present) || state.found.binary_search(&slot).is_ok() {
            known.presence = Presence::Sure;
        }
        if let Some(secrets) = self.secrets {
            known.ty = secrets.slot(self.body.module, slot, known.ty);
        }
        known
    }

    /// What an instruction does to cursors and builders; the builder that it ends.
    fn effect(
        &mut self,
        pc: usize,
        ins: &Instruction,
        state: &mut State,
    ) -> Result<Option<Builder>, Fault> {
        if ins.op.operands()[1] != Operand::Cursor {
            return Ok(None);
        }
        let cursor = ins.b;
        let top = state.builders.last().copied();
        let own =
            |collects| top.is_some_and(|top| (top.cursor, top.collects) == (cursor, collects));
        let fault = Fault::Builder { cursor: u32::from(cursor) };
        if matches!(ins.op, Op::Build | Op::Iter) {
            // A builder that another use of its cursor has ended is forgotten, and those in it.
            let height = state.builders.iter().position(|builder| builder.cursor == cursor);
            state.builders.truncate(height.unwrap_or(state.builders.len()));
            if let Ok(at) = state.cursors.binary_search(&cursor) {
                state.cursors.remove(at);
            }
        }
        if ins.op == Op::Build {
            let collects = self.collects.get(pc).copied().flatten().ok_or(fault)?;
            let outer = self.shape.innermost.get(pc).copied().flatten();
            state.builders.push(Builder { cursor, collects, start: pc, outer });
        } else if matches!(ins.op, Op::Append | Op::EndList) && !own(Collects::List)
            || matches!(ins.op, Op::Put | Op::EndMap) && !own(Collects::Map)
            || message(self.body.module, ins).is_some_and(|it| !own(Collects::Message(it)))
        {
            return Err(fault);
        } else if matches!(ins.op, Op::EndList | Op::EndMap | Op::EndMessage) {
            // All that it takes stands in front of here, so that every turn before was looked at.
            let outer = self.shape.innermost.get(pc).copied().flatten();
            let ended = state.builders.pop().filter(|builder| builder.outer == outer);
            return ended.map(Some).ok_or(fault);
        } else if matches!(ins.op, Op::Append | Op::Put | Op::PutField) {
            let Some(top) = top else { return Err(fault) };
            if self.drops(pc, top.outer) {
                return Err(Fault::BuilderDropped { cursor: u32::from(cursor) });
            }
            self.take(ins, top.start, state)?;
            let times = self.times(pc, top.outer);
            let put = self.put.entry(top.start).or_default();
            *put = put.saturating_add(times);
        } else if matches!(ins.op, Op::LoopEnd | Op::Counted)
            && state.cursors.binary_search(&cursor).is_err()
        {
            return Err(Fault::CursorIdle { cursor: u32::from(cursor) });
        }
        Ok(None)
    }

    /// How often an instruction runs in one turn of the loop `outer` around it.
    fn times(&self, pc: usize, outer: Option<usize>) -> u32 {
        let mut times = 1_u64;
        let mut around = self.shape.innermost.get(pc).copied().flatten();
        while let Some(at) = around.filter(|_| around != outer) {
            times = times.saturating_mul(self.passed.turns.get(at).copied().unwrap_or(1));
            around = self.shape.loops.get(at).and_then(|row| row.outer);
        }
        u32::try_from(times).unwrap_or(UNBOUNDED)
    }

    /// Hands the state on along the edges of an instruction that is no loop; whether it goes on.
    /// `value` is what it writes, if it does.
    fn go_on(
        &mut self,
        ins: &Instruction,
        value: Option<Known>,
        state: &mut State,
    ) -> Result<bool, VerifyError> {
        let (t, f, e) = edges(ins);
        if value.is_some()
            && let Some(register) = self.register_mut(state, ins.c)
        {
            // Where it fails nothing was written, and what was there before is not relied on.
            *register = None;
        }
        if e {
            self.edge(ins.e, state)?;
        }
        // On which edges a `Has` has found its place; for a level there is no F: both know.
        let inverted = ins.x & X_INVERT != 0;
        let finds = |on_f: bool| ins.op == Op::Has && (inverted == on_f || ins.x & X_LEVEL != 0);
        if f && finds(true) {
            let mut other = state.clone();
            self.note(ins.a, &mut other);
            self.edge(ins.f, &other)?;
        } else if f {
            self.edge(ins.f, state)?;
        }
        if value.is_some()
            && let Some(register) = self.register_mut(state, ins.c)
        {
            *register = value;
        }
        if finds(false) {
            self.note(ins.a, state);
        }
        Ok(t)
    }

    /// Notes that `Has` found place `at`.
    fn note(&mut self, at: u16, state: &mut State) {
        if usize::from(at) < self.body.module.slots.len() {
            if let Err(place) = state.found.binary_search(&at) {
                state.found.insert(place, at);
            }
        } else if let Some(Some(known)) = self.register_mut(state, at)
            && known.presence == Presence::MaybeAbsent
        {
            known.presence = Presence::Sure;
        }
    }

    fn register_mut<'s>(&self, state: &'s mut State, at: u16) -> Option<&'s mut Option<Known>> {
        state.registers.get_mut(self.register(at)?)
    }

    /// A value is returned: it is of the declared type.
    fn give_back(&mut self, at: u16, value: Known) -> Result<(), VerifyError> {
        let FunctionKind::Value(ty) = self.body.row.kind else { return Ok(()) };
        if let Some(secrets) = self.secrets {
            secrets.give(self.body.index, at, value.ty, ty)?;
        }
        self.passed.len = self.passed.len.max(value.len);
        if value.ty.is_within(self.body.module, ty) {
            return Ok(());
        }
        if self.mode == Mode::Check {
            return Err(Fault::ReturnType { ty: u32::from(ty) }.into());
        }
        self.passed.wider = true;
        Ok(())
    }
}
