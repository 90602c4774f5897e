//! Message and enum types (V33): in order, their fields whole and of the types that they say.
//!
//! Imports: `lang`, `runtime::bundle`.

use crate::lang::constant::Constant;
use crate::lang::value::message::{Kind, Presence, WellKnown};
use crate::runtime::bundle::module::{MessageFieldRow, Module, NONE, NodeMode, TypeRow};
use crate::runtime::verify::error::{Fault, VerifyError};
use crate::runtime::verify::steps::Steps;
use crate::runtime::verify::structure::{ensure, has_string, number};
use crate::runtime::verify::types::fields_of;

/// First number that no field has.
const NUMBERS_END: u32 = 1 << 29;

/// What CEL makes of the messages of type `of`.
pub(super) fn well_known(module: &Module, of: u16) -> WellKnown {
    let name = module.messages.get(usize::from(of)).map(|row| row.name);
    let name = name.and_then(|name| module.strings.get(usize::try_from(name).ok()?));
    WellKnown::of(name.unwrap_or_default())
}

/// Checks that names are in order, and that fields partition their table.
pub(super) fn names(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let (mut before, mut next) = (None, 0);
    for (at, row) in module.messages.iter().enumerate() {
        steps.spend(1)?;
        let ordered = before.is_none_or(|before| before < row.name);
        ensure(ordered && has_string(module, row.name), Fault::MessageOrder { at: number(at) })?;
        before = Some(row.name);
        let own = usize::from(row.first_field) == next;
        next += usize::from(row.fields);
        let whole = own && next <= module.fields.len();
        ensure(whole, Fault::MessageFields { at: number(at) })?;
    }
    ensure(
        next == module.fields.len(),
        Fault::MessageFields { at: number(module.messages.len()) },
    )?;
    let mut before = None;
    for (at, row) in module.enums.iter().enumerate() {
        steps.spend(1 + row.values.len())?;
        let ordered = before.is_none_or(|before| before < row.name)
            && row.values.is_sorted_by(|a, b| a.0 < b.0);
        let named = row.values.iter().all(|(name, _)| has_string(module, *name));
        let holds = ordered && named && has_string(module, row.name);
        ensure(holds, Fault::EnumOrder { at: number(at) })?;
        before = Some(row.name);
    }
    let is_message = usize::from(module.context) < module.messages.len();
    ensure(is_message || module.context == NONE, Fault::Context)
}

/// Checks that a context which is a message fills places with what they are taken to hold: a field
/// is read as its own type, never in rows.
pub(super) fn context(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    if module.context == NONE {
        return Ok(());
    }
    ensure(well_known(module, module.context) == WellKnown::Plain, Fault::Context)?;
    let fields = fields_of(module, module.context);
    let root = module.paths.first().map_or(0..0, |root| {
        let first = usize::from(root.first_child);
        first..first + usize::from(root.children)
    });
    for at in root {
        steps.spend(1 + fields.len())?;
        let Some(place) = module.paths.get(at) else { continue };
        let Some(field) = fields.iter().find(|field| field.name == place.key) else { continue };
        let open = module.types.get(usize::from(place.ty)) == Some(&TypeRow::Dyn);
        let fits = match place.mode {
            NodeMode::Whole => open || place.ty == field.ty,
            // What is read below is held to the types of the places there.
            NodeMode::Object(_) => true,
            NodeMode::Rows => false,
        };
        ensure(fits, Fault::ContextPlace { at: number(at) })?;
    }
    Ok(())
}

/// Checks the fields of every message.
pub(super) fn fields(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    for (at, of) in (0..module.messages.len()).zip(0..) {
        let rows = fields_of(module, of);
        steps.spend(1 + rows.len())?;
        let fault = Fault::MessageFields { at: number(at) };
        let numbered = rows.iter().all(|row| (1..NUMBERS_END).contains(&row.number));
        let mut names: Vec<u32> = rows.iter().map(|row| row.name).collect();
        names.sort_unstable();
        let unique = names.is_sorted_by(|a, b| a < b);
        ensure(numbered && unique && rows.is_sorted_by(|a, b| a.number < b.number), fault)?;
        let known = well_known(module, of);
        ensure(is_laid_out(module, known, rows), Fault::WellKnown { at: number(at) })?;
    }
    for (at, row) in module.fields.iter().enumerate() {
        steps.spend(1)?;
        let holds = has_string(module, row.name)
            && has_string(module, row.json)
            && exists(module, row.kind)
            && is_of(module, row)
            && has_default(module, row);
        ensure(holds, Fault::MessageField { at: number(at) })?;
    }
    Ok(())
}

/// Whether the messages that CEL converts have the field that it reads.
fn is_laid_out(module: &Module, known: WellKnown, rows: &[MessageFieldRow]) -> bool {
    let first = rows.first().filter(|row| row.number == 1);
    let is_value = |kind: Kind| {
        let Kind::Message { kind, .. } = kind else { return false };
        let of = u16::try_from(kind).unwrap_or(NONE);
        well_known(module, of) == WellKnown::Value
    };
    match known {
        WellKnown::Wrapper(of) => first.is_some_and(|row| row.kind == of && is_single(row)),
        WellKnown::Struct => first
            .is_some_and(|row| row.presence == Presence::Map(Kind::String) && is_value(row.kind)),
        WellKnown::List => {
            first.is_some_and(|row| row.presence == Presence::Repeated && is_value(row.kind))
        }
        WellKnown::Plain
        | WellKnown::Any
        | WellKnown::Value
        | WellKnown::Timestamp
        | WellKnown::Duration => true,
    }
}

const fn is_single(row: &MessageFieldRow) -> bool {
    matches!(row.presence, Presence::Implicit | Presence::Explicit | Presence::Oneof(_))
}

/// Whether what a kind names is there.
fn exists(module: &Module, kind: Kind) -> bool {
    let is_in = |at: u32, len: usize| usize::try_from(at).is_ok_and(|at| at < len);
    if let Kind::Message { kind, .. } = kind {
        return is_in(kind, module.messages.len());
    }
    if let Kind::Enum(of) = kind { is_in(of, module.enums.len()) } else { true }
}

/// Whether the type of a field is what its kind and presence say.
fn is_of(module: &Module, row: &MessageFieldRow) -> bool {
    let ty = module.types.get(usize::from(row.ty));
    match (row.presence, ty) {
        (Presence::Repeated, Some(TypeRow::List(part, None))) => of_kind(module, *part, row.kind),
        (Presence::Map(key), Some(TypeRow::Map(own, part))) => {
            is_key(key) && of_kind(module, *own, key) && of_kind(module, *part, row.kind)
        }
        (Presence::Repeated | Presence::Map(_), _) => false,
        (Presence::Implicit, _) => {
            !matches!(row.kind, Kind::Message { .. }) && of_kind(module, row.ty, row.kind)
        }
        (Presence::Explicit | Presence::Oneof(_), _) => of_kind(module, row.ty, row.kind),
    }
}

const fn is_key(kind: Kind) -> bool {
    !matches!(kind, Kind::Double | Kind::Float | Kind::Bytes | Kind::Message { .. } | Kind::Enum(_))
}

/// Whether values of this kind are of type `ty`.
fn of_kind(module: &Module, ty: u16, kind: Kind) -> bool {
    let Some(row) = module.types.get(usize::from(ty)) else { return false };
    let is = |part: &u16, wanted: &TypeRow| module.types.get(usize::from(*part)) == Some(wanted);
    match kind {
        Kind::Double | Kind::Float => *row == TypeRow::Double,
        Kind::Int32
        | Kind::Int64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Sfixed32
        | Kind::Sfixed64 => *row == TypeRow::Int,
        Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => *row == TypeRow::Uint,
        Kind::Bool => *row == TypeRow::Bool,
        Kind::String => *row == TypeRow::String,
        Kind::Bytes => *row == TypeRow::Bytes,
        Kind::Enum(of) => {
            let of = u16::try_from(of).unwrap_or(NONE);
            let strong = module.enums.get(usize::from(of)).is_some_and(|it| it.strong);
            *row == if strong { TypeRow::Enum(of) } else { TypeRow::Int }
        }
        Kind::Message { kind, .. } => {
            let of = u16::try_from(kind).unwrap_or(NONE);
            match (well_known(module, of), row) {
                (WellKnown::Plain, row) => *row == TypeRow::Message(of),
                (WellKnown::Any | WellKnown::Value, row) => *row == TypeRow::Dyn,
                (WellKnown::Timestamp, row) => *row == TypeRow::Timestamp,
                (WellKnown::Duration, row) => *row == TypeRow::Duration,
                (WellKnown::Wrapper(of), TypeRow::Nullable(part)) => of_kind(module, *part, of),
                (WellKnown::Struct, TypeRow::Map(key, part)) => {
                    is(key, &TypeRow::String) && is(part, &TypeRow::Dyn)
                }
                (WellKnown::List, TypeRow::List(part, None)) => is(part, &TypeRow::Dyn),
                (WellKnown::Wrapper(_) | WellKnown::Struct | WellKnown::List, _) => false,
            }
        }
    }
}

/// Whether the default of a field, if it has one, is a value that it can hold.
fn has_default(module: &Module, row: &MessageFieldRow) -> bool {
    if row.default == NONE {
        return true;
    }
    let explicit = matches!(row.presence, Presence::Explicit | Presence::Oneof(_));
    let Some(constant) = module.constants.get(usize::from(row.default)) else { return false };
    let in_32_bits = |value: i64| i32::try_from(value).is_ok();
    explicit
        && match (row.kind, constant) {
            (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Enum(_), Constant::Int(value)) => {
                in_32_bits(*value)
            }
            (Kind::Uint32 | Kind::Fixed32, Constant::Uint(value)) => u32::try_from(*value).is_ok(),
            (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, Constant::Int(_))
            | (Kind::Uint64 | Kind::Fixed64, Constant::Uint(_))
            | (Kind::Double | Kind::Float, Constant::Double(_))
            | (Kind::Bool, Constant::Bool(_))
            | (Kind::String, Constant::String(_))
            | (Kind::Bytes, Constant::Bytes(_)) => true,
            _ => false,
        }
}
