//! What is left of a condition where some of its atoms are known.
//!
//! In:      a program with its sources, and what each atom can come to.
//! Out:     CEL over what is not known: `args.memo.contains("secret")`.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`, `runtime::vm`,
//!          `tools::inspect`.
//!
//! The condition stands in the source, atoms are found in it by their text. Whatever is not an atom
//! that is known stays as it is written, so what is left is never less than what is open.

use std::collections::HashMap;

use crate::base::span::FileId;
use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind, LogicOp, UnaryOp};
use crate::compiler::syntax::parser::parse_expression;
use crate::compiler::syntax::print::print_expression;
use crate::diag::sink::Sink;
use crate::runtime::vm::partial::decision::AtomOutcomes;
use crate::tools::inspect::description::DescribedProgram;

/// Levels of a condition that are looked into; what is deeper stays as it is.
const DEPTH_MAX: usize = 64;

/// What is left of an expression.
enum Residual {
    Known(bool),
    /// Text, and whether it needs no parentheses inside an operation.
    Open(String, bool),
}

/// What is left of the condition of `rule`; `None` where its source is not there, or nothing is.
#[must_use]
pub fn residual(
    worded: &DescribedProgram<'_>,
    rule: u16,
    atoms: &[AtomOutcomes],
) -> Option<String> {
    let function = worded.program.module().rules.get(usize::from(rule))?.function;
    let (_, place) = *worded.debug.functions.get(usize::from(function))?;
    let (ast, root) = parsed(worded.text(place))?;
    let own = &worded.debug.rules.get(usize::from(rule))?.atoms;
    let known = own.iter().filter(|own| !own.bound).filter_map(|own| {
        let truth = atoms.get(usize::from(own.atom))?.truth()? != worded.is_turned(own.atom);
        let (ast, root) = parsed(worded.text(own.place))?;
        Some((print_expression(&ast, root), truth))
    });
    let known: HashMap<String, bool> = known.collect();
    match left(&ast, root, &known, 0) {
        Residual::Known(_) => None,
        Residual::Open(text, _) => Some(text),
    }
}

fn parsed(text: &str) -> Option<(Ast, ExprId)> {
    let (mut ast, mut sink) = (Ast::new(), Sink::new());
    let root = parse_expression(&Embedded::verbatim(text, FileId(0), 0), &mut ast, &mut sink);
    (!sink.has_errors()).then_some((ast, root))
}

fn left(ast: &Ast, id: ExprId, known: &HashMap<String, bool>, depth: usize) -> Residual {
    let own = print_expression(ast, id);
    if let Some(truth) = known.get(&own) {
        return Residual::Known(*truth);
    }
    if depth == DEPTH_MAX {
        return Residual::Open(own, false);
    }
    let below = |id| left(ast, id, known, depth + 1);
    match ast.kind(id) {
        ExprKind::Unary { op, operand } if op.value == UnaryOp::Not => match below(*operand) {
            Residual::Known(truth) => Residual::Known(!truth),
            Residual::Open(text, true) => Residual::Open(format!("!{text}"), true),
            Residual::Open(text, false) => Residual::Open(format!("!({text})"), true),
        },
        ExprKind::Logic { op, operands, .. } => {
            logic(*op, operands.iter().map(|operand| below(*operand)))
        }
        ExprKind::Conditional { condition, yes, no, .. } => match below(*condition) {
            Residual::Known(true) => below(*yes),
            Residual::Known(false) => below(*no),
            Residual::Open(..) => Residual::Open(own, false),
        },
        ExprKind::Ident { .. } | ExprKind::Select { .. } | ExprKind::Call { .. } => {
            Residual::Open(own, true)
        }
        ExprKind::Error
        | ExprKind::Literal(_)
        | ExprKind::Index { .. }
        | ExprKind::Unary { .. }
        | ExprKind::Binary { .. }
        | ExprKind::List { .. }
        | ExprKind::Map { .. }
        | ExprKind::Message { .. } => Residual::Open(own, false),
    }
}

/// What is left of operands: one that decides decides, one that does not goes.
fn logic(op: LogicOp, operands: impl Iterator<Item = Residual>) -> Residual {
    let decides = op == LogicOp::Or;
    let mut open = Vec::new();
    for operand in operands {
        match operand {
            Residual::Known(truth) if truth == decides => return Residual::Known(decides),
            Residual::Known(_) => {}
            Residual::Open(text, tight) => open.push((text, tight)),
        }
    }
    match open.as_slice() {
        [] => Residual::Known(!decides),
        [(text, tight)] => Residual::Open(text.clone(), *tight),
        several => {
            // `&&` binds closer than `||`, and `?:` least.
            let loose = |text: &str| match op {
                LogicOp::And => text.contains("||") || text.contains('?'),
                LogicOp::Or => text.contains('?'),
            };
            let words: Vec<String> = several
                .iter()
                .map(
                    |(text, tight)| {
                        if !tight && loose(text) { format!("({text})") } else { text.clone() }
                    },
                )
                .collect();
            Residual::Open(words.join(&format!(" {} ", op.text())), false)
        }
    }
}
