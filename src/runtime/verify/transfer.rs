//! What an instruction does to what is known: its result, whether it can fail, what it costs.
//!
//! Imports: `base`, `lang`, `runtime::bundle`.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::base::limits::{CONTEXT_BYTES_MAX, LIST_LENGTH_ASSUMED, TEXT_BYTES_ASSUMED};
use crate::lang::constant::Constant;
use crate::lang::functions::{Cost, Function, Sig, all, by_number, named};
use crate::lang::opcodes::{Instruction, Op, Work, X_LEVEL};
use crate::runtime::bundle::module::{FunctionKind, Module, NONE};
use crate::runtime::verify::types::{Kind, Known, Presence, Ty, UNBOUNDED, kind_of, message_of};

/// Bytes of text that are worth one unit.
const TEXT_BYTES_PER_UNIT: u64 = 10;

/// What an instruction reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reads<'a> {
    /// Operand `a`, if it is read.
    pub(super) a: Option<Known>,
    /// Operand `b`, if it is read.
    pub(super) b: Option<Known>,
    /// The arguments of a call.
    pub(super) arguments: &'a [Known],
}

/// What is known of a function that was looked at before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summary {
    /// Whether it can end with E.
    pub(super) fails: bool,
    /// Highest cost of a run.
    pub(super) cost: u64,
    /// Most bytes, elements or entries of its value.
    pub(super) len: u32,
}

/// Whether it is proved that `ins` cannot fail.
pub(super) fn is_infallible(
    module: &Module,
    ins: &Instruction,
    reads: &Reads<'_>,
    called: Option<Summary>,
) -> bool {
    let a = reads.a.unwrap_or(Known::ANY);
    let b = reads.b.unwrap_or(Known::ANY);
    let constant = module.constants.get(usize::from(ins.b));
    let doubles = || a.is(module, Kind::Double) && b.is(module, Kind::Double);
    let measurable = || a.is(module, Kind::String) || a.is(module, Kind::Bytes);
    match ins.op {
        Op::Jump
        | Op::Decide
        | Op::Next
        | Op::Pend
        | Op::Count
        | Op::Build
        | Op::LoadConst
        | Op::Counted
        | Op::Catch => true,
        Op::CompareInt | Op::CompareUint | Op::CompareDouble => a.is_number(module),
        Op::CompareOther => constant.is_some_and(|constant| a.is(module, kind_of(constant))),
        Op::Compare => {
            let ordered = matches!(
                a.ty.kind(module),
                Kind::Bool | Kind::String | Kind::Bytes | Kind::Timestamp | Kind::Duration
            );
            let same = ordered && a.is_infallible() && b.is(module, a.ty.kind(module));
            same || a.is_number(module) && b.is_number(module)
        }
        Op::EqualString | Op::EqualConst | Op::InSet | Op::Move | Op::Return => a.is_infallible(),
        Op::Equal => a.is_infallible() && b.is_infallible(),
        Op::In => a.is_infallible() && b.is_container(module),
        Op::Holds | Op::Iter => a.is_container(module),
        Op::StartsWith | Op::EndsWith | Op::Contains | Op::Matches => a.is(module, Kind::String),
        Op::CompareSize | Op::Size => measurable() || a.is_container(module),
        Op::Flag => a.is(module, Kind::Bool),
        Op::Has => ins.x & X_LEVEL == 0 && a.presence != Presence::MaybeError,
        Op::HasKey => a.is(module, Kind::Map),
        Op::HasValue => a.is(module, Kind::Optional),
        Op::Test | Op::Need => called.is_some_and(|called| !called.fails),
        Op::Add | Op::Subtract | Op::Multiply | Op::Divide => doubles(),
        Op::Negate => a.is(module, Kind::Double),
        Op::Modulo
        | Op::Index
        | Op::IndexOptional
        | Op::Select
        | Op::Call
        | Op::CallAny
        | Op::CallHost
        | Op::Fail
        | Op::LoopEnd
        | Op::Append
        | Op::Put
        | Op::EndList
        | Op::EndMap
        | Op::ToEnum
        | Op::PutField
        | Op::EndMessage => false,
        Op::Field | Op::HasField => {
            a.is_infallible() && a.ty == Ty::Message(message_of(module, ins.b))
        }
    }
}

/// What is known of the value that `ins` writes to `c`.
pub(super) fn result(
    module: &Module,
    ins: &Instruction,
    reads: &Reads<'_>,
    called: Option<Summary>,
) -> Known {
    let a = reads.a.unwrap_or(Known::ANY);
    let b = reads.b.unwrap_or(Known::ANY);
    let constant = module.constants.get(usize::from(ins.b));
    match ins.op {
        Op::LoadConst => constant.map_or(Known::ANY, Known::of_constant),
        Op::Move => Known { presence: Presence::Sure, ..a },
        Op::Add => sum(module, a, b),
        Op::Subtract => difference(module, a, b),
        Op::Multiply | Op::Divide | Op::Modulo => number(module, a, b),
        Op::Negate => number(module, a, a),
        Op::Size | Op::Counted => Known::of(Kind::Int),
        // A part is no larger than the whole.
        Op::Index => Known { among: a.among, ..Known::typed(module, a.ty.entry(module)) },
        Op::Select => Known { among: a.among, ..selected(module, a, constant) },
        Op::Call => of_builtin(module, ins.b, reads.arguments),
        Op::CallAny => any_of(module, ins.b),
        Op::CallHost => module
            .hosts
            .get(usize::from(ins.b))
            .map_or(Known::ANY, |host| Known::of_row(module, host.result, Presence::Sure)),
        Op::Need => of_function(module, ins.a, called),
        Op::IndexOptional => Known::of(Kind::Optional),
        Op::Catch => Known::new(Ty::Never, Presence::MaybeError, 0),
        Op::EndList => Known::of(Kind::List),
        Op::EndMap => Known::of(Kind::Map),
        Op::EndMessage | Op::ToEnum | Op::Field => of_message(module, ins, a),
        // The others write nothing; what loops write follows from their range.
        Op::CompareInt
        | Op::CompareUint
        | Op::CompareDouble
        | Op::CompareOther
        | Op::Compare
        | Op::EqualString
        | Op::EqualConst
        | Op::Equal
        | Op::InSet
        | Op::In
        | Op::Holds
        | Op::StartsWith
        | Op::EndsWith
        | Op::Contains
        | Op::Matches
        | Op::CompareSize
        | Op::Flag
        | Op::Has
        | Op::HasKey
        | Op::HasValue
        | Op::Test
        | Op::Jump
        | Op::Return
        | Op::Decide
        | Op::Fail
        | Op::Iter
        | Op::Next
        | Op::Pend
        | Op::LoopEnd
        | Op::Count
        | Op::Build
        | Op::Append
        | Op::Put
        | Op::HasField
        | Op::PutField => Known::ANY,
    }
}

/// What selecting the field that a constant names gives.
fn selected(module: &Module, a: Known, name: Option<&Constant>) -> Known {
    let Some(Constant::String(name)) = name else { return Known::ANY };
    Known::typed(module, a.ty.field(module, name))
}

/// What an instruction on messages or enums writes, whose operand is `a`.
fn of_message(module: &Module, ins: &Instruction, a: Known) -> Known {
    if ins.op == Op::EndMessage {
        return Known::sure(Ty::of_message(module, ins.a));
    }
    if ins.op == Op::ToEnum {
        return Known::sure(Ty::Enum(ins.b));
    }
    if a.ty != Ty::Message(message_of(module, ins.b)) {
        return Known::ANY;
    }
    let row = module.fields.get(usize::from(ins.b)).map_or(NONE, |row| row.ty);
    Known::of_row(module, row, Presence::Sure)
}

/// What builtin `number` gives for these arguments.
fn of_builtin(module: &Module, number: u16, arguments: &[Known]) -> Known {
    let fits = |row: &Function| row.params.iter().zip(arguments).all(|(p, it)| fits(module, p, it));
    by_number(number).filter(|row| fits(row) || !is_generic(row)).map_or(Known::ANY, |row| {
        let first = arguments.first().map_or(UNBOUNDED, |argument| argument.len);
        let len = if row.keeps_length { first } else { UNBOUNDED };
        Known { len, ..Known::sure(Ty::of_sig(&row.result)) }
    })
}

/// Whether a value is known to be of the kind that a parameter of a builtin names; of a list, its
/// elements too.
fn fits(module: &Module, param: &Sig, value: &Known) -> bool {
    let wanted = Ty::of_sig(param);
    let element = if let Ty::ListOf(kind) = wanted { kind } else { Kind::Dyn };
    let is = |kind: Kind, ty: Ty| kind == Kind::Dyn || ty.kind(module) == kind;
    is(wanted.plain(), value.ty) && is(element, value.ty.element(module))
}

/// Whether what a row gives goes by the kinds of its arguments: so it may be where rows of one
/// name give values of different types, for they share what they do.
fn is_generic(row: &Function) -> bool {
    static GENERIC: LazyLock<HashSet<u16>> = LazyLock::new(|| {
        let other = |row: &&Function| named(row.name, row.style).any(|it| it.result != row.result);
        all().filter(other).map(|row| row.number).collect()
    });
    GENERIC.contains(&row.number)
}

/// What function `index` gives.
fn of_function(module: &Module, index: u16, called: Option<Summary>) -> Known {
    match module.functions.get(usize::from(index)).map(|row| row.kind) {
        Some(FunctionKind::Value(ty)) => {
            let value = Known::of_row(module, ty, Presence::Sure);
            let len = called.map_or(UNBOUNDED, |called| called.len);
            Known { len: value.len.min(len), ..value }
        }
        Some(FunctionKind::Condition | FunctionKind::Decision) | None => Known::ANY,
    }
}

/// The type that all rows of a list of builtins give, whichever fits the arguments; the first is
/// asked where none does.
fn any_of(module: &Module, list: u16) -> Known {
    let rows = module.dispatch.get(usize::from(list)).map(Vec::as_slice).unwrap_or_default();
    let rows = || rows.iter().filter_map(|row| by_number(*row));
    if rows().any(is_generic) {
        return Known::ANY;
    }
    let mut types = rows().map(|row| Ty::of_sig(&row.result));
    let first = types.next().unwrap_or(Ty::Plain(Kind::Dyn));
    if types.all(|ty| ty == first) { Known::sure(first) } else { Known::ANY }
}

fn number(module: &Module, a: Known, b: Known) -> Known {
    let kind = a.ty.kind(module);
    let same = kind == b.ty.kind(module);
    let counts = matches!(kind, Kind::Int | Kind::Uint | Kind::Double | Kind::Duration);
    if same && counts { Known::of(kind) } else { Known::ANY }
}

fn sum(module: &Module, a: Known, b: Known) -> Known {
    // Nothing is longer than what has no bound.
    let len = a.len.saturating_add(b.len);
    match (a.ty.kind(module), b.ty.kind(module)) {
        (Kind::String, Kind::String) => Known { len, ..Known::of(Kind::String) },
        (Kind::Bytes, Kind::Bytes) => Known { len, ..Known::of(Kind::Bytes) },
        (Kind::List, Kind::List) => {
            let element = a.ty.element(module);
            let same = element == b.ty.element(module);
            let ty = if same { Ty::list_of(element.plain()) } else { Ty::Plain(Kind::List) };
            Known { len, ..Known::sure(ty) }
        }
        (Kind::Timestamp, Kind::Duration) | (Kind::Duration, Kind::Timestamp) => {
            Known::of(Kind::Timestamp)
        }
        _ => number(module, a, b),
    }
}

fn difference(module: &Module, a: Known, b: Known) -> Known {
    match (a.ty.kind(module), b.ty.kind(module)) {
        (Kind::Timestamp, Kind::Timestamp) => Known::of(Kind::Duration),
        (Kind::Timestamp, Kind::Duration) => Known::of(Kind::Timestamp),
        _ => number(module, a, b),
    }
}

/// Most turns of a loop over `range`.
pub(super) fn turns(range: Known) -> u64 {
    if range.len == UNBOUNDED { LIST_LENGTH_ASSUMED } else { u64::from(range.len) }
}

/// What looking at all of a value costs.
fn size(module: &Module, value: Known) -> u64 {
    match value.ty.kind(module) {
        Kind::List | Kind::Map => turns(value),
        // Bytes, or elements, which are worth more.
        Kind::Dyn if value.len != UNBOUNDED => u64::from(value.len),
        Kind::Dyn | Kind::String | Kind::Bytes | Kind::Message => text(value.len, value.among),
        Kind::Null
        | Kind::Bool
        | Kind::Int
        | Kind::Uint
        | Kind::Double
        | Kind::Timestamp
        | Kind::Duration
        | Kind::Type
        | Kind::Optional
        | Kind::Enum => 0,
    }
}

/// What looking at all of a text costs. Of values that share a context, which is walked through
/// once to come to them, one has its share: some are longer, then others are shorter.
fn text(len: u32, among: u32) -> u64 {
    let bytes = if len == UNBOUNDED { TEXT_BYTES_ASSUMED } else { u64::from(len) };
    let all = CONTEXT_BYTES_MAX as u64 / TEXT_BYTES_PER_UNIT;
    let share = all.checked_div(u64::from(among)).map_or(u64::MAX, |share| share + 1);
    share.min(bytes / TEXT_BYTES_PER_UNIT)
}

/// What one run of `ins` costs, calls included, loops counted once.
pub(super) fn cost(
    module: &Module,
    ins: &Instruction,
    reads: &Reads<'_>,
    called: Option<Summary>,
) -> u64 {
    let of = |value: Option<Known>| value.map_or(0, |value| size(module, value));
    let constant = || {
        let constant = module.constants.get(usize::from(ins.b));
        constant.map_or(0, |constant| size(module, Known::of_constant(constant)))
    };
    let more = match ins.op.work() {
        Work::Unit => 0,
        Work::Constant => constant(),
        Work::ConstantOrA => constant().min(of(reads.a)),
        Work::Smaller => of(reads.a).min(of(reads.b)),
        Work::OfA => of(reads.a),
        Work::OfB => of(reads.b),
        Work::Both => of(reads.a).saturating_add(of(reads.b)),
        Work::Measured => of(reads.a).min(text(UNBOUNDED, 0)),
        Work::Search => {
            let dense =
                module.patterns.get(usize::from(ins.b)).is_some_and(|it| !it.automaton.is_empty());
            of(reads.a).saturating_mul(if dense { 1 } else { TEXT_BYTES_PER_UNIT })
        }
        Work::Callee => called.unwrap_or_default().cost,
        Work::Row => by_number(ins.b).map_or(0, |row| call(module, row.cost, reads.arguments)),
        Work::Rows => {
            let rows = module.dispatch.get(usize::from(ins.b)).into_iter().flatten();
            let costs = rows.filter_map(|row| by_number(*row));
            costs.map(|row| call(module, row.cost, reads.arguments)).max().unwrap_or(0)
        }
        Work::Host => call(module, Cost::Linear, reads.arguments),
    };
    more.saturating_add(1)
}

fn call(module: &Module, cost: Cost, arguments: &[Known]) -> u64 {
    let sizes = arguments.iter().map(|argument| size(module, *argument));
    match cost {
        Cost::Fixed(units) => u64::from(units),
        Cost::Linear => sizes.fold(1, u64::saturating_add),
        Cost::Product => sizes.fold(1, |product, size| product.saturating_mul(size.max(1))),
    }
}
