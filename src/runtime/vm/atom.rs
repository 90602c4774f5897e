//! Atoms: tests on values of the file and constants of the program.
//!
//! In:      an instruction that yields a branch and writes nothing.
//! Out:     its outcome, not inverted.
//! Imports: `lang`, `runtime::program`.
//! Source:  the meaning of each instruction stands in `lang::opcodes`.
//!
//! `quick` answers for operands of the kinds that an atom is made for, which is nearly always; it
//! is in line, and knows no errors. Whatever it leaves open is asked of `outcome`, which has CEL's
//! whole semantics. Operands are borrowed from the file, never copied on the way.

use crate::lang::opcodes::{Instruction, Op, X_LEVEL};
use crate::lang::pattern::search::occurs;
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value};
use crate::runtime::program::Program;
use crate::runtime::program::probe::related;
use crate::runtime::program::scan::{ScanMemo, Target};
use crate::runtime::program::sets::Set;
use crate::runtime::vm::machine::{BROKEN, Outcome, misfit};
use crate::runtime::vm::select;

/// How an atom comes out, if the kinds of its operands tell without more ado.
#[expect(clippy::inline_always, reason = "a call for every instruction costs more than most do")]
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever is not quick is left open")]
#[inline(always)]
pub(in crate::runtime) fn quick(
    program: &Program,
    heap: &Heap<'_>,
    file: &[Value],
    ins: &Instruction,
) -> Option<bool> {
    let a = file.get(usize::from(ins.a))?;
    let constant = || program.constants.get(usize::from(ins.b));
    match ins.op {
        Op::CompareInt if a.tag() == Tag::Int => {
            let (a, k) = (a.signed(), constant()?.signed());
            Some(related(ins.x, a >= k, a > k))
        }
        Op::CompareUint if a.tag() == Tag::Uint => {
            let (a, k) = (a.bits(), constant()?.bits());
            Some(related(ins.x, a >= k, a > k))
        }
        Op::CompareDouble if a.tag() == Tag::Double && !a.float().is_nan() => {
            let (a, k) = (a.float(), constant()?.float());
            (!k.is_nan()).then(|| related(ins.x, a >= k, a > k))
        }
        Op::EqualString if a.tag() == Tag::String => Some(heap.same_text(a, constant()?)),
        Op::InSet => match program.sets.get(usize::from(ins.b))? {
            Set::Few(strings) if a.tag() == Tag::String => {
                Some(strings.iter().any(|string| heap.same_text(a, string)))
            }
            Set::Few(_) | Set::Sorted(_) => None,
        },
        Op::StartsWith if a.tag() == Tag::String => {
            let k = constant()?;
            a.starts_with(k).or_else(|| compared(heap, a, k, ins.op))
        }
        Op::EndsWith | Op::Contains => compared(heap, a, constant()?, ins.op),
        Op::Holds => is_element(heap, constant()?, a),
        Op::Flag if a.tag() == Tag::Bool => Some(a.bits() != 0),
        Op::Has if ins.x & X_LEVEL == 0 && a.tag() != Tag::Error => Some(a.tag() != Tag::Absent),
        Op::CompareSize if a.tag() == Tag::List => {
            let (len, k) = (i64::from(a.len()), constant()?.signed());
            Some(related(ins.x, len >= k, len > k))
        }
        Op::In => is_element(heap, a, file.get(usize::from(ins.b))?),
        Op::Compare | Op::Equal => {
            let b = file.get(usize::from(ins.b))?;
            match (ins.op, a.tag(), b.tag()) {
                (Op::Compare, Tag::Int, Tag::Int) => {
                    let (a, b) = (a.signed(), b.signed());
                    Some(related(ins.x, a >= b, a > b))
                }
                (Op::Equal, Tag::Int, Tag::Int) => Some(a.bits() == b.bits()),
                (Op::Equal, Tag::String, Tag::String) => Some(heap.same_text(a, b)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Longest text that is searched at once for one needle.
const SHORT_BYTES: u32 = 128;

/// Whether a text starts or ends with string `k`, or contains it. A long text is searched once, for
/// all that is looked for in it (`program::scan`).
#[inline(never)]
fn compared(heap: &Heap<'_>, a: &Value, k: &Value, op: Op) -> Option<bool> {
    let long = op == Op::Contains && a.len() > SHORT_BYTES;
    if (a.tag(), k.tag()) != (Tag::String, Tag::String) || long {
        return None;
    }
    let (a, k) = (heap.bytes(a), heap.bytes(k));
    if op == Op::StartsWith {
        return Some(a.starts_with(k));
    }
    Some(if op == Op::EndsWith { a.ends_with(k) } else { occurs(a, k) })
}

/// Whether a string is one of the elements of a list, or an int of a list of ints.
#[inline(never)]
fn is_element(heap: &Heap<'_>, a: &Value, list: &Value) -> Option<bool> {
    if list.tag() != Tag::List || list.columns() != 1 {
        return None;
    }
    let elements = heap.elements(list);
    if a.tag() == Tag::String {
        let is = |it: &Value| it.bits() == a.bits() && it.tag() == Tag::String;
        return Some(elements.iter().any(|it| is(it) && heap.same_text(it, a)));
    }
    let ints = a.tag() == Tag::Int && elements.iter().all(|it| it.tag() == Tag::Int);
    ints.then(|| elements.iter().any(|it| it.bits() == a.bits()))
}

/// The operand `$at` of a table: the file, the constants, the sets.
macro_rules! read {
    ($table:expr, $at:expr) => {
        match $table.get(usize::from($at)) {
            Some(entry) => entry,
            None => return Outcome::Error(BROKEN),
        }
    };
}

/// How an atom comes out.
#[inline]
pub(in crate::runtime) fn outcome(
    program: &Program,
    heap: &Heap<'_>,
    scans: &mut ScanMemo,
    file: &[Value],
    ins: &Instruction,
) -> Outcome {
    outcome_in(program, heap, scans, (file, Some(ins.a)), ins)
}

/// How an atom comes out whose operands lie elsewhere than in the file.
pub(in crate::runtime) fn outcome_of(
    program: &Program,
    heap: &Heap<'_>,
    scans: &mut ScanMemo,
    operands: &[Value],
    ins: &Instruction,
) -> Outcome {
    outcome_in(program, heap, scans, (operands, None), ins)
}

/// How an atom on these values comes out, of which the first may be that of a slot.
#[inline(never)]
fn outcome_in(
    program: &Program,
    heap: &Heap<'_>,
    scans: &mut ScanMemo,
    (file, slot): (&[Value], Option<u16>),
    ins: &Instruction,
) -> Outcome {
    let constants = program.constants.as_slice();
    let a = read!(file, ins.a);
    match ins.op {
        Op::CompareInt | Op::CompareUint | Op::CompareDouble | Op::CompareOther => {
            select::relation(heap, a, read!(constants, ins.b), ins.x)
        }
        Op::Compare => select::relation(heap, a, read!(file, ins.b), ins.x),
        Op::EqualString | Op::EqualConst => select::equal(heap, a, read!(constants, ins.b)),
        Op::Equal => select::equal(heap, a, read!(file, ins.b)),
        Op::InSet if !a.is_present() => Outcome::Error(misfit(a)),
        Op::InSet => Outcome::of(read!(program.sets, ins.b).holds(heap, a)),
        Op::In => select::contains(heap, a, read!(file, ins.b)),
        Op::Holds => select::contains(heap, read!(constants, ins.b), a),
        Op::StartsWith => select::on_text(heap, a, read!(constants, ins.b), <[u8]>::starts_with),
        Op::EndsWith => select::on_text(heap, a, read!(constants, ins.b), <[u8]>::ends_with),
        Op::Contains | Op::Matches => searched(program, heap, scans, (slot, a), ins),
        Op::CompareSize => select::compare_size(heap, a, read!(constants, ins.b), ins.x),
        Op::Flag if a.tag() == Tag::Bool => Outcome::of(a.bits() != 0),
        Op::Has => select::has(a, ins.x),
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
        | Op::Field
        | Op::HasField
        | Op::ToEnum
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
        | Op::EndMap
        | Op::PutField
        | Op::EndMessage => Outcome::Error(BROKEN),
    }
}

/// Whether a text holds a needle, or a pattern matches in it. What slot `slot` holds is searched
/// once for all that rules look for in it.
#[inline(never)]
fn searched(
    program: &Program,
    heap: &Heap<'_>,
    scans: &mut ScanMemo,
    (slot, a): (Option<u16>, &Value),
    ins: &Instruction,
) -> Outcome {
    if a.tag() != Tag::String {
        return Outcome::Error(misfit(a));
    }
    let (text, at) = (heap.bytes(a), ins.b);
    let needle = |at: u16| program.constant_text(at);
    let target = if ins.op == Op::Contains { Target::Needle(at) } else { Target::Pattern(at) };
    let known = slot.and_then(|slot| program.scans.answer(scans, (slot, text), target, needle));
    select::answer(match (known, target) {
        (Some(answer), _) => answer,
        (None, Target::Needle(at)) => needle(at).map(|needle| occurs(text, needle)).ok_or(BROKEN),
        (None, Target::Pattern(at)) => program.scans.matches_alone(scans, at, text),
    })
}
