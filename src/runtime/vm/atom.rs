//! Atoms: tests on values of the file and constants of the program.
//!
//! In:      an instruction that yields a branch and writes nothing.
//! Out:     its outcome, not inverted.
//! Imports: `lang`, `runtime::program`.
//! Source:  the meaning of each instruction stands in `lang::opcodes`.
//!
//! What tells most values apart stands here, in line; whatever needs CEL's whole semantics is out
//! of line, in `select`. Operands are borrowed from the file, never copied on the way.

use crate::lang::opcodes::{Instruction, Op};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value};
use crate::runtime::program::matching::Matcher;
use crate::runtime::vm::machine::{BROKEN, Machine, Outcome, misfit};
use crate::runtime::vm::observe::Observer;
use crate::runtime::vm::select;

/// The operand `$at` of a table: the file, the constants, the sets.
macro_rules! read {
    ($table:expr, $at:expr) => {
        match $table.get(usize::from($at)) {
            Some(entry) => entry,
            None => return Outcome::Error(BROKEN),
        }
    };
}

/// How an atom comes out. It is in line wherever instructions run one after the other.
#[expect(clippy::inline_always, reason = "a call for every instruction costs more than most do")]
#[inline(always)]
pub(in crate::runtime) fn outcome<O: Observer>(
    m: &mut Machine<'_, O>,
    constants: &[Value],
    file: &[Value],
    ins: &Instruction,
) -> Outcome {
    let (program, heap, x) = (m.program, &m.heap, ins.x);
    let a = read!(file, ins.a);
    match ins.op {
        Op::CompareInt => int(heap, a, read!(constants, ins.b), x),
        Op::CompareUint => uint(heap, a, read!(constants, ins.b), x),
        Op::CompareDouble => double(heap, a, read!(constants, ins.b), x),
        Op::CompareOther => select::relation(heap, a, read!(constants, ins.b), x),
        Op::Compare => {
            let b = read!(file, ins.b);
            if b.tag() == Tag::Int { int(heap, a, b, x) } else { select::relation(heap, a, b, x) }
        }
        Op::EqualString => string(heap, a, read!(constants, ins.b)),
        Op::EqualConst => select::equal(heap, a, read!(constants, ins.b)),
        Op::Equal => {
            let b = read!(file, ins.b);
            match (a.tag(), b.tag()) {
                (Tag::String, Tag::String) => Outcome::of(heap.same_text(a, b)),
                (Tag::Int, Tag::Int) => Outcome::of(a.bits() == b.bits()),
                _ => select::equal(heap, a, b),
            }
        }
        Op::InSet if !a.is_present() => Outcome::Error(misfit(a)),
        Op::InSet => Outcome::of(read!(program.sets, ins.b).holds(heap, a)),
        Op::In => select::contains(heap, a, read!(file, ins.b)),
        Op::Holds => select::contains(heap, read!(constants, ins.b), a),
        Op::StartsWith => starts(heap, a, read!(constants, ins.b)),
        Op::EndsWith => select::on_text(heap, a, read!(constants, ins.b), <[u8]>::ends_with),
        Op::Contains => select::on_text(heap, a, read!(constants, ins.b), select::occurs),
        Op::Matches => matches(m, a, read!(program.patterns, ins.b), ins.b),
        Op::CompareSize => size(heap, a, read!(constants, ins.b), x),
        Op::Flag if a.tag() == Tag::Bool => Outcome::of(a.bits() != 0),
        Op::Has => select::has(a, x),
        Op::HasKey => select::has_key(heap, a, read!(constants, ins.b)),
        Op::HasValue if a.tag() == Tag::Optional => Outcome::of(!a.is_empty()),
        Op::Flag | Op::HasValue => Outcome::Error(misfit(a)),
        Op::Test
        | Op::LoadConst
        | Op::Move
        | Op::Add
        | Op::Subtract
        | Op::Multiply
        | Op::Divide
        | Op::Modulo
        | Op::Negate
        | Op::Size
        | Op::Index
        | Op::Select
        | Op::Call
        | Op::CallAny
        | Op::CallHost
        | Op::Need
        | Op::IndexOptional
        | Op::Catch
        | Op::Jump
        | Op::Return
        | Op::Decide
        | Op::Fail
        | Op::Iter
        | Op::Next
        | Op::Pend
        | Op::LoopEnd
        | Op::Count
        | Op::Counted
        | Op::Build
        | Op::Append
        | Op::Put
        | Op::EndList
        | Op::EndMap => Outcome::Error(BROKEN),
    }
}

/// `a` against int `k`.
#[inline]
fn int(heap: &Heap<'_>, a: &Value, k: &Value, x: u8) -> Outcome {
    if a.tag() == Tag::Int {
        Outcome::of(select::related(a.signed().cmp(&k.signed()), x))
    } else {
        select::relation(heap, a, k, x)
    }
}

/// `a` against uint `k`.
#[inline]
fn uint(heap: &Heap<'_>, a: &Value, k: &Value, x: u8) -> Outcome {
    if a.tag() == Tag::Uint {
        Outcome::of(select::related(a.bits().cmp(&k.bits()), x))
    } else {
        select::relation(heap, a, k, x)
    }
}

/// `a` against double `k`; `NaN` stands in no relation.
#[inline]
fn double(heap: &Heap<'_>, a: &Value, k: &Value, x: u8) -> Outcome {
    if a.tag() == Tag::Double {
        let order = a.float().partial_cmp(&k.float());
        Outcome::of(order.is_some_and(|order| select::related(order, x)))
    } else {
        select::relation(heap, a, k, x)
    }
}

/// Whether `a` is string `k`; another kind is not.
#[inline]
fn string(heap: &Heap<'_>, a: &Value, k: &Value) -> Outcome {
    if a.tag() == Tag::String {
        Outcome::of(heap.same_text(a, k))
    } else if a.is_present() {
        Outcome::False
    } else {
        Outcome::Error(misfit(a))
    }
}

/// Whether string `a` starts with `k`: most often length and first bytes tell.
#[inline]
fn starts(heap: &Heap<'_>, a: &Value, k: &Value) -> Outcome {
    if a.tag() != Tag::String {
        return Outcome::Error(misfit(a));
    }
    match a.starts_with(k) {
        Some(known) => Outcome::of(known),
        None => select::on_text(heap, a, k, <[u8]>::starts_with),
    }
}

/// The size of `a` against int `k`.
#[inline]
fn size(heap: &Heap<'_>, a: &Value, k: &Value, x: u8) -> Outcome {
    if a.tag() == Tag::List {
        Outcome::of(select::related(i64::from(a.len()).cmp(&k.signed()), x))
    } else {
        select::compare_size(heap, a, k, x)
    }
}

#[inline(never)]
fn matches<O: Observer>(
    m: &mut Machine<'_, O>,
    a: &Value,
    pattern: &Matcher,
    number: u16,
) -> Outcome {
    if a.tag() != Tag::String {
        return Outcome::Error(misfit(a));
    }
    select::answer(m.caches.matches(pattern, number, m.heap.bytes(a)))
}
