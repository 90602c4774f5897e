//! Atoms that two bundles ask alike.
//!
//! In:      the bundle that recorded how its atoms came out, and another.
//! Out:     `Reuse`: of atoms of the other how they came out then.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`, `runtime::vm`, `tools::inspect`.
//! Source:  `docs/replay.md`, section "What is withheld".
//!
//! An atom comes out alike in both bundles if its expression is the same: the instruction that
//! decides it, with the places, their types and the constants that it reads, and what leads to the
//! values of its registers. What sessions answer hangs on what their bundle defines, and what hosts
//! gave on whom it was asked about, so atoms that ask that are never taken.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::lang::functions::by_number;
use crate::lang::opcodes::{Instruction, NO_ATOM, Op, Operand, X_COLD, X_PART, Yield};
use crate::lang::session::ROOT;
use crate::runtime::bundle::module::{FunctionRow, Module, SlotRow, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::observe::{AtomState, Witness};
use crate::tools::inspect::reads::keys;

/// Levels of types that are compared, and of functions that call each other; what is deeper is
/// like nothing else.
const DEPTH_MAX: usize = 8;
/// Instructions between one that makes a value and one that reads it; what lies farther apart is
/// like nothing else.
const SPAN_MAX: usize = 256;

/// SHA-256 of what is asked, or of how a value is made.
type Form = [u8; 32];

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
        let recorded: HashMap<Form, u16> =
            asked(from.module()).into_iter().map(|(atom, form)| (form, atom)).collect();
        let pair = |(atom, form): (u16, Form)| Some((atom, *recorded.get(&form)?));
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

/// The atoms of a module whose expressions are known, each with its form.
fn asked(module: &Module) -> HashMap<u16, Form> {
    let mut reader = FormReader { module, functions: HashMap::new() };
    let mut forms: HashMap<u16, Option<Form>> = HashMap::new();
    for row in &module.functions {
        let code = row.code(module);
        for (ins, form) in code.iter().zip(reader.instructions(row, DEPTH_MAX)) {
            // A part of an atom tells its failure alone.
            if ins.w == NO_ATOM || ins.x & X_PART != 0 {
                continue;
            }
            let form = form.filter(|_| ins.op.yields() == Yield::Branch);
            // Two instructions are one question only if they are the same.
            let known = forms.entry(ins.w).or_insert(form);
            if *known != form {
                *known = None;
            }
        }
    }
    forms.into_iter().filter_map(|(atom, form)| Some((atom, form?))).collect()
}

/// Reads the expressions of a module.
struct FormReader<'m> {
    module: &'m Module,
    functions: HashMap<u16, Option<Form>>,
}

/// Where in the code of a function edges lead, beside the one to the next instruction.
struct Edges {
    /// For each instruction the first that has an edge to it.
    first: Vec<usize>,
    /// For each instruction whether one behind it has an edge to it, or it has one to itself.
    back: Vec<bool>,
}

impl Edges {
    fn of(code: &[Instruction]) -> Self {
        let (mut first, mut back) = (vec![usize::MAX; code.len()], vec![false; code.len()]);
        for (from, ins) in code.iter().enumerate() {
            for to in [ins.f, ins.e].map(usize::from) {
                if let Some(first) = first.get_mut(to) {
                    *first = from.min(*first);
                }
                if let Some(back) = back.get_mut(to) {
                    *back |= from >= to;
                }
            }
        }
        Self { first, back }
    }

    /// Whether every way to instruction `at` goes through `made`, and on to the next one.
    fn lead_through(&self, made: usize, at: usize) -> bool {
        let inside = made + 1..=at;
        let first = self.first.get(inside.clone()).unwrap_or_default();
        let back = self.back.get(inside).unwrap_or_default();
        first.len() == at - made && first.iter().all(|from| *from > made) && !back.contains(&true)
    }
}

impl FormReader<'_> {
    /// The form of each instruction of a function; `None` where it goes by more than places,
    /// constants and values that are made of these.
    fn instructions(&mut self, row: &FunctionRow, depth: usize) -> Vec<Option<Form>> {
        let code = row.code(self.module);
        let edges = Edges::of(code);
        let mut forms: Vec<Option<Form>> = Vec::with_capacity(code.len());
        for (at, ins) in code.iter().enumerate() {
            let form = self.expression(ins, depth, |register| {
                let near = code.get(at.saturating_sub(SPAN_MAX)..at)?;
                let before = near.iter().rev().position(|ins| writes(ins, register))?;
                let made = at.checked_sub(before + 1)?;
                edges.lead_through(made, at).then_some(())?;
                forms.get(made).copied().flatten()
            });
            forms.push(form);
        }
        forms
    }

    /// What an instruction asks, or how it makes its value. `made` is how that of a register was.
    fn expression(
        &mut self,
        ins: &Instruction,
        depth: usize,
        made: impl Fn(u16) -> Option<Form>,
    ) -> Option<Form> {
        let known = ins.op.yields() == Yield::Branch || is_pure(ins.op);
        known.then_some(())?;
        let mut form = format!("{} {}", ins.op.mnemonic(), ins.x & !(X_COLD | X_PART));
        let read = |form: &mut String, at: u16| -> Option<()> {
            let text = match self.module.slots.get(usize::from(at)) {
                Some(_) => place(self.module, at)?,
                None => format!("{:?}", made(at)?),
            };
            write!(form, "\n{text}").ok()
        };
        let operands = ins.op.operands();
        for (kind, at) in operands.into_iter().zip([ins.a, ins.b, ins.c]) {
            if kind == Operand::Read && !matches!(ins.op, Op::Call | Op::CallAny) {
                read(&mut form, at)?;
            }
        }
        if matches!(ins.op, Op::Call | Op::CallAny) {
            let rows = self.module.dispatch.get(usize::from(ins.b));
            let first = if ins.op == Op::Call { ins.b } else { *rows?.first()? };
            let count = u16::try_from(by_number(first)?.params.len()).ok()?;
            for at in ins.a..ins.a.checked_add(count)? {
                read(&mut form, at)?;
            }
        }
        for (kind, at) in operands.into_iter().zip([ins.a, ins.b, ins.c]) {
            if !matches!(kind, Operand::Read | Operand::Write) {
                let text = self.named((kind, at), None, depth)?;
                write!(form, "\n{text}").ok()?;
            }
        }
        Some(Sha256::digest(form.as_bytes()).into())
    }

    /// What a function comes to, instruction by instruction: registers and cursors of its own count
    /// from its first.
    fn function(&mut self, number: u16, depth: usize) -> Option<Form> {
        if let Some(known) = self.functions.get(&number) {
            return *known;
        }
        let depth = depth.checked_sub(1)?;
        let form = self.listing(number, depth);
        self.functions.insert(number, form);
        form
    }

    fn listing(&mut self, number: u16, depth: usize) -> Option<Form> {
        let module = self.module;
        let row = module.functions.get(usize::from(number))?;
        let mut form = format!("{:?}", row.kind);
        for ins in row.code(module) {
            let Instruction { op, x, f, e, .. } = ins;
            write!(form, "\n{} {x} {f} {e}", op.mnemonic()).ok()?;
            for (kind, at) in op.operands().into_iter().zip([ins.a, ins.b, ins.c]) {
                let text = if kind == Operand::Read && usize::from(at) < module.slots.len() {
                    place(module, at)?
                } else if matches!(kind, Operand::Read | Operand::Write) {
                    let own = at.checked_sub(row.first_register)?;
                    (own < row.registers).then_some(())?;
                    format!("r{own}")
                } else {
                    self.named((kind, at), Some(row), depth)?
                };
                write!(form, "\n{text}").ok()?;
            }
        }
        Some(Sha256::digest(form.as_bytes()).into())
    }

    /// What an operand names that is no value of the file; `None` where two bundles may mean two
    /// things by one name. `own` is the function, where cursors of it may be named.
    fn named(
        &mut self,
        (kind, at): (Operand, u16),
        own: Option<&FunctionRow>,
        depth: usize,
    ) -> Option<String> {
        let module = self.module;
        let constant = |at: u16| module.constants.get(usize::from(at));
        Some(match kind {
            Operand::None => String::new(),
            Operand::Const => format!("{:?}", constant(at)?),
            Operand::Set => {
                let set = module.sets.get(usize::from(at))?;
                format!("{:?}", set.iter().map(|at| constant(*at)).collect::<Option<Vec<_>>>()?)
            }
            Operand::Pattern => {
                let pattern = module.patterns.get(usize::from(at))?;
                format!("{:?}", module.strings.get(pattern.text as usize)?)
            }
            Operand::Builtin => by_number(at)?.id.to_owned(),
            Operand::Dispatch => {
                let rows = module.dispatch.get(usize::from(at))?.iter();
                let ids = rows.map(|row| by_number(*row).map(|row| row.id.to_owned()));
                ids.collect::<Option<Vec<_>>>()?.join(" ")
            }
            Operand::Function => format!("{:?}", self.function(at, depth)?),
            Operand::Cursor => format!("i{}", at.checked_sub(own?.first_cursor)?),
            Operand::Class => own.map(|_| at.to_string())?,
            Operand::Read
            | Operand::Write
            | Operand::Host
            | Operand::Message
            | Operand::Enum
            | Operand::Field
            | Operand::Outcome => return None,
        })
    }
}

/// Whether an instruction writes a register: a loop two, perhaps.
fn writes(ins: &Instruction, register: u16) -> bool {
    let writes = ins.op.operands().into_iter().zip([ins.a, ins.b, ins.c]);
    let mut written = writes.filter(|(kind, _)| *kind == Operand::Write).map(|(_, at)| at);
    let loops = matches!(ins.op, Op::Iter | Op::Next);
    written.any(|at| at == register || (loops && at.checked_add(1) == Some(register)))
}

/// Whether what an instruction makes hangs on its operands alone.
const fn is_pure(op: Op) -> bool {
    matches!(
        op,
        Op::LoadConst
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
            | Op::IndexOptional
            | Op::Call
            | Op::CallAny
            | Op::Need
    )
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
