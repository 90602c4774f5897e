//! Atoms in words, as a policy would write them, true or false; and what rules say.
//!
//! In:      the text of atoms, and how they came out; ids of rules.
//! Out:     `10000 < args.amount <= 25000 && size(approvers) < 2`; `` `night` fires, `scope` does
//!          not fire``.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`.

use crate::base::span::FileId;
use crate::compiler::source::embed::Embedded;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::ast::{Ast, BinaryOp, ExprId, ExprKind, UnaryOp};
use crate::compiler::syntax::parser::parse_expression;
use crate::compiler::syntax::print::print_expression;
use crate::diag::sink::Sink;

/// An atom and how it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// Its text.
    pub text: String,
    /// Whether it holds.
    pub holds: bool,
}

/// A part of a conjunction.
enum Part {
    /// `place op bound`, where `bound` may stand on the other side as well.
    Bound { place: String, op: BinaryOp, bound: String },
    /// Anything else.
    Other(String),
}

/// All literals, joined by `&&`. Two bounds of one place become one part.
#[must_use]
pub fn conjunction(literals: &[Literal]) -> String {
    let mut parts: Vec<Part> = Vec::new();
    for literal in literals {
        let part = part(literal);
        let known = parts.iter().any(|known| words(known) == words(&part));
        if !known {
            parts.push(part);
        }
    }
    let mut out: Vec<String> = Vec::new();
    let mut used = vec![false; parts.len()];
    for (at, part) in parts.iter().enumerate() {
        if used.get(at).copied().unwrap_or(true) {
            continue;
        }
        let other = partner(part, &parts, at, &used);
        match other {
            Some((with, text)) => {
                if let Some(used) = used.get_mut(with) {
                    *used = true;
                }
                out.push(text);
            }
            None => out.push(words(part)),
        }
    }
    out.join(" && ")
}

/// Of each of `fire` that one of its rules fires, and that none of `silent` does.
#[must_use]
pub fn beside(fire: &[Vec<String>], silent: &[String]) -> String {
    let mut parts = Vec::new();
    for rules in fire {
        let rules: Vec<String> = rules.iter().map(|id| format!("`{id}`")).collect();
        let part = format!("{} fires", rules.join(" or "));
        if !rules.is_empty() && !parts.contains(&part) {
            parts.push(part);
        }
    }
    let mut ids: Vec<String> = Vec::new();
    for id in silent.iter().map(|id| format!("`{id}`")) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let said = match ids.as_slice() {
        [] => None,
        [one] => Some(format!("{one} does not fire")),
        several => Some(format!("none of {} fires", several.join(", "))),
    };
    parts.extend(said);
    parts.join(", ")
}

/// The part that bounds the same place from the other side, and both in words.
fn partner(part: &Part, parts: &[Part], at: usize, used: &[bool]) -> Option<(usize, String)> {
    let Part::Bound { place, op, bound } = part else { return None };
    let low = |op: BinaryOp| matches!(op, BinaryOp::Greater | BinaryOp::GreaterEqual);
    let high = |op: BinaryOp| matches!(op, BinaryOp::Less | BinaryOp::LessEqual);
    parts.iter().enumerate().skip(at + 1).find_map(|(with, other)| {
        let Part::Bound { place: same, op: beyond, bound: end } = other else { return None };
        let free = !used.get(with).copied().unwrap_or(true);
        let (below, above) = if low(*op) && high(*beyond) {
            ((*op, bound), (*beyond, end))
        } else if high(*op) && low(*beyond) {
            ((*beyond, end), (*op, bound))
        } else {
            return None;
        };
        let left = if below.0 == BinaryOp::Greater { "<" } else { "<=" };
        let right = if above.0 == BinaryOp::Less { "<" } else { "<=" };
        let text = if below.1 == above.1 && left == "<=" && right == "<=" {
            format!("{place} == {}", below.1)
        } else {
            format!("{} {left} {place} {right} {}", below.1, above.1)
        };
        (free && same == place).then_some((with, text))
    })
}

fn words(part: &Part) -> String {
    match part {
        Part::Bound { place, op, bound } => format!("{place} {} {bound}", sign(*op)),
        Part::Other(text) => text.clone(),
    }
}

fn part(literal: &Literal) -> Part {
    let mut files = SourceMap::new();
    let file: FileId = files.add("atom", literal.text.clone());
    let (mut ast, mut sink) = (Ast::default(), Sink::new());
    let source = Embedded::verbatim(&literal.text, file, 0);
    let root = parse_expression(&source, &mut ast, &mut sink);
    if sink.has_errors() {
        let text = literal.text.split_whitespace().collect::<Vec<_>>().join(" ");
        return Part::Other(if literal.holds { text } else { format!("!({text})") });
    }
    tree(&ast, root, literal.holds)
}

fn tree(ast: &Ast, root: ExprId, holds: bool) -> Part {
    let text = |id| print_expression(ast, id);
    let Some(expr) = ast.exprs.get(root) else { return Part::Other(String::new()) };
    match &expr.kind {
        ExprKind::Unary { op, operand } if op.value == UnaryOp::Not => tree(ast, *operand, !holds),
        ExprKind::Binary { op, lhs, rhs } => match compared(op.value, holds) {
            Some(op) if constant(ast, *lhs) && !constant(ast, *rhs) => {
                Part::Bound { place: text(*rhs), op: turned(op), bound: text(*lhs) }
            }
            Some(op) => Part::Bound { place: text(*lhs), op, bound: text(*rhs) },
            None => Part::Other(negated(text(root), holds, false)),
        },
        ExprKind::Call { .. } | ExprKind::Ident { .. } | ExprKind::Select { .. } => {
            Part::Other(negated(text(root), holds, true))
        }
        ExprKind::Error
        | ExprKind::Literal(_)
        | ExprKind::Index { .. }
        | ExprKind::Unary { .. }
        | ExprKind::Logic { .. }
        | ExprKind::Conditional { .. }
        | ExprKind::List { .. }
        | ExprKind::Map { .. }
        | ExprKind::Message { .. } => Part::Other(negated(text(root), holds, false)),
    }
}

fn negated(text: String, holds: bool, tight: bool) -> String {
    match (holds, tight) {
        (true, _) => text,
        (false, true) => format!("!{text}"),
        (false, false) => format!("!({text})"),
    }
}

/// Whether an expression is a literal.
fn constant(ast: &Ast, id: ExprId) -> bool {
    ast.exprs.get(id).is_some_and(|expr| matches!(expr.kind, ExprKind::Literal(_)))
}

/// The comparison that holds where this one does, or does not; `None` if it is none.
const fn compared(op: BinaryOp, holds: bool) -> Option<BinaryOp> {
    use BinaryOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    Some(match (op, holds) {
        (Equal, true) | (NotEqual, false) => Equal,
        (NotEqual, true) | (Equal, false) => NotEqual,
        (Less, true) | (GreaterEqual, false) => Less,
        (LessEqual, true) | (Greater, false) => LessEqual,
        (Greater, true) | (LessEqual, false) => Greater,
        (GreaterEqual, true) | (Less, false) => GreaterEqual,
        (
            BinaryOp::In
            | BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Modulo,
            _,
        ) => return None,
    })
}

/// The comparison with its sides exchanged.
fn turned(op: BinaryOp) -> BinaryOp {
    let pairs = [
        (BinaryOp::Less, BinaryOp::Greater),
        (BinaryOp::LessEqual, BinaryOp::GreaterEqual),
        (BinaryOp::Greater, BinaryOp::Less),
        (BinaryOp::GreaterEqual, BinaryOp::LessEqual),
    ];
    pairs.iter().find(|(from, _)| *from == op).map_or(op, |(_, to)| *to)
}

const fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::In => "in",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Modulo => "%",
    }
}

#[cfg(test)]
mod tests {
    use super::{Literal, beside, conjunction};

    fn said(literals: &[(&str, bool)]) -> String {
        let literal =
            |(text, holds): &(&str, bool)| Literal { text: (*text).to_owned(), holds: *holds };
        conjunction(&literals.iter().map(literal).collect::<Vec<_>>())
    }

    #[test]
    fn bounds_of_a_place_are_joined() {
        let bounds = [("a.b > 10000", true), ("size(c) < 2", true), ("a.b>25000", false)];
        assert_eq!(said(&bounds), "10000 < a.b <= 25000 && size(c) < 2");
        assert_eq!(said(&[("5 >= x", true), ("x > 1", true)]), "1 < x <= 5");
        assert_eq!(said(&[("x > 1", true), ("1 < x", true)]), "x > 1");
        assert_eq!(said(&[("x > 5", false), ("x >= 5", true)]), "x == 5");
    }

    #[test]
    fn rules_are_named_once() {
        let id = |id: &str| id.to_owned();
        let fire = [vec![id("a"), id("b")], vec![id("a"), id("b")], vec![]];
        assert_eq!(beside(&fire, &[]), "`a` or `b` fires");
        assert_eq!(beside(&fire, &[id("c")]), "`a` or `b` fires, `c` does not fire");
        assert_eq!(beside(&[], &[id("c"), id("d"), id("c")]), "none of `c`, `d` fires");
        assert_eq!(beside(&[], &[]), "");
    }

    #[test]
    fn what_does_not_hold_is_turned() {
        assert_eq!(said(&[("a == 'x'", false)]), "a != \"x\"");
        assert_eq!(said(&[("!a.startsWith('x')", true)]), "!a.startsWith(\"x\")");
        assert_eq!(said(&[("a in ['x', 'y']", false)]), "!(a in [\"x\", \"y\"])");
        assert_eq!(said(&[("a +", false)]), "!(a +)");
    }
}
