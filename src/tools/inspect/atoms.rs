//! Atoms as their sources word them.
//!
//! In:      a module and its sources.
//! Out:     what stands between the operands of an atom, and whether its source says the opposite.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`, `lang`, `runtime::bundle`.
//!
//! Atoms have a normal form: `a != b` is the atom `a == b`, the other way round, and a witness says
//! whether `a == b` holds. A reader sees the source, so what is said is turned back there.

use crate::base::span::FileId;
use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::ast::{Ast, BinaryOp, ExprKind};
use crate::compiler::syntax::parser::parse_expression;
use crate::diag::sink::Sink;
use crate::lang::opcodes::Instruction;
use crate::runtime::bundle::debug::Debug;
use crate::runtime::bundle::module::Module;
use crate::tools::inspect::listing::relation;

/// What stands between the operands of an instruction.
#[must_use]
pub fn infix(code: &Instruction) -> Option<&'static str> {
    let word = relation(code);
    if !word.is_empty() {
        return Some(word);
    }
    match code.op.mnemonic() {
        "eq.str" | "eq.const" | "eq" => Some("=="),
        "in.set" | "in" | "holds" => Some("in"),
        "starts" => Some("starts with"),
        "ends" => Some("ends with"),
        "contains" => Some("contains"),
        "match" => Some("matches"),
        "add" => Some("+"),
        "sub" => Some("-"),
        "mul" => Some("*"),
        "div" => Some("/"),
        "mod" => Some("%"),
        _ => None,
    }
}

/// Whether the source of an atom compares with `!=`.
#[must_use]
pub fn is_unequal(source: &str) -> bool {
    let mut ast = Ast::new();
    let text = Embedded::verbatim(source, FileId(0), 0);
    let root = parse_expression(&text, &mut ast, &mut Sink::new());
    matches!(ast.kind(root), ExprKind::Binary { op, .. } if op.value == BinaryOp::NotEqual)
}

/// Of each atom whether its source says the opposite of what a witness does.
#[must_use]
pub fn turned(module: &Module, debug: &Debug) -> Vec<bool> {
    let mut turned = vec![false; debug.atoms.len()];
    for code in module.code.iter().filter(|code| infix(code) == Some("==")) {
        let atom = usize::from(code.w);
        let Some(place) = debug.atoms.get(atom) else { continue };
        let source = debug.sources.get(place.source as usize);
        let own = source.and_then(|(_, it)| it.get(place.start as usize..place.end as usize));
        if let Some(turned) = turned.get_mut(atom) {
            *turned = own.is_some_and(|own| own.contains("!=") && is_unequal(own));
        }
    }
    turned
}
