//! Loops over lists and maps; lists, maps and messages that are built.
//!
//! In:      cursors, builders, the file.
//! Out:     an outcome; elements in registers.
//! Imports: `lang`.

use crate::lang::error::EvalError;
use crate::lang::opcodes::{Instruction, X_COLD, X_OPTIONAL, X_PAIRS};
use crate::lang::value::heap::Heap;
use crate::lang::value::message::{self, Field};
use crate::lang::value::{Space, Tag, Value, map};
use crate::runtime::vm::machine::{BROKEN, Builder, Cursor, Machine, Outcome, misfit};
use crate::runtime::vm::observe::Watching;

type Answer = Result<Value, EvalError>;

fn index(height: usize) -> u32 {
    u32::try_from(height).unwrap_or(u32::MAX)
}

/// `Iter`: T if there is an element.
#[inline(never)]
pub(in crate::runtime) fn begin<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    ins: &Instruction,
) -> Outcome {
    let Some(list) = file.get(usize::from(ins.a)) else { return Outcome::Error(BROKEN) };
    if !matches!(list.tag(), Tag::List | Tag::Map) {
        return Outcome::Error(misfit(list));
    }
    let cursor = Cursor {
        base: list.off(),
        len: list.len(),
        columns: list.columns(),
        space: list.space(),
        map: list.tag() == Tag::Map,
        height: index(m.heap.store.height()),
        ..Cursor::IDLE
    };
    let Some(place) = m.cursors.get_mut(usize::from(ins.b)) else {
        return Outcome::Error(BROKEN);
    };
    *place = cursor;
    Outcome::of(cursor.len > 0)
}

/// `Next`: F if there is another element.
#[inline]
pub(in crate::runtime) fn advance<O: Watching>(
    m: &mut Machine<'_, O>,
    ins: &Instruction,
    turn: u64,
) -> Outcome {
    let Some(cursor) = m.cursors.get_mut(usize::from(ins.b)) else {
        return Outcome::Error(BROKEN);
    };
    cursor.at = cursor.at.saturating_add(1);
    if cursor.at >= cursor.len {
        return Outcome::True;
    }
    match m.budget.spend(turn) {
        Ok(()) => Outcome::False,
        Err(class) => Outcome::Error(class),
    }
}

/// Copies the element that the cursor stands on into the registers from `c` on. T.
#[inline]
pub(in crate::runtime) fn take<O: Watching>(
    m: &Machine<'_, O>,
    file: &mut [Value],
    ins: &Instruction,
) -> Outcome {
    let Some(cursor) = m.cursors.get(usize::from(ins.b)) else { return Outcome::Error(BROKEN) };
    let view = m.heap.view();
    let store = match cursor.space {
        Space::Program => view.program_elements,
        Space::Request | Space::Arena | Space::Builtin => view.elements,
    };
    let columns = usize::from(cursor.columns);
    let first = cursor.base as usize + cursor.at as usize * columns;
    let pairs = ins.x & X_PAIRS != 0;
    let columns = if cursor.map && !pairs { 1 } else { columns };
    let mut to = usize::from(ins.c);
    if pairs && !cursor.map {
        let Some(place) = file.get_mut(to) else { return Outcome::Error(BROKEN) };
        *place = Value::int(i64::from(cursor.at));
        to += 1;
    }
    match (store.get(first..first + columns), file.get_mut(to..to + columns)) {
        (Some(from), Some(to)) => {
            to.copy_from_slice(from);
            Outcome::True
        }
        _ => Outcome::Error(BROKEN),
    }
}

/// `Pend`: keeps what the first failed element noted.
pub(in crate::runtime) fn pend<O: Watching>(m: &mut Machine<'_, O>, ins: &Instruction) -> Outcome {
    let note = m.note;
    let Some(cursor) = m.cursors.get_mut(usize::from(ins.b)) else {
        return Outcome::Error(BROKEN);
    };
    if !cursor.failed {
        cursor.failed = true;
        cursor.note = note;
    }
    m.heap.store.drop_stack(cursor.height as usize);
    Outcome::True
}

/// `LoopEnd`
pub(in crate::runtime) fn end<O: Watching>(m: &mut Machine<'_, O>, ins: &Instruction) -> Outcome {
    let Some(cursor) = m.cursors.get(usize::from(ins.b)) else { return Outcome::Error(BROKEN) };
    if !cursor.failed {
        return Outcome::False;
    }
    if ins.x & X_COLD == 0 {
        m.note = cursor.note;
    }
    Outcome::Noted
}

/// `Count`
pub(in crate::runtime) fn count<O: Watching>(m: &mut Machine<'_, O>, ins: &Instruction) -> Outcome {
    let Some(cursor) = m.cursors.get_mut(usize::from(ins.b)) else {
        return Outcome::Error(BROKEN);
    };
    cursor.count = cursor.count.saturating_add(1);
    Outcome::True
}

/// `Counted`
pub(in crate::runtime) fn counted<O: Watching>(m: &Machine<'_, O>, ins: &Instruction) -> Answer {
    let cursor = m.cursors.get(usize::from(ins.b)).ok_or(BROKEN)?;
    Ok(Value::int(cursor.count))
}

/// `Build`
pub(in crate::runtime) fn build<O: Watching>(m: &mut Machine<'_, O>, ins: &Instruction) -> Outcome {
    let height = index(m.heap.store.height());
    let Some(builder) = m.builders.get_mut(usize::from(ins.b)) else {
        return Outcome::Error(BROKEN);
    };
    *builder = Builder { height, len: 0 };
    Outcome::True
}

/// `Append` and `Put`: `values` go to the builder. With `X_OPTIONAL` the last is an optional.
pub(in crate::runtime) fn add<O: Watching>(
    m: &mut Machine<'_, O>,
    ins: &Instruction,
    key: Option<Value>,
    value: Value,
) -> Outcome {
    match push(m, ins, key, value) {
        Ok(()) => Outcome::True,
        Err(class) => Outcome::Error(class),
    }
}

/// `Append` of the values of several elements: how many of them. The next did not fit.
pub(in crate::runtime) fn add_all<O: Watching>(
    m: &mut Machine<'_, O>,
    ins: &Instruction,
    lanes: impl Iterator<Item = usize>,
    value: impl Fn(&Heap<'_>, &[Value], usize) -> Option<Value>,
) -> u32 {
    let Ok(Builder { len, .. }) = top(m, ins) else { return 0 };
    let mut count = 0;
    for lane in lanes {
        let value = value(&m.heap, m.made, lane);
        if value.is_none_or(|value| m.heap.store.push_stack(value).is_err()) {
            break;
        }
        count += 1;
    }
    if let Ok(builder) = builder_of(m, ins) {
        builder.len = len + count;
    }
    count
}

fn push<O: Watching>(
    m: &mut Machine<'_, O>,
    ins: &Instruction,
    key: Option<Value>,
    value: Value,
) -> Result<(), EvalError> {
    if let Some(absent) = key.iter().find(|value| !value.is_present()) {
        return Err(misfit(absent));
    }
    let Some(value) = given(m, ins, value)? else { return Ok(()) };
    let builder = top(m, ins)?;
    if let Some(key) = key {
        m.heap.store.push_stack(key)?;
    }
    m.heap.store.push_stack(value)?;
    builder_of(m, ins)?.len = builder.len + 1 + u32::from(key.is_some());
    Ok(())
}

/// The value that goes to a builder; with `X_OPTIONAL` what an optional holds, if it holds one.
fn given<O: Watching>(
    m: &Machine<'_, O>,
    ins: &Instruction,
    value: Value,
) -> Result<Option<Value>, EvalError> {
    if !value.is_present() {
        return Err(misfit(&value));
    }
    if ins.x & X_OPTIONAL == 0 {
        return Ok(Some(value));
    }
    if value.tag() != Tag::Optional {
        return Err(EvalError::NoSuchOverload);
    }
    Ok(m.heap.elements(&value).first().copied())
}

fn builder_of<'m, O: Watching>(
    m: &'m mut Machine<'_, O>,
    ins: &Instruction,
) -> Result<&'m mut Builder, EvalError> {
    m.builders.get_mut(usize::from(ins.b)).ok_or(BROKEN)
}

/// The builder, whose values are the last on the build stack from here on.
fn top<O: Watching>(m: &mut Machine<'_, O>, ins: &Instruction) -> Result<Builder, EvalError> {
    let builder = *builder_of(m, ins)?;
    m.heap.store.drop_stack(builder.height as usize + builder.len as usize);
    Ok(builder)
}

/// `PutField`: a value goes to `field` of the message that is built.
#[inline(never)]
pub(in crate::runtime) fn put_field<O: Watching>(
    m: &mut Machine<'_, O>,
    ins: &Instruction,
    field: &Field,
    value: Value,
) -> Outcome {
    match assign(m, ins, field, value) {
        Ok(()) => Outcome::True,
        Err(class) => Outcome::Error(class),
    }
}

fn assign<O: Watching>(
    m: &mut Machine<'_, O>,
    ins: &Instruction,
    field: &Field,
    value: Value,
) -> Result<(), EvalError> {
    let Some(value) = given(m, ins, value)? else { return Ok(()) };
    let builder = top(m, ins)?;
    if let Some(value) = message::build::assign(&mut m.heap, field, &value)? {
        m.heap.store.push_stack(Value::int(field.number.into()))?;
        m.heap.store.push_stack(value)?;
        builder_of(m, ins)?.len = builder.len + 2;
    }
    Ok(())
}

/// `EndMessage`
#[inline(never)]
pub(in crate::runtime) fn message<O: Watching>(
    m: &mut Machine<'_, O>,
    ins: &Instruction,
) -> Answer {
    let builder = top(m, ins)?;
    message::build::finish(&mut m.heap, ins.a.into(), builder.height as usize)
}

/// `EndList`
pub(in crate::runtime) fn list<O: Watching>(m: &mut Machine<'_, O>, ins: &Instruction) -> Answer {
    let builder = top(m, ins)?;
    let off = m.heap.store.finish(builder.height as usize)?;
    Ok(Value::list(Space::Arena, off, builder.len, 1))
}

/// `EndMap`
pub(in crate::runtime) fn map<O: Watching>(m: &mut Machine<'_, O>, ins: &Instruction) -> Answer {
    let builder = top(m, ins)?;
    map::finish(&mut m.heap, builder.height as usize)
}
