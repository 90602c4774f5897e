//! Trees to text: one spelling for each tree, with no parentheses that it does not need.
//!
//! In:      an expression of the arena.
//! Out:     CEL that reads back as the same tree; a hole is printed as `<error>`, which does not.
//! Imports: `base`, `lang`.

use std::fmt::Write;

use crate::base::name::Name;
use crate::compiler::syntax::ast::{
    Ast, BinaryOp, ExprId, ExprKind, Field, Literal, LogicOp, UnaryOp,
};
use crate::lang::constant::{write_bytes, write_quoted};

/// The text of `root`. Nothing recurses.
#[must_use]
pub fn print_expression(ast: &Ast, root: ExprId) -> String {
    let mut out = String::new();
    let mut work = vec![Step::Expr(root, Level::Conditional)];
    while let Some(step) = work.pop() {
        match step {
            Step::Text(text) => out.push_str(text),
            Step::Name(name) => out.push_str(name),
            Step::Field(field) => print_field(field, &mut out),
            Step::Expr(id, least) => {
                let mut steps = Vec::new();
                expression(ast, id, &mut steps);
                if level(ast, id) < least {
                    steps.insert(0, Step::Text("("));
                    steps.push(Step::Text(")"));
                }
                work.extend(steps.into_iter().rev());
            }
            Step::Literal(literal) => print_literal(literal, &mut out),
        }
    }
    out
}

/// How tightly an expression holds together, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Conditional,
    Or,
    And,
    Relation,
    Sum,
    Product,
    Unary,
    /// A number: an operand like any other, but before a dot it needs parentheses.
    Number,
    Member,
}

enum Step<'a> {
    Text(&'static str),
    Name(&'a Name),
    Field(&'a Field),
    Literal(&'a Literal),
    /// An expression in a place that asks for at least this level.
    Expr(ExprId, Level),
}

fn level(ast: &Ast, id: ExprId) -> Level {
    match ast.kind(id) {
        ExprKind::Conditional { .. } => Level::Conditional,
        ExprKind::Logic { op: LogicOp::Or, .. } => Level::Or,
        ExprKind::Logic { op: LogicOp::And, .. } => Level::And,
        ExprKind::Binary { op, .. } => binary_level(op.value),
        ExprKind::Unary { .. } => Level::Unary,
        ExprKind::Literal(Literal::Int(_) | Literal::Uint(_) | Literal::Double(_)) => Level::Number,
        ExprKind::Error
        | ExprKind::Literal(
            Literal::Null | Literal::Bool(_) | Literal::String(_) | Literal::Bytes(_),
        )
        | ExprKind::Ident { .. }
        | ExprKind::Select { .. }
        | ExprKind::Index { .. }
        | ExprKind::Call { .. }
        | ExprKind::List { .. }
        | ExprKind::Map { .. }
        | ExprKind::Message { .. } => Level::Member,
    }
}

const fn binary_level(op: BinaryOp) -> Level {
    match op {
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual
        | BinaryOp::In => Level::Relation,
        BinaryOp::Add | BinaryOp::Subtract => Level::Sum,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => Level::Product,
    }
}

/// The parts of `id`, in the order in which they are written.
fn expression<'a>(ast: &'a Ast, id: ExprId, steps: &mut Vec<Step<'a>>) {
    match ast.kind(id) {
        ExprKind::Error => steps.push(Step::Text("<error>")),
        ExprKind::Literal(literal) => steps.push(Step::Literal(literal)),
        ExprKind::Ident { name, root } => {
            root_dot(*root, steps);
            steps.push(Step::Name(name));
        }
        ExprKind::Select { operand, field, optional } => {
            steps.push(Step::Expr(*operand, Level::Member));
            steps.push(Step::Text(if *optional { ".?" } else { "." }));
            steps.push(Step::Field(field));
        }
        ExprKind::Index { operand, index, optional } => {
            steps.push(Step::Expr(*operand, Level::Member));
            steps.push(Step::Text(if *optional { "[?" } else { "[" }));
            steps.push(Step::Expr(*index, Level::Conditional));
            steps.push(Step::Text("]"));
        }
        ExprKind::Call { target, name, root, args } => {
            if let Some(target) = target {
                steps.push(Step::Expr(*target, Level::Member));
                steps.push(Step::Text("."));
            }
            root_dot(*root, steps);
            steps.push(Step::Name(&name.value));
            steps.push(Step::Text("("));
            for (at, arg) in args.iter().enumerate() {
                comma(at, steps);
                steps.push(Step::Expr(*arg, Level::Conditional));
            }
            steps.push(Step::Text(")"));
        }
        ExprKind::Unary { op, operand } => unary(ast, op.value, *operand, steps),
        ExprKind::Binary { op, lhs, rhs } => {
            let own = binary_level(op.value);
            steps.push(Step::Expr(*lhs, own));
            spaced(op.value.text(), steps);
            steps.push(Step::Expr(*rhs, tighter(own)));
        }
        ExprKind::Logic { op, operands, .. } => {
            let least = match op {
                LogicOp::And => Level::Relation,
                LogicOp::Or => Level::And,
            };
            for (at, operand) in operands.iter().enumerate() {
                if at > 0 {
                    spaced(op.text(), steps);
                }
                steps.push(Step::Expr(*operand, least));
            }
        }
        ExprKind::Conditional { condition, yes, no, .. } => {
            steps.push(Step::Expr(*condition, Level::Or));
            steps.push(Step::Text(" ? "));
            steps.push(Step::Expr(*yes, Level::Or));
            steps.push(Step::Text(" : "));
            steps.push(Step::Expr(*no, Level::Conditional));
        }
        ExprKind::List { .. } | ExprKind::Map { .. } | ExprKind::Message { .. } => {
            collection(ast, id, steps);
        }
    }
}

/// Lists, maps and messages.
fn collection<'a>(ast: &'a Ast, id: ExprId, steps: &mut Vec<Step<'a>>) {
    if let ExprKind::List { elements } = ast.kind(id) {
        steps.push(Step::Text("["));
        for (at, element) in elements.iter().enumerate() {
            comma(at, steps);
            question(element.optional, steps);
            steps.push(Step::Expr(element.value, Level::Conditional));
        }
        steps.push(Step::Text("]"));
        return;
    }
    if let ExprKind::Message { name, root, .. } = ast.kind(id) {
        root_dot(*root, steps);
        steps.push(Step::Name(&name.value));
    }
    steps.push(Step::Text("{"));
    if let ExprKind::Map { entries } = ast.kind(id) {
        for (at, entry) in entries.iter().enumerate() {
            comma(at, steps);
            question(entry.optional, steps);
            steps.push(Step::Expr(entry.key, Level::Conditional));
            steps.push(Step::Text(": "));
            steps.push(Step::Expr(entry.value, Level::Conditional));
        }
    }
    if let ExprKind::Message { fields, .. } = ast.kind(id) {
        for (at, init) in fields.iter().enumerate() {
            comma(at, steps);
            question(init.optional, steps);
            steps.push(Step::Field(&init.field));
            steps.push(Step::Text(": "));
            steps.push(Step::Expr(init.value, Level::Conditional));
        }
    }
    steps.push(Step::Text("}"));
}

/// A run of one operator needs no parentheses; `!` and `-` do between them, and so does a number
/// behind `-`, which would take the sign for its own.
fn unary<'a>(ast: &'a Ast, op: UnaryOp, operand: ExprId, steps: &mut Vec<Step<'a>>) {
    steps.push(Step::Text(op.text()));
    let run = matches!(ast.kind(operand), ExprKind::Unary { op: inner, .. } if inner.value == op);
    steps.push(Step::Expr(operand, if run { Level::Unary } else { Level::Member }));
}

const fn tighter(level: Level) -> Level {
    match level {
        Level::Conditional => Level::Or,
        Level::Or => Level::And,
        Level::And => Level::Relation,
        Level::Relation => Level::Sum,
        Level::Sum => Level::Product,
        Level::Product => Level::Unary,
        Level::Unary => Level::Number,
        Level::Number | Level::Member => Level::Member,
    }
}

fn comma(at: usize, steps: &mut Vec<Step<'_>>) {
    if at > 0 {
        steps.push(Step::Text(", "));
    }
}

fn question(optional: bool, steps: &mut Vec<Step<'_>>) {
    if optional {
        steps.push(Step::Text("?"));
    }
}

fn root_dot(root: bool, steps: &mut Vec<Step<'_>>) {
    if root {
        steps.push(Step::Text("."));
    }
}

fn spaced(op: &'static str, steps: &mut Vec<Step<'_>>) {
    steps.push(Step::Text(" "));
    steps.push(Step::Text(op));
    steps.push(Step::Text(" "));
}

/// A name that was escaped where it is written may be one that only back-quotes hold.
fn print_field(field: &Field, out: &mut String) {
    let is_plain = field.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !matches!(field.name.as_str(), "true" | "false" | "null" | "in");
    let quote = if field.quoted || !is_plain { "`" } else { "" };
    out.push_str(quote);
    out.push_str(&field.name);
    out.push_str(quote);
}

fn print_literal(literal: &Literal, out: &mut String) {
    let written = match literal {
        Literal::Null => out.write_str("null"),
        Literal::Bool(value) => write!(out, "{value}"),
        Literal::Int(value) => write!(out, "{value}"),
        Literal::Uint(value) => write!(out, "{value}u"),
        Literal::Double(value) => write!(out, "{value:?}"),
        Literal::String(text) => write_quoted(out, text),
        Literal::Bytes(bytes) => write_bytes(out, bytes),
    };
    debug_assert!(written.is_ok(), "a string takes everything");
}
