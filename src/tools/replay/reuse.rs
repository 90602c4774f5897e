//! Atoms that two bundles ask alike.
//!
//! In:      the bundle that recorded how its atoms came out, and another.
//! Out:     `Reuse`: of atoms of the other how they came out then.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`, `runtime::vm`, `tools::inspect`.
//! Source:  `docs/replay.md`, section "What is withheld".
//!
//! An atom that is one instruction over places of the context and constants comes out alike in both
//! bundles, if the instruction, the places, their types and the constants are the same. What
//! sessions answer hangs on what their bundle defines, so atoms that ask that are never taken.

use std::collections::HashMap;

use crate::lang::opcodes::{Instruction, NO_ATOM, Operand, X_PART, Yield};
use crate::lang::session::ROOT;
use crate::runtime::bundle::module::{Module, SlotRow, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::observe::{AtomState, Witness};
use crate::tools::inspect::constant::text;
use crate::tools::inspect::reads::keys;

/// Levels of types that are compared; what is deeper is like nothing else.
const DEPTH_MAX: usize = 8;

/// Which atoms of a bundle another one asks, too.
#[derive(Debug, Default)]
pub(super) struct Reuse {
    /// An atom of the other, and the one that was recorded.
    pairs: Vec<(u16, u16)>,
    /// Atoms of the other.
    atoms: u16,
}

impl Reuse {
    /// Those of `to` that `from` asked.
    pub(super) fn between(from: &Program, to: &Program) -> Self {
        let recorded: HashMap<String, u16> =
            asked(from.module()).into_iter().map(|(atom, form)| (form, atom)).collect();
        let pair = |(atom, form): (u16, String)| Some((atom, *recorded.get(&form)?));
        let pairs = asked(to.module()).into_iter().filter_map(pair).collect();
        Self { pairs, atoms: to.atoms() }
    }

    /// How atoms of the other came out, as far as that was recorded.
    pub(super) fn witness(&self, recorded: &Witness) -> Option<Witness> {
        let mut bits = vec![0; usize::from(self.atoms).div_ceil(4)];
        for (atom, own) in &self.pairs {
            let code: u8 = match recorded.atom(*own) {
                AtomState::False => 1,
                AtomState::True => 2,
                // Which error it was no witness tells.
                AtomState::Unseen | AtomState::Error => 0,
            };
            if let Some(byte) = bits.get_mut(usize::from(*atom / 4)) {
                *byte |= code << (2 * (*atom % 4));
            }
        }
        bits.iter().any(|bits| *bits != 0).then(|| Witness::of(bits))
    }
}

/// The atoms of a module that are one instruction, each with what that asks.
fn asked(module: &Module) -> HashMap<u16, String> {
    let mut forms: HashMap<u16, Option<String>> = HashMap::new();
    for code in module.code.iter().filter(|code| code.w != NO_ATOM) {
        let form = form(module, code);
        let known = forms.entry(code.w).or_insert_with(|| form.clone());
        // Two instructions are one question only if they are the same.
        if *known != form {
            *known = None;
        }
    }
    forms.into_iter().filter_map(|(atom, form)| Some((atom, form?))).collect()
}

/// What an instruction asks; `None` where it goes by more than places and constants.
fn form(module: &Module, code: &Instruction) -> Option<String> {
    if code.op.yields() != Yield::Branch || code.x & X_PART != 0 {
        return None;
    }
    let mut parts = vec![code.op.mnemonic().to_owned(), code.x.to_string()];
    for (kind, at) in code.op.operands().iter().zip([code.a, code.b, code.c]) {
        parts.push(match kind {
            Operand::None => String::new(),
            Operand::Read => place(module, at)?,
            Operand::Const => module.constants.get(usize::from(at)).map(text)?,
            Operand::Set => {
                let set = module.sets.get(usize::from(at))?;
                let item = |at: &u16| module.constants.get(usize::from(*at)).map(text);
                format!("{:?}", set.iter().map(item).collect::<Option<Vec<_>>>()?)
            }
            Operand::Pattern => {
                let pattern = module.patterns.get(usize::from(at))?;
                format!("{:?}", module.strings.get(pattern.text as usize)?)
            }
            Operand::Write
            | Operand::Function
            | Operand::Builtin
            | Operand::Dispatch
            | Operand::Host
            | Operand::Message
            | Operand::Enum
            | Operand::Field
            | Operand::Cursor
            | Operand::Outcome
            | Operand::Class => return None,
        });
    }
    Some(parts.join("\n"))
}

/// A place of the context, and its type.
fn place(module: &Module, slot: u16) -> Option<String> {
    let (word, node) = match module.slots.get(usize::from(slot))? {
        SlotRow::Value(node) => ("value", *node),
        SlotRow::Presence(node) => ("presence", *node),
        SlotRow::Now => return Some("now".to_owned()),
    };
    let path = keys(module, node);
    if path.first() == Some(&ROOT) {
        return None;
    }
    let row = module.paths.get(usize::from(node))?;
    let ty = typed(module, row.ty, DEPTH_MAX)?;
    Some(format!("{word} {path:?} {:?} {ty}", row.mode))
}

/// A type without the numbers of its parts.
fn typed(module: &Module, ty: u16, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let below = |ty: u16| typed(module, ty, depth);
    Some(match module.types.get(usize::from(ty))? {
        TypeRow::Nullable(of) => format!("nullable({})", below(*of)?),
        TypeRow::List(of, most) => format!("list({}, {most:?})", below(*of)?),
        TypeRow::Map(key, value) => format!("map({}, {})", below(*key)?, below(*value)?),
        TypeRow::Optional(of) => format!("optional({})", below(*of)?),
        TypeRow::Record { .. } | TypeRow::Message(_) | TypeRow::Enum(_) => return None,
        plain @ (TypeRow::Dyn
        | TypeRow::Null
        | TypeRow::Bool
        | TypeRow::Int
        | TypeRow::Uint
        | TypeRow::Double
        | TypeRow::String
        | TypeRow::Bytes
        | TypeRow::Timestamp
        | TypeRow::Duration
        | TypeRow::Type) => format!("{plain:?}"),
    })
}
