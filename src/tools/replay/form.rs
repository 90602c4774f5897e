//! What functions of bundles come to, in a form that can be compared between bundles.
//!
//! In:      a module.
//! Out:     SHA-256 of a function: the same for functions that do the same steps with the same
//!          constants and places, whatever numbers these have.
//! Imports: `lang`, `runtime::bundle`, `tools::inspect`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use crate::lang::functions::by_number;
use crate::lang::opcodes::{Instruction, NO_ATOM, Operand};
use crate::runtime::bundle::module::{FunctionRow, Module, SlotRow, Str};
use crate::tools::inspect::constant::text;
use crate::tools::inspect::reads::dotted;

/// How deep functions call each other, at most; what lies deeper is like nothing else.
const DEPTH_MAX: usize = 64;

/// Forms of the functions of a module.
#[derive(Debug)]
pub(super) struct Forms<'m> {
    module: &'m Module,
    /// No two have the same.
    number: u64,
    known: HashMap<u16, [u8; 32]>,
}

impl<'m> Forms<'m> {
    /// Of no function yet.
    pub(super) fn of(module: &'m Module) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { module, number, known: HashMap::new() }
    }

    /// The form of a function.
    pub(super) fn function(&mut self, number: u16) -> [u8; 32] {
        self.below(number, DEPTH_MAX)
    }

    fn below(&mut self, number: u16, depth: usize) -> [u8; 32] {
        if let Some(known) = self.known.get(&number) {
            return *known;
        }
        let module = self.module;
        let row = module.functions.get(usize::from(number));
        let mut form = String::new();
        match (row, depth.checked_sub(1)) {
            (Some(row), Some(depth)) => {
                let first = row.first as usize;
                for code in module.code.iter().skip(first).take(usize::from(row.len)) {
                    self.instruction(row, code, depth, &mut form);
                }
            }
            // Too deep to be looked at: like nothing else, of this module or of another.
            (_, None) | (None, _) => {
                let _ = write!(form, "{number} of {}", self.number);
            }
        }
        let digest = Sha256::digest(form.as_bytes()).into();
        self.known.insert(number, digest);
        digest
    }

    fn instruction(
        &mut self,
        row: &FunctionRow,
        code: &Instruction,
        depth: usize,
        form: &mut String,
    ) {
        let tells = code.w != NO_ATOM;
        // Writing to a string does not fail.
        let _ = write!(form, "{} {} {} {} {tells}", code.op.mnemonic(), code.x, code.f, code.e);
        let kinds = code.op.operands();
        for (kind, value) in kinds.iter().zip([code.a, code.b, code.c]) {
            let operand = if *kind == Operand::Function {
                format!("{:?}", self.below(value, depth))
            } else {
                self.operand(row, *kind, value)
            };
            let _ = write!(form, " {operand}");
        }
        form.push('\n');
    }

    fn operand(&self, row: &FunctionRow, kind: Operand, value: u16) -> String {
        let (module, at) = (self.module, usize::from(value));
        let constant = |at: usize| module.constants.get(at).map(text).unwrap_or_default();
        let builtin = |number: u16| by_number(number).map(|row| row.id);
        match kind {
            Operand::None => String::new(),
            Operand::Read | Operand::Write => match module.slots.get(at) {
                Some(SlotRow::Value(node)) => dotted(module, *node),
                Some(SlotRow::Presence(node)) => format!("has {}", dotted(module, *node)),
                Some(SlotRow::Now) => "now".to_owned(),
                None => format!("r{}", i64::from(value) - i64::from(row.first_register)),
            },
            Operand::Const => constant(at),
            Operand::Set => {
                let set = module.sets.get(at).into_iter().flatten();
                let set: Vec<String> = set.map(|at| constant(usize::from(*at))).collect();
                format!("{set:?}")
            }
            Operand::Pattern => self.named(module.patterns.get(at).map(|row| row.text)),
            Operand::Builtin => format!("{:?}", builtin(value)),
            Operand::Dispatch => {
                let rows = module.dispatch.get(at).into_iter().flatten();
                let rows: Vec<_> = rows.map(|row| builtin(*row)).collect();
                format!("{rows:?}")
            }
            Operand::Host => self.named(module.hosts.get(at).map(|row| row.name)),
            Operand::Message => self.named(module.messages.get(at).map(|row| row.name)),
            Operand::Enum => self.named(module.enums.get(at).map(|row| row.name)),
            Operand::Field => self.named(module.fields.get(at).map(|row| row.name)),
            Operand::Cursor => format!("i{}", i64::from(value) - i64::from(row.first_cursor)),
            Operand::Function | Operand::Outcome | Operand::Class => value.to_string(),
        }
    }

    fn named(&self, at: Option<Str>) -> String {
        let name = at.and_then(|at| self.module.strings.get(at as usize));
        format!("{:?}", name.unwrap_or_default())
    }
}
