//! What messages and outputs must not tell (V30).
//!
//! In:      a module whose tables are right, and its calls.
//! Out:     `Secrets`: the functions that run for messages and outputs, and what they may not tell.
//! Imports: `lang`, `runtime::bundle`.
//!
//! A function that runs for a message or an output, directly or not, reads nothing that is
//! sensitive, but for whether it is there. A value of a type with sensitive fields is walked,
//! measured and handed on, as long as its type goes with it; nothing else is done with it.

use crate::lang::constant::Constant;
use crate::lang::opcodes::{Instruction, Op, X_OPTIONAL};
use crate::runtime::bundle::govern::DenialRow;
use crate::runtime::bundle::module::{FieldRow, Module, NodeMode, SlotRow, Str, TypeRow};
use crate::runtime::verify::calls::Calls;
use crate::runtime::verify::error::{Fault, VerifyError};
use crate::runtime::verify::steps::Steps;
use crate::runtime::verify::structure::number;
use crate::runtime::verify::types::Ty;

/// What must not be told, and by whom.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// For each type whether its values hold a sensitive field.
    holding: Vec<bool>,
    /// For each function whether a message or an output runs it; empty if nothing is sensitive.
    runs: Vec<bool>,
    /// For each function whether its value is a part of a message, or an output.
    tells: Vec<bool>,
}

impl Secrets {
    /// The secrets of `module`.
    pub(super) fn of(
        module: &Module,
        calls: &Calls,
        steps: &mut Steps,
    ) -> Result<Self, VerifyError> {
        let mut secrets = Self { holding: holding(module, steps)?, ..Self::default() };
        let marked = module.paths.iter().any(|node| node.sensitive);
        if !marked && !secrets.holding.contains(&true) {
            return Ok(secrets);
        }
        secrets.tells = vec![false; module.functions.len()];
        let parts = module.templates.iter().flatten().filter_map(|part| part.function());
        let outputs = module.outputs.iter().flat_map(|row| [row.function, row.explanation]);
        let answers = module.govern.denials.iter().flat_map(DenialRow::terms);
        let answers = answers.filter_map(|at| module.govern.terms.get(usize::from(at)));
        let answers = answers.map(|term| term.function);
        for function in parts.chain(outputs).chain(answers) {
            steps.spend(1)?;
            if let Some(tells) = secrets.tells.get_mut(usize::from(function)) {
                *tells = true;
            }
        }
        secrets.runs = calls.below(secrets.tells.clone(), steps)?;
        Ok(secrets)
    }

    /// Whether function `index` runs for a message or an output, and something is sensitive.
    pub(super) fn bind(&self, index: u16) -> bool {
        self.runs.get(usize::from(index)).copied().unwrap_or_default()
    }

    /// Whether values of this type hold a sensitive field.
    fn held(&self, row: u16) -> bool {
        self.holding.get(usize::from(row)).copied().unwrap_or_default()
    }

    /// Whether values of this type are sensitive or hold what is.
    pub(super) fn are(&self, ty: Ty) -> bool {
        match ty {
            Ty::Sensitive => true,
            Ty::Row(row) | Ty::RowsOf(row) => self.held(row),
            Ty::Never
            | Ty::Plain(_)
            | Ty::ListOf(_)
            | Ty::MapOf(..)
            | Ty::Message(_)
            | Ty::Enum(_)
            | Ty::Columns(_) => false,
        }
    }

    /// What a bound function takes the value of `slot` for, whose type is known to be `ty`.
    pub(super) fn slot(&self, module: &Module, slot: u16, ty: Ty) -> Ty {
        let Some(SlotRow::Value(node)) = module.slots.get(usize::from(slot)) else { return ty };
        let Some(node) = module.paths.get(usize::from(*node)) else { return ty };
        if node.sensitive {
            Ty::Sensitive
        } else if self.held(node.ty) && !matches!(ty, Ty::Columns(_)) {
            // Whatever is asked of the slot: only this type says what of it is sensitive.
            Ty::of_row(module, node.ty)
        } else {
            ty
        }
    }

    /// Checks that a bound function may do `ins` with a value of this type, which stands at `at`.
    pub(super) fn check(
        &self,
        module: &Module,
        ins: &Instruction,
        at: u16,
        ty: Ty,
    ) -> Result<(), Fault> {
        if !self.are(ty) || ins.op == Op::Has {
            return Ok(());
        }
        let row = if let Ty::Row(row) = ty { module.types.get(usize::from(row)) } else { None };
        let entries = matches!(row, Some(TypeRow::List(..) | TypeRow::Map(..)));
        let entries = entries || matches!(ty, Ty::RowsOf(_));
        // Not a `match`: these are few of many instructions.
        let op = ins.op;
        let keeps = matches!(
            op,
            Op::HasKey | Op::HasValue | Op::Size | Op::CompareSize | Op::Move | Op::Return
        );
        let walks = matches!(op, Op::Iter | Op::Index) && entries
            || op == Op::Select && (entries || selects(module, ins, row))
            || op == Op::Append && ins.x & X_OPTIONAL == 0 && row.is_some();
        if ty != Ty::Sensitive && (keeps || walks) {
            return Ok(());
        }
        Err(Fault::Told { at: u32::from(at) })
    }

    /// Checks that a value of type `ty` is known to be one where it is taken for one of row `to`.
    pub(super) fn keep(&self, at: u16, ty: Ty, to: u16) -> Result<(), Fault> {
        let kept = !self.are(ty) || self.held(to);
        if kept { Ok(()) } else { Err(Fault::Told { at: u32::from(at) }) }
    }

    /// Checks that function `index`, which is bound, may return the value at `at`, of type `ty`,
    /// as one of row `to`.
    pub(super) fn give(&self, index: u16, at: u16, ty: Ty, to: u16) -> Result<(), Fault> {
        let tells = self.tells.get(usize::from(index)).copied().unwrap_or_default();
        if tells && self.are(ty) {
            return Err(Fault::Told { at: u32::from(at) });
        }
        self.keep(at, ty, to)
    }

    /// The type of a list or map, `ty`, whose first element is of type `taken`. Where elements
    /// hold what is sensitive all are of one type.
    pub(super) fn list(&self, taken: Option<Ty>, ty: Ty) -> Ty {
        match taken {
            Some(Ty::Row(row)) if self.held(row) => Ty::RowsOf(row),
            Some(_) | None => ty,
        }
    }
}

/// Whether `ins` selects a field of an object of type `row` that is not sensitive.
fn selects(module: &Module, ins: &Instruction, row: Option<&TypeRow>) -> bool {
    let (Some(TypeRow::Record { fields, .. }), Some(Constant::String(name))) =
        (row, module.constants.get(usize::from(ins.b)))
    else {
        return false;
    };
    let text = |string: Str| usize::try_from(string).ok().and_then(|at| module.strings.get(at));
    let field = fields.iter().find(|field| text(field.name).is_some_and(|it| it == &**name));
    field.is_none_or(|field| !field.sensitive)
}

/// For each type whether its values hold a sensitive field. Parts stand before what they are of.
fn holding(module: &Module, steps: &mut Steps) -> Result<Vec<bool>, VerifyError> {
    let mut holding: Vec<bool> = Vec::with_capacity(module.types.len());
    for row in &module.types {
        steps.spend(1)?;
        let of = |part: u16| holding.get(usize::from(part)).copied().unwrap_or_default();
        let holds = match row {
            TypeRow::List(part, _) | TypeRow::Map(_, part) | TypeRow::Optional(part) => of(*part),
            TypeRow::Record { fields, rest } => {
                steps.spend(fields.len())?;
                of(*rest) || fields.iter().any(|field| field.sensitive || of(field.ty))
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
            | TypeRow::Type
            | TypeRow::Nullable(_)
            | TypeRow::Message(_)
            | TypeRow::Enum(_) => false,
        };
        holding.push(holds);
    }
    Ok(holding)
}

/// Checks that places of sensitive fields are marked as such where a type above says that they are.
pub(super) fn places(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    for node in module.paths.iter().filter(|node| node.children > 0) {
        let Some(fields) = fields(module, node.ty, node.mode) else { continue };
        let first = usize::from(node.first_child);
        let children = module.paths.get(first..first + usize::from(node.children));
        for (child, at) in children.unwrap_or_default().iter().zip(first..) {
            steps.spend(1)?;
            let field = fields.binary_search_by_key(&child.key, |field| field.name).ok();
            let field = field.and_then(|at| fields.get(at));
            if field.is_some_and(|field| field.sensitive) && !child.sensitive {
                return Err(Fault::Unmarked { node: number(at) }.into());
            }
        }
    }
    Ok(())
}

/// The fields of objects of type `ty`; of `Rows`, of the objects in the list.
fn fields(module: &Module, ty: u16, mode: NodeMode) -> Option<&[FieldRow]> {
    let row = |ty: u16| module.types.get(usize::from(ty));
    let row = match (row(ty)?, mode) {
        (TypeRow::List(part, _), NodeMode::Rows) => row(*part)?,
        (own, NodeMode::Whole) => own,
        _ => return None,
    };
    if let TypeRow::Record { fields, .. } = row { Some(fields) } else { None }
}
