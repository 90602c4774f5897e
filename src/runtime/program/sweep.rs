//! Sweeps: loops whose bodies test elements where they lie, up to 64 of them side by side.
//!
//! In:      the code of a program, its constants and sets.
//! Out:     `Sweep`: the tests of a loop's body, and where each leads.
//! Imports: `lang`, `runtime::bundle`.
//!
//! A body jumps forward only, so one pass over its tests tells of every element where it gets to:
//! a bit each. A step is an atom on columns of the element and on what the loop does not change, a
//! number that is made of such operands for the steps right behind it, or what the loop is for: to
//! count the element, or to collect one of these values. Everything else stops the element: there
//! the loop runs as ever.

use crate::lang::opcodes::{
    Instruction, Op, Operand, X_EQUAL, X_GREATER, X_INVERT, X_LESS, X_LEVEL, X_OPTIONAL, X_PAIRS,
};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::Module;
use crate::runtime::program::pool::Pool;
use crate::runtime::program::sets::Set;

/// Places that an element can get to: steps, and what `NEXT` and the others below stand for.
pub(in crate::runtime) const PLACES: usize = 32;
/// The element is done with: the loop goes on with the next.
pub(in crate::runtime) const NEXT: u8 = 29;
/// The element ends the loop, which goes on at `Sweep::leave`.
pub(in crate::runtime) const LEAVE: u8 = 30;
/// The element must run through the body.
pub(in crate::runtime) const STOP: u8 = 31;
/// Strings of a set that are told apart side by side.
const FEW: usize = 8;
/// Most numbers that steps make of an element.
pub(in crate::runtime) const MADE: u8 = 4;

/// A loop.
#[derive(Debug)]
pub(in crate::runtime) struct Sweep {
    /// Its `Iter`, from the start of the program's code.
    pub(in crate::runtime) at: u32,
    /// The first instruction of its body, from the start of the function.
    pub(in crate::runtime) body: u16,
    /// Its `Next`, likewise.
    pub(in crate::runtime) next: u16,
    /// Where an element that ends it leads.
    pub(in crate::runtime) leave: u16,
    /// The tests of the body, in order: at most `NEXT`.
    pub(in crate::runtime) steps: Box<[Step]>,
}

/// What is asked of elements, or done for them.
#[derive(Debug)]
pub(in crate::runtime) struct Step {
    pub(in crate::runtime) does: StepAction,
    /// The instruction. Operands that are read are 0 for `a` and 1 for `b`.
    pub(in crate::runtime) ins: Instruction,
    pub(in crate::runtime) a: Source,
    pub(in crate::runtime) b: Source,
    pub(in crate::runtime) dense: Dense,
    /// Places of elements of which it is true, and of which it is false.
    pub(in crate::runtime) if_true: u8,
    pub(in crate::runtime) if_false: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum StepAction {
    /// Tests an element.
    Ask,
    /// Makes a number, which has this one among those that are made.
    Make(u8),
    /// `Count`
    Count,
    /// `Append` of a column, or of what was made.
    Append,
}

/// Where an operand lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum Source {
    /// In this column of the element.
    Column(u16),
    /// In the file: the loop does not change it.
    Fixed(u16),
    /// It is this constant.
    Constant(u16),
    /// A step made it.
    Made(u8),
    /// It is no operand that is read.
    Nowhere,
}

/// A test of the bits of elements of one kind: no branch, no error.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) enum Dense {
    /// There is none.
    Open,
    /// Whether the bits are at most `span` from `low` on, or with `outside` whether they are not.
    /// With `rest` those that are say only that the texts may be equal.
    Within { tag: Tag, low: u64, span: u64, outside: bool, rest: bool },
    /// How a double stands to `k`, which is a number.
    Double { k: f64, x: u8 },
    /// Whether a string is at least as long as `like` says, and its first bytes are the same where
    /// `mask` is set. With `rest` those that are must be looked at.
    Prefix { like: u64, mask: u64, rest: bool },
    /// Whether the bits are among these, with `few` among the first four. With `rest` likewise.
    Few { tag: Tag, bits: [u64; FEW], few: bool, rest: bool },
    /// Strings, all of which must be looked at.
    Text,
    /// Whether there is something.
    Present,
}

impl Dense {
    /// The test that `op` with flags `x` is on values of the kind of `k`.
    pub(in crate::runtime) fn of(op: Op, x: u8, k: &Value) -> Self {
        let exactly =
            |tag, rest| Self::Within { tag, low: k.bits(), span: 0, outside: false, rest };
        match (op, k.tag()) {
            (Op::CompareInt | Op::Compare, Tag::Int) => signed(Tag::Int, x, k),
            (Op::CompareOther | Op::Compare, Tag::Duration) => signed(Tag::Duration, x, k),
            (Op::CompareSize, Tag::Int) => signed(Tag::List, x, k),
            (Op::CompareUint | Op::Compare, Tag::Uint) => {
                within(Tag::Uint, x, k.bits(), (u64::MIN, u64::MAX))
            }
            (Op::CompareDouble | Op::Compare, Tag::Double) if !k.float().is_nan() => {
                Self::Double { k: k.float(), x }
            }
            (Op::EqualString | Op::EqualConst | Op::Equal, Tag::String) => {
                exactly(Tag::String, k.len() > 4)
            }
            (Op::EqualConst | Op::Equal, Tag::Int | Tag::Uint | Tag::Bool) => {
                exactly(k.tag(), false)
            }
            (Op::StartsWith, Tag::String) => {
                let kept = k.len().min(4);
                let mask = ((1_u64 << (8 * kept)) - 1) << 32;
                Self::Prefix { like: k.bits(), mask, rest: k.len() > 4 }
            }
            (Op::EndsWith | Op::Contains, Tag::String) => Self::Text,
            _ => Self::Open,
        }
    }

    /// Whether a value is in a set.
    fn of_set(set: &Set) -> Self {
        let members: Vec<Value> = match set {
            Set::Few(strings) => strings.to_vec(),
            Set::Sorted(sorted) => sorted.iter().map(|(_, member)| *member).collect(),
        };
        let Some(tag) = members.first().map(Value::tag) else { return Self::Open };
        let alike = matches!(tag, Tag::Int | Tag::String)
            && members.iter().all(|member| member.tag() == tag);
        let is_text = tag == Tag::String;
        match members.as_slice() {
            [first, ..] if alike && members.len() <= FEW => {
                let mut bits = [first.bits(); FEW];
                for (place, member) in bits.iter_mut().zip(&members) {
                    *place = member.bits();
                }
                let rest = is_text && members.iter().any(|member| member.len() > 4);
                Self::Few { tag, bits, few: members.len() <= 4, rest }
            }
            _ if alike && is_text => Self::Text,
            _ => Self::Open,
        }
    }

    /// The test of a bool that it is true.
    const FLAG: Self =
        Self::Within { tag: Tag::Bool, low: 1, span: u64::MAX - 1, outside: false, rest: false };
}

/// How signed numbers stand to `k`.
fn signed(tag: Tag, x: u8, k: &Value) -> Dense {
    within(tag, x, k.bits(), (i64::MIN.cast_unsigned(), i64::MAX.cast_unsigned()))
}

/// The numbers that stand to `k` as the relations in `x` say, on a line that begins and ends at
/// `least` and `most`: all of them lie side by side, or all others do.
fn within(tag: Tag, x: u8, k: u64, (least, most): (u64, u64)) -> Dense {
    let (low, high, outside) = match (x & X_LESS != 0, x & X_EQUAL != 0, x & X_GREATER != 0) {
        (true, true, true) => (least, most, false),
        (false, false, false) => (least, most, true),
        (true, true, false) => (least, k, false),
        (false, false, true) => (least, k, true),
        (false, true, true) => (k, most, false),
        (true, false, false) => (k, most, true),
        (false, true, false) => (k, k, false),
        (true, false, true) => (k, k, true),
    };
    Dense::Within { tag, low, span: high.wrapping_sub(low), outside, rest: false }
}

/// The relations that hold with the operands swapped.
pub(in crate::runtime) const fn mirrored(x: u8) -> u8 {
    let turned = if x & X_LESS != 0 { X_GREATER } else { 0 };
    let back = if x & X_GREATER != 0 { X_LESS } else { 0 };
    x & !(X_LESS | X_GREATER) | turned | back
}

/// The loops of a module that are swept, in the order of the code.
pub(in crate::runtime) fn sweeps(module: &Module, pool: &Pool, sets: &[Set]) -> Vec<Sweep> {
    let mut found = Vec::new();
    for row in module.functions.iter().filter(|row| row.cursors > 0) {
        let code = row.code(module);
        let iters = code.iter().enumerate().filter(|(_, ins)| ins.op == Op::Iter);
        found.extend(iters.filter_map(|(pc, _)| {
            let body = Body::of(module, code, pc)?;
            body.sweep((pool, sets), row.first.checked_add(u32::try_from(pc).ok()?)?)
        }));
    }
    found.sort_by_key(|sweep| sweep.at);
    found
}

/// The body of a loop.
struct Body<'m> {
    slots: usize,
    code: &'m [Instruction],
    /// Its first instruction, and the `Next` behind it.
    start: usize,
    next: usize,
    /// The register of the first column.
    columns: u16,
}

impl<'m> Body<'m> {
    fn of(module: &Module, code: &'m [Instruction], iter: usize) -> Option<Self> {
        const OTHER: u8 = X_PAIRS | X_INVERT;
        let (head, start) = (code.get(iter)?, iter + 1);
        let is_next = |ins: &Instruction| {
            (ins.op, ins.b, ins.c, usize::from(ins.f)) == (Op::Next, head.b, head.c, start)
        };
        let next = start + code.get(start..)?.iter().position(is_next)?;
        let plain = head.x & OTHER == 0 && code.get(next)?.x & OTHER == 0;
        let slots = module.slots.len();
        plain.then_some(Self { slots, code, start, next, columns: head.c })
    }

    fn sweep(&self, constants: (&Pool, &[Set]), at: u32) -> Option<Sweep> {
        let reached = self.reached();
        let has_effect = |ins: &Instruction| matches!(ins.op, Op::Count | Op::Append);
        let is_effect = |pc: &&usize| self.code.get(**pc).is_some_and(has_effect);
        let effects = reached.iter().filter(is_effect).count();
        if reached.is_empty() || reached.len() > usize::from(NEXT) || effects > 1 {
            return None;
        }
        let mut leave = None;
        let mut steps = Vec::with_capacity(reached.len());
        for pc in &reached {
            let ins = self.code.get(*pc)?;
            let goes_on = self.place(&reached, pc + 1, &mut leave);
            let jumps = self.place(&reached, usize::from(ins.f), &mut leave);
            let turned = ins.x & X_INVERT != 0;
            let (if_true, if_false) = if turned { (jumps, goes_on) } else { (goes_on, jumps) };
            steps.push(self.step(constants, *pc, ins, (if_true, if_false)));
        }
        Some(Sweep {
            at,
            body: u16::try_from(self.start).ok()?,
            next: u16::try_from(self.next).ok()?,
            leave: leave.unwrap_or_default(),
            steps: steps.into(),
        })
    }

    /// The instructions that are steps and that elements get to by steps alone; none if the body
    /// begins with another.
    fn reached(&self) -> Vec<usize> {
        let mut waiting = vec![self.landing(self.start)];
        let mut steps: Vec<usize> = Vec::new();
        while let Some(pc) = waiting.pop() {
            let ins = self.code.get(pc).filter(|_| (self.start..self.next).contains(&pc));
            let Some(ins) = ins.filter(|ins| self.is_step(pc, ins)) else { continue };
            if let Err(place) = steps.binary_search(&pc) {
                steps.insert(place, pc);
                waiting.push(self.landing(pc + 1));
                if ins.op.is_atom() {
                    waiting.push(self.landing(usize::from(ins.f)));
                }
            }
        }
        steps
    }

    /// Where an edge to `pc` leads: jumps lead on, and forward; constants that are loaded are
    /// known.
    fn landing(&self, mut pc: usize) -> usize {
        while let Some(ins) = self.code.get(pc).filter(|_| pc < self.next) {
            let to = usize::from(ins.f);
            if ins.x & X_INVERT == 0 && ins.op == Op::Jump && to > pc {
                pc = to;
            } else if ins.x & X_INVERT == 0 && ins.op == Op::LoadConst {
                pc += 1;
            } else {
                break;
            }
        }
        pc
    }

    /// The place that an edge to `pc` leads to. All ways out of the loop that are known lead to
    /// `leave`.
    fn place(&self, steps: &[usize], pc: usize, leave: &mut Option<u16>) -> u8 {
        let pc = self.landing(pc);
        if pc == self.next {
            return NEXT;
        }
        if (self.start..self.next).contains(&pc) {
            let step = steps.binary_search(&pc).ok().and_then(|at| u8::try_from(at).ok());
            return step.unwrap_or(STOP);
        }
        let Ok(pc) = u16::try_from(pc) else { return STOP };
        if *leave.get_or_insert(pc) == pc { LEAVE } else { STOP }
    }

    /// Whether instruction `pc` of the body may be a step.
    fn is_step(&self, pc: usize, ins: &Instruction) -> bool {
        let [a, b, c] = ins.op.operands();
        let known = |operand, at| self.source(pc, operand, at).is_some();
        let ends_turn = || self.landing(pc + 1) == self.next && ins.x & X_INVERT == 0;
        let moves =
            || matches!(self.source(pc, a, ins.a), Some(Source::Column(_) | Source::Made(_)));
        if ins.op == Op::Count {
            return ins.b == self.cursor() && ends_turn();
        }
        if ins.op == Op::Append {
            return ins.x & X_OPTIONAL == 0 && moves() && ends_turn();
        }
        let makes = makes(ins.op) && ins.x & X_INVERT == 0 && self.made(pc).is_some();
        let asks = ins.op.is_atom() && c == Operand::None;
        (makes || asks) && known(a, ins.a) && known(b, ins.b)
    }

    fn cursor(&self) -> u16 {
        self.code.get(self.next).map_or(0, |next| next.b)
    }

    /// The number of what instruction `pc` makes among all that are made.
    fn made(&self, pc: usize) -> Option<u8> {
        let before = self.code.get(self.start..pc)?.iter().filter(|ins| makes(ins.op)).count();
        u8::try_from(before).ok().filter(|made| *made < MADE)
    }

    /// Where an operand of instruction `pc` lies, if that is known.
    fn source(&self, pc: usize, operand: Operand, at: u16) -> Option<Source> {
        if operand != Operand::Read {
            return Some(Source::Nowhere);
        }
        if usize::from(at) < self.slots {
            return Some(Source::Fixed(at));
        }
        let body = self.code.get(self.start..self.next).unwrap_or_default();
        let written = body.iter().any(|ins| {
            // An inner loop writes as many as its elements have columns.
            let is_loop = matches!(ins.op, Op::Iter | Op::Next);
            let writes = ins.op.operands()[2] == Operand::Write;
            writes && (at == ins.c || is_loop && at > ins.c)
        });
        if written {
            return self.written(pc, at);
        }
        let column = at.checked_sub(self.columns);
        Some(column.map_or(Source::Fixed(at), Source::Column))
    }

    /// What the instructions right in front of `pc` write to register `at`, which nothing jumps
    /// over.
    fn written(&self, pc: usize, at: u16) -> Option<Source> {
        let body = self.code.get(self.start..self.next)?;
        let is_landed =
            |pc: usize| body.iter().any(|ins| [ins.f, ins.e].map(usize::from).contains(&pc));
        let mut before = pc;
        while before > self.start && !is_landed(before) {
            before -= 1;
            let ins = self.code.get(before)?;
            if ins.x & X_INVERT != 0 || !(makes(ins.op) || ins.op == Op::LoadConst) {
                return None;
            }
            if ins.c == at {
                let loaded = ins.op == Op::LoadConst;
                let made = || self.made(before).map(Source::Made);
                return if loaded { Some(Source::Constant(ins.b)) } else { made() };
            }
        }
        None
    }

    fn step(
        &self,
        (pool, sets): (&Pool, &[Set]),
        pc: usize,
        ins: &Instruction,
        (if_true, if_false): (u8, u8),
    ) -> Step {
        let [a, b, _] = ins.op.operands();
        let source = |operand, at| self.source(pc, operand, at).unwrap_or(Source::Nowhere);
        let place = |operand, place, at| if operand == Operand::Read { place } else { at };
        let effect = if ins.op == Op::Count { StepAction::Count } else { StepAction::Append };
        let made = if makes(ins.op) { self.made(pc).map(StepAction::Make) } else { None };
        let does = if ins.op.is_atom() { StepAction::Ask } else { made.unwrap_or(effect) };
        let constant = pool.constants.get(usize::from(ins.b)).filter(|_| b == Operand::Const);
        let dense = match (ins.op, constant, sets.get(usize::from(ins.b))) {
            (Op::Flag, ..) => Dense::FLAG,
            (Op::Has, ..) if ins.x & X_LEVEL == 0 => Dense::Present,
            (Op::Matches, ..) => Dense::Text,
            (Op::InSet, _, Some(set)) => Dense::of_set(set),
            (op, Some(k), _) => Dense::of(op, ins.x, k),
            _ => Dense::Open,
        };
        Step {
            does,
            a: source(a, ins.a),
            b: source(b, ins.b),
            ins: Instruction { a: place(a, 0, ins.a), b: place(b, 1, ins.b), ..*ins },
            dense,
            if_true,
            if_false,
        }
    }
}

/// Whether steps make numbers as `op` does.
const fn makes(op: Op) -> bool {
    matches!(op, Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Modulo | Op::Negate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::program::probe::related;

    #[test]
    fn what_lies_within_is_what_is_related() {
        let ints = [i64::MIN, i64::MIN + 1, -1, 0, 1, 7, i64::MAX - 1, i64::MAX];
        let masks = (0..8_u8).map(|mask| mask << 1);
        for (x, k) in masks.flat_map(|x| ints.map(|k| (x, k))) {
            let found = [
                (Dense::of(Op::CompareInt, x, &Value::int(k)), false),
                (Dense::of(Op::CompareUint, x, &Value::uint(k.cast_unsigned())), true),
            ];
            for (dense, unsigned) in found {
                let Dense::Within { low, span, outside, .. } = dense else { panic!("{dense:?}") };
                for value in ints {
                    let (v, u) = (value.cast_unsigned(), k.cast_unsigned());
                    let wanted = if unsigned {
                        related(x, v >= u, v > u)
                    } else {
                        related(x, value >= k, value > k)
                    };
                    let is = (v.wrapping_sub(low) <= span) != outside;
                    assert_eq!(is, wanted, "{value} {x} {k} {unsigned}");
                    assert_eq!(
                        related(mirrored(x), k >= value, k > value),
                        related(x, value >= k, value > k)
                    );
                }
            }
        }
    }
}
