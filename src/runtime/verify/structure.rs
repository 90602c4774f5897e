//! Tables that stand for themselves: strings, constants, sets, types, patterns (V6 to V9, V20,
//! V21), and places of the context (V29).
//!
//! Imports: `base`, `lang`, `runtime::bundle`.

use std::collections::HashSet;

use crate::base::limits::{CONSTANT_DEPTH_MAX, DFA_BYTES_MAX, SIMULATED_BYTES_MAX};
use crate::lang::constant::Constant;
use crate::lang::functions::by_number;
use crate::lang::pattern::search::{Pattern, PatternFault};
use crate::runtime::bundle::module::{Module, NONE, NodeMode, PathNode, SlotRow, TypeRow};
use crate::runtime::bundle::writer::constant_bytes;
use crate::runtime::verify::error::{Fault, VerifyError};
use crate::runtime::verify::messages;
use crate::runtime::verify::references::unused;
use crate::runtime::verify::steps::Steps;

/// First and last second of the years 1 to 9999, CEL's range of timestamps.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
const NANOSECONDS: u32 = 1_000_000_000;

/// Checks the tables that name nothing of the code; the patterns, ready for searching.
pub(super) fn check(module: &Module, steps: &mut Steps) -> Result<Vec<Pattern>, VerifyError> {
    strings(module, steps)?;
    messages::names(module, steps)?;
    types(module, steps)?;
    messages::fields(module, steps)?;
    constants(module, steps)?;
    sets(module, steps)?;
    let patterns = patterns(module, steps)?;
    builtins(module, steps)?;
    hosts(module, steps)?;
    paths(module, steps)?;
    messages::context(module, steps)?;
    slots(module, steps)?;
    steps.spend(module.code.len() + module.strings.len() + module.types.len())?;
    steps.spend(module.fields.len())?;
    match unused(module) {
        Some((table, at)) => Err(Fault::Unused { table: table as u32, at: number(at) }.into()),
        None => Ok(patterns),
    }
}

/// An index as faults hold it.
pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

pub(super) fn ensure(holds: bool, fault: Fault) -> Result<(), VerifyError> {
    if holds { Ok(()) } else { Err(fault.into()) }
}

fn strings(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    for (at, (before, text)) in module.strings.iter().zip(module.strings.iter().skip(1)).enumerate()
    {
        steps.spend(1)?;
        ensure(before < text, Fault::StringOrder { at: number(at + 1) })?;
    }
    let named = [module.manifest.name, module.manifest.compiler, module.manifest.tzdb];
    let paths = module.manifest.sources.iter().map(|row| row.path);
    for (at, string) in named.into_iter().chain(paths).enumerate() {
        let fault = Fault::TableReference { table: MANIFEST, at: number(at) };
        ensure(has_string(module, string), fault)?;
    }
    Ok(())
}

/// The number of the manifest in `Fault::TableReference`; the others are those of `Table`.
const MANIFEST: u32 = 12;

pub(super) fn has_string(module: &Module, string: u32) -> bool {
    usize::try_from(string).is_ok_and(|at| at < module.strings.len())
}

fn types(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let mut seen = HashSet::with_capacity(module.types.len());
    let mut depths: Vec<usize> = Vec::with_capacity(module.types.len());
    for (index, row) in module.types.iter().enumerate() {
        let at = number(index);
        ensure(seen.insert(row), Fault::TypeTwice { at })?;
        let depth_of = |part: u16| depths.get(usize::from(part)).copied();
        let part_row = |part: u16| module.types.get(usize::from(part));
        let none = Fault::TypePart { at };
        let depth = match row {
            TypeRow::Nullable(part) => {
                ensure(part_row(*part).is_some_and(is_primitive), none)?;
                depth_of(*part).ok_or(none)?
            }
            TypeRow::Optional(part) | TypeRow::List(part, _) => depth_of(*part).ok_or(none)?,
            TypeRow::Map(key, value) => {
                ensure(part_row(*key).is_some_and(is_key), none)?;
                depth_of(*key).ok_or(none)?;
                depth_of(*value).ok_or(none)?
            }
            TypeRow::Record { fields, rest } => {
                steps.spend(fields.len())?;
                let mut depth = if *rest == NONE { 0 } else { depth_of(*rest).ok_or(none)? };
                for field in fields {
                    ensure(has_string(module, field.name), none)?;
                    depth = depth.max(depth_of(field.ty).ok_or(none)?);
                }
                let ordered = fields.is_sorted_by(|a, b| a.name < b.name);
                ensure(ordered, Fault::FieldOrder { at })?;
                depth
            }
            TypeRow::Dyn
            | TypeRow::Null
            | TypeRow::Bool
            | TypeRow::Int
            | TypeRow::Uint
            | TypeRow::Double
            | TypeRow::String
            | TypeRow::Bytes
            | TypeRow::Timestamp
            | TypeRow::Duration
            | TypeRow::Type => 0,
            TypeRow::Message(of) => {
                ensure(usize::from(*of) < module.messages.len(), none)?;
                0
            }
            TypeRow::Enum(of) => {
                let strong = module.enums.get(usize::from(*of)).is_some_and(|it| it.strong);
                ensure(strong, none)?;
                0
            }
        };
        ensure(depth < CONSTANT_DEPTH_MAX, Fault::TypeDepth { at })?;
        depths.push(depth + 1);
        steps.spend(1)?;
    }
    Ok(())
}

const fn is_primitive(row: &TypeRow) -> bool {
    matches!(
        row,
        TypeRow::Bool
            | TypeRow::Int
            | TypeRow::Uint
            | TypeRow::Double
            | TypeRow::String
            | TypeRow::Bytes
    )
}

const fn is_key(row: &TypeRow) -> bool {
    matches!(row, TypeRow::Dyn | TypeRow::Bool | TypeRow::Int | TypeRow::Uint | TypeRow::String)
}

fn constants(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let mut seen = HashSet::with_capacity(module.constants.len());
    for (at, constant) in module.constants.iter().enumerate() {
        let at = number(at);
        let bytes = constant_bytes(constant).ok_or(Fault::ConstantRange { at })?;
        steps.spend(1)?;
        in_range(module, constant, at)?;
        ensure(seen.insert(bytes), Fault::ConstantTwice { at })?;
    }
    Ok(())
}

/// Recurses as deep as `constant_bytes` found the constant to be: `CONSTANT_DEPTH_MAX`.
fn in_range(module: &Module, constant: &Constant, at: u32) -> Result<(), VerifyError> {
    match constant {
        Constant::Timestamp(seconds, nanoseconds) => {
            let holds = SECONDS.contains(seconds) && *nanoseconds < NANOSECONDS;
            ensure(holds, Fault::ConstantRange { at })
        }
        Constant::List(elements) => elements.iter().try_for_each(|it| in_range(module, it, at)),
        Constant::Map(entries) => {
            let ranks: Option<Vec<_>> = entries.iter().map(|(key, _)| key_rank(key)).collect();
            let ordered = ranks.is_some_and(|ranks| ranks.is_sorted_by(|a, b| a < b));
            ensure(ordered, Fault::ConstantKey { at })?;
            entries.iter().try_for_each(|(_, value)| in_range(module, value, at))
        }
        Constant::Optional(Some(value)) => in_range(module, value, at),
        Constant::Null
        | Constant::Bool(_)
        | Constant::Int(_)
        | Constant::Uint(_)
        | Constant::Double(_)
        | Constant::String(_)
        | Constant::Bytes(_)
        | Constant::Duration(_)
        | Constant::Type(_)
        | Constant::Optional(None) => Ok(()),
        Constant::Enum(name, _) => ensure(is_strong(module, name), Fault::ConstantRange { at }),
    }
}

/// Whether an enum of this name is a type of its own.
fn is_strong(module: &Module, name: &str) -> bool {
    let text = |at: u32| usize::try_from(at).ok().and_then(|at| module.strings.get(at));
    let at = module.enums.binary_search_by(|row| text(row.name).unwrap_or_default().cmp(name));
    at.ok().and_then(|at| module.enums.get(at)).is_some_and(|it| it.strong)
}

/// Where a key stands in a map: bools, numbers by value, strings. Others are no keys.
fn key_rank(key: &Constant) -> Option<(u8, i128, &str)> {
    match key {
        Constant::Bool(value) => Some((0, i128::from(*value), "")),
        Constant::Int(value) => Some((1, i128::from(*value), "")),
        Constant::Uint(value) => Some((1, i128::from(*value), "")),
        Constant::String(text) => Some((2, 0, text)),
        Constant::Null
        | Constant::Double(_)
        | Constant::Bytes(_)
        | Constant::Timestamp(..)
        | Constant::Duration(_)
        | Constant::Type(_)
        | Constant::List(_)
        | Constant::Map(_)
        | Constant::Optional(_)
        | Constant::Enum(..) => None,
    }
}

fn sets(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let mut seen = HashSet::with_capacity(module.sets.len());
    for (at, set) in module.sets.iter().enumerate() {
        steps.spend(set.len() + 1)?;
        let at = number(at);
        let members = set.iter().all(|member| {
            module.constants.get(usize::from(*member)).is_some_and(|constant| {
                !matches!(constant, Constant::List(_) | Constant::Map(_) | Constant::Optional(_))
            })
        });
        ensure(members && set.is_sorted_by(|a, b| a < b), Fault::SetMember { at })?;
        ensure(seen.insert(set), Fault::SetTwice { at })?;
    }
    Ok(())
}

fn patterns(module: &Module, steps: &mut Steps) -> Result<Vec<Pattern>, VerifyError> {
    let mut seen = HashSet::with_capacity(module.patterns.len());
    let mut made = Vec::with_capacity(module.patterns.len());
    let mut simulated = 0;
    for (at, pattern) in module.patterns.iter().enumerate() {
        steps.spend(1)?;
        let at = number(at);
        let fault = Fault::TableReference { table: 4, at };
        ensure(has_string(module, pattern.text), fault)?;
        ensure(seen.insert(pattern.text), Fault::PatternTwice { at })?;
        ensure(pattern.automaton.len() <= DFA_BYTES_MAX, Fault::Automaton { at })?;
        let text = usize::try_from(pattern.text).ok().and_then(|at| module.strings.get(at));
        match Pattern::of(text.unwrap_or_default(), &pattern.automaton) {
            Ok(pattern) => {
                simulated += pattern.simulated_bytes();
                ensure(simulated <= SIMULATED_BYTES_MAX, Fault::Simulated)?;
                made.push(pattern);
            }
            Err(PatternFault::Automaton) => return Err(Fault::Automaton { at }.into()),
            // A text that lacks what is looked for first is not shown to the automaton.
            Err(PatternFault::Text) => return Err(Fault::PatternText { at }.into()),
        }
    }
    Ok(made)
}

fn builtins(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let mut seen = HashSet::with_capacity(module.dispatch.len());
    for (at, rows) in module.dispatch.iter().enumerate() {
        steps.spend(rows.len() + 1)?;
        let at = number(at);
        let arity = |row: &u16| by_number(*row).map(|row| row.params.len());
        for row in rows {
            ensure(arity(row).is_some(), Fault::Builtin { number: u32::from(*row) })?;
        }
        let agree =
            rows.first().is_some_and(|first| rows.iter().all(|row| arity(row) == arity(first)));
        let holds = agree && rows.len() > 1 && rows.is_sorted_by(|a, b| a < b) && seen.insert(rows);
        ensure(holds, Fault::Dispatch { at })?;
    }
    Ok(())
}

fn hosts(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let has_type = |ty: u16| usize::from(ty) < module.types.len();
    for (at, host) in module.hosts.iter().enumerate() {
        steps.spend(host.params.len() + 1)?;
        let holds = has_string(module, host.name)
            && has_type(host.result)
            && host.timeout_ns.is_none_or(|timeout| timeout > 0)
            && host.params.iter().all(|ty| has_type(*ty));
        ensure(holds, Fault::TableReference { table: 6, at: number(at) })?;
    }
    Ok(())
}

fn paths(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let key =
        |node: &PathNode| usize::try_from(node.key).ok().and_then(|at| module.strings.get(at));
    let root = module.paths.first().is_some_and(|root| {
        key(root).is_some_and(str::is_empty) && matches!(root.mode, NodeMode::Object(_))
    });
    ensure(root, Fault::PathRoot)?;
    // Children stand together, in the order of their parents, each below exactly one.
    let mut next = 1;
    for (at, node) in module.paths.iter().enumerate() {
        steps.spend(1)?;
        let fault = Fault::PathChildren { node: number(at) };
        let first = usize::from(node.first_child);
        let count = usize::from(node.children);
        if count == 0 {
            ensure(first == 0, fault)?;
        } else {
            ensure(first == next && first > at, fault)?;
            let children = module.paths.get(first..first + count).ok_or(fault)?;
            let ordered = children.is_sorted_by(|a, b| a.key < b.key);
            ensure(ordered && children.iter().all(|child| key(child).is_some()), fault)?;
            next += count;
        }
        path(module, number(at), node)?;
    }
    ensure(next >= module.paths.len(), Fault::PathLeft { node: number(next) })?;
    columns(module)
}

/// What is read at one place.
fn path(module: &Module, at: u32, node: &PathNode) -> Result<(), VerifyError> {
    let slot_of = |slot: u16| module.slots.get(usize::from(slot)).copied();
    let own = |slot: u16, row: SlotRow| slot == NONE || slot_of(slot) == Some(row);
    let index = u16::try_from(at).unwrap_or(NONE);
    let holds =
        own(node.slot, SlotRow::Value(index)) && own(node.presence, SlotRow::Presence(index));
    ensure(holds, Fault::PathSlot { node: at })?;
    let row = module.types.get(usize::from(node.ty)).ok_or(Fault::PathType { node: at })?;
    let fits = match node.mode {
        NodeMode::Object(_) => matches!(row, TypeRow::Dyn),
        NodeMode::Whole => true,
        NodeMode::Rows => matches!(row, TypeRow::List(..)),
    };
    ensure(fits, Fault::PathType { node: at })?;
    let mode = match node.mode {
        NodeMode::Object(_) => node.slot == NONE && !node.required,
        NodeMode::Whole => true,
        NodeMode::Rows => node.slot != NONE && !node.required,
    };
    ensure(mode, Fault::PathMode { node: at })
}

/// Columns have no slots and nothing below them; every other place that is read whole has a slot.
fn columns(module: &Module) -> Result<(), VerifyError> {
    let mut is_column = vec![false; module.paths.len()];
    for node in &module.paths {
        if node.mode == NodeMode::Rows {
            let first = usize::from(node.first_child);
            let columns = is_column.get_mut(first..first + usize::from(node.children));
            columns.into_iter().flatten().for_each(|column| *column = true);
        }
    }
    for (at, (node, is_column)) in module.paths.iter().zip(is_column).enumerate() {
        let fault = Fault::PathMode { node: number(at) };
        let whole = node.mode == NodeMode::Whole;
        if is_column {
            ensure(whole && node.children == 0, fault)?;
            ensure(node.slot == NONE && node.presence == NONE, fault)?;
        } else {
            ensure(!whole || node.slot != NONE && !node.required, fault)?;
            let reads = node.slot != NONE || node.presence != NONE || node.children > 0;
            ensure(reads || at == 0, fault)?;
        }
    }
    Ok(())
}

fn slots(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let mut now = false;
    for (at, slot) in module.slots.iter().enumerate() {
        steps.spend(1)?;
        let index = u16::try_from(at).unwrap_or(NONE);
        let node = |node: u16| module.paths.get(usize::from(node));
        let holds = match slot {
            SlotRow::Value(path) => node(*path).is_some_and(|node| node.slot == index),
            SlotRow::Presence(path) => node(*path).is_some_and(|node| node.presence == index),
            SlotRow::Now => {
                ensure(!now, Fault::NowTwice { slot: number(at) })?;
                now = true;
                true
            }
        };
        ensure(holds, Fault::SlotPath { slot: number(at) })?;
    }
    Ok(())
}
